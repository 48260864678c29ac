/**
 * Mesh repair [Table]: MESH REPAIR: compares this node with the other owners of its keys now instead of when it is due,
 * and tells what comparisons have found. How owners compare is known below (replication/anti-entropy.ts).
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Call } from './call.ts'
import { ADMIN, type Command, LOADING, STALE } from './command.ts'
import { misusedSubcommand } from './help-lines.ts'

const NOT_A_SLOT = 'ERR Invalid or out of range slot'
const NO_OWNERS = 'ERR there is no other owner to compare with'

export const REPAIR_HELP: readonly string[] = [
  'REPAIR [ALL|<slot>]',
  '    Compare the keys of this node, or of one slot, with the other owners of the',
  '    same keys, and exchange what differs. Return how many comparisons begin.',
  'REPAIR STATUS',
  '    Return what comparisons have found, and when the next ones are due.',
]

function repair(call: Call): void {
  const { args, node, reply } = call
  if (args.count > 3) return reply.error(misusedSubcommand('MESH', 'REPAIR'))
  if (args.count === 3 && args.is(2, 'STATUS')) return status(call)
  const isAll = args.count === 2 || args.is(2, 'ALL')
  const slot = isAll ? -1 : call.integer(2)
  if (!isAll && !(slot >= 0 && slot < SLOT_COUNT)) return reply.error(NOT_A_SLOT)
  const comparisons = node.mesh.repair(slot)
  if (comparisons === 0) return reply.error(NO_OWNERS)
  reply.map(2)
  reply.bulkText('slots')
  reply.bulkText(isAll ? 'all' : String(slot))
  reply.bulkText('comparisons')
  reply.integer(comparisons)
}

function status({ node, reply }: Call): void {
  const { cycleTimes, figures, owners } = node.mesh.repairState()
  const names = new Map(node.mesh.nodes().map(({ id, name }) => [id, name]))
  reply.map(figures.length + 2)
  for (const [name, value] of figures) {
    reply.bulkText(name)
    reply.integer(value)
  }
  reply.bulkText('cycles-by-ms')
  reply.map(cycleTimes.length)
  for (const { count, upToMs } of cycleTimes) {
    reply.integer(upToMs)
    reply.integer(count)
  }
  reply.bulkText('owners')
  reply.array(owners.length)
  for (const { nodeId, state, verdict, ...rest } of owners) {
    const numbers = Object.entries(rest)
    reply.map(3 + numbers.length)
    for (const [name, text] of Object.entries({ name: names.get(nodeId) ?? nodeId, state, verdict })) {
      reply.bulkText(name)
      reply.bulkUtf8(text)
    }
    for (const [name, value] of numbers) {
      reply.bulkText(name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
      reply.integer(value)
    }
  }
}

export const repairCommand: Command = {
  name: 'repair',
  arity: -2,
  flags: ADMIN | LOADING | STALE,
  group: 'cluster',
  serve: repair,
  since: '0.1.0',
  complexity: 'O(N) where N is the number of nodes; what it begins goes on in the background',
  syntax: '[ALL|slot|STATUS]',
  summary: 'Compares this node with the other owners of its keys, or tells what that has found',
}
