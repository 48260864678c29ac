/**
 * Directive [Data]: what one row of the configuration table says.
 *
 * The idea: a directive is declared once; CONFIG GET, SET and REWRITE, files, environment, flags, `--help` and
 * docs/configuration.md are all read off its row. Knows no values and no sources.
 */
export type DirectiveType =
  | 'int'
  | 'bytes'
  | 'bytes-or-percent'
  | 'bool'
  | 'enum'
  | 'enum-set'
  | 'text'
  | 'list'
  | 'output-limits'
  | 'keyspace-events'
  | 'percentiles'
  | 'save-points'
  | 'consistency-policy'

export type Unit = 'seconds' | 'milliseconds' | 'microseconds' | 'minutes' | 'percent'

export interface Directive {
  /** The spelling of redis.conf. */
  readonly name: string
  readonly type: DirectiveType
  readonly default: string
  readonly min?: number | bigint
  readonly max?: number | bigint
  /** A value outside is not refused but moved to the nearer end (Redis does this to `hz`). */
  readonly clamp?: readonly [low: number, high: number]
  readonly values?: readonly string[]
  readonly unit?: Unit
  readonly wordsMax?: number
  readonly separator?: ','
  readonly pattern?: RegExp
  /** The error when `pattern` does not match. */
  readonly patternText?: string
  /** May CONFIG SET change it? */
  readonly isMutable: boolean
  /** CONFIG SET needs `enable-protected-configs` too. */
  readonly isProtected?: boolean
  /** Never printed: not by CONFIG GET, not by describe(), not in an error. */
  readonly isSecret?: boolean
  /** Older names Redis still knows: CONFIG GET answers them beside the name itself. */
  readonly aliases?: readonly string[]
  /** Further spellings for flags, environment and files only. */
  readonly spellings?: readonly string[]
  readonly doc: string
  /** Accepted for compatibility; the sentence says why it changes nothing here. */
  readonly notice?: string
  /** Any value but the default is an error with this text: ignoring it silently would be dangerous. */
  readonly refusal?: string
}

export const INT_MAX = 2147483647
export const INT64_MAX = 9223372036854775807n
export const UINT32_MAX = 4294967295
export const UINT64_MAX = 18446744073709551615n
export const TEXT_LENGTH_MAX = 65536
