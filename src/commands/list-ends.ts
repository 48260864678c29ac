/**
 * List ends [Rule]: taking elements from one end of a list, the step that LPOP, LMPOP, BLPOP and their kin
 * share: the elements into the reply, then the change, its events and - for rows that declare them - its
 * effects.
 */
import { ListCursor, listDrop, listLength } from '../store/list.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_LIST } from './call.ts'

const cursor = new ListCursor()

/**
 * Replies with `count` (1..length) elements of the list of the key at argument i, outermost first, and
 * drops them.
 */
export function takeFromEnd(call: Call, ref: number, i: number, atHead: boolean, count: number): void {
  const reply = call.reply
  cursor.seek(call.space, ref, atHead ? 0 : listLength(call.space, ref) - 1)
  for (let left = count; left > 0; left--) {
    reply.bulk(cursor.buffer, cursor.start, cursor.end)
    if (atHead) cursor.next()
    else cursor.previous()
  }
  cursor.rest()
  dropFromEnd(call, ref, i, atHead, count)
}

/** Drops `count` (1..length) elements; the key goes with the last of them. */
export function dropFromEnd(call: Call, ref: number, i: number, atHead: boolean, count: number): void {
  const space = call.space
  const isDeclared = call.row.effect === 'declared'
  call.notify(NOTIFY_LIST, atHead ? 'lpop' : 'rpop', i)
  if (count < listLength(space, ref)) {
    space.changed(listDrop(space, ref, atHead, count))
    if (!isDeclared || !call.effects.isOn) return
    const word = atHead ? 'LPOP' : 'RPOP'
    if (count === 1) call.effects.run(call.database, word, call.args.copy(i))
    else call.effects.run(call.database, word, call.args.copy(i), String(count))
  } else if (isDeclared) call.removeEntry(ref, i)
  else {
    space.remove(ref)
    call.notify(NOTIFY_GENERIC, 'del', i)
  }
}
