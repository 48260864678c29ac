/*
 * The ladder of silence: alive, suspect, dead, evicted, by the time since a peer was last heard.
 *
 * The idea: three timeouts, three, five and ten beats long by default, say how far down a silence of a given length
 * leads; whatever walks the ladder step by step asks here. It refuses to know clocks and peers.
 * Shape: data and rule.
 */

export type Rung = 'alive' | 'suspect' | 'dead' | 'evicted'

/** From the top down. */
export const RUNGS: readonly Rung[] = ['alive', 'suspect', 'dead', 'evicted']

export interface LadderConfig {
  /** Time between two beats of this node, and between two scans. */
  readonly heartbeatMs: number
  /** Must exceed heartbeatMs, better by two: one lost beat is no reason to doubt. */
  readonly suspectMs: number
  /** At least suspectMs. */
  readonly deadMs: number
  /** At least deadMs. The peer is forgotten: a later beat of it is a new join. */
  readonly evictMs: number
  /**
   * To how many peers each beat goes; 0 is to all. A sampled peer is heard once in a round of the shuffled peers, so
   * all three timeouts are multiplied by the number of beats in a round. Must be the same on every node.
   */
  readonly sampleCount: number
  /** Beats of strangers beyond this many peers are refused and counted. */
  readonly peersCountMax: number
}

export const LADDER_DEFAULTS: LadderConfig = {
  heartbeatMs: 1000,
  suspectMs: 3000,
  deadMs: 5000,
  evictMs: 10_000,
  sampleCount: 0,
  peersCountMax: 16_384,
}

/** Longer than a day is no heartbeat. */
const TIMEOUT_MS_MAX = 86_400_000

/** What is wrong with a configuration, in words; undefined when nothing is. */
export function ladderProblem(config: LadderConfig): string | undefined {
  for (const name of ['heartbeatMs', 'suspectMs', 'deadMs', 'evictMs'] as const) {
    const valueMs = config[name]
    if (!(valueMs > 0 && valueMs <= TIMEOUT_MS_MAX)) return `${name} must be above 0 and at most a day`
  }
  if (config.suspectMs <= config.heartbeatMs) return 'suspectMs must be above heartbeatMs'
  if (config.deadMs < config.suspectMs) return 'deadMs must not be below suspectMs'
  if (config.evictMs < config.deadMs) return 'evictMs must not be below deadMs'
  if (!Number.isSafeInteger(config.sampleCount) || config.sampleCount < 0)
    return 'sampleCount must be a whole number from 0'
  if (!Number.isSafeInteger(config.peersCountMax) || config.peersCountMax < 1)
    return 'peersCountMax must be a whole number from 1'
  return undefined
}

/** How far down the ladder a silence of this length leads. A limit that is just reached counts. */
export function rungOf(ageMs: number, config: Pick<LadderConfig, 'suspectMs' | 'deadMs' | 'evictMs'>): Rung {
  if (ageMs >= config.evictMs) return 'evicted'
  if (ageMs >= config.deadMs) return 'dead'
  if (ageMs >= config.suspectMs) return 'suspect'
  return 'alive'
}

/** The next rung down from `from` on the way to `to`; undefined when `to` is not below. */
export function stepDown(from: Rung, to: Rung): Rung | undefined {
  const at = RUNGS.indexOf(from)
  return RUNGS.indexOf(to) > at ? RUNGS[at + 1] : undefined
}

/** Beats until every one of the peers has had one. */
export function beatsInRound(peersCount: number, sampleCount: number): number {
  return sampleCount === 0 ? 1 : Math.max(1, Math.ceil(peersCount / sampleCount))
}
