/**
 * Sorted set scan [Table]: ZSCAN, the walk over a sorted set with a cursor. A small set is answered whole, a large one
 * by ascending hash of its members, which no change disturbs (element-scan.ts has what all such walks share).
 */
import { formatDouble } from '../../resp/index.ts'
import { TYPE_SORTED_SET } from '../store/entry.ts'
import { countMembers, isLarge, largeOf } from '../store/sorted-set.ts'
import { SortedSetWalk } from '../store/sorted-set-walk.ts'
import { type Call, WRONG_TYPE_REF } from './call.ts'
import { type Command, FIRST_KEY, READONLY } from './command.ts'
import { ElementScan } from './element-scan.ts'

const PACKED_INTEGER_MAX = 2 ** 62

const scan = new ElementScan()
const walk = new SortedSetWalk()

function zscan(call: Call): void {
  const { space } = call
  if (!scan.readCursor(call, 2)) return
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    scan.replyEmpty(call)
    return
  }
  if (!scan.readOptions(call, 3, false)) return
  if (!isLarge(space, ref)) {
    scan.begin(call, 0)
    walk.open(space, ref, 0, countMembers(space, ref), false)
    while (walk.next()) replyScanned(call, walk.buffer, walk.start, walk.end, packedScoreText(walk.score))
    scan.end(call)
    return
  }
  const table = largeOf(space, ref).elements
  const found: number[] = []
  scan.begin(call, table.walk(scan.fromHash, scan.count, found))
  for (const element of found) {
    const start = table.nameStart(element)
    const end = start + table.nameLength(element)
    replyScanned(call, table.nameBuffer(element), start, end, formatDouble(table.scoreOf(element)))
  }
  scan.end(call)
}

/** ZSCAN answers scores as bulk strings in both protocols. */
function replyScanned(call: Call, bytes: Buffer, start: number, end: number, score: string): void {
  if (!scan.admits(call, bytes, start, end)) return
  call.reply.bulk(bytes, start, end)
  call.reply.bulkText(score)
  scan.took(2)
}

/** Of small sets ZSCAN answers whole scores digit by digit: Redis keeps them as integers there. */
function packedScoreText(score: number): string {
  const isWhole = Number.isInteger(score) && Math.abs(score) <= PACKED_INTEGER_MAX
  return isWhole && !Number.isSafeInteger(score) ? BigInt(score).toString() : formatDouble(score)
}

export const sortedSetScanCommands: readonly Command[] = [
  {
    name: 'zscan',
    arity: -3,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zscan,
    summary: 'Walks the members and scores a portion at a time',
    since: '2.8.0',
    complexity: 'O(1) for every call, O(N) for a whole walk',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
  },
]
