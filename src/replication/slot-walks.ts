/**
 * Slot walks [Machine]: visits every entry and every tombstone of some slots without ever stopping the node for long:
 * at once while this round's share lasts, else a portion each tick. What changes between two portions is visited
 * before or after its change, or not at all; walkers leave out what is moving anyway.
 */
import type { Entries } from '../store/entries.ts'
import type { Keyspace } from '../store/keyspace.ts'

export interface WalkLimits {
  /** Visited between two ticks, by all walks together: a few milliseconds. */
  keysPerTick: number
  keysPerStep: number
  /** Walks that wait; more are turned away. */
  walksMax: number
}

export interface Walk {
  readonly slots: readonly number[]
  /** `at` is the slot's place in `slots`. Nothing may be changed meanwhile. */
  visit(at: number, entries: Entries, ref: number, isEntry: boolean): void
  done(): void
}

interface Position {
  readonly walk: Walk
  at: number
  isAmongRemovals: boolean
  hash: number
}

export class SlotWalks {
  limits: WalkLimits = { keysPerTick: 65_536, keysPerStep: 1024, walksMax: 256 }
  readonly #space: Keyspace
  readonly #waiting: Position[] = []
  readonly #refs: number[] = []
  #keysLeft = 0

  constructor(space: Keyspace) {
    this.#space = space
    this.#keysLeft = this.limits.keysPerTick
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /** `done` follows, perhaps within the call; false: too many wait. */
  start(walk: Walk): boolean {
    if (this.#waiting.length >= this.limits.walksMax) return false
    this.#waiting.push({ walk, at: 0, isAmongRemovals: false, hash: 0 })
    if (this.#waiting.length === 1) this.#run()
    return true
  }

  onTick(): void {
    this.#keysLeft = this.limits.keysPerTick
    this.#run()
  }

  #run(): void {
    while (this.#waiting.length > 0 && this.#keysLeft > 0) {
      const position = this.#waiting[0]!
      if (position.at < position.walk.slots.length) {
        this.#step(position)
        continue
      }
      this.#waiting.shift()
      position.walk.done()
    }
  }

  #step(position: Position): void {
    const { at, hash, isAmongRemovals, walk } = position
    const { entries, index, tombstones } = this.#space
    const refs = this.#refs
    refs.length = 0
    const slot = walk.slots[at]!
    const { keysPerStep } = this.limits
    if (!isAmongRemovals) position.hash = index.walk(slot, hash, keysPerStep, refs)
    else position.hash = tombstones === null ? 0 : tombstones.walk(slot, hash, keysPerStep, refs)
    const holder = isAmongRemovals && tombstones !== null ? tombstones.entries : entries
    for (const ref of refs) walk.visit(at, holder, ref, !isAmongRemovals)
    // A slot costs something even if nothing is in it.
    this.#keysLeft -= refs.length + 1
    if (position.hash !== 0) return
    if (isAmongRemovals) position.at++
    position.isAmongRemovals = !isAmongRemovals
  }
}
