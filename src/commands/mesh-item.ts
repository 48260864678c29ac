/**
 * Mesh item [Table]: MESH ITEM: a key's value together with what the mesh knows it by: version, term, expiry. Read as
 * any key is, so at the level the connection has chosen; values that are no strings are named by their type only.
 */
import { TYPE_NAMES, TYPE_STRING } from '../store/entry.ts'
import type { Call } from './call.ts'
import { type Command, FAST, READONLY } from './command.ts'

function item(call: Call): void {
  const { entries } = call.space
  const { reply } = call
  const ref = call.find(2)
  if (ref === 0) return reply.nilArray()
  const type = entries.typeOf(ref)
  reply.map(5)
  reply.bulkText('type')
  reply.bulkText(TYPE_NAMES[type]!)
  reply.bulkText('value')
  if (type === TYPE_STRING) {
    const start = entries.valueStart(ref)
    reply.bulk(entries.valueBuffer(ref), start, start + entries.valueLength(ref))
  } else reply.nil()
  reply.bulkText('version')
  reply.integer(entries.versionOf(ref))
  reply.bulkText('term')
  reply.integer(entries.termOf(ref))
  reply.bulkText('expires-at')
  reply.integer(entries.expiryOf(ref))
}

export const itemCommand: Command = {
  name: 'item',
  arity: 3,
  flags: READONLY | FAST,
  keys: { first: 2, last: 2, step: 1 },
  group: 'cluster',
  run: item,
  since: '0.1.0',
  complexity: 'O(1)',
  syntax: 'key',
  summary: 'Answers the value of a key with its version, term and expiry',
}
