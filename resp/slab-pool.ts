// The 128 KiB output buffers that all connections share.
//
// A connection holds a slab only while it has unsent output, so a handful, the last one given always
// the next one taken (it is still in the processor's cache), serves thousands of connections.
// It knows nothing of replies or sockets. Shape: machine.

import { Buffer } from 'node:buffer'

export const slabBytes = 131072

export class SlabPool {
  readonly slabsMax: number
  #free: Buffer[]

  constructor(slabsMax = 64) {
    this.slabsMax = slabsMax
    this.#free = []
  }

  get freeCount(): number {
    return this.#free.length
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(slabBytes)
  }

  /** Takes a slab back; buffers of another size, and slabs beyond the cap, are left to the collector. */
  give(slab: Buffer): void {
    if (slab.length === slabBytes && this.#free.length < this.slabsMax) this.#free.push(slab)
  }
}
