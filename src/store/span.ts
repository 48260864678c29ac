/**
 * Span [Data]: some bytes that lie in a buffer of somebody else; what a look-up answers without copying. One span
 * is filled again and again. It is valid until the next change of the entry (or of the scratch) it points into.
 */
const NOTHING = Buffer.alloc(0)

export class Span {
  bytes: Buffer = NOTHING
  start = 0
  end = 0

  set(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  get length(): number {
    return this.end - this.start
  }

  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(this.start, this.end))
  }
}
