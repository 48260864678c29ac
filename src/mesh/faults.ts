/*
 * Faults around any wires, switchable while they run.
 *
 * The idea: a stream cannot lose bytes, so what a bad network does to TCP is done here: bytes are late, or stay away while a
 * direction is cut and arrive afterwards, or the connection breaks. Dropping is harsher than any network: single
 * frames are withheld (writes hold whole frames), so that protocols above show whether they notice. With no fault set a write
 * passes by one comparison. Knows frames only by their length. Shape: machine.
 */
import { Buffer } from 'node:buffer'
import { lengthBytes } from './frame.ts'
import type { AcceptWire, Address, LaterPort, MeshPorts, Wire, WireEnd, WireEvents, Wires } from './wires.ts'

export interface Fault {
  /** Share of the frames sent that vanish, 0 to 1. */
  readonly dropShare: number
  /** Share of the writes at which the connection breaks. */
  readonly breakShare: number
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** Nothing gets there, or nothing comes from there. */
  readonly isCutOut: boolean
  readonly isCutIn: boolean
}

export type FaultPorts = LaterPort & Pick<MeshPorts, 'monotonicMs' | 'random'>

export const noFault: Fault = {
  dropShare: 0,
  breakShare: 0,
  delayMsMin: 0,
  delayMsMax: 0,
  isCutOut: false,
  isCutIn: false,
}

/** Stands for every peer without a fault of its own, where faults are listed. */
export const anyAddress: Address = '*'

/** Bytes held back on one wire above which the writer is told to wait. */
const heldBytesMax = 1024 * 1024

/** The faults of one node; addresses are those its peers listen on. */
export class Faults {
  readonly counters = { framesDropped: 0, wiresBroken: 0, writesHeld: 0 }
  readonly ports: FaultPorts
  isOn: boolean
  readonly wires: Set<FaultyWire>
  #forAll: Fault
  readonly #byAddress: Map<Address, Fault>

  constructor(ports: FaultPorts) {
    this.ports = ports
    this.isOn = false
    this.wires = new Set()
    this.#forAll = noFault
    this.#byAddress = new Map()
  }

  of(address: Address): Fault {
    return this.#byAddress.get(address) ?? this.#forAll
  }

  /** What is set: first for all peers that have no fault of their own, then for each that has. */
  rows(): (readonly [address: Address, fault: Fault])[] {
    return [[anyAddress, this.#forAll], ...this.#byAddress]
  }

  /** For all peers that have no fault of their own. */
  setAll(changes: Partial<Fault>): void {
    this.#forAll = { ...this.#forAll, ...changes }
    this.#onChange()
  }

  set(address: Address, changes: Partial<Fault>): void {
    this.#byAddress.set(address, { ...this.of(address), ...changes })
    this.#onChange()
  }

  /** This node no longer hears from these, nor they from it. */
  partition(addresses: Iterable<Address>): void {
    for (const address of addresses) this.set(address, { isCutOut: true, isCutIn: true })
  }

  /** The whole node halts towards its peers, as if stopped; `pause(false)` lets it go on where it was. */
  pause(isPaused: boolean): void {
    this.setAll({ isCutOut: isPaused, isCutIn: isPaused })
    for (const address of this.#byAddress.keys()) this.set(address, { isCutOut: isPaused, isCutIn: isPaused })
  }

  heal(): void {
    this.#forAll = noFault
    this.#byAddress.clear()
    this.#onChange()
  }

  wrap(inner: Wires): Wires {
    return {
      dial: (address, events) => {
        const wire = new FaultyWire(this, address, events)
        wire.inner = inner.dial(address, wire)
        return wire
      },
    }
  }

  wrapAccept(accept: AcceptWire): AcceptWire {
    return (inner, remote) => {
      const wire = new FaultyWire(this, '', undefined)
      wire.inner = inner
      wire.events = accept(wire, remote)
      return wire
    }
  }

  #onChange(): void {
    this.isOn = !isNothing(this.#forAll) || [...this.#byAddress.values()].some((fault) => !isNothing(fault))
    // Later, as ports never call back inside a call.
    this.ports.after(0, () => {
      for (const wire of [...this.wires]) wire.onFaultsChanged()
    })
  }
}

function isNothing(fault: Fault): boolean {
  const { dropShare, breakShare, delayMsMax, isCutOut, isCutIn } = fault
  return dropShare === 0 && breakShare === 0 && delayMsMax === 0 && !isCutOut && !isCutIn
}

interface Held {
  readonly bytes: Buffer
  readonly dueMs: number
}

/** Stands between a wire and whoever listens to it. */
export class FaultyWire implements Wire, WireEvents {
  readonly faults: Faults
  inner!: Wire
  events: WireEvents | undefined
  #address: Address
  readonly #out: Held[]
  #outBytes: number
  /** What has come in while that direction was cut. */
  readonly #in: (() => void)[]
  #isInnerFull: boolean
  /** The writer was told to wait. */
  #isWaiting: boolean
  #isClosing: boolean
  #isBroken: boolean
  #isEnded: boolean
  #hasTimer: boolean

  constructor(faults: Faults, address: Address, events: WireEvents | undefined) {
    this.faults = faults
    this.events = events
    this.#address = address
    this.#out = []
    this.#outBytes = 0
    this.#in = []
    this.#isInnerFull = false
    this.#isWaiting = false
    this.#isClosing = false
    this.#isBroken = false
    this.#isEnded = false
    this.#hasTimer = false
    faults.wires.add(this)
  }

  write(bytes: Buffer): boolean {
    const { faults } = this
    if (!faults.isOn && this.#out.length === 0) return this.#writeThrough(bytes)
    if (this.#isClosing) return true
    const fault = faults.of(this.#address)
    if (fault.breakShare > 0 && faults.ports.random() < fault.breakShare) {
      faults.counters.wiresBroken++
      this.#isBroken = true
      this.#isClosing = true
      this.inner.close()
      return true
    }
    const kept = fault.dropShare > 0 ? this.#withhold(bytes, fault.dropShare) : bytes
    const delayMs = fault.delayMsMin + faults.ports.random() * (fault.delayMsMax - fault.delayMsMin)
    if (this.#out.length === 0 && delayMs <= 0 && !fault.isCutOut) return this.#writeThrough(kept)
    faults.counters.writesHeld++
    this.#out.push({ bytes: Buffer.from(kept), dueMs: faults.ports.monotonicMs() + delayMs })
    this.#outBytes += kept.length
    this.#pump()
    this.#isWaiting = this.#outBytes > heldBytesMax
    return !this.#isWaiting
  }

  /** What is held back for a while still leaves; what is cut off does not. */
  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#in.length = 0
    if (this.#isEnded) this.faults.ports.after(0, () => this.#finish('closed'))
    else if (this.faults.of(this.#address).isCutOut) this.inner.close()
    else this.#pump()
  }

  pause(): void {
    this.inner.pause()
  }

  resume(): void {
    this.inner.resume()
  }

  onNamed(address: Address): void {
    this.#address = address
    this.inner.onNamed?.(address)
  }

  onOpen(): void {
    this.#receive(() => this.events?.onOpen())
  }

  onBytes(chunk: Buffer): void {
    if (this.#isHearing()) {
      this.events?.onBytes(chunk)
    } else if (!this.#isClosing) {
      const copy = Buffer.from(chunk)
      this.#in.push(() => this.events?.onBytes(copy))
      this.inner.pause()
    }
  }

  onDrain(): void {
    this.#isInnerFull = false
    this.#pump()
  }

  onClosed(end: WireEnd): void {
    this.#isEnded = true
    const finish = () => this.#finish(this.#isBroken ? 'reset' : end)
    if (this.#isClosing) finish()
    else this.#receive(finish)
  }

  onFaultsChanged(): void {
    if (this.#in.length > 0 && !this.#isCutIn()) {
      for (const run of this.#in.splice(0)) run()
      if (!this.#isEnded) this.inner.resume()
    }
    this.#pump()
  }

  #isCutIn(): boolean {
    return this.faults.isOn && this.faults.of(this.#address).isCutIn
  }

  #isHearing(): boolean {
    return this.#in.length === 0 && !this.#isCutIn()
  }

  #receive(run: () => void): void {
    if (this.#isHearing()) run()
    else this.#in.push(run)
  }

  #finish(end: WireEnd): void {
    this.faults.wires.delete(this)
    this.events?.onClosed(end)
  }

  #writeThrough(bytes: Buffer): boolean {
    const isTaken = bytes.length === 0 || this.inner.write(bytes)
    this.#isInnerFull = !isTaken
    this.#isWaiting = !isTaken
    return isTaken
  }

  /** Sends what is due, in order, and tells a writer that waits when all has left. */
  #pump(): void {
    if (this.#isEnded || this.faults.of(this.#address).isCutOut) return
    const nowMs = this.faults.ports.monotonicMs()
    while (this.#out.length > 0 && !this.#isInnerFull && this.#out[0]!.dueMs <= nowMs) {
      const { bytes } = this.#out.shift()!
      this.#outBytes -= bytes.length
      this.#isInnerFull = bytes.length > 0 && !this.inner.write(bytes)
    }
    const next = this.#out[0]
    if (next !== undefined) {
      if (next.dueMs > nowMs) this.#pumpAfter(next.dueMs - nowMs)
    } else if (this.#isClosing) {
      this.inner.close()
    } else if (this.#isWaiting && !this.#isInnerFull) {
      this.#isWaiting = false
      this.events?.onDrain()
    }
  }

  #pumpAfter(delayMs: number): void {
    if (this.#hasTimer) return
    this.#hasTimer = true
    this.faults.ports.after(delayMs, () => {
      this.#hasTimer = false
      this.#pump()
    })
  }

  /** The frames that luck lets through. */
  #withhold(bytes: Buffer, dropShare: number): Buffer {
    const kept: Buffer[] = []
    let at = 0
    while (at < bytes.length) {
      const endsAt = at + lengthBytes + bytes.readUInt32BE(at)
      if (this.faults.ports.random() < dropShare) this.faults.counters.framesDropped++
      else kept.push(bytes.subarray(at, endsAt))
      at = endsAt
    }
    return kept.length === 1 ? kept[0]! : Buffer.concat(kept)
  }
}
