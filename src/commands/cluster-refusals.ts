/**
 * Cluster refusals [Table]: sub-commands of CLUSTER by which Redis Cluster is assembled by hand. In a mesh the ring
 * places slots and gossip agrees on members, so each is refused with its reason, once its arguments were counted.
 */
import type { Call } from './call.ts'
import { ADMIN, type Command, NO_ASYNC_LOADING, STALE } from './command.ts'

const PLACED = 'the ring of the mesh places slots, by the nodes it knows and their weights'
const AGREED = 'epochs are agreed on by gossip'
const UNWRITTEN = 'the mesh is not kept in a file: a node finds it again by its seeds'
const MIXED = 'every node is primary of some slots and keeps copies of others, as the ring places them'

function refusal(
  name: string,
  arity: number,
  reason: string,
  syntax: string,
  details: Partial<Command>,
): Command {
  return {
    name,
    arity,
    flags: ADMIN | STALE | NO_ASYNC_LOADING,
    group: 'cluster',
    since: '3.0.0',
    complexity: 'O(1)',
    syntax,
    summary: `Is refused: ${reason}`,
    serve: (call: Call) => call.reply.error(`ERR CLUSTER ${name.toUpperCase()} is not supported: ${reason}`),
    ...details,
  }
}

const RANGES = 'start-slot end-slot [start-slot end-slot ...]'
const SLOT_CHANGE = 'slot IMPORTING node-id|MIGRATING node-id|NODE node-id|STABLE'

export const clusterRefusals: readonly Command[] = [
  refusal('addslots', -3, PLACED, 'slot [slot ...]', {}),
  refusal('addslotsrange', -4, PLACED, RANGES, { since: '7.0.0' }),
  refusal('delslots', -3, PLACED, 'slot [slot ...]', {}),
  refusal('delslotsrange', -4, PLACED, RANGES, { since: '7.0.0' }),
  refusal('flushslots', 2, PLACED, '', {}),
  refusal('setslot', -4, PLACED, SLOT_CHANGE, {}),
  refusal('replicate', 3, MIXED, 'node-id', {}),
  refusal('bumpepoch', 2, AGREED, '', {}),
  refusal('set-config-epoch', 3, AGREED, 'config-epoch', {}),
  refusal('saveconfig', 2, UNWRITTEN, '', {}),
]
