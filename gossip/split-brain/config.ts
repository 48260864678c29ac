/*
 * From an operator's words to settings, or to a list of what is wrong with them.
 *
 * The idea: options carry Pekko's names and are rows; a row reads one value or refuses it. Options that the
 * chosen strategy does not have are errors rather than silence: who sets quorum-size under keep-majority
 * believes something about the mesh that is not so. Shape: table and rule.
 */
import { ROLE_BYTES_MAX } from '../member.ts'
import { isAddress, isName } from '../messages.ts'
import { ATOMR_DEFAULTS, PEKKO_DEFAULTS, type RuleBook, type SplitBrainSettings } from './settings.ts'
import { findStrategy, type OptionName, STRATEGIES, STRATEGY_NAMES } from './strategies.ts'

export type SplitBrainOptions = Readonly<Record<string, unknown>>

export type ParsedSettings =
  | { readonly settings: SplitBrainSettings }
  | { readonly errors: readonly string[] }

type CommonName = 'active-strategy' | 'compat' | 'stable-after' | 'down-all-when-unstable'

export interface OptionRow {
  readonly name: OptionName | CommonName
  readonly expects: string
  readonly summary: string
  /** Undefined when the value will not do. */
  read(value: unknown): Partial<SplitBrainSettings> | undefined
}

export const DURATION_MS_MAX = 24 * 3600 * 1000
export const QUORUM_SIZE_MAX = 100_000
export const ROLE_WEIGHT_MAX = 1_000_000
export const ROLE_WEIGHTS_COUNT_MAX = 64

const A_DURATION = 'a duration such as 20s, 500ms or 2m, or a number of milliseconds, at most a day'
const A_COUNT = `a whole number from 1 to ${QUORUM_SIZE_MAX}`

export const OPTIONS: readonly OptionRow[] = [
  {
    name: 'active-strategy',
    expects: `one of ${STRATEGY_NAMES.join(', ')}`,
    summary: 'What decides which side of a split goes on.',
    read: (value) => into('strategy', typeof value === 'string' ? findStrategy(value)?.name : undefined),
  },
  {
    name: 'compat',
    expects: 'pekko or atomr',
    summary: 'Whose rules the strategies follow.',
    read: (value) => into('compat', value === 'pekko' || value === 'atomr' ? value : undefined),
  },
  {
    name: 'stable-after',
    expects: A_DURATION,
    summary:
      'How long membership and reachability stand still before a decision. Longer than any hiccup of the network that ' +
      'you want to sit out; by default 7 s for 5 members up to 30 s for 1,000 (20 s with atomr).',
    read: (value) => into('stableAfterMs', durationOf(value)),
  },
  {
    name: 'down-all-when-unstable',
    expects: `on, off, or ${A_DURATION}`,
    summary:
      'All go down when a split finds no rest within stable-after and this long; on: 3/4 of stable-after, at least 4 s.',
    read: (value) => into('downAllWhenUnstableMs', patienceOf(value)),
  },
  {
    name: 'role',
    expects: 'the name of a role, or nothing for all',
    summary: 'Only members with this role are counted.',
    read: (value) => (value === '' ? {} : into('role', isRole(value) ? (value as string) : undefined)),
  },
  {
    name: 'quorum-size',
    expects: A_COUNT,
    summary: 'The least number of members that may go on; more than half of the most you will ever have.',
    read: (value) => into('quorumSize', wholeOf(value, 1, QUORUM_SIZE_MAX)),
  },
  {
    name: 'down-if-alone',
    expects: 'on or off',
    summary: 'An oldest member that is cut off from all others gives up.',
    read: (value) => into('downIfAlone', flagOf(value)),
  },
  {
    name: 'referee',
    expects: 'an address host:port',
    summary: 'The member whose side goes on.',
    read: (value) => into('referee', isAddress(value) ? (value as string) : undefined),
  },
  {
    name: 'down-all-if-less-than',
    expects: A_COUNT,
    summary: 'A side of the referee that is smaller than this goes down too.',
    read: (value) => into('downAllIfLessThan', wholeOf(value, 1, QUORUM_SIZE_MAX)),
  },
  {
    name: 'role-weights',
    expects: `role=weight,... or an object, at most ${ROLE_WEIGHTS_COUNT_MAX} roles, weights 0 to ${ROLE_WEIGHT_MAX}`,
    summary: 'What roles weigh; a member weighs as much as its heaviest role.',
    read: (value) => into('roleWeights', weightsOf(value)),
  },
  {
    name: 'min-weight',
    expects: 'a whole number from 1 up',
    summary: 'The least weight that may go on; more than half of all weight.',
    read: (value) => into('minWeight', wholeOf(value, 1, ROLE_WEIGHT_MAX * QUORUM_SIZE_MAX)),
  },
  {
    name: 'acquire-lease-delay-for-minority',
    expects: A_DURATION,
    summary: 'The head start of the larger side on its way to the lease.',
    read: (value) => into('minorityDelayMs', durationOf(value)),
  },
  {
    name: 'release-after',
    expects: A_DURATION,
    summary: 'How long the lease is kept once the downed members are gone.',
    read: (value) => into('releaseAfterMs', durationOf(value)),
  },
  {
    name: 'lease-ttl',
    expects: A_DURATION,
    summary: 'How long a lease outlives its holder; longer than the slowest way to a decision.',
    read: (value) => into('leaseTtlMs', durationOf(value)),
  },
  {
    name: 'lease-timeout',
    expects: A_DURATION,
    summary: 'A lease that is not granted within this time counts as denied.',
    read: (value) => into('leaseAnswerMsMax', durationOf(value)),
  },
  {
    name: 'lease-acquired',
    expects: 'on or off',
    summary: "atomr's fixed answer to a tie, in place of a lease.",
    read: (value) => into('isLeaseAcquired', flagOf(value)),
  },
]

const COMMON: readonly string[] = ['active-strategy', 'compat', 'stable-after', 'down-all-when-unstable']

export function parseSplitBrain(options: SplitBrainOptions): ParsedSettings {
  const errors: string[] = []
  const book: RuleBook = options.compat === 'atomr' ? 'atomr' : 'pekko'
  let settings: SplitBrainSettings = book === 'atomr' ? ATOMR_DEFAULTS : PEKKO_DEFAULTS
  for (const [name, value] of Object.entries(options)) {
    const row = OPTIONS.find((one) => one.name === name)
    const read = row?.read(value)
    if (row === undefined) errors.push(`${name}: no such option; there are ${optionNames()}`)
    else if (read === undefined) errors.push(`${name}: expected ${row.expects}, got ${show(value)}`)
    else settings = { ...settings, ...read }
  }
  if (errors.length === 0) errors.push(...mismatches(settings, options))
  return errors.length > 0 ? { errors } : { settings }
}

/** What is wrong with options that are right each by itself. */
function mismatches(settings: SplitBrainSettings, options: SplitBrainOptions): readonly string[] {
  const errors: string[] = []
  const { strategy, compat } = settings
  const row = findStrategy(strategy)!
  for (const name of Object.keys(options)) {
    if (COMMON.includes(name) || row.options.some((one) => one === name)) continue
    const owners = STRATEGIES.filter((one) => one.options.some((option) => option === name))
    errors.push(`${name}: belongs to ${owners.map((one) => one.name).join(', ')}, not to ${strategy}`)
  }
  for (const name of row.required) {
    const hasDefault = name === 'quorum-size' && compat === 'atomr'
    if (options[name] === undefined && !hasDefault) errors.push(`${name}: ${strategy} needs it`)
  }
  if (compat === 'atomr' && settings.role !== undefined) {
    errors.push("role: atomr's rules count members of every role")
  }
  if (compat === 'pekko' && settings.isLeaseAcquired !== undefined) {
    errors.push("lease-acquired: only atomr's rules have it; Pekko's ask the lease")
  }
  const way = (settings.stableAfterMs ?? 0) + settings.minorityDelayMs + settings.leaseAnswerMsMax
  if (strategy === 'lease-majority' && settings.leaseTtlMs <= way) {
    errors.push(
      `lease-ttl: ${settings.leaseTtlMs} ms must be longer than stable-after, ` +
        `acquire-lease-delay-for-minority and lease-timeout together, ${way} ms`,
    )
  }
  return errors
}

function into<K extends keyof SplitBrainSettings>(
  key: K,
  value: SplitBrainSettings[K] | undefined,
): Partial<SplitBrainSettings> | undefined {
  return value === undefined ? undefined : ({ [key]: value } as unknown as Partial<SplitBrainSettings>)
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

function durationOf(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^(\d{1,9}) ?(ms|s|m|h)?$/.exec(value.trim()) : null
  const ms = match === null ? value : Number(match[1]) * UNIT_MS[match[2] ?? 'ms']!
  return wholeOf(ms, 0, DURATION_MS_MAX)
}

function patienceOf(value: unknown): number | 'derived' | undefined {
  const flag = flagOf(value)
  if (flag !== undefined) return flag ? 'derived' : 0
  const ms = durationOf(value)
  return ms === 0 ? undefined : ms
}

function wholeOf(value: unknown, min: number, max: number): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) return undefined
  return number >= min && number <= max ? number : undefined
}

function flagOf(value: unknown): boolean | undefined {
  if (value === true || value === 'on' || value === 'yes' || value === 'true') return true
  return value === false || value === 'off' || value === 'no' || value === 'false' ? false : undefined
}

const isRole = isName(ROLE_BYTES_MAX)

function weightsOf(value: unknown): ReadonlyMap<string, number> | undefined {
  const pairs = pairsOf(value)
  if (pairs === undefined || pairs.length === 0 || pairs.length > ROLE_WEIGHTS_COUNT_MAX) return undefined
  const weights = new Map<string, number>()
  for (const [role, given] of pairs) {
    const weight = wholeOf(given, 0, ROLE_WEIGHT_MAX)
    if (weight === undefined || !isRole(role) || weights.has(role)) return undefined
    weights.set(role, weight)
  }
  return weights
}

function pairsOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (value instanceof Map) return [...value] as [string, unknown][]
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value)
  if (typeof value !== 'string') return undefined
  return value.split(',').map((pair) => {
    const split = pair.lastIndexOf('=')
    return [pair.slice(0, Math.max(split, 0)).trim(), pair.slice(split + 1).trim()] as const
  })
}

function optionNames(): string {
  return OPTIONS.map((row) => row.name).join(', ')
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 60)}'` : String(value).slice(0, 60)
}
