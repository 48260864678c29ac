/**
 * ACL categories [Rule]: the categories of a row as Redis derives them: from its flags, its group, and the few its
 * declaration adds. Containers without a handler of their own belong to no group.
 */
import { ADMIN, BLOCKING, FAST, type Group, PUBSUB, READONLY, WRITE } from './command.ts'
import type { CommandRow } from './command-row.ts'

/** All categories, in the order Redis lists them. */
export const ACL_CATEGORIES: readonly string[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
]

const OF_GROUP: Readonly<Partial<Record<Group, string>>> = {
  string: 'string',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  hash: 'hash',
  bitmap: 'bitmap',
  connection: 'connection',
  transactions: 'transaction',
}

const OF_FLAGS: readonly (readonly [flag: number, categories: readonly string[]])[] = [
  [WRITE, ['write']],
  [READONLY, ['read']],
  [ADMIN, ['admin', 'dangerous']],
  [PUBSUB, ['pubsub']],
  [BLOCKING, ['blocking']],
]

export function categoriesOf(row: CommandRow): string[] {
  const found = new Set(row.categories)
  const ofGroup = OF_GROUP[row.group]
  const hasHandler = row.run !== undefined || row.serve !== undefined
  if (ofGroup !== undefined && hasHandler) found.add(ofGroup)
  for (const [flag, categories] of OF_FLAGS) {
    if ((row.flags & flag) !== 0) for (const category of categories) found.add(category)
  }
  found.add((row.flags & FAST) === 0 ? 'slow' : 'fast')
  return ACL_CATEGORIES.filter((category) => found.has(category))
}
