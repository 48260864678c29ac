/*
 * How patient and how talkative SWIM is, as rows: the value for a local network, for a wide one, for one
 * machine.
 *
 * The idea: a row says what the figure does and what it must exceed, so that the check, the presets and the
 * documentation are one list. The presets are memberlist's. A config is a value; changing it at run time
 * means handing over another. Shape: table.
 */

export interface SwimConfig {
  readonly probeIntervalMs: number
  readonly pingTimeoutMs: number
  readonly relayCount: number
  readonly suspicionMult: number
  readonly suspicionMaxMult: number
  readonly suspicionMinMsMax: number
  readonly retransmitMult: number
  readonly gossipIntervalMs: number
  readonly gossipFanOut: number
  readonly gossipToDeadMs: number
  readonly gossipBytes: number
  readonly pushPullIntervalMs: number
  readonly joinRetryMs: number
  readonly awarenessMax: number
  readonly pauseMs: number
  readonly udpMissesMax: number
  readonly udpRetryEvery: number
  readonly evictAfterMs: number
  readonly membersMax: number
  readonly departedMax: number
  readonly broadcastsMax: number
  readonly probesMax: number
  readonly relaysMax: number
  readonly syncAnswersPerSecond: number
}

export interface SwimConfigRow {
  readonly name: keyof SwimConfig
  /** For a local network, a wide area network, and several nodes on one machine. */
  readonly lan: number
  readonly wan: number
  readonly local: number
  readonly min: number
  readonly max: number
  readonly why: string
}

const DAY_MS = 86_400_000

function row(
  name: keyof SwimConfig,
  [lan, wan, local]: readonly [number, number, number],
  [min, max]: readonly [number, number],
  why: string,
): SwimConfigRow {
  return { name, lan, wan, local, min, max, why }
}

export const SWIM_CONFIG_ROWS: readonly SwimConfigRow[] = [
  row(
    'probeIntervalMs',
    [1000, 5000, 1000],
    [10, DAY_MS],
    'One member is probed per interval, each once per round; a poor local health score s stretches it to interval x (s + 1).',
  ),
  row(
    'pingTimeoutMs',
    [500, 3000, 200],
    [5, DAY_MS],
    'Wait for a direct answer: above the 99th percentile of the round trip, below the probe interval. Never stretched.',
  ),
  row(
    'relayCount',
    [3, 3, 1],
    [0, 16],
    'Members asked to ping for us after a silent ping (SWIM 3.1); a stream ping goes out beside them.',
  ),
  row(
    'suspicionMult',
    [4, 6, 3],
    [1, 100],
    'Shortest suspicion = mult x max(1, log10 n) x probe interval; mult - 2 confirmations shorten it to that.',
  ),
  row(
    'suspicionMaxMult',
    [6, 6, 6],
    [1, 100],
    'Longest suspicion = shortest x this: unconfirmed, we may be at fault.',
  ),
  row(
    'suspicionMinMsMax',
    [9000, 90_000, 9000],
    [10, DAY_MS],
    'The shortest suspicion is never above this (memberlist has no such limit): word of a refutation reaches a thousand in a second, and a crash among them is to be known within 15.',
  ),
  row(
    'retransmitMult',
    [4, 4, 2],
    [1, 100],
    'Each broadcast is sent mult x ceil(log10(n + 1)) times by each member.',
  ),
  row(
    'gossipIntervalMs',
    [200, 500, 100],
    [10, DAY_MS],
    'Broadcasts go out at this pace while there are any, and on every ping and ack.',
  ),
  row('gossipFanOut', [3, 4, 3], [1, 64], 'Members that one gossip turn goes to.'),
  row(
    'gossipToDeadMs',
    [30_000, 60_000, 15_000],
    [0, DAY_MS],
    'The dead get gossip for so long: who is dead by mistake hears of it and answers.',
  ),
  row(
    'gossipBytes',
    [1200, 1200, 1200],
    [600, 1400],
    'Broadcasts in one gossip datagram; the rest of 1400 is for header and seal.',
  ),
  row(
    'pushPullIntervalMs',
    [30_000, 60_000, 15_000],
    [100, DAY_MS],
    'Digests are compared with a random member; without news, above 32 members, every ceil(log2 n - log2 32) + 1 times.',
  ),
  row(
    'joinRetryMs',
    [1000, 5000, 500],
    [10, DAY_MS],
    'A lonely member calls its seeds again, at first after this, doubling up to the push/pull interval.',
  ),
  row('awarenessMax', [8, 8, 8], [1, 64], 'The local health score stays below this (Lifeguard): 0 is well.'),
  row(
    'pauseMs',
    [3000, 10_000, 3000],
    [50, DAY_MS],
    'A timer this late means that this process stood still: it judges nobody by that time. Several probe intervals.',
  ),
  row(
    'udpMissesMax',
    [3, 3, 3],
    [1, 1000],
    'Probes in a row that only a stream answered, before datagrams count as blocked.',
  ),
  row(
    'udpRetryEvery',
    [10, 10, 10],
    [1, 1000],
    'Of the probes of a blocked member, every n-th tries a datagram again.',
  ),
  row(
    'evictAfterMs',
    [0, 0, 0],
    [0, DAY_MS * 365],
    'The dead and the left are forgotten after this; 0: only when the embedder says so.',
  ),
  row(
    'membersMax',
    [16_384, 16_384, 16_384],
    [1, 1_000_000],
    'Members listed, this one included; more are refused.',
  ),
  row(
    'departedMax',
    [16_384, 16_384, 16_384],
    [1, 1_000_000],
    'Evicted lives remembered; the oldest is forgotten.',
  ),
  row(
    'broadcastsMax',
    [16_384, 16_384, 16_384],
    [1, 1_000_000],
    'Broadcasts waiting; beyond, the most often sent one is dropped.',
  ),
  row('probesMax', [64, 64, 64], [1, 10_000], 'Probes in flight; beyond, none is begun.'),
  row(
    'relaysMax',
    [1024, 1024, 1024],
    [1, 100_000],
    'Pings in flight on behalf of others; beyond, they are refused.',
  ),
  row(
    'syncAnswersPerSecond',
    [128, 128, 128],
    [1, 1_000_000],
    'Answers to differing digests; who gets none asks again later.',
  ),
]

function presetOf(column: 'lan' | 'wan' | 'local'): SwimConfig {
  return Object.fromEntries(
    SWIM_CONFIG_ROWS.map((each) => [each.name, each[column]]),
  ) as unknown as SwimConfig
}

export const LAN_CONFIG: SwimConfig = presetOf('lan')
export const WAN_CONFIG: SwimConfig = presetOf('wan')
export const LOCAL_CONFIG: SwimConfig = presetOf('local')

/** Everything that is wrong with a config, in words; empty when it can be used. */
export function problemsOf(config: SwimConfig): string[] {
  const problems: string[] = []
  for (const { name, min, max } of SWIM_CONFIG_ROWS) {
    const value = config[name]
    if (!Number.isInteger(value) || value < min || value > max) {
      problems.push(`${name} must be a whole number from ${min} to ${max}`)
    }
  }
  if (config.pingTimeoutMs >= config.probeIntervalMs)
    problems.push('pingTimeoutMs must be below probeIntervalMs')
  if (config.pauseMs <= config.pingTimeoutMs) problems.push('pauseMs must be above pingTimeoutMs')
  return problems
}
