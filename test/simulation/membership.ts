/*
 * What the membership does, as figures: detection, spread, traffic and speed by size; false deaths by loss and pause.
 *
 * The idea: every figure is of one seeded run in virtual time, so that a figure one doubts can be had again; only
 * `speed` depends on the machine. Asked in steps of 100 ms, so times are up to that too long. Shape: rule (tests only).
 */
import { type Membership, MembersPool } from '../../gossip/index.ts'
import { addressOf, idOf, SimulatedMesh } from '../support/simulated-mesh.ts'

const STEP_MS = 100
const STEADY_FROM_MS = 30_000
/** Long enough for a comparison of digests, which a thousand members make every three minutes. */
const STEADY_FOR_MS = 180_000
const LIMIT_MS = 300_000

export interface SizeFigures {
  readonly size: number
  readonly seed: number
  /** From the crash until everyone takes it for dead, and until everyone has removed it. */
  readonly crashKnownMs: number
  readonly crashRemovedMs: number
  /** From the start of a process until everyone lists it as alive, and until everyone has it as up. */
  readonly joinKnownMs: number
  readonly joinUpMs: number
  /** Sent by each member in a second while nothing happens. */
  readonly datagramBytesPerSecond: number
  readonly streamBytesPerSecond: number
  readonly datagramsPerSecond: number
  /** Virtual seconds in a second of this machine's, while nothing happens. */
  readonly speed: number
  readonly heapMegabytes: number
}

export function measureSize(size: number, seed: number): SizeFigures {
  const mesh = new SimulatedMesh({ seed, size, isGrown: true, pool: new MembersPool() })
  mesh.isRecording = false
  mesh.world.runFor(STEADY_FROM_MS)
  const before = sentBy(mesh, size)
  const startedMs = performance.now()
  mesh.world.runFor(STEADY_FOR_MS)
  const realMs = performance.now() - startedMs
  const after = sentBy(mesh, size)
  const perSecond = (name: keyof Sent): number => (after[name] - before[name]) / size / (STEADY_FOR_MS / 1000)
  const id = idOf(size - 1)
  const lives = (one: Membership): boolean => one.life.swim.get(id)?.liveness === 'alive'
  const doubts = (one: Membership): boolean => lives(one) || one.life.swim.get(id)?.liveness === 'suspect'
  mesh.crash(size - 1)
  const others = mesh.awake
  const crashKnownMs = timeUntil(mesh, 0, () => !others.some(doubts))
  const crashRemovedMs = timeUntil(mesh, crashKnownMs, () => mesh.isWholeAmong(others))
  mesh.start(size - 1)
  const everyone = mesh.awake
  const joinKnownMs = timeUntil(mesh, 0, () => everyone.every(lives))
  const joinUpMs = timeUntil(mesh, joinKnownMs, () => mesh.isWholeAmong(everyone))
  return {
    size,
    seed,
    crashKnownMs,
    crashRemovedMs,
    joinKnownMs,
    joinUpMs,
    datagramBytesPerSecond: perSecond('datagramBytes'),
    streamBytesPerSecond: perSecond('streamBytes'),
    datagramsPerSecond: perSecond('datagrams'),
    speed: STEADY_FOR_MS / realMs,
    heapMegabytes: process.memoryUsage().heapUsed / 1e6,
  }
}

/** Continues a count of milliseconds; Infinity when it does not happen within five minutes. */
function timeUntil(mesh: SimulatedMesh, countedMs: number, isSo: () => boolean): number {
  const startMs = mesh.world.nowMs
  const hasCome = mesh.world.runUntil(isSo, LIMIT_MS, STEP_MS)
  return hasCome ? countedMs + mesh.world.nowMs - startMs : Number.POSITIVE_INFINITY
}

interface Sent {
  datagrams: number
  datagramBytes: number
  streamBytes: number
}

function sentBy(mesh: SimulatedMesh, size: number): Sent {
  const sent: Sent = { datagrams: 0, datagramBytes: 0, streamBytes: 0 }
  for (let index = 0; index < size; index++) {
    const counters = mesh.world.counters(addressOf(index))
    sent.datagrams += counters.datagramsSent
    sent.datagramBytes += counters.datagramBytesSent
    sent.streamBytes += counters.streamBytesSent
  }
  return sent
}

export interface TroubleFigures {
  readonly seed: number
  /** Probes nobody answered, and doubts raised by them. */
  readonly probesFailed: number
  readonly suspicions: number
  readonly refutations: number
  /** Times that some member took a living one for dead. */
  readonly falseDeaths: number
  /** Living members that were downed, removed or evicted. */
  readonly falseEvictions: number
  /** The longest suspicion that some member held before it was refuted. */
  readonly suspicionMsMax: number
}

/** A mesh of `size` whose links lose datagrams, for some minutes. */
export function measureLoss(size: number, lossRate: number, minutes: number, seed: number): TroubleFigures {
  const mesh = new SimulatedMesh({ seed, size, isGrown: true, links: { lossRate }, pool: new MembersPool() })
  mesh.world.runFor(minutes * 60_000)
  return troubleOf(mesh, seed)
}

/** One process of `size` stands still for a while. */
export function measurePause(size: number, pauseMs: number, seed: number): TroubleFigures {
  const mesh = new SimulatedMesh({ seed, size, isGrown: true, pool: new MembersPool() })
  const index = 1 + mesh.world.luck.below(size - 1)
  mesh.world.runFor(20_000 + mesh.world.luck.below(1000))
  mesh.pause(index)
  mesh.world.runFor(pauseMs)
  mesh.resume(index)
  mesh.world.runFor(90_000)
  return troubleOf(mesh, seed)
}

function troubleOf(mesh: SimulatedMesh, seed: number): TroubleFigures {
  const figures = { seed, probesFailed: 0, suspicions: 0, refutations: 0, falseDeaths: 0, falseEvictions: 0 }
  for (const one of mesh.members.values()) {
    const { counters } = one.life.swim
    figures.probesFailed += counters.probesFailed
    figures.suspicions += counters.suspicions
    figures.refutations += counters.refutations
  }
  const suspectedAtMs = new Map<string, number>()
  let suspicionMsMax = 0
  for (const { atMs, by, event } of mesh.heard) {
    if (event.type === 'peer_dead') figures.falseDeaths++
    if (event.type === 'member_downed' || event.type === 'peer_evicted') figures.falseEvictions++
    if (event.type === 'peer_suspect') suspectedAtMs.set(`${by} ${event.id}`, atMs)
    if (event.type !== 'peer_alive' && event.type !== 'peer_dead') continue
    suspicionMsMax = Math.max(suspicionMsMax, atMs - (suspectedAtMs.get(`${by} ${event.id}`) ?? atMs))
  }
  return { ...figures, suspicionMsMax }
}
