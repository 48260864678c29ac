/** Hash random [Table]: HRANDFIELD, one field, some different ones, or so many draws with repeats. */
import { TYPE_HASH } from '../store/entry.ts'
import { hashAt, hashEach, hashLength, type HashVisitor, isLargeHash, visitElement } from '../store/hash.ts'
import { tableOf } from '../store/large-table.ts'
import { chooseElements, chooseIndexes, randomIndex } from '../store/random-choice.ts'
import { OUT_OF_RANGE, SYNTAX_ERROR } from './arguments.ts'
import { type Call, WRONG_TYPE_REF } from './call.ts'
import { type Command, FIRST_KEY, READONLY } from './command.ts'
import { readRandomCount, replyDraws } from './random-count.ts'

function hrandfield(call: Call): void {
  const { args, reply } = call
  const hasCount = args.count > 2
  const count = hasCount ? readRandomCount(call, 2) : 1
  if (count !== count) return
  const withValues = args.count > 3
  if (args.count > 4 || (withValues && !args.is(3, 'WITHVALUES'))) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (withValues && Math.abs(count) >= 2 ** 62) {
    reply.error(OUT_OF_RANGE)
    return
  }
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  if (!hasCount) {
    if (ref === 0) reply.nil()
    else drawer(call, ref, (bytes, start, end) => reply.bulk(bytes, start, end))()
  } else if (ref === 0 || count === 0) reply.array(0)
  else if (count > 0) replyDifferent(call, ref, count, withValues)
  else {
    const header = withValues && reply.protocol === 2 ? -count * 2 : -count
    replyDraws(call, -count, header, drawer(call, ref, fieldWriter(call, withValues)))
  }
}

function replyDifferent(call: Call, ref: number, count: number, withValues: boolean): void {
  const { space, reply, node } = call
  const random = (): number => node.ports.random32()
  const length = hashLength(space, ref)
  const taken = Math.min(count, length)
  const visit = fieldWriter(call, withValues)
  reply.array(withValues && reply.protocol === 2 ? taken * 2 : taken)
  if (taken === length) hashEach(space, ref, visit)
  else if (isLargeHash(space, ref)) {
    const elements = chooseElements(random, tableOf(space, ref), taken)
    for (const element of elements) visitElement(space, ref, element, visit)
  } else hashAt(space, ref, chooseIndexes(random, length, taken), visit)
}

/** Writes a field as the reply wants it: alone, followed by its value, or (RESP3) paired with it. */
function fieldWriter(call: Call, withValues: boolean): HashVisitor {
  const reply = call.reply
  const arePaired = withValues && reply.protocol === 3
  return (bytes, fieldStart, fieldEnd, valueStart, valueEnd) => {
    if (arePaired) reply.array(2)
    reply.bulk(bytes, fieldStart, fieldEnd)
    if (withValues) reply.bulk(bytes, valueStart, valueEnd)
  }
}

/** A function that visits any one field each time it is called. */
function drawer(call: Call, ref: number, visit: HashVisitor): () => void {
  const { space, node } = call
  const random = (): number => node.ports.random32()
  if (isLargeHash(space, ref)) {
    const table = tableOf(space, ref)
    return () => visitElement(space, ref, table.sample(random()), visit)
  }
  const bounds: number[] = []
  const bytes = space.entries.valueBuffer(ref)
  hashEach(space, ref, (_bytes, fieldStart, fieldEnd, valueStart, valueEnd) => {
    bounds.push(fieldStart, fieldEnd, valueStart, valueEnd)
  })
  return () => {
    const at = randomIndex(random, bounds.length / 4) * 4
    visit(bytes, bounds[at]!, bounds[at + 1]!, bounds[at + 2]!, bounds[at + 3]!)
  }
}

export const hashRandomCommands: readonly Command[] = [
  {
    name: 'hrandfield',
    arity: -2,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'hash',
    run: hrandfield,
    summary: 'Answers fields picked at random: different ones, or draws with repeats for a negative count',
    since: '6.2.0',
    complexity: 'O(N) where N is the number of fields returned',
    syntax: 'key [count [WITHVALUES]]',
  },
]
