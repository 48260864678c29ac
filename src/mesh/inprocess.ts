/*
 * Wires between nodes of one process, for tests and simulations.
 *
 * The idea: every write is copied and arrives later, in order, like TCP: what is sent while there is no way through
 * is sent again until there is one, a full window says no until it has drained, and a peer that crashes with its machine says
 * nothing at all. Hooks decide how late and whether; without hooks all is prompt. Knows no frames. Shape: machine.
 */
import { Buffer } from 'node:buffer'
import type { AcceptWire, Address, LaterPort, Wire, WireEnd, WireEvents, Wires } from './wires.ts'

export interface InProcessHooks {
  /** How long bytes take from here to there; -1 when there is no way through just now. */
  latencyMs(from: Address, to: Address): number
}

/** When there was no way through, it is tried again after this long. */
const retryMs = 200
/** Bytes on their way in one direction above which a writer is told to wait. */
const windowBytes = 1024 * 1024

const prompt: InProcessHooks = { latencyMs: () => 0 }

export class InProcessNetwork {
  readonly #later: LaterPort
  readonly #hooks: InProcessHooks
  readonly #listeners: Map<Address, AcceptWire>
  readonly #ends: Set<WireHalf>

  constructor(later: LaterPort, hooks: InProcessHooks = prompt) {
    this.#later = later
    this.#hooks = hooks
    this.#listeners = new Map()
    this.#ends = new Set()
  }

  listen(address: Address, accept: AcceptWire): void {
    if (this.#listeners.has(address)) throw new Error(`${address} is in use`)
    this.#listeners.set(address, accept)
  }

  /** Who dials there now is refused; wires that are open stay. */
  unlisten(address: Address): void {
    this.#listeners.delete(address)
  }

  /** The wires of whoever lives at `from`. */
  wiresOf(from: Address): Wires {
    return { dial: (address, events) => this.#dial(from, address, events) }
  }

  /** The process at `address` is killed: its peers learn it by a reset, it learns nothing. */
  kill(address: Address): void {
    this.unlisten(address)
    for (const half of [...this.#ends]) {
      if (half.from !== address) continue
      half.isEnded = true
      this.#ends.delete(half)
      half.endOther('reset')
    }
  }

  /** The machine at `address` loses its power: nobody learns anything. */
  vanish(address: Address): void {
    this.unlisten(address)
    for (const half of [...this.#ends]) {
      if (half.from !== address) continue
      half.isEnded = true
      this.#ends.delete(half)
    }
  }

  #dial(from: Address, to: Address, events: WireEvents): Wire {
    const half = new WireHalf(this.#later, this.#hooks, from, to)
    half.events = events
    this.#keep(half)
    half.carry(() => this.#arrive(half))
    return half
  }

  /** The dial has reached the other machine. */
  #arrive(half: WireHalf): void {
    if (half.isEnded) return
    const accept = this.#listeners.get(half.to)
    if (accept === undefined) {
      half.carry(() => half.end('refused'))
      return
    }
    const other = new WireHalf(this.#later, this.#hooks, half.to, half.from)
    other.other = half
    half.other = other
    this.#keep(other)
    other.events = accept(other, half.from)
    other.carry(() => {
      if (!half.isEnded) half.events.onOpen()
    })
  }

  #keep(half: WireHalf): void {
    this.#ends.add(half)
    half.onEnded = () => this.#ends.delete(half)
  }
}

/** One end of a wire: writes go to the other end's events. */
class WireHalf implements Wire {
  readonly from: Address
  readonly to: Address
  events!: WireEvents
  other: WireHalf | undefined
  onEnded: () => void
  /** Nothing is delivered here any more. */
  isEnded: boolean
  readonly #later: LaterPort
  readonly #hooks: InProcessHooks
  /** On their way from here, oldest first; only the first one has a timer. */
  readonly #way: (() => void)[]
  #wayBytes: number
  #isFull: boolean
  #isClosing: boolean
  /** Reading has been halted; what has arrived meanwhile. */
  #isPaused: boolean
  readonly #held: (() => void)[]

  constructor(later: LaterPort, hooks: InProcessHooks, from: Address, to: Address) {
    this.from = from
    this.to = to
    this.other = undefined
    this.onEnded = () => {}
    this.isEnded = false
    this.#later = later
    this.#hooks = hooks
    this.#way = []
    this.#wayBytes = 0
    this.#isFull = false
    this.#isClosing = false
    this.#isPaused = false
    this.#held = []
  }

  write(bytes: Buffer): boolean {
    if (this.isEnded || this.#isClosing) return true
    const copy = Buffer.from(bytes)
    this.#wayBytes += copy.length
    this.carry(() => this.other?.receive(() => this.#onArrived(copy)))
    this.#isFull = this.#wayBytes > windowBytes
    return !this.#isFull
  }

  close(): void {
    if (this.isEnded || this.#isClosing) return
    this.#isClosing = true
    this.endOther('closed')
    this.#later.after(0, () => this.end('closed'))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#later.after(0, () => {
      while (!this.#isPaused && this.#held.length > 0) this.#held.shift()!()
    })
  }

  /** Has `deliver` happen at the other machine, after all that was sent before. */
  carry(deliver: () => void): void {
    this.#way.push(deliver)
    if (this.#way.length === 1) this.#travel()
  }

  /** The other end learns that this one is gone, after all that was sent. */
  endOther(end: WireEnd): void {
    this.carry(() => this.other?.receive(() => this.other?.end(end)))
  }

  /** Something has arrived here. */
  receive(run: () => void): void {
    if (this.#isPaused || this.#held.length > 0) this.#held.push(run)
    else run()
  }

  end(end: WireEnd): void {
    if (this.isEnded) return
    this.isEnded = true
    this.onEnded()
    this.events.onClosed(end)
  }

  #onArrived(bytes: Buffer): void {
    const { other } = this
    this.#wayBytes -= bytes.length
    if (other !== undefined && !other.isEnded && !other.#isClosing) other.events.onBytes(bytes)
    if (this.#isFull && this.#wayBytes === 0) {
      this.#isFull = false
      if (!this.isEnded && !this.#isClosing) this.events.onDrain()
    }
  }

  #travel(): void {
    const latencyMs = this.#hooks.latencyMs(this.from, this.to)
    const isCut = latencyMs < 0
    this.#later.after(isCut ? retryMs : latencyMs, () => {
      if (isCut) {
        this.#travel()
        return
      }
      const deliver = this.#way.shift()!
      if (this.#way.length > 0) this.#travel()
      deliver()
    })
  }
}
