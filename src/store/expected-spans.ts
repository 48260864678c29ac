/**
 * Expected spans [Machine]: parts of one buffer that will be asked about in a moment, in ascending order, and what has
 * been computed of each. Finding one again costs a comparison or two, because whoever asks goes through the buffer once.
 */
export const EXPECTED_SPANS_MAX = 64

export class ExpectedSpans {
  /** The buffer they lie in; null when nothing is known. */
  #bytes: Uint8Array | null = null
  /** Shows the same bytes by words. Kept when they are forgotten: most chunks come in the same buffer. */
  view: DataView = new DataView(new ArrayBuffer(0))
  #viewed: Uint8Array | null = null
  readonly starts = new Int32Array(EXPECTED_SPANS_MAX)
  readonly ends = new Int32Array(EXPECTED_SPANS_MAX)
  /** For each: its slot if it is a key, the table of the hash index it is to be found in, its hash, and the ref it probably leads to, or 0. */
  readonly slots = new Uint16Array(EXPECTED_SPANS_MAX)
  readonly tables = new Uint32Array(EXPECTED_SPANS_MAX)
  readonly hashes = new Uint32Array(EXPECTED_SPANS_MAX)
  readonly refs = new Uint32Array(EXPECTED_SPANS_MAX)
  count = 0
  #cursor = 0

  /** The places are copied; whoever calls fills in `tables` and `hashes`. */
  begin(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, count: number): void {
    this.#bytes = bytes
    if (bytes !== this.#viewed) {
      this.#viewed = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    this.count = count
    this.#cursor = 0
    for (let i = 0; i < count; i++) {
      this.starts[i] = starts[i]!
      this.ends[i] = ends[i]!
    }
  }

  /** Whether `view` shows these bytes. */
  shows(bytes: Uint8Array): boolean {
    return bytes === this.#bytes
  }

  /** The bytes may change from now on. */
  forget(): void {
    this.#bytes = null
  }

  /** Which of them bytes[start, end) is, or -1. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    if (bytes !== this.#bytes) return -1
    let at = this.#cursor
    while (at < this.count && this.starts[at]! < start) at++
    this.#cursor = at
    return at < this.count && this.starts[at] === start && this.ends[at] === end ? at : -1
  }
}
