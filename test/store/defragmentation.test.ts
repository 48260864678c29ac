/*
 * Defragmentation over a whole keyspace with a clock of the test's own: what moves, what must not change by it, and
 * when it works at all.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { PAGE_BYTES } from '../../src/store/arena.ts'
import { Defragmentation } from '../../src/store/defragmentation.ts'
import { EffectLog } from '../../src/store/effect-log.ts'
import { STORAGE_APART, STORAGE_OBJECT, TYPE_HASH } from '../../src/store/entry.ts'
import { Eviction } from '../../src/store/eviction.ts'
import { ExpiryCycle } from '../../src/store/expiry.ts'
import { hashGet, hashLength, hashPut, isLargeHash } from '../../src/store/hash.ts'
import { hashSecret, SLOT_COUNT } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { Span } from '../../src/store/span.ts'
import { Prng, seedOfRun } from '../support/prng.ts'

const START_MS = 1_800_000_000_000
const EVER_US = 1e9
const span = new Span()
const outcome = { isNew: false }

class World {
  readonly prng: Prng
  readonly space: Keyspace
  readonly defragmentation: Defragmentation
  readonly eviction: Eviction
  readonly expiry: ExpiryCycle
  nowUs = 0
  /** How far the clock goes on each time it is read. */
  usPerReading = 0

  constructor(seed: number) {
    this.prng = new Prng(seed)
    this.space = new Keyspace(hashSecret(() => this.prng.bits()))
    this.eviction = new Eviction(this.space, new EffectLog(this.space), () => this.prng.bits())
    this.eviction.settings.policy = 'allkeys-lru'
    this.eviction.refresh(START_MS)
    this.expiry = new ExpiryCycle(this.space, () => 0)
    this.defragmentation = new Defragmentation(this.space, () => (this.nowUs += this.usPerReading))
    this.defragmentation.settings.isOn = true
    this.space.nowMs = START_MS
  }

  set(key: string, value: string, expiryMs = 0): void {
    const bytes = Buffer.from(key, 'latin1')
    const content = Buffer.from(value, 'latin1')
    const ref = this.space.setString(0, bytes, 0, bytes.length, content, 0, content.length, false)
    if (expiryMs !== 0) this.space.setExpiry(ref, expiryMs)
  }

  setAll(keys: readonly string[], value: string): readonly string[] {
    for (const key of keys) this.set(key, value)
    return keys
  }

  /** Gives a hash another field. */
  putField(key: string, field: string, value: string): void {
    const bytes = Buffer.from(key, 'latin1')
    const [name, content] = [Buffer.from(field, 'latin1'), Buffer.from(value, 'latin1')]
    const ref = this.refOf(key) || this.space.create(0, TYPE_HASH, bytes, 0, bytes.length, 0)
    this.space.changed(hashPut(this.space, ref, name, 0, name.length, content, 0, content.length, outcome))
  }

  field(key: string, field: string): string | undefined {
    const name = Buffer.from(field, 'latin1')
    if (!hashGet(this.space, this.refOf(key), name, 0, name.length, span)) return undefined
    return span.copy().toString('latin1')
  }

  refOf(key: string): number {
    const bytes = Buffer.from(key, 'latin1')
    return this.space.peek(0, bytes, 0, bytes.length)
  }

  remove(key: string): void {
    const ref = this.refOf(key)
    if (ref !== 0) this.space.remove(ref)
  }

  value(key: string): string | undefined {
    const ref = this.refOf(key)
    if (ref === 0) return undefined
    const { entries } = this.space
    const start = entries.valueStart(ref)
    return entries.valueBuffer(ref).toString('latin1', start, start + entries.valueLength(ref))
  }

  /** Everything about an entry but where it lies. */
  facts(key: string): unknown[] {
    const { entries } = this.space
    const ref = this.refOf(key)
    if (ref === 0) return []
    const words = [entries.metaOf(ref), entries.versionOf(ref), entries.expiryOf(ref), entries.termOf(ref)]
    const content = entries.storageOf(ref) === STORAGE_OBJECT ? entries.objectOf(ref) : this.value(key)
    return [...words, entries.accessOf(ref), content]
  }

  /** Removes all of these keys but one in `step`; answers those that stay. */
  thin(keys: readonly string[], step: number): string[] {
    for (let i = 0; i < keys.length; i++) if (i % step !== 0) this.remove(keys[i]!)
    return keys.filter((_, i) => i % step === 0)
  }

  /** Until it rests. */
  defragment(): void {
    this.nowUs += EVER_US
    for (let runs = 0; runs === 0 || this.defragmentation.effortPercent !== 0; runs++) {
      assert.ok(runs < 100_000, 'it comes to an end')
      this.nowUs += 10_000
      this.defragmentation.run()
    }
  }

  /** All refs the index holds, which must be distinct. */
  allRefs(): Set<number> {
    const refs: number[] = []
    for (let slot = 0; slot < SLOT_COUNT; slot++) this.space.index.each(slot, (_, ref) => refs.push(ref))
    const distinct = new Set(refs)
    assert.equal(distinct.size, refs.length)
    return distinct
  }
}

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}:${i}`)

test('after every other key is gone half of the pages come back, and nothing else changes', () => {
  const world = new World(1)
  const { space, defragmentation } = world
  const keys = names('key', 20_000)
  for (const [i, key] of keys.entries()) world.set(key, `value of ${key}`, i % 3 === 0 ? START_MS + i + 1 : 0)
  const pagesBefore = space.arena.pagesInUse
  const kept = world.thin(keys, 2)
  assert.equal(space.arena.pagesInUse, pagesBefore)
  const facts = kept.map((key) => world.facts(key))
  const [sums, used] = [space.digest.sums.slice(), space.usedBytes()]
  world.defragment()
  assert.ok(space.arena.pagesInUse <= pagesBefore / 2 + 2, `${space.arena.pagesInUse} of ${pagesBefore}`)
  assert.equal(defragmentation.stats.pages, pagesBefore - space.arena.pagesInUse)
  assert.ok(defragmentation.stats.moved <= kept.length / 2 + 4000, 'only what lies in emptied pages moves')
  assert.deepEqual(
    kept.map((key) => world.facts(key)),
    facts,
  )
  assert.deepEqual(space.digest.sums, sums)
  assert.equal(space.usedBytes(), used)
  assert.equal(world.allRefs().size, kept.length)
  assert.equal(world.expiry.run(START_MS + keys.length + 1, EVER_US), Math.ceil(kept.length / 3))
})

test('what one size leaves behind serves another', () => {
  const world = new World(2)
  const short = names('short', 20_000)
  for (const key of short) world.set(key, 'v')
  const pages = world.space.arena.pagesInUse
  const kept = world.thin(short, 4)
  world.defragment()
  for (const key of names('longer', 5000)) world.set(key, 'v'.repeat(60))
  assert.ok(world.space.arena.pagesInUse <= pages, `${world.space.arena.pagesInUse} of ${pages}`)
  for (const key of kept) assert.equal(world.value(key), 'v')
})

test('keys and values that lie apart follow their entries', () => {
  const world = new World(3)
  const keys = names('x'.repeat(9000), 1500)
  const apart = names('apart', 1500)
  for (const key of keys) world.set(key, key.slice(-20).repeat(10))
  for (const key of apart) world.set(key, key.repeat(6000))
  const kept = [...world.thin(keys, 5), ...world.thin(apart, 5)]
  assert.equal(world.space.entries.storageOf(world.refOf(apart[0]!)), STORAGE_APART)
  const facts = kept.map((key) => world.facts(key))
  world.defragmentation.settings.ignoreBytes = 1
  world.defragment()
  assert.ok(world.defragmentation.stats.moved > 0)
  for (const [i, key] of kept.entries()) assert.deepEqual(world.facts(key), facts[i])
  for (const key of kept) world.remove(key)
  assert.equal(world.space.entries.outsideBytes, 0)
  assert.equal(world.space.arena.pagesInUse, 0)
})

test('packed collections and the entries of large ones move; the cells inside large ones stay, and all is intact', () => {
  const world = new World(4)
  const { space, defragmentation } = world
  const small = names('small', 6000)
  const large = names('large', 60)
  for (const [i, key] of small.entries()) {
    for (let field = 0; field < 4; field++) world.putField(key, `f${field}`, `${i}`)
    const owner = large[i % large.length]!
    for (let field = 0; field < 10; field++) world.putField(owner, `${i}.${field}`, `${key}.${field}`)
  }
  assert.ok(isLargeHash(space, world.refOf(large[0]!)))
  const kept = world.thin(small, 3)
  const objects = large.map((key) => world.facts(key))
  world.defragment()
  assert.ok(defragmentation.stats.moved > 0)
  for (const [i, key] of large.entries()) {
    assert.deepEqual(world.facts(key), objects[i])
    assert.equal(hashLength(space, world.refOf(key)), 1000)
  }
  for (const [i, key] of small.entries()) {
    assert.equal(world.field(large[i % large.length]!, `${i}.7`), `${key}.7`)
    if (i % 3 === 0) assert.equal(world.field(key, 'f3'), `${i}`)
  }
  for (const key of [...kept, ...large]) world.remove(key)
  assert.equal(space.arena.usedBytes, 0)
  assert.equal(space.arena.pagesInUse, 0)
})

test('a page whose cells cannot move is tried once and then left alone', () => {
  const world = new World(5)
  for (const owner of names('large', 20)) {
    for (let i = 0; i < 3000; i++) world.putField(owner, `field ${i} of some length`, 'value')
  }
  for (const owner of names('large', 20)) if (!owner.endsWith('7')) world.remove(owner)
  world.defragment()
  const { stuck, moved } = world.defragmentation.stats
  assert.ok(stuck > 0)
  world.defragment()
  assert.deepEqual([world.defragmentation.stats.stuck, world.defragmentation.stats.moved], [stuck, moved])
  assert.equal(world.field('large:7', 'field 2999 of some length'), 'value')
})

test('nothing moves below either threshold, nor when it is turned off', () => {
  const world = new World(6)
  const { settings, stats } = world.defragmentation
  world.thin(world.setAll(names('key', 20_000), 'value'), 2)
  const waste = world.defragmentation.wasteBytes
  assert.ok(waste > 3 * PAGE_BYTES)
  const wastePercent = (waste * 100) / world.space.arena.usedBytes
  settings.ignoreBytes = waste + 1
  world.defragment()
  settings.ignoreBytes = waste
  settings.thresholdLowerPercent = Math.ceil(wastePercent) + 1
  world.defragment()
  settings.thresholdLowerPercent = 10
  settings.isOn = false
  world.defragment()
  assert.equal(stats.moved, 0)
  settings.isOn = true
  world.defragment()
  assert.ok(stats.moved > 0)
})

test('a dense store has nothing to gain and is left as it is', () => {
  const world = new World(7)
  for (const key of names('key', 20_000)) world.set(key, 'value')
  world.defragmentation.settings.thresholdLowerPercent = 0
  const pages = world.space.arena.pagesInUse
  world.defragment()
  assert.equal(world.defragmentation.stats.moved, 0)
  assert.equal(world.space.arena.pagesInUse, pages)
})

test('a run takes its share of the time since the last one, which grows with the waste', () => {
  const world = new World(8)
  const { defragmentation } = world
  world.usPerReading = 10
  defragmentation.settings.cycleMinPercent = 5
  defragmentation.settings.cycleMaxPercent = 50
  const kept = world.thin(world.setAll(names('key', 60_000), 'value'), 2)
  defragmentation.run()
  let startUs = world.usPerReading
  const spent = (waitUs: number): number => {
    startUs += waitUs
    world.nowUs = startUs - world.usPerReading
    defragmentation.run()
    return world.nowUs - startUs
  }
  const isNear = (us: number, wanted: number): boolean => us >= wanted && us <= wanted + world.usPerReading
  defragmentation.settings.thresholdUpperPercent = 50
  assert.ok(isNear(spent(2000), 1000))
  assert.equal(defragmentation.effortPercent, 50)
  defragmentation.settings.thresholdUpperPercent = 1000
  const less = spent(10_000)
  assert.ok(isNear(less, defragmentation.effortPercent * 100))
  assert.ok(defragmentation.effortPercent > 5 && defragmentation.effortPercent < 10)
  assert.ok(isNear(spent(EVER_US), defragmentation.effortPercent * 200), 'a long wait is not made up for')
  for (const key of kept) assert.equal(world.value(key), 'value')
})

test('turned off in the middle it stops, and cells are given out as before', () => {
  const world = new World(9)
  const { defragmentation, space } = world
  world.usPerReading = 10
  const kept = world.thin(world.setAll(names('key', 60_000), 'value'), 2)
  for (let runs = 0; runs < 5; runs++) {
    world.nowUs += 10_000
    defragmentation.run()
  }
  assert.ok(defragmentation.effortPercent > 0)
  defragmentation.settings.isOn = false
  world.defragment()
  assert.equal(defragmentation.effortPercent, 0)
  const more = names('more', 20_000)
  for (const key of more) world.set(key, 'value')
  assert.ok(space.arena.pagesInUse <= Math.ceil(space.arena.usedBytes / PAGE_BYTES) + 1, 'holes are filled')
  for (const key of [...kept, ...more]) assert.equal(world.value(key), 'value')
})

test('FLUSHALL in the middle leaves nothing behind', () => {
  const world = new World(10)
  world.usPerReading = 10
  for (let round = 0; round < 3; round++) {
    world.thin(world.setAll(names('key', 60_000), 'value'), 2)
    world.nowUs += EVER_US
    for (let runs = 0; runs < 5; runs++) {
      world.nowUs += 10_000
      world.defragmentation.run()
    }
    assert.ok(world.defragmentation.effortPercent > 0)
    world.space.clear(-1)
    world.space.arena.allocateRun(3 * PAGE_BYTES)
    world.defragment()
    for (const key of names('again', 5000)) world.set(key, 'again')
    for (const key of names('again', 5000)) assert.equal(world.value(key), 'again')
    world.space.clear(-1)
    assert.equal(world.space.arena.pagesInUse, 0)
  }
})

test('whatever is written, removed, evicted, expired and scanned between its runs, the store is as the model says', () => {
  const seed = seedOfRun()
  const world = new World(seed)
  const { prng, space } = world
  const model = new Map<string, string>()
  world.usPerReading = 15
  Object.assign(world.defragmentation.settings, { thresholdLowerPercent: 0, cycleMinPercent: 20 })
  space.observer = {
    onCreated: null,
    onChanged() {},
    onRemoved(_, ref) {
      const start = space.entries.keyStart(ref)
      const key = space.entries.keyBuffer(ref).toString('latin1', start, start + space.entries.keyLength(ref))
      assert.ok(model.delete(key), `seed ${seed}`)
    },
  }
  const scanned: number[] = []
  let [scanSlot, scanHash] = [0, 0]
  for (let step = 0; step < 60_000; step++) {
    const phase = Math.floor(step / 10_000)
    const key = `key:${prng.below(8000)}`
    if (prng.chance(phase % 2 === 0 ? 0.8 : 0.3)) {
      const value = String(step).repeat(phase === 4 ? prng.between(1, 300) : 1 + phase * 3)
      world.set(key, value, prng.chance(0.1) ? space.nowMs + prng.between(1, 5000) : 0)
      model.set(key, value)
    } else if (prng.chance(0.9)) world.remove(key)
    if (step % 50 === 0) {
      world.nowUs += 10_000
      world.defragmentation.run()
    }
    if (step % 500 === 0) world.expiry.run((space.nowMs += 200), EVER_US)
    if (step % 3000 === 2999) {
      world.eviction.settings.maxmemoryBytes = space.usedBytes() - 5000
      assert.equal(world.eviction.makeRoom(), true)
      world.eviction.settings.maxmemoryBytes = 0
    }
    if (step % 7 === 0) {
      scanHash = space.index.walk(scanSlot, scanHash, 10, scanned)
      if (scanHash === 0) scanSlot = (scanSlot + 1) % SLOT_COUNT
      for (const ref of scanned) assert.notEqual(space.entries.versionOf(ref), 0, `seed ${seed}`)
      scanned.length = 0
    }
  }
  assert.ok(world.defragmentation.stats.moved > 1000, `${world.defragmentation.stats.moved} moved`)
  assert.ok(space.stats.expired > 0 && space.stats.evicted > 0)
  for (const [key, value] of [...model]) {
    const found = world.value(key)
    assert.equal(found, model.has(key) ? value : undefined, `seed ${seed}`)
  }
  assert.equal(world.allRefs().size, model.size)
  for (const key of [...model.keys()]) world.remove(key)
  assert.ok(space.digest.sums.every((sum) => sum === 0))
  assert.equal(space.arena.pagesInUse, 0, `seed ${seed}`)
})
