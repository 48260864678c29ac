// Replies become bytes here, in RESP2 or RESP3, straight into the connection's output buffer.
//
// The buffer is a slab borrowed from the pool at the first byte and handed back when the kernel has
// taken the output; a reply too long for it moves to a bigger buffer of its own. Writing allocates nothing.
// It does not know who reads, when output is sent, or what a command is. Shape: machine.

import { Buffer } from 'node:buffer'
import { formatDouble } from './format-double.ts'
import type { SlabPool } from './slab-pool.ts'

const nothing: Buffer = Buffer.alloc(0)
const headerBytesMax = 32
const loopCopyMax = 128

const CR = 13
const LF = 10
const ZERO = 48

export class ReplyWriter {
  protocol: 2 | 3
  bytes: Buffer
  /** How many bytes at the front of `bytes` wait to be sent. */
  length: number
  readonly #slabs: SlabPool

  constructor(slabs: SlabPool) {
    this.protocol = 2
    this.bytes = nothing
    this.length = 0
    this.#slabs = slabs
  }

  ok(): void {
    const at = this.#room(5)
    const bytes = this.bytes
    bytes[at] = 43
    bytes[at + 1] = 79
    bytes[at + 2] = 75
    bytes[at + 3] = CR
    bytes[at + 4] = LF
    this.length = at + 5
  }

  queued(): void {
    this.status('QUEUED')
  }

  pong(): void {
    const at = this.#room(7)
    const bytes = this.bytes
    bytes[at] = 43
    bytes[at + 1] = 80
    bytes[at + 2] = 79
    bytes[at + 3] = 78
    bytes[at + 4] = 71
    bytes[at + 5] = CR
    bytes[at + 6] = LF
    this.length = at + 7
  }

  status(text: string): void {
    this.#textLine(43, text)
  }

  /** The text follows the dash, code first: 'ERR no such key'. Line breaks in it become spaces. */
  error(text: string): void {
    this.#textLine(45, text)
  }

  integer(n: number): void {
    this.#numberLine(58, n)
  }

  integerBig(n: bigint): void {
    this.#textLine(58, n.toString())
  }

  bulk(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    const at = this.#bulkHeader(36, length)
    copyBytes(bytes, start, end, this.bytes, at)
    this.#lineEnd(at + length)
  }

  bulkBuffer(buffer: Uint8Array): void {
    this.bulk(buffer, 0, buffer.length)
  }

  /** A bulk string whose characters are bytes (latin1). */
  bulkText(text: string): void {
    const length = text.length
    const at = this.#bulkHeader(36, length)
    writeLatin1(this.bytes, at, text)
    this.#lineEnd(at + length)
  }

  bulkUtf8(text: string): void {
    const length = Buffer.byteLength(text, 'utf8')
    const at = this.#bulkHeader(36, length)
    this.bytes.write(text, at, 'utf8')
    this.#lineEnd(at + length)
  }

  /** No value: `$-1` in RESP2, `_` in RESP3. */
  nil(): void {
    this.#nil(36)
  }

  /** No array: `*-1` in RESP2, `_` in RESP3. */
  nilArray(): void {
    this.#nil(42)
  }

  array(count: number): void {
    this.#numberLine(42, count)
  }

  map(pairs: number): void {
    if (this.protocol === 2) this.#numberLine(42, pairs * 2)
    else this.#numberLine(37, pairs)
  }

  set(count: number): void {
    this.#numberLine(this.protocol === 2 ? 42 : 126, count)
  }

  push(count: number): void {
    this.#numberLine(this.protocol === 2 ? 42 : 62, count)
  }

  double(x: number): void {
    const text = formatDouble(x)
    if (this.protocol === 2) this.bulkText(text)
    else this.#textLine(44, text)
  }

  boolean(isTrue: boolean): void {
    if (this.protocol === 2) this.#numberLine(58, isTrue ? 1 : 0)
    else this.#textLine(35, isTrue ? 't' : 'f')
  }

  bigNumber(text: string): void {
    if (this.protocol === 2) this.bulkText(text)
    else this.#textLine(40, text)
  }

  /** Text with a three-character format ('txt', 'mkd') that RESP2 leaves out. */
  verbatim(format: string, text: string): void {
    if (this.protocol === 2) {
      this.bulkUtf8(text)
      return
    }
    const length = Buffer.byteLength(text, 'utf8')
    const at = this.#bulkHeader(61, length + 4)
    writeLatin1(this.bytes, at, format)
    this.bytes[at + 3] = 58
    this.bytes.write(text, at + 4, 'utf8')
    this.#lineEnd(at + 4 + length)
  }

  /** Bytes that are a reply already. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    const at = this.#room(end - start)
    copyBytes(bytes, start, end, this.bytes, at)
    this.length = at + end - start
  }

  /** Remembers this place, for a header that can only be written once its body has been counted. */
  mark(): number {
    return this.length
  }

  insertArray(mark: number, count: number): void {
    this.#insertHeader(mark, 42, count)
  }

  insertMap(mark: number, pairs: number): void {
    if (this.protocol === 2) this.#insertHeader(mark, 42, pairs * 2)
    else this.#insertHeader(mark, 37, pairs)
  }

  insertSet(mark: number, count: number): void {
    this.#insertHeader(mark, this.protocol === 2 ? 42 : 126, count)
  }

  /** Takes back everything written after `length`: a reply that must not be sent, or not this way. */
  truncate(length: number): void {
    if (length < this.length) this.length = length
  }

  /** Forgets the first bytes, which have been sent by other means. */
  dropFront(count: number): void {
    this.bytes.copyWithin(0, count, this.length)
    this.length -= count
  }

  /** The unsent bytes; valid until the next write after `reset(true)`. */
  detach(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  /** The output is out of our hands. The slab can serve again only if nobody below still holds it. */
  reset(canReuse: boolean): void {
    if (canReuse) this.#slabs.give(this.bytes)
    this.bytes = nothing
    this.length = 0
  }

  /** Makes sure `count` bytes fit and answers where they start. */
  #room(count: number): number {
    const at = this.length
    if (at + count > this.bytes.length) this.#grow(at + count)
    return at
  }

  #grow(needed: number): void {
    const old = this.bytes
    if (old.length === 0) {
      const slab = this.#slabs.take()
      if (slab.length >= needed) {
        this.bytes = slab
        return
      }
      this.#slabs.give(slab)
    }
    const bigger = Buffer.allocUnsafeSlow(Math.max(needed, old.length * 2))
    old.copy(bigger, 0, 0, this.length)
    this.#slabs.give(old)
    this.bytes = bigger
  }

  #numberLine(marker: number, n: number): void {
    const at = this.#room(headerBytesMax)
    this.bytes[at] = marker
    this.#lineEnd(writeInteger(this.bytes, at + 1, n))
  }

  /** Writes `$length` and answers where the body goes; body and line end are sure to fit. */
  #bulkHeader(marker: number, length: number): number {
    let at = this.#room(headerBytesMax + length)
    const bytes = this.bytes
    bytes[at] = marker
    at = writeInteger(bytes, at + 1, length)
    bytes[at] = CR
    bytes[at + 1] = LF
    return at + 2
  }

  #lineEnd(at: number): void {
    const bytes = this.bytes
    bytes[at] = CR
    bytes[at + 1] = LF
    this.length = at + 2
  }

  #textLine(marker: number, text: string): void {
    const at = this.#room(text.length + 3)
    const bytes = this.bytes
    bytes[at] = marker
    for (let k = 0; k < text.length; k++) {
      const byte = text.charCodeAt(k)
      bytes[at + 1 + k] = byte === CR || byte === LF ? 32 : byte
    }
    this.#lineEnd(at + 1 + text.length)
  }

  #nil(marker: number): void {
    if (this.protocol === 2) {
      this.#numberLine(marker, -1)
      return
    }
    const at = this.#room(3)
    this.bytes[at] = 95
    this.#lineEnd(at + 1)
  }

  #insertHeader(mark: number, marker: number, count: number): void {
    const headerBytes = integerWidth(count) + 3
    const end = this.#room(headerBytes)
    const bytes = this.bytes
    bytes.copyWithin(mark + headerBytes, mark, end)
    bytes[mark] = marker
    const at = writeInteger(bytes, mark + 1, count)
    bytes[at] = CR
    bytes[at + 1] = LF
    this.length = end + headerBytes
  }
}

function integerWidth(n: number): number {
  let width = n < 0 ? 2 : 1
  const size = Math.abs(n)
  for (let limit = 10; size >= limit; limit *= 10) width++
  return width
}

/** Writes a safe integer in decimal and answers where it ends. */
function writeInteger(bytes: Buffer, at: number, n: number): number {
  if (n >= 0 && n < 10) {
    bytes[at] = ZERO + n
    return at + 1
  }
  const end = at + integerWidth(n)
  let cursor = end
  let rest = n
  if (n < 0) {
    bytes[at] = 45
    rest = -n
  }
  while (rest > 0x7fffffff) {
    const tenth = Math.floor(rest / 10)
    bytes[--cursor] = ZERO + (rest - tenth * 10)
    rest = tenth
  }
  let small = rest | 0
  do {
    const tenth = (small / 10) | 0
    bytes[--cursor] = ZERO + (small - tenth * 10)
    small = tenth
  } while (small > 0)
  return end
}

/** Short copies go byte by byte: below ~128 bytes that beats making a view for the native copy. */
function copyBytes(from: Uint8Array, start: number, end: number, to: Buffer, at: number): void {
  const count = end - start
  if (count <= loopCopyMax) {
    for (let k = 0; k < count; k++) to[at + k] = from[start + k]!
    return
  }
  to.set(new Uint8Array(from.buffer, from.byteOffset + start, count), at)
}

function writeLatin1(bytes: Buffer, at: number, text: string): void {
  if (text.length > loopCopyMax) {
    bytes.write(text, at, 'latin1')
    return
  }
  for (let k = 0; k < text.length; k++) bytes[at + k] = text.charCodeAt(k)
}
