/**
 * Named keys [Rule]: requests some of whose keys only values tell (SORT BY weight_* GET name_*). Where several nodes act
 * they cannot be run where the sorted key is: the values are brought together, those keys read off them, and their values
 * brought too - unless the patterns bear the hash tag of the sorted key, as then all lie at one node.
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { slotOf } from '../store/hash-slot.ts'
import { errorReply } from './joined-replies.ts'
import { KeyQuestion, type KeyQuestionParts, type Question } from './key-question.ts'
import type { Bench, BenchWork } from './bench.ts'

/** What the entries of one request may take together. */
export const BROUGHT_BYTES_MAX = 63 * 1024 * 1024
export const TOO_LARGE = 'ERR the values are too large to be brought together from several nodes'
const NAMED_KEYS_MAX = 262_144
const TOO_MANY_KEYS = 'ERR too many keys are named to be brought together from several nodes'
const STAR = 42
const OPENING_BRACE = 123
const CLOSING_BRACE = 125

/** May the request name keys outside this slot? The finder reads them by `call`. */
export function namesOtherSlots(row: CommandRow, call: Call, args: Args, slot: number): boolean {
  if (row.namedByValues === undefined) return false
  const patterns: number[] = []
  const kept = call.args
  call.args = args
  row.namedByValues.patterns(call, patterns)
  call.args = kept
  return patterns.some((i) => slotOfPattern(args, i) !== slot)
}

/** A whole hash tag before the star says where all keys of the pattern lie; -1: anywhere. */
function slotOfPattern(args: Args, i: number): number {
  const { bytes } = args
  const start = args.starts[i]!
  const end = args.ends[i]!
  const opened = bytes.subarray(start, end).indexOf(OPENING_BRACE)
  const closed = opened === -1 ? -1 : bytes.subarray(start, end).indexOf(CLOSING_BRACE, opened + 1)
  const star = bytes.subarray(start, end).indexOf(STAR)
  return closed > opened + 1 && closed < star ? slotOf(bytes, start, end) : -1
}

/** All entries the work reads: those of the keys in the question, and of the keys that their values name. */
export function bringAll(
  parts: KeyQuestionParts & { readonly bench: Bench },
  question: Question,
  work: Omit<BenchWork, 'entries'>,
  brought: (error: Buffer | undefined, entries: readonly Buffer[]) => void,
): KeyQuestion {
  return new KeyQuestion(parts, question, (error, entries) => {
    if (error !== undefined) return brought(error, [])
    if (isTooLarge(entries)) return brought(errorReply(TOO_LARGE), [])
    const named = parts.bench.keysNamedBy({ ...work, entries })
    const keys = named.filter((key) => !question.keys.some((known) => known.equals(key)))
    if (keys.length === 0) return brought(undefined, entries)
    if (keys.length > NAMED_KEYS_MAX) return brought(errorReply(TOO_MANY_KEYS), [])
    new KeyQuestion(parts, { ...question, keys }, (failure, more) => {
      const all = [...entries, ...more]
      if (failure !== undefined) brought(failure, [])
      else brought(isTooLarge(all) ? errorReply(TOO_LARGE) : undefined, all)
    })
  })
}

function isTooLarge(entries: readonly Buffer[]): boolean {
  return entries.reduce((sum, entry) => sum + entry.length, 0) > BROUGHT_BYTES_MAX
}
