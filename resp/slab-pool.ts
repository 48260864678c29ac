// The output buffers that all connections share, of 128 KiB unless said otherwise.
//
// A connection holds a slab only while it has unsent output, so a handful, the last one given always
// the next one taken (it is still in the processor's cache), serves thousands of connections.
// It knows nothing of replies or sockets. Shape: machine.

import { Buffer } from 'node:buffer'

export const slabBytes = 131072

export class SlabPool {
  readonly slabsMax: number
  readonly #bytes: number
  #free: Buffer[]

  constructor(slabsMax = 64, bytes = slabBytes) {
    this.slabsMax = slabsMax
    this.#bytes = bytes
    this.#free = []
  }

  get freeCount(): number {
    return this.#free.length
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }

  /** Takes a slab back; buffers of another size, and slabs beyond the cap, are left to the collector. */
  give(slab: Buffer): void {
    if (slab.length === this.#bytes && this.#free.length < this.slabsMax) this.#free.push(slab)
  }
}
