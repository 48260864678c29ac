/**
 * Byte writer and reader [Machine]: a growing buffer with the few shapes effects and entry bodies are made of
 * (little endian numbers, length-prefixed byte strings). The reader never throws on short input: it answers zeros
 * and turns `isBroken` on, which the caller checks once at the end.
 */
/** One number and its bytes: every machine this runs on is little endian. */
const double = new Float64Array(1)
const bytesOfDouble = new Uint8Array(double.buffer)
/** Up to here a loop is faster than a view and a call. */
const LOOP_BYTES_MAX = 64

export class ByteWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(4096)
  length = 0

  u8(value: number): void {
    this.#room(1)
    this.bytes[this.length++] = value
  }
  u16(value: number): void {
    this.#room(2)
    this.length = this.bytes.writeUInt16LE(value & 0xffff, this.length)
  }
  u32(value: number): void {
    this.#room(4)
    this.length = this.bytes.writeUInt32LE(value >>> 0, this.length)
  }
  f64(value: number): void {
    this.#room(8)
    double[0] = value
    for (let i = 0; i < 8; i++) this.bytes[this.length++] = bytesOfDouble[i]!
  }
  /** Room for so many bytes at `length`, which the caller moves on itself. */
  reserve(count: number): void {
    this.#room(count)
  }
  raw(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.#room(length)
    if (length > LOOP_BYTES_MAX) this.bytes.set(bytes.subarray(start, end), this.length)
    else for (let i = 0; i < length; i++) this.bytes[this.length + i] = bytes[start + i]!
    this.length += length
  }
  sized(bytes: Uint8Array, start: number, end: number): void {
    this.u32(end - start)
    this.raw(bytes, start, end)
  }
  sizedText(text: string): void {
    this.u32(text.length)
    this.#room(text.length)
    this.length += this.bytes.write(text, this.length, 'latin1')
  }
  /** A byte string whose length is known only when `endSized` is called with what this returned. */
  beginSized(): number {
    this.u32(0)
    return this.length
  }
  endSized(mark: number): void {
    this.bytes.writeUInt32LE(this.length - mark, mark - 4)
  }
  clear(): void {
    this.length = 0
    if (this.bytes.length > 1 << 20) this.bytes = Buffer.allocUnsafeSlow(4096)
  }
  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length))
  }

  #room(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}

export class ByteReader {
  readonly bytes: Buffer
  position: number
  readonly end: number
  isBroken = false
  /** Bounds of the byte string `sized` read last. */
  start = 0
  stop = 0

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  get isAtEnd(): boolean {
    return this.position >= this.end
  }
  u8(): number {
    return this.#has(1) ? this.bytes[this.position++]! : 0
  }
  u16(): number {
    if (!this.#has(2)) return 0
    this.position += 2
    return this.bytes.readUInt16LE(this.position - 2)
  }
  u32(): number {
    if (!this.#has(4)) return 0
    this.position += 4
    return this.bytes.readUInt32LE(this.position - 4)
  }
  f64(): number {
    if (!this.#has(8)) return 0
    for (let i = 0; i < 8; i++) bytesOfDouble[i] = this.bytes[this.position++]!
    return double[0]!
  }
  /** Moves on; false: there are not so many bytes. */
  skip(count: number): boolean {
    if (!this.#has(count)) return false
    this.position += count
    return true
  }
  /** Reads a length-prefixed byte string into `start`..`stop`. */
  sized(): void {
    const length = this.u32()
    if (!this.#has(length)) {
      this.start = this.stop = this.end
      return
    }
    this.start = this.position
    this.position += length
    this.stop = this.position
  }

  #has(count: number): boolean {
    if (this.position + count <= this.end) return true
    this.isBroken = true
    this.position = this.end
    return false
  }
}
