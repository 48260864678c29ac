/**
 * Key positions [Rule]: which arguments of a request are keys and what the command does to each, for COMMAND GETKEYS
 * and GETKEYSANDFLAGS. Knows no entries: whether a key exists does not matter.
 */
import type { Args } from '../../resp/index.ts'
import { readInteger } from './arguments.ts'
import type { Call } from './call.ts'
import type { CommandRow } from './command-row.ts'
import { type KeySpec, keySpecsOf } from './key-specs.ts'

export interface UsedKey {
  /** Argument number. */
  readonly at: number
  readonly uses: readonly string[]
}

const NOT_A_KEY = 'not_key'
const VARIABLE = 'variable_flags'

export function hasKeys(row: CommandRow): boolean {
  return keySpecsOf(row).some((spec) => !spec.uses.includes(NOT_A_KEY))
}

/** The keys of `call.args` if it were a request of this row; undefined when the arguments make no sense. */
export function keyPositions(call: Call, row: CommandRow): UsedKey[] | undefined {
  const specs = keySpecsOf(row)
  if (specs.some((spec) => spec.kind === 'unknown')) return foundByReading(call, row, specs)
  const found: UsedKey[] = []
  for (const spec of specs) {
    const keys = keysOfSpec(call.args, spec)
    if (keys === undefined) return undefined
    const uses = spec.uses.includes(VARIABLE) ? usesInCall(call.args, row) : spec.uses
    for (const at of keys) found.push({ at, uses })
  }
  return found
}

/** Later keys are what the last spec tells about: SORT's destination. */
function foundByReading(call: Call, row: CommandRow, specs: readonly KeySpec[]): UsedKey[] {
  const numbers: number[] = []
  row.findKeys?.(call, numbers)
  return numbers.map((at, i) => ({ at, uses: (i === 0 ? specs[0]! : specs.at(-1)!).uses }))
}

function keysOfSpec(args: Args, spec: KeySpec): number[] | undefined {
  const keys: number[] = []
  let first = spec.index
  let last = spec.last < 0 ? args.count + spec.last : first + spec.last
  if (spec.kind === 'counted') {
    const count = readInteger(args.bytes, args.starts[first]!, args.ends[first]!)
    if (!(count >= 1) || first + count >= args.count) return undefined
    last = first + count
    first++
  }
  for (let at = first; at <= last && at < args.count; at += spec.step) keys.push(at)
  return keys
}

/** SET reads with GET, BITFIELD writes unless it only reads. */
function usesInCall(args: Args, row: CommandRow): readonly string[] {
  let reads = row.name === 'bitfield'
  let writes = row.name === 'set'
  for (let at = row.name === 'set' ? 3 : 2; at < args.count; at++) {
    if (row.name === 'set') reads ||= args.is(at, 'GET')
    else writes ||= args.is(at, 'SET') || args.is(at, 'INCRBY')
  }
  if (!writes) return ['RO', 'access']
  return reads ? ['RW', 'access', 'update'] : ['OW', 'update']
}
