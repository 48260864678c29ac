/**
 * Eviction [Machine]: keeps used bytes under maxmemory by removing the entries the policy likes least. As in Redis,
 * a few random entries are sampled each time and the best candidates are kept in a small pool across samplings.
 * What it removes leaves as an effect like a delete, so repair cannot bring the key back. In a mesh that is the acting
 * primary's decision: copies that this node keeps for others it does not touch, whatever room they take, or owners
 * of the same key would each keep something else.
 */
import { idleSeconds, lfuCounter, lfuTouched, lruClock } from './access.ts'
import type { EffectLog } from './effect-log.ts'
import { EvictionPool } from './eviction-pool.ts'
import { hashOf } from './hash-slot.ts'
import type { Keyspace } from './keyspace.ts'
import { SlotDraw } from './slot-draw.ts'

const EVICTIONS_PER_CALL_MAX = 64
const SAMPLING_ROUNDS_MAX = 8
const VOLATILE_TRIES = 16
/** How far the copies a node keeps for others may take it above maxmemory. */
const CEILING_SHARE = 1.25
/** For each effect that another owner had no room for. */
const RELIEF_EVICTIONS = 2
/** How long a node that holds nothing it may evict does not look again. */
const EMPTY_MS = 100
/** How many entries at a time are looked through for one that expires. */
const VOLATILE_WALK_COUNT = 256

export interface EvictionSettings {
  maxmemoryBytes: number
  policy: string
  samples: number
  lfuLogFactor: number
  lfuDecayMinutes: number
}

export class Eviction {
  readonly settings: EvictionSettings = {
    maxmemoryBytes: 0,
    policy: 'noeviction',
    samples: 5,
    lfuLogFactor: 10,
    lfuDecayMinutes: 1,
  }
  readonly #space: Keyspace
  readonly #effects: EffectLog
  readonly #random32: () => number
  readonly #pool = new EvictionPool()
  readonly #allSlots: SlotDraw
  readonly #volatileSlots: SlotDraw
  readonly #walked: number[] = []
  /** 1 for each slot whose keys are this node's to evict; null: every slot. */
  readonly #servedSlots: () => Uint8Array | null
  /** Nothing was found that may go: it is not looked for again before. Wall ms. */
  #emptyUntilMs = 0
  /** The policy taken apart: what it looks at, and whether only entries that expire may go. */
  #policy = ''
  #measure = ''
  #isVolatileOnly = false

  constructor(
    space: Keyspace,
    effects: EffectLog,
    random32: () => number,
    servedSlots: () => Uint8Array | null = () => null,
  ) {
    this.#space = space
    this.#effects = effects
    this.#random32 = random32
    this.#servedSlots = servedSlots
    this.#allSlots = new SlotDraw((slot) => (this.#mayTake(slot) ? space.index.countOf(slot) : 0))
    this.#volatileSlots = new SlotDraw((slot) => (this.#mayTake(slot) ? space.expiries.perSlot[slot]! : 0))
  }

  /** Call after settings changed and once a second: sets what lookups stamp into entries. */
  refresh(nowMs: number): void {
    const space = this.#space
    space.accessClock = lruClock(nowMs)
    const { policy, lfuDecayMinutes, lfuLogFactor } = this.settings
    if (policy !== this.#policy) this.#adopt(policy)
    if (!policy.endsWith('lfu')) space.accessRule = null
    else if (space.accessRule === null) {
      space.accessRule = (access) =>
        lfuTouched(
          access,
          space.nowMs,
          this.settings.lfuDecayMinutes,
          this.settings.lfuLogFactor,
          this.#random32(),
        )
    }
    if (lfuDecayMinutes < 0 || lfuLogFactor < 0) throw new Error('eviction: negative LFU settings')
  }

  isOverLimit(): boolean {
    const limit = this.settings.maxmemoryBytes
    return limit !== 0 && this.#space.usedBytes() > limit
  }

  /** Copies that others act for are not ours to evict: far above the limit, no more of them are taken in. */
  isOverCeiling(): boolean {
    const limit = this.settings.maxmemoryBytes
    return limit !== 0 && this.#space.usedBytes() > limit * CEILING_SHARE
  }

  /** Another owner of some of our slots has no room for what we send: a few entries go, if the policy lets any. */
  relieve(): void {
    if (this.settings.policy !== this.#policy) this.#adopt(this.settings.policy)
    if (this.#policy === 'noeviction') return
    for (let done = 0; done < RELIEF_EVICTIONS && this.#evictOne(); done++);
  }

  /** Removes entries until there is room or this call has done its share; false: nothing can go, memory is full. */
  makeRoom(evictionsMax = EVICTIONS_PER_CALL_MAX): boolean {
    if (this.settings.policy !== this.#policy) this.#adopt(this.settings.policy)
    if (this.#policy === 'noeviction') return false
    for (let done = 0; this.isOverLimit(); done++) {
      if (done === evictionsMax) return true
      if (!this.#evictOne()) return false
    }
    return true
  }

  /** Scores of one policy mean nothing to another, so the candidates go. */
  #adopt(policy: string): void {
    this.#policy = policy
    this.#measure = policy.slice(policy.indexOf('-') + 1)
    this.#isVolatileOnly = policy.startsWith('volatile')
    this.#pool.clear()
  }

  /** Are there entries that may go? Asked first, as full memory with nothing to evict must fail writes cheaply. */
  #hasCandidates(): boolean {
    const counts = this.#isVolatileOnly ? this.#space.expiries.perDatabase : this.#space.keyCount
    for (let database = 0; database < counts.length; database++) if (counts[database] !== 0) return true
    return false
  }

  #mayTake(slot: number): boolean {
    const served = this.#servedSlots()
    return served === null || served[slot] === 1
  }

  #evictOne(): boolean {
    const { nowMs } = this.#space
    if (!this.#hasCandidates() || (nowMs < this.#emptyUntilMs && nowMs >= this.#emptyUntilMs - EMPTY_MS))
      return false
    if (this.#measure === 'random') {
      const slot = this.#drawSlot()
      if (slot === -1) return false
      this.#evict(this.#sample(slot))
      return true
    }
    for (let round = 0; round < SAMPLING_ROUNDS_MAX; round++) {
      if (!this.#fillPool()) return false
      const ref = this.#takeBest()
      if (ref === 0) continue
      this.#evict(ref)
      return true
    }
    return false
  }

  /** The best candidate that still stands, or 0. */
  #takeBest(): number {
    const { index, entries } = this.#space
    const pool = this.#pool
    while (pool.count > 0) {
      const at = --pool.count
      const ref = pool.refs[at]!
      const slot = pool.slots[at]!
      if (!this.#mayTake(slot) || !index.has(slot, pool.hashes[at]!, ref)) continue
      if (!this.#isVolatileOnly || entries.expiryOf(ref) !== 0) return ref
    }
    return 0
  }

  #evict(ref: number): void {
    const entries = this.#space.entries
    if (!this.#effects.isOn) {
      this.#space.evict(ref)
      return
    }
    const database = entries.databaseOf(ref)
    const start = entries.keyStart(ref)
    const key = Buffer.from(entries.keyBuffer(ref).subarray(start, start + entries.keyLength(ref)))
    this.#space.evict(ref)
    this.#effects.remove(database, key, 0, key.length)
  }

  /** False: there is nothing that may go. */
  #fillPool(): boolean {
    const { entries, secret } = this.#space
    for (let i = 0; i < this.settings.samples; i++) {
      const slot = this.#drawSlot()
      if (slot === -1) return false
      const ref = this.#sample(slot)
      const score = this.#scoreOf(ref)
      if (!this.#pool.wants(score)) continue
      const start = entries.keyStart(ref)
      const hash = hashOf(secret, entries.keyBuffer(ref), start, start + entries.keyLength(ref))
      this.#pool.add(slot, hash, ref, score)
    }
    return true
  }

  /** Higher = goes sooner. */
  #scoreOf(ref: number): number {
    const space = this.#space
    if (this.#measure === 'ttl') return -space.entries.expiryOf(ref)
    const access = space.entries.accessOf(ref)
    if (this.#measure === 'lru') return idleSeconds(access, space.accessClock)
    return 255 - lfuCounter(access, space.nowMs, this.settings.lfuDecayMinutes)
  }

  /** A slot with entries that may go, each entry with the same chance; -1: there is none. */
  #drawSlot(): number {
    const slot = (this.#isVolatileOnly ? this.#volatileSlots : this.#allSlots).draw(this.#random32)
    if (slot === -1) this.#emptyUntilMs = this.#space.nowMs + EMPTY_MS
    return slot
  }

  /** A random entry of a slot that has such. */
  #sample(slot: number): number {
    const { index, entries } = this.#space
    if (!this.#isVolatileOnly) return index.sample(slot, this.#random32())
    for (let tries = 0; tries < VOLATILE_TRIES; tries++) {
      const ref = index.sample(slot, this.#random32())
      if (entries.expiryOf(ref) !== 0) return ref
    }
    // Few among many: the first one from a random place on, if need be from the start.
    for (let from = this.#random32() >>> 0; ; ) {
      this.#walked.length = 0
      from = index.walk(slot, from, VOLATILE_WALK_COUNT, this.#walked)
      for (const ref of this.#walked) if (entries.expiryOf(ref) !== 0) return ref
    }
  }
}
