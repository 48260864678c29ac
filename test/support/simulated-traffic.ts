/*
 * What happens in a simulation: timers that come due, datagrams and streams that arrive or do not.
 *
 * The idea: everything on its way is one object in the queue, which on arrival looks at what is true by then - is the
 * link still open, does the life still last, is it paused - as packets in flight do. Shape: machine, of small
 * classes with one life each.
 */
import type { Address } from '../../gossip/ports.ts'
import type { Happening, SimulatedHost, SimulatedLife } from './simulated-host.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedQueue } from './simulated-queue.ts'

export interface TrafficLimits {
  /** A larger datagram is an error of who sends it: it throws. */
  readonly datagramBytesMax: number
  /** What the kernel keeps for a paused process; each datagram costs an overhead beside its bytes. */
  readonly datagramBufferBytesMax: number
  readonly streamBufferBytesMax: number
  /** After this much silence a stream's sender gives up. */
  readonly streamTimeoutMs: number
}

/** Linux's net.core.rmem_default, and 4 MiB of socket buffers for a connection. */
export const TRAFFIC_LIMITS: TrafficLimits = {
  datagramBytesMax: 1400,
  datagramBufferBytesMax: 212_992,
  streamBufferBytesMax: 4_194_304,
  streamTimeoutMs: 10_000,
}

/** What Linux charges a socket for a small datagram beside its bytes. */
const DATAGRAM_OVERHEAD_BYTES = 768

/** What happenings stand on. */
export interface Stage {
  readonly nowMs: number
  readonly queue: SimulatedQueue<Happening>
  readonly network: SimulatedNetwork
  readonly limits: TrafficLimits
}

export function setTimer(stage: Stage, life: SimulatedLife, delayMs: number, run: () => void): void {
  if (life.isEnded) return
  stage.queue.push(stage.nowMs + (delayMs > 0 ? delayMs : 0), new TimerDue(life, run))
}

export function sendDatagram(
  stage: Stage,
  sender: SimulatedLife,
  to: SimulatedHost | undefined,
  bytes: Uint8Array,
): void {
  if (bytes.length > stage.limits.datagramBytesMax)
    throw new Error(`a datagram of ${bytes.length} bytes is too large`)
  if (sender.isEnded) return
  const from = sender.host
  from.counters.datagramsSent++
  from.counters.datagramBytesSent += bytes.length
  if (to === undefined) {
    from.counters.undelivered++
    return
  }
  const habits = stage.network.habitsOf(from, to)
  for (let count = stage.network.arrivalsCount(from, to, habits); count > 0; count--) {
    const atMs = stage.nowMs + stage.network.latencyMs(habits)
    stage.queue.push(atMs, new DatagramArrival(stage, from, to, stage.network.carry(bytes, habits)))
  }
}

export function sendStream(
  stage: Stage,
  sender: SimulatedLife,
  to: SimulatedHost | undefined,
  toAddress: Address,
  bytes: Uint8Array,
): void {
  if (sender.isEnded) return
  const from = sender.host
  from.counters.streamsSent++
  from.counters.streamBytesSent += bytes.length
  const receiver = to?.life
  if (to !== undefined && !isConnected(stage, from, to)) {
    failStream(stage, sender, toAddress, stage.limits.streamTimeoutMs)
    return
  }
  const latencyMs = stage.network.streamLatencyMs(stage.network.habitsOf(from, to ?? from))
  // Nobody listens there: the refusal is back after the way there and back.
  if (receiver?.handlers === undefined) {
    failStream(stage, sender, toAddress, latencyMs * 2)
    return
  }
  const atMs = Math.max(stage.nowMs + latencyMs, sender.streamTails.get(receiver) ?? 0)
  sender.streamTails.set(receiver, atMs)
  stage.queue.push(atMs, new StreamArrival(stage, sender, receiver, Buffer.from(bytes), stage.nowMs))
}

/** What a life that was paused finds waiting. */
export function resume(stage: Stage, life: SimulatedLife): void {
  for (const held of life.resume()) stage.queue.push(stage.nowMs, new Resumed(life, held))
}

export function crash(stage: Stage, life: SimulatedLife): void {
  for (const stream of life.end()) stage.queue.push(stage.nowMs, stream)
}

function failStream(stage: Stage, sender: SimulatedLife, to: Address, delayMs: number): void {
  stage.queue.push(stage.nowMs + delayMs, new StreamFailure(stage, sender, to))
}

/** A stream needs both directions. */
function isConnected(stage: Stage, a: SimulatedHost, b: SimulatedHost): boolean {
  return stage.network.isOpen(a, b) && stage.network.isOpen(b, a)
}

class TimerDue implements Happening {
  readonly trace: number
  private readonly life: SimulatedLife
  private readonly run: () => void

  constructor(life: SimulatedLife, run: () => void) {
    this.trace = life.host.index
    this.life = life
    this.run = run
  }

  fire(): void {
    if (this.life.isEnded) return
    if (this.life.isPaused) this.life.holdTimer(this)
    else this.run()
  }

  deliver(): void {
    this.run()
  }
}

class DatagramArrival implements Happening {
  readonly trace: number
  private readonly stage: Stage
  private readonly from: SimulatedHost
  private readonly to: SimulatedHost
  private readonly bytes: Uint8Array

  constructor(stage: Stage, from: SimulatedHost, to: SimulatedHost, bytes: Uint8Array) {
    this.trace = (1 << 30) ^ (bytes.length << 16) ^ (from.index << 8) ^ to.index
    this.stage = stage
    this.from = from
    this.to = to
    this.bytes = bytes
  }

  fire(): void {
    const { stage, to } = this
    if (!stage.network.isOpen(this.from, to)) {
      stage.network.counters.blocked++
      return
    }
    const life = to.life
    if (life?.handlers === undefined) {
      to.counters.undelivered++
    } else if (life.isPaused) {
      const chargedBytes = this.bytes.length + DATAGRAM_OVERHEAD_BYTES
      if (!life.holdDatagram(this, chargedBytes, stage.limits.datagramBufferBytesMax))
        to.counters.overflowed++
    } else this.deliver()
  }

  deliver(): void {
    const { to, bytes } = this
    to.counters.datagramsReceived++
    to.counters.datagramBytesReceived += bytes.length
    to.life!.handlers!.onDatagram(this.from.address, bytes)
  }
}

class StreamArrival implements Happening {
  readonly trace: number
  private readonly stage: Stage
  private readonly sender: SimulatedLife
  private readonly receiver: SimulatedLife
  private readonly bytes: Uint8Array
  private readonly sentMs: number

  constructor(
    stage: Stage,
    sender: SimulatedLife,
    receiver: SimulatedLife,
    bytes: Uint8Array,
    sentMs: number,
  ) {
    this.trace = (2 << 30) ^ (bytes.length << 16) ^ (sender.host.index << 8) ^ receiver.host.index
    this.stage = stage
    this.sender = sender
    this.receiver = receiver
    this.bytes = bytes
    this.sentMs = sentMs
  }

  fire(): void {
    const { stage, sender, receiver } = this
    const to = receiver.host
    if (sender.streamTails.get(receiver) === stage.nowMs) sender.streamTails.delete(receiver)
    const isOpen = isConnected(stage, sender.host, to)
    if (isOpen && receiver.isEnded) {
      failStream(stage, sender, to.address, stage.network.latencyMs(stage.network.habitsOf(to, sender.host)))
      return
    }
    if (isOpen && !receiver.isPaused) {
      this.deliver()
      return
    }
    if (isOpen && receiver.holdStream(this, this.bytes.length, stage.limits.streamBufferBytesMax)) return
    const givenUpMs = Math.max(stage.nowMs, this.sentMs + stage.limits.streamTimeoutMs)
    failStream(stage, sender, to.address, givenUpMs - stage.nowMs)
  }

  deliver(): void {
    const counters = this.receiver.host.counters
    counters.streamsReceived++
    counters.streamBytesReceived += this.bytes.length
    this.receiver.handlers!.onStream(this.sender.host.address, this.bytes)
  }
}

class StreamFailure implements Happening {
  readonly trace: number
  private readonly stage: Stage
  private readonly sender: SimulatedLife
  private readonly to: Address

  constructor(stage: Stage, sender: SimulatedLife, to: Address) {
    this.trace = (3 << 30) ^ sender.host.index
    this.stage = stage
    this.sender = sender
    this.to = to
  }

  fire(): void {
    if (this.sender.isEnded) return
    if (this.sender.isPaused) this.sender.holdStream(this, 0, this.stage.limits.streamBufferBytesMax)
    else this.deliver()
  }

  deliver(): void {
    this.sender.host.counters.streamsFailed++
    this.sender.handlers?.onStreamFailed(this.to)
  }
}

/** A held happening's second chance. When the life was paused again or ended meanwhile, it is as if it came now. */
class Resumed implements Happening {
  readonly trace: number
  private readonly life: SimulatedLife
  private readonly held: Happening

  constructor(life: SimulatedLife, held: Happening) {
    this.trace = held.trace
    this.life = life
    this.held = held
  }

  fire(): void {
    if (this.life.isEnded || this.life.isPaused) this.held.fire()
    else this.held.deliver()
  }

  deliver(): void {
    this.held.deliver()
  }
}
