/** Sorted set store [Machine]: how ZRANGESTORE, ZUNIONSTORE and their like put a result where the client wants it. */
import { TYPE_SORTED_SET } from '../store/entry.ts'
import type { LargeSortedSet } from '../store/large-sorted-set.ts'
import { makeSortedSet } from '../store/sorted-set.ts'
import { type Call, NOTIFY_SORTED_SET } from './call.ts'

/**
 * Replaces whatever the key at argument i holds by the gathered elements, which are the key's (or gone) from then
 * on, and replies their number. No elements: no key.
 */
export function storeSortedSet(call: Call, i: number, content: LargeSortedSet, event: string): void {
  const { space, reply } = call
  const count = content.count
  const target = call.findForWrite(i)
  if (count === 0) {
    content.release()
    if (target !== 0) call.removeEntry(target, i)
    reply.integer(0)
    return
  }
  const ref = makeSortedSet(space, target !== 0 ? target : call.create(i, TYPE_SORTED_SET, 0), content)
  space.changed(ref)
  call.notify(NOTIFY_SORTED_SET, event, i)
  call.effects.put(ref)
  reply.integer(count)
}
