// Splitting a line a person typed into arguments, quotes and escapes included.
//
// The rules are those of Redis' sdssplitargs: "..." knows \n \r \t \b \a \xHH and \any, '...' knows only \',
// a closing quote must end its word. A line without quotes is split in place; one with quotes is
// copied once, with the unescaped arguments behind the raw line. Shape: rule.

import { Buffer } from 'node:buffer'
import type { Args } from './args.ts'

const DOUBLE_QUOTE = 34
const SINGLE_QUOTE = 39
const BACKSLASH = 92

/** Fills `args` with the words of bytes[start, end); false when a quote is left open or ends inside a word. */
export function splitInline(args: Args, bytes: Buffer, start: number, end: number): boolean {
  if (hasQuote(bytes, start, end)) return splitQuoted(args, bytes, start, end)
  let at = start
  while (true) {
    while (at < end && isSpace(bytes[at]!)) at++
    if (at >= end) return true
    const word = at
    while (at < end && !endsWord(bytes[at]!)) at++
    args.push(word, at)
  }
}

/** A quoted line moves to memory of its own: the raw line first (it may have to travel), then the words. */
function splitQuoted(args: Args, bytes: Buffer, start: number, end: number): boolean {
  const rawBytes = args.requestEnd - args.requestStart
  const own = Buffer.allocUnsafe(rawBytes + (end - start))
  bytes.copy(own, 0, args.requestStart, args.requestEnd)
  let at = start - args.requestStart
  const stop = end - args.requestStart
  args.bytes = own
  args.requestStart = 0
  args.requestEnd = rawBytes
  const cursor: Cursor = { bytes: own, at, stop, out: rawBytes }
  while (true) {
    at = cursor.at
    while (at < stop && isSpace(own[at]!)) at++
    if (at >= stop) return true
    cursor.at = at
    const word = cursor.out
    if (!readWord(cursor)) return false
    args.push(word, cursor.out)
  }
}

interface Cursor {
  readonly bytes: Buffer
  at: number
  readonly stop: number
  out: number
}

function readWord(cursor: Cursor): boolean {
  const { bytes, stop } = cursor
  while (cursor.at < stop) {
    const byte = bytes[cursor.at]!
    if (endsWord(byte)) return true
    cursor.at++
    if (byte === DOUBLE_QUOTE) return readDoubleQuoted(cursor) && isWordOver(cursor)
    if (byte === SINGLE_QUOTE) return readSingleQuoted(cursor) && isWordOver(cursor)
    bytes[cursor.out++] = byte
  }
  return true
}

function readDoubleQuoted(cursor: Cursor): boolean {
  const { bytes, stop } = cursor
  while (cursor.at < stop) {
    const byte = bytes[cursor.at++]!
    if (byte === DOUBLE_QUOTE) return true
    if (byte === BACKSLASH && cursor.at < stop) bytes[cursor.out++] = readEscape(cursor)
    else bytes[cursor.out++] = byte
  }
  return false
}

function readSingleQuoted(cursor: Cursor): boolean {
  const { bytes, stop } = cursor
  while (cursor.at < stop) {
    let byte = bytes[cursor.at++]!
    if (byte === SINGLE_QUOTE) return true
    if (byte === BACKSLASH && cursor.at < stop && bytes[cursor.at] === SINGLE_QUOTE)
      byte = bytes[cursor.at++]!
    bytes[cursor.out++] = byte
  }
  return false
}

/** The byte that stands behind a backslash inside double quotes. */
function readEscape(cursor: Cursor): number {
  const { bytes, at, stop } = cursor
  const byte = bytes[at]!
  if (byte === 120 && at + 2 < stop) {
    const high = hexDigit(bytes[at + 1]!)
    const low = hexDigit(bytes[at + 2]!)
    if (high >= 0 && low >= 0) {
      cursor.at = at + 3
      return high * 16 + low
    }
  }
  cursor.at = at + 1
  switch (byte) {
    case 110:
      return 10
    case 114:
      return 13
    case 116:
      return 9
    case 98:
      return 8
    case 97:
      return 7
    default:
      return byte
  }
}

function isWordOver(cursor: Cursor): boolean {
  return cursor.at >= cursor.stop || isSpace(cursor.bytes[cursor.at]!)
}

function hasQuote(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) return true
  }
  return false
}

/** C's isspace: what may stand between words. */
function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13)
}

/** What ends an unquoted word; vertical tab and form feed do not, as in Redis. */
function endsWord(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  if (byte >= 97 && byte <= 102) return byte - 87
  if (byte >= 65 && byte <= 70) return byte - 55
  return -1
}
