/*
 * The state this node holds, and how it came to it.
 *
 * The idea: what a node holds only grows, so it is enough to remember which parts each step touched: a peer
 * that holds what this node held a while ago lacks those parts and nothing else, and a whole state has to
 * travel only to newcomers. It refuses to know why the state changed.
 * Shape: machine.
 */
import { EMPTY_STATE, type Touched } from './merge.ts'
import type { MeshState, VectorClock } from './mesh-state.ts'
import type { MembersPool } from './roster.ts'
import { SeenSet } from './seen-set.ts'
import { EMPTY_DIGEST, stateDigest } from './state-digest.ts'
import { relation } from './vector-clock.ts'

/** A peer further behind than this gets the whole state. */
export const STEPS_COUNT_MAX = 64

interface Step {
  /** What was held before this step, and its clock. */
  readonly digest: number
  readonly version: VectorClock
  readonly touched: Touched
}

/** What a peer lacks, and the clock of what it is known to have. */
export interface Lack {
  readonly touched: Touched
  readonly known: VectorClock
}

export class History {
  state: MeshState
  /** Of the state now. */
  digest: number
  readonly #pool: MembersPool | undefined
  /** Oldest first. */
  #steps: Step[]

  constructor(pool: MembersPool | undefined) {
    this.state = EMPTY_STATE
    this.digest = EMPTY_DIGEST
    this.#pool = pool
    this.#steps = []
  }

  get seen(): SeenSet {
    return this.state.seen as SeenSet
  }

  set seen(seen: SeenSet) {
    if (seen !== this.state.seen) this.state = { ...this.state, seen }
  }

  /**
   * Takes the next state; who has seen it stays known only while it is the same version. True when it is
   * another.
   */
  advance(next: MeshState, touched: Touched): boolean {
    const digest = stateDigest(next)
    if (digest === this.digest) {
      if (next.tombstones !== this.state.tombstones) {
        this.state = { ...this.state, tombstones: next.tombstones }
      }
      return false
    }
    // Who holds nothing is sent the whole: the step from nothing is none that anybody asks for.
    if (this.digest !== EMPTY_DIGEST) {
      this.#steps.push({ digest: this.digest, version: this.state.version, touched })
    }
    if (this.#steps.length > STEPS_COUNT_MAX) this.#steps.shift()
    const members = this.#pool === undefined ? next.members : this.#pool.intern(next.members)
    this.state = { ...next, members, seen: SeenSet.of(members) }
    this.digest = digest
    return true
  }

  /** Everyone has held the empty state. */
  hasHeld(digest: number): boolean {
    return digest === EMPTY_DIGEST || digest === this.digest || this.#stepOf(digest) >= 0
  }

  /** What a peer lacks that holds what this node once held; undefined when this node never held it. */
  lackSince(digest: number): Lack | undefined {
    const at = this.#stepOf(digest)
    return at < 0 ? undefined : { touched: this.#touchedFrom(at), known: this.#steps[at]!.version }
  }

  /** What a peer lacks whose clock holds everything this node held at some time. */
  lackBehind(clock: VectorClock): Lack | undefined {
    for (let at = this.#steps.length - 1; at >= 0; at--) {
      const related = relation(this.#steps[at]!.version, clock)
      if (related !== 'same' && related !== 'before') continue
      return { touched: this.#touchedFrom(at), known: clock }
    }
    return undefined
  }

  #stepOf(digest: number): number {
    for (let at = this.#steps.length - 1; at >= 0; at--) if (this.#steps[at]!.digest === digest) return at
    return -1
  }

  #touchedFrom(at: number): Touched {
    if (at === this.#steps.length - 1) return this.#steps[at]!.touched
    const members = new Set<string>()
    const tombstones = new Set<string>()
    const observers = new Set<string>()
    for (let step = at; step < this.#steps.length; step++) {
      const { touched } = this.#steps[step]!
      for (const id of touched.members) members.add(id)
      for (const id of touched.tombstones) tombstones.add(id)
      for (const id of touched.observers) observers.add(id)
    }
    return { members: [...members], tombstones: [...tombstones], observers: [...observers] }
  }
}
