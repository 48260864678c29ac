/*
 * One address of a simulation and the lives that processes lead there one after the other.
 *
 * The idea: the address stays - with its counters and its calendar, which may be wrong, drift and jump - while a life
 * ends with a crash, and whatever was meant for it (timers, streams) ends with it. A paused life keeps what comes in,
 * in bounds, until it is resumed: SIGSTOP and SIGCONT. It refuses to know links. Shape: data and machine.
 */
import type { Address } from '../../gossip/ports.ts'
import type { SimulatedLuck } from './simulated-luck.ts'

export interface SimulatedHandlers {
  /** The bytes are the receiver's own. */
  onDatagram(from: Address, bytes: Uint8Array): void
  onStream(from: Address, bytes: Uint8Array): void
  /** Something sent to this address by stream will not arrive. */
  onStreamFailed(to: Address): void
}

export interface ClockSkew {
  /** How far the calendar is ahead. */
  readonly offsetMs?: number
  /** Parts per million by which the calendar runs too fast. */
  readonly driftPpm?: number
}

/** Something that happens at a host; `deliver` is only called while the life is up and running. */
export interface Happening {
  /** What goes into the trace's hash. */
  readonly trace: number
  fire(): void
  deliver(): void
}

export class SimulatedHost {
  readonly counters = {
    datagramsSent: 0,
    datagramBytesSent: 0,
    datagramsReceived: 0,
    datagramBytesReceived: 0,
    streamsSent: 0,
    streamBytesSent: 0,
    streamsReceived: 0,
    streamBytesReceived: 0,
    streamsFailed: 0,
    /** Datagrams that found the socket's buffer full, or nobody at home. */
    overflowed: 0,
    undelivered: 0,
  }
  readonly address: Address
  readonly index: number
  life: SimulatedLife | undefined = undefined
  livesCount = 0
  private offsetMs = 0
  private driftRate = 0
  private driftSinceMs = 0

  constructor(address: Address, index: number) {
    this.address = address
    this.index = index
  }

  /** How far the calendar is off at this instant. */
  skewMs(nowMs: number): number {
    return this.offsetMs + (nowMs - this.driftSinceMs) * this.driftRate
  }

  setSkew(nowMs: number, skew: ClockSkew): void {
    this.offsetMs = skew.offsetMs ?? this.skewMs(nowMs)
    if (skew.driftPpm !== undefined) this.driftRate = skew.driftPpm / 1e6
    this.driftSinceMs = nowMs
  }
}

export class SimulatedLife {
  readonly host: SimulatedHost
  readonly luck: SimulatedLuck
  /** Monotonic clocks of different lives have nothing in common. */
  readonly monotonicZeroMs: number
  handlers: SimulatedHandlers | undefined = undefined
  isEnded = false
  isPaused = false
  /** When the last bytes on the way to another life will be there: streams keep their order. */
  readonly streamTails = new Map<SimulatedLife, number>()
  private heldTimers: Happening[] = []
  private heldDatagrams: Happening[] = []
  private heldStreams: Happening[] = []
  private heldDatagramBytes = 0
  private heldStreamBytes = 0

  constructor(host: SimulatedHost, luck: SimulatedLuck) {
    this.host = host
    this.luck = luck
    this.monotonicZeroMs = Math.floor(luck.random() * 1e6)
  }

  /** Answers the streams that nobody will read: their senders hear of it. */
  end(): Happening[] {
    const streams = this.heldStreams
    this.isEnded = true
    this.heldTimers = []
    this.heldDatagrams = []
    this.heldStreams = []
    this.streamTails.clear()
    return streams
  }

  holdTimer(timer: Happening): void {
    this.heldTimers.push(timer)
  }

  /** False when the socket's buffer is full: the datagram is gone. */
  holdDatagram(datagram: Happening, bytes: number, bytesMax: number): boolean {
    if (this.heldDatagramBytes + bytes > bytesMax) return false
    this.heldDatagramBytes += bytes
    this.heldDatagrams.push(datagram)
    return true
  }

  /** False when the connection's buffers are full. */
  holdStream(stream: Happening, bytes: number, bytesMax: number): boolean {
    if (this.heldStreamBytes + bytes > bytesMax) return false
    this.heldStreamBytes += bytes
    this.heldStreams.push(stream)
    return true
  }

  /** All that waited, in the order in which an event loop comes to it: timers, then arrivals. */
  resume(): Happening[] {
    const held = [...this.heldTimers, ...this.heldDatagrams, ...this.heldStreams]
    this.heldTimers = []
    this.heldDatagrams = []
    this.heldStreams = []
    this.heldDatagramBytes = 0
    this.heldStreamBytes = 0
    this.isPaused = false
    return held
  }
}
