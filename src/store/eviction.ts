/**
 * Eviction [Machine]: keeps used bytes under maxmemory by removing the entries the policy likes least. As in Redis,
 * a few random entries are sampled each time and the best candidates are kept in a small pool across samplings.
 * The decision is this node's alone and leaves as an effect like a delete, so repair cannot bring the key back.
 */
import { idleSeconds, lfuCounter, lfuTouched, lruClock } from './access.ts'
import type { EffectLog } from './effect-log.ts'
import { SLOT_COUNT } from './hash-slot.ts'
import type { Keyspace } from './keyspace.ts'

const POOL_SIZE = 16
const EVICTIONS_PER_CALL_MAX = 64
const VOLATILE_TRIES = 16

export interface EvictionSettings {
  maxmemoryBytes: number
  policy: string
  samples: number
  lfuLogFactor: number
  lfuDecayMinutes: number
}

interface Candidate {
  database: number
  key: Buffer
  /** Higher = goes sooner. */
  score: number
}

export class Eviction {
  readonly settings: EvictionSettings = {
    maxmemoryBytes: 0, policy: 'noeviction', samples: 5, lfuLogFactor: 10, lfuDecayMinutes: 1,
  }
  readonly #space: Keyspace
  readonly #effects: EffectLog
  readonly #random32: () => number
  #pool: Candidate[] = []

  constructor(space: Keyspace, effects: EffectLog, random32: () => number) {
    this.#space = space
    this.#effects = effects
    this.#random32 = random32
  }

  /** Call after settings changed and once a second: sets what lookups stamp into entries. */
  refresh(nowMs: number): void {
    const space = this.#space
    space.accessClock = lruClock(nowMs)
    const { policy, lfuDecayMinutes, lfuLogFactor } = this.settings
    if (!policy.endsWith('lfu')) space.accessRule = null
    else if (space.accessRule === null) {
      space.accessRule = (access) =>
        lfuTouched(access, space.nowMs, this.settings.lfuDecayMinutes, this.settings.lfuLogFactor, this.#random32())
    }
    if (lfuDecayMinutes < 0 || lfuLogFactor < 0) throw new Error('eviction: negative LFU settings')
  }

  isOverLimit(): boolean {
    const limit = this.settings.maxmemoryBytes
    return limit !== 0 && this.#space.usedBytes() > limit
  }

  /** Removes entries until there is room or this call has done its share; false: nothing can go, memory is full. */
  makeRoom(): boolean {
    if (this.settings.policy === 'noeviction') return false
    for (let done = 0; this.isOverLimit(); done++) {
      if (done === EVICTIONS_PER_CALL_MAX) return true
      if (!this.#evictOne()) return false
    }
    return true
  }

  #evictOne(): boolean {
    if (this.settings.policy.endsWith('random')) {
      const ref = this.#sample()
      if (ref === 0) return false
      this.#evict(ref)
      return true
    }
    for (let round = 0; round < 8; round++) {
      this.#fillPool()
      while (this.#pool.length > 0) {
        const best = this.#pool.pop()!
        const ref = this.#space.peek(best.database, best.key, 0, best.key.length)
        if (ref === 0 || (this.#isVolatileOnly && this.#space.entries.expiryOf(ref) === 0)) continue
        this.#evict(ref)
        return true
      }
    }
    return false
  }

  get #isVolatileOnly(): boolean {
    return this.settings.policy.startsWith('volatile')
  }

  #evict(ref: number): void {
    const entries = this.#space.entries
    const database = entries.databaseOf(ref)
    const start = entries.keyStart(ref)
    const key = Buffer.from(entries.keyBuffer(ref).subarray(start, start + entries.keyLength(ref)))
    this.#space.evict(ref)
    this.#effects.remove(database, key, 0, key.length)
  }

  #fillPool(): void {
    const entries = this.#space.entries
    for (let i = 0; i < this.settings.samples; i++) {
      const ref = this.#sample()
      if (ref === 0) return
      const score = this.#scoreOf(ref)
      if (this.#pool.length === POOL_SIZE && score <= this.#pool[0]!.score) continue
      const start = entries.keyStart(ref)
      const key = entries.keyBuffer(ref).subarray(start, start + entries.keyLength(ref))
      const database = entries.databaseOf(ref)
      if (this.#pool.some((other) => other.database === database && other.key.equals(key))) continue
      let at = this.#pool.length
      while (at > 0 && this.#pool[at - 1]!.score > score) at--
      this.#pool.splice(at, 0, { database, key: Buffer.from(key), score })
      if (this.#pool.length > POOL_SIZE) this.#pool.shift()
    }
  }

  #scoreOf(ref: number): number {
    const space = this.#space
    const access = space.entries.accessOf(ref)
    if (this.settings.policy === 'volatile-ttl') return -space.entries.expiryOf(ref)
    if (!this.settings.policy.endsWith('lfu')) return idleSeconds(access, space.accessClock)
    return 255 - lfuCounter(access, space.nowMs, this.settings.lfuDecayMinutes)
  }

  /** A random entry (with an expiry, under the volatile policies), or 0 when there is none. */
  #sample(): number {
    const space = this.#space
    const isVolatileOnly = this.#isVolatileOnly
    const first = this.#random32() & (SLOT_COUNT - 1)
    for (let step = 0; step < SLOT_COUNT; step++) {
      const slot = (first + step) & (SLOT_COUNT - 1)
      if (isVolatileOnly ? space.slotExpiries[slot] === 0 : space.index.countOf(slot) === 0) continue
      if (!isVolatileOnly) return space.index.sample(slot, this.#random32())
      return this.#sampleVolatile(slot)
    }
    return 0
  }

  #sampleVolatile(slot: number): number {
    const space = this.#space
    for (let tries = 0; tries < VOLATILE_TRIES; tries++) {
      const ref = space.index.sample(slot, this.#random32())
      if (space.entries.expiryOf(ref) !== 0) return ref
    }
    let found = 0
    space.index.each(slot, (_hash, ref) => {
      if (space.entries.expiryOf(ref) !== 0) found = ref
    })
    return found
  }
}
