/**
 * Request writer [Machine]: requests made here, in bytes as a client would send them: a count, then words.
 */
import { ReplyWriter, SlabPool } from '../../resp/index.ts'

export class RequestWriter {
  readonly #out = new ReplyWriter(new SlabPool(1))

  begin(wordCount: number): this {
    this.#out.array(wordCount)
    return this
  }

  text(word: string): this {
    this.#out.bulkText(word)
    return this
  }

  bytes(bytes: Uint8Array, start: number, end: number): this {
    this.#out.bulk(bytes, start, end)
    return this
  }

  /** The request, in memory of its own. */
  end(): Buffer {
    const raw = Buffer.from(this.#out.bytes.subarray(0, this.#out.length))
    this.#out.reset(true)
    return raw
  }
}
