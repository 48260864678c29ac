/*
 * Streams between the hosts of a simulation, as TCP carries them: in order, late rather than lost, half open for as long
 * as nobody notices.
 *
 * The idea: each direction of a connection is a line of parcels; the first one travels, and when there is no way through
 * it tries again, ever later. What arrives at a frozen process waits in its kernel; a killed process leaves a kernel that
 * says so to everybody, a machine without power says nothing until it is back. It refuses to know what the bytes mean.
 * Shape: machine (tests only).
 */
import type { AcceptWire, Address, Wire, WireEnd, WireEvents, Wires } from '../../src/mesh/wires.ts'
import type { Happening, SimulatedHost, SimulatedLife } from './simulated-host.ts'
import { type Stage, setTimer } from './simulated-traffic.ts'

/** First wait before what could not get through is sent again; it doubles. */
const RETRY_MS = 200
const RETRY_MS_MAX = 2000
/** Bytes on their way in one direction above which a writer is told to wait. */
const WINDOW_BYTES = 1024 * 1024
const SYN_BYTES = 64

export interface WireStage extends Stage {
  hostAt(address: Address): SimulatedHost | undefined
}

/** Where a life listens, and for whom. */
interface Listener {
  readonly life: SimulatedLife
  readonly accept: AcceptWire
}

export class SimulatedWires {
  readonly stage: WireStage
  readonly #listeners = new Map<string, Listener>()
  readonly #ends = new Map<SimulatedLife, Set<WireEnding>>()
  readonly #dark = new Set<SimulatedHost>()

  constructor(stage: WireStage) {
    this.stage = stage
  }

  /** `door` tells apart what one host listens for: peers, clients. */
  listen(life: SimulatedLife, door: string, accept: AcceptWire): void {
    this.#listeners.set(`${life.host.address} ${door}`, { life, accept })
  }

  /** The wires of a life. `isPrivate`: its connections run beside the network, which no fault touches. */
  wiresOf(life: SimulatedLife, door: string, isPrivate = false): Wires {
    return {
      dial: (address, events) => {
        const end = new WireEnding(this, life, address, isPrivate)
        end.events = events
        this.keep(end)
        const host = this.stage.hostAt(address)
        if (host !== undefined) end.send(host, new Dial(this, end, host, door))
        return end
      },
    }
  }

  /** Before the life ends. A machine without power is silent; a kernel without the process says that it is gone. */
  onCrash(life: SimulatedLife, isPowerLost: boolean): void {
    if (isPowerLost) this.#dark.add(life.host)
    for (const end of this.#ends.get(life) ?? []) {
      end.isEnded = true
      end.isSilent = isPowerLost
      if (!isPowerLost) end.sayEnd('reset')
    }
    this.#ends.delete(life)
  }

  onPowerBack(host: SimulatedHost): void {
    this.#dark.delete(host)
  }

  isDark(host: SimulatedHost): boolean {
    return this.#dark.has(host)
  }

  listenerAt(host: SimulatedHost, door: string): Listener | undefined {
    const listener = this.#listeners.get(`${host.address} ${door}`)
    return listener?.life === host.life ? listener : undefined
  }

  keep(end: WireEnding): void {
    let ends = this.#ends.get(end.life)
    if (ends === undefined) {
      ends = new Set()
      this.#ends.set(end.life, ends)
    }
    ends.add(end)
  }

  drop(end: WireEnding): void {
    this.#ends.get(end.life)?.delete(end)
  }
}

/** One end of a connection. */
class WireEnding implements Wire {
  readonly wires: SimulatedWires
  readonly life: SimulatedLife
  readonly remote: Address
  readonly isPrivate: boolean
  events: WireEvents | undefined
  other: WireEnding | undefined
  isEnded = false
  isSilent = false
  #isClosing = false
  #isFull = false
  #isPaused = false
  #wayBytes = 0
  readonly #way: Parcel[] = []
  #tries = 0
  readonly #held: (() => void)[] = []

  constructor(wires: SimulatedWires, life: SimulatedLife, remote: Address, isPrivate: boolean) {
    this.wires = wires
    this.life = life
    this.remote = remote
    this.isPrivate = isPrivate
  }

  write(bytes: Buffer): boolean {
    if (this.isEnded || this.#isClosing || this.other === undefined) return true
    this.#wayBytes += bytes.length
    this.send(this.other.life.host, new Bytes(this.other, this, Buffer.from(bytes)))
    this.#isFull = this.#wayBytes > WINDOW_BYTES
    return !this.#isFull
  }

  close(): void {
    if (this.isEnded || this.#isClosing) return
    this.#isClosing = true
    this.sayEnd('closed')
    setTimer(this.wires.stage, this.life, 0, () => this.end('closed'))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    setTimer(this.wires.stage, this.life, 0, () => {
      while (!this.#isPaused && this.#held.length > 0) this.#held.shift()!()
    })
  }

  sayEnd(how: WireEnd): void {
    if (this.other !== undefined) this.send(this.other.life.host, new End(this.other, how))
  }

  /** Behind all that was sent before. */
  send(to: SimulatedHost, parcel: Parcel): void {
    const { stage } = this.wires
    const { network } = stage
    const habits = network.habitsOf(this.life.host, to)
    const latencyMs = this.isPrivate ? network.latencyMs(habits) : network.streamLatencyMs(habits)
    parcel.dueMs = stage.nowMs + latencyMs
    this.#way.push(parcel)
    if (this.#way.length === 1) this.#travel(to)
  }

  /** Something has arrived here, and this process runs. */
  receive(run: () => void): void {
    if (this.#isPaused || this.#held.length > 0) this.#held.push(run)
    else run()
  }

  onArrived(bytes: Buffer): void {
    if (!this.isEnded && !this.#isClosing) this.events!.onBytes(bytes)
  }

  /** What was sent has been taken by the kernel over there. */
  onTaken(bytes: number): void {
    this.#wayBytes -= bytes
    if (!this.#isFull || this.#wayBytes > 0) return
    this.#isFull = false
    setTimer(this.wires.stage, this.life, 0, () => {
      if (!this.isEnded && !this.#isClosing) this.events!.onDrain()
    })
  }

  end(how: WireEnd): void {
    if (this.isEnded) return
    this.isEnded = true
    this.wires.drop(this)
    this.events?.onClosed(how)
  }

  #travel(to: SimulatedHost): void {
    const { stage } = this.wires
    const atMs = Math.max(stage.nowMs, this.#way[0]!.dueMs)
    stage.queue.push(atMs, new Journey(this.life.host.index, () => this.#arrive(to)))
  }

  #arrive(to: SimulatedHost): void {
    if (this.isSilent) return
    const { stage } = this.wires
    const isOpen = this.isPrivate || stage.network.isOpen(this.life.host, to)
    if (!isOpen || this.wires.isDark(to) || !this.#way[0]!.arrive(stage.nowMs)) {
      const retryMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(this.#tries++, 8))
      stage.queue.push(stage.nowMs + retryMs, new Journey(this.life.host.index, () => this.#arrive(to)))
      return
    }
    this.#tries = 0
    this.#way.shift()
    if (this.#way.length > 0) this.#travel(to)
  }
}

/** A parcel's way through the network: nobody's, so neither crash nor pause end it. */
class Journey implements Happening {
  readonly trace: number
  readonly #run: () => void

  constructor(index: number, run: () => void) {
    this.trace = (4 << 28) ^ index
    this.#run = run
  }

  fire(): void {
    this.#run()
  }

  deliver(): void {
    this.#run()
  }
}

/** Something that arrives at an end; when its process is frozen, it waits in the kernel as a happening of that life. */
abstract class Parcel implements Happening {
  abstract readonly trace: number
  dueMs = 0

  /** False: it could not be taken and comes again. */
  abstract arrive(nowMs: number): boolean
  abstract fire(): void
  abstract deliver(): void
}

class Dial extends Parcel {
  readonly trace: number
  readonly #wires: SimulatedWires
  readonly #from: WireEnding
  readonly #to: SimulatedHost
  readonly #door: string

  constructor(wires: SimulatedWires, from: WireEnding, to: SimulatedHost, door: string) {
    super()
    this.trace = (5 << 28) ^ to.index
    this.#wires = wires
    this.#from = from
    this.#to = to
    this.#door = door
  }

  arrive(): boolean {
    const from = this.#from
    const { stage } = this.#wires
    if (from.isEnded) return true
    // The answer comes from the other kernel: a way that is open in one direction only opens no connection.
    const canAnswer = from.isPrivate || stage.network.isOpen(this.#to, from.life.host)
    if (!canAnswer) return false
    const listener = this.#wires.listenerAt(this.#to, this.#door)
    const backMs = stage.network.latencyMs(stage.network.habitsOf(this.#to, from.life.host))
    if (listener === undefined) {
      setTimer(stage, from.life, backMs, () => from.end('refused'))
      return true
    }
    const end = new WireEnding(this.#wires, listener.life, from.life.host.address, from.isPrivate)
    end.other = from
    from.other = end
    this.#wires.keep(end)
    setTimer(stage, from.life, backMs, () => {
      if (!from.isEnded) from.events!.onOpen()
    })
    const opening = new Opening(end, listener)
    if (!listener.life.isPaused) opening.deliver()
    else listener.life.holdStream(opening, SYN_BYTES, Number.POSITIVE_INFINITY)
    return true
  }

  fire(): void {}
  deliver(): void {}
}

class Opening implements Happening {
  readonly trace: number
  readonly #end: WireEnding
  readonly #listener: Listener

  constructor(end: WireEnding, listener: Listener) {
    this.trace = (6 << 28) ^ listener.life.host.index
    this.#end = end
    this.#listener = listener
  }

  fire(): void {
    const { life } = this.#listener
    if (life.isPaused) life.holdStream(this, SYN_BYTES, Number.POSITIVE_INFINITY)
    else this.deliver()
  }

  deliver(): void {
    if (!this.#end.life.isEnded) this.#end.events = this.#listener.accept(this.#end, this.#end.remote)
  }
}

class Bytes extends Parcel {
  readonly trace: number
  readonly #to: WireEnding
  readonly #from: WireEnding
  readonly #bytes: Buffer

  constructor(to: WireEnding, from: WireEnding, bytes: Buffer) {
    super()
    this.trace = (7 << 28) ^ (bytes.length << 8) ^ to.life.host.index
    this.#to = to
    this.#from = from
    this.#bytes = bytes
  }

  arrive(): boolean {
    const to = this.#to
    const { limits } = to.wires.stage
    if (to.life.isEnded || to.isEnded) {
      // A kernel that knows of no such connection says so.
      if (to.life.isEnded) bounce(to, this.#from)
      return true
    }
    if (!to.life.isPaused) this.deliver()
    else if (!to.life.holdStream(this, this.#bytes.length, limits.streamBufferBytesMax)) return false
    this.#from.onTaken(this.#bytes.length)
    return true
  }

  fire(): void {
    const { life } = this.#to
    if (life.isPaused) life.holdStream(this, 0, Number.POSITIVE_INFINITY)
    else if (!life.isEnded) this.deliver()
  }

  deliver(): void {
    this.#to.receive(() => this.#to.onArrived(this.#bytes))
  }
}

class End extends Parcel {
  readonly trace: number
  readonly #to: WireEnding
  readonly #how: WireEnd

  constructor(to: WireEnding, how: WireEnd) {
    super()
    this.trace = (3 << 29) ^ to.life.host.index
    this.#to = to
    this.#how = how
  }

  arrive(): boolean {
    this.fire()
    return true
  }

  fire(): void {
    const { life } = this.#to
    if (life.isEnded) return
    if (life.isPaused) life.holdStream(this, 0, Number.POSITIVE_INFINITY)
    else this.deliver()
  }

  deliver(): void {
    this.#to.receive(() => this.#to.end(this.#how))
  }
}

function bounce(gone: WireEnding, sender: WireEnding): void {
  const { network } = gone.wires.stage
  const habits = network.habitsOf(gone.life.host, sender.life.host)
  setTimer(gone.wires.stage, sender.life, network.latencyMs(habits), () => sender.end('reset'))
}
