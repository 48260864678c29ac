/**
 * LCS [Table + rule]: the longest common subsequence of two strings, by the classic table of lengths: cell (i, j) is
 * the answer for the first i bytes of one and the first j of the other. The table takes four bytes a cell and is
 * refused when it would not fit proto-max-bulk-len; walking it back from the last cell gives text and ranges.
 */
import { TYPE_STRING } from '../store/entry.ts'
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { type Command, READONLY, TWO_KEYS } from './command.ts'
import { stringBytesMax } from './string-limit.ts'

const CELL_BYTES = 4
const NOTHING: Uint8Array = new Uint8Array(0)

/** One of the two strings: where its bytes lie. */
interface Text {
  readonly bytes: Uint8Array
  readonly start: number
  readonly length: number
}

interface Options {
  isLengthOnly: boolean
  hasRanges: boolean
  hasRangeLengths: boolean
  rangeLengthMin: number
}

function lcs(call: Call): void {
  const left = call.find(1)
  const right = call.find(2)
  if (!isStringOrNothing(call, left) || !isStringOrNothing(call, right)) {
    call.reply.error('ERR The specified keys must contain string values')
    return
  }
  const options = readOptions(call)
  if (options === undefined) return
  const a = textOf(call, left)
  const b = textOf(call, right)
  const cellCount = (a.length + 1) * (b.length + 1)
  if (cellCount * CELL_BYTES > stringBytesMax(call)) {
    call.reply.error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len')
    return
  }
  const lengths = tableOf(a, b, cellCount)
  const length = lengths[cellCount - 1]!
  if (options.hasRanges) replyRanges(call, a, b, lengths, options)
  else if (options.isLengthOnly) call.reply.integer(length)
  else replySubsequence(call, a, b, lengths)
}

function isStringOrNothing(call: Call, ref: number): boolean {
  return ref === 0 || call.space.entries.typeOf(ref) === TYPE_STRING
}

function textOf(call: Call, ref: number): Text {
  const entries = call.space.entries
  if (ref === 0) return { bytes: NOTHING, start: 0, length: 0 }
  return { bytes: entries.valueBuffer(ref), start: entries.valueStart(ref), length: entries.valueLength(ref) }
}

/** Undefined: the error is replied. */
function readOptions(call: Call): Options | undefined {
  const args = call.args
  const options: Options = {
    isLengthOnly: false,
    hasRanges: false,
    hasRangeLengths: false,
    rangeLengthMin: 0,
  }
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'IDX')) options.hasRanges = true
    else if (args.is(i, 'LEN')) options.isLengthOnly = true
    else if (args.is(i, 'WITHMATCHLEN')) options.hasRangeLengths = true
    else if (args.is(i, 'MINMATCHLEN') && i + 1 < args.count) {
      options.rangeLengthMin = call.integer(++i)
      if (Number.isNaN(options.rangeLengthMin)) {
        call.reply.error(NOT_AN_INTEGER)
        return undefined
      }
    } else {
      call.reply.error(SYNTAX_ERROR)
      return undefined
    }
  }
  if (!options.hasRanges || !options.isLengthOnly) return options
  call.reply.error('ERR If you want both the length and indexes, please just use IDX.')
  return undefined
}

function tableOf(a: Text, b: Text, cellCount: number): Uint32Array {
  const lengths = new Uint32Array(cellCount)
  const width = b.length + 1
  for (let i = 1; i <= a.length; i++) {
    const byte = a.bytes[a.start + i - 1]!
    let cell = i * width
    for (let j = 1; j < width; j++) {
      cell++
      if (byte === b.bytes[b.start + j - 1]) lengths[cell] = lengths[cell - width - 1]! + 1
      else {
        const above = lengths[cell - width]!
        const before = lengths[cell - 1]!
        lengths[cell] = Math.max(above, before)
      }
    }
  }
  return lengths
}

function replySubsequence(call: Call, a: Text, b: Text, lengths: Uint32Array): void {
  const width = b.length + 1
  let left = lengths[lengths.length - 1]!
  const subsequence = Buffer.allocUnsafe(left)
  let i = a.length
  let j = b.length
  while (left > 0) {
    const byte = a.bytes[a.start + i - 1]!
    if (byte === b.bytes[b.start + j - 1]) {
      subsequence[--left] = byte
      i--
      j--
    } else if (lengths[(i - 1) * width + j]! > lengths[i * width + j - 1]!) i--
    else j--
  }
  call.reply.bulkBuffer(subsequence)
}

/** Ranges come last first, as the walk meets them. */
function replyRanges(call: Call, a: Text, b: Text, lengths: Uint32Array, options: Options): void {
  const reply = call.reply
  const width = b.length + 1
  reply.map(2)
  reply.bulkText('matches')
  const mark = reply.mark()
  let rangeCount = 0
  let run = 0
  let i = a.length
  let j = b.length
  while (i > 0 && j > 0) {
    const isEqual = a.bytes[a.start + i - 1] === b.bytes[b.start + j - 1]
    if (isEqual) {
      run++
      i--
      j--
    }
    const isRunOver = run > 0 && (!isEqual || i === 0 || j === 0)
    if (isRunOver && run >= options.rangeLengthMin) {
      replyRange(call, i, j, run, options.hasRangeLengths)
      rangeCount++
    }
    if (isRunOver) run = 0
    if (isEqual) continue
    if (lengths[(i - 1) * width + j]! > lengths[i * width + j - 1]!) i--
    else j--
  }
  reply.insertArray(mark, rangeCount)
  reply.bulkText('len')
  reply.integer(lengths[lengths.length - 1]!)
}

function replyRange(call: Call, i: number, j: number, length: number, hasLength: boolean): void {
  const reply = call.reply
  reply.array(hasLength ? 3 : 2)
  reply.array(2)
  reply.integer(i)
  reply.integer(i + length - 1)
  reply.array(2)
  reply.integer(j)
  reply.integer(j + length - 1)
  if (hasLength) reply.integer(length)
}

export const lcsCommands: readonly Command[] = [
  {
    name: 'lcs',
    arity: -3,
    flags: READONLY,
    keys: TWO_KEYS,
    group: 'string',
    run: lcs,
    summary: 'Answers the longest common subsequence of two strings',
    since: '7.0.0',
    complexity: 'O(N*M) where N and M are the lengths of the strings.',
    syntax: 'key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]',
  },
]
