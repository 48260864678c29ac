/**
 * Cluster keys [Rule]: CLUSTER's questions about keys and the slots they fall into. Keys are those of the session's
 * database that this node holds; one whose time is over counts until it is met, as in Redis.
 */
import { SLOT_COUNT, slotOf } from '../store/hash-slot.ts'
import { NOT_AN_INTEGER } from './arguments.ts'
import type { Call } from './call.ts'

const HASH_RANGE_END = 0
const PORTION = 512

export function keySlot(call: Call): void {
  const { args, reply } = call
  reply.integer(slotOf(args.bytes, args.starts[2]!, args.ends[2]!))
}

export function countKeysInSlot(call: Call): void {
  const { reply, space, database } = call
  const slot = call.integer(2)
  if (Number.isNaN(slot)) reply.error(NOT_AN_INTEGER)
  else if (!isSlot(slot)) reply.error('ERR Invalid slot')
  else if (isOnlyDatabase(call)) reply.integer(space.index.countOf(slot))
  else {
    let count = 0
    space.index.each(slot, (_hash, ref) => {
      if (space.entries.databaseOf(ref) === database) count++
    })
    reply.integer(count)
  }
}

export function getKeysInSlot(call: Call): void {
  const { reply, space } = call
  const slot = call.integer(2)
  const countMax = call.integer(3)
  if (Number.isNaN(slot) || Number.isNaN(countMax)) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  if (!isSlot(slot) || countMax < 0) {
    reply.error('ERR Invalid slot or number of keys')
    return
  }
  const refs = keysOf(call, slot, countMax)
  reply.array(refs.length)
  for (const ref of refs) {
    const start = space.entries.keyStart(ref)
    reply.bulk(space.entries.keyBuffer(ref), start, start + space.entries.keyLength(ref))
  }
}

function keysOf(call: Call, slot: number, countMax: number): number[] {
  const { index, entries } = call.space
  const found: number[] = []
  const portion: number[] = []
  let hash = 0
  while (found.length < countMax) {
    portion.length = 0
    hash = index.walk(slot, hash, PORTION, portion)
    for (const ref of portion) {
      if (entries.databaseOf(ref) === call.database && found.length < countMax) found.push(ref)
    }
    if (hash === HASH_RANGE_END) break
  }
  return found
}

function isSlot(slot: number): boolean {
  return slot >= 0 && slot < SLOT_COUNT
}

function isOnlyDatabase(call: Call): boolean {
  return call.space.keyCount.every((count, database) => count === 0 || database === call.database)
}
