import assert from 'node:assert/strict'
import test from 'node:test'
import { EFFECT_HEADER_BYTES, EFFECT_REMOVE } from '../../src/store/effect-header.ts'
import { EffectLog } from '../../src/store/effect-log.ts'
import { Eviction } from '../../src/store/eviction.ts'
import { hashSecret, SLOT_COUNT, slotOf } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { Prng } from '../support/prng.ts'

const START_MS = 1_800_000_000_000
const VALUE = Buffer.alloc(200, 'v')

class World {
  readonly prng: Prng
  readonly space: Keyspace
  readonly effects: EffectLog
  readonly eviction: Eviction
  /** What the store says it uses before the first key. */
  readonly emptyBytes: number
  served: Uint8Array | null = null

  constructor(policy: string, seed: number) {
    this.prng = new Prng(seed)
    this.space = new Keyspace(hashSecret(() => this.prng.bits()))
    this.effects = new EffectLog(this.space)
    this.eviction = new Eviction(
      this.space,
      this.effects,
      () => this.prng.bits(),
      () => this.served,
    )
    this.eviction.settings.policy = policy
    this.emptyBytes = this.space.usedBytes()
    this.at(START_MS)
  }

  at(nowMs: number): void {
    this.space.nowMs = nowMs
    this.eviction.refresh(nowMs)
  }

  set(key: string, expiryMs = 0, database = 0): void {
    const bytes = Buffer.from(key)
    const ref = this.space.setString(database, bytes, 0, bytes.length, VALUE, 0, VALUE.length, false)
    if (expiryMs !== 0) this.space.setExpiry(ref, expiryMs)
  }

  has(key: string): boolean {
    const bytes = Buffer.from(key)
    return this.space.peek(0, bytes, 0, bytes.length) !== 0
  }

  touch(key: string): void {
    const bytes = Buffer.from(key)
    assert.notEqual(this.space.lookupRead(0, bytes, 0, bytes.length), 0)
  }

  /** Leaves room for this share of what the keys take now, and evicts until it fits; answers what makeRoom did. */
  squeeze(share: number): boolean {
    const keysBytes = this.space.usedBytes() - this.emptyBytes
    this.eviction.settings.maxmemoryBytes = this.emptyBytes + Math.floor(keysBytes * share)
    let isPossible = true
    while (isPossible && this.eviction.isOverLimit()) isPossible = this.eviction.makeRoom()
    return isPossible
  }

  shareLeft(keys: readonly string[]): number {
    return keys.filter((key) => this.has(key)).length / keys.length
  }
}

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}:${i}`)

const POLICIES = [
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
]

for (const policy of POLICIES) {
  test(`${policy} keeps used bytes within the limit while keys keep coming`, () => {
    const world = new World(policy, 1)
    world.eviction.settings.maxmemoryBytes = world.space.usedBytes() + 300_000
    for (let i = 0; i < 8000; i++) {
      if (world.eviction.isOverLimit()) assert.equal(world.eviction.makeRoom(), true)
      world.set(`key:${i}`, START_MS + 1_000_000)
      assert.ok(world.space.usedBytes() <= world.eviction.settings.maxmemoryBytes + 1000)
    }
    assert.ok(world.space.keyCount[0]! > 500, 'and does not throw away more than it must')
    assert.equal(world.space.stats.evicted, 8000 - world.space.keyCount[0]!)
  })
}

for (const policy of POLICIES.filter((name) => name.startsWith('volatile'))) {
  test(`${policy} evicts no key without an expiry, and refuses when only such keys are left`, () => {
    const world = new World(policy, 2)
    const lasting = names('lasting', 2000)
    for (const key of lasting) world.set(key)
    for (const key of names('{few}', 30)) world.set(key, START_MS + 1_000_000)
    for (const key of names('fleeting', 200)) world.set(key, START_MS + 1_000_000)
    assert.equal(world.squeeze(0.5), false)
    assert.equal(world.shareLeft(lasting), 1)
    assert.equal(world.space.keyCount[0], 2000)
    assert.equal(world.space.expiries.perDatabase[0], 0)
    assert.equal(world.eviction.makeRoom(), false)
  })

  test(`${policy} finds the one key with an expiry among thousands of its slot`, () => {
    const world = new World(policy, 3)
    for (const key of names('{slot}', 9000)) world.set(key)
    world.set('{slot}:volatile', START_MS + 5000)
    world.eviction.settings.maxmemoryBytes = world.space.usedBytes() - 1
    assert.equal(world.eviction.makeRoom(), true)
    assert.equal(world.has('{slot}:volatile'), false)
    assert.equal(world.space.keyCount[0], 9000)
  })
}

test('noeviction refuses and removes nothing', () => {
  const world = new World('noeviction', 4)
  for (const key of names('key', 100)) world.set(key, START_MS + 1000)
  assert.equal(world.squeeze(0.5), false)
  assert.equal(world.space.keyCount[0], 100)
  assert.equal(world.space.stats.evicted, 0)
})

test('without a limit nothing is ever over it', () => {
  const world = new World('allkeys-lru', 4)
  for (const key of names('key', 100)) world.set(key)
  assert.equal(world.eviction.isOverLimit(), false)
})

for (const policy of ['allkeys-lru', 'volatile-lru']) {
  test(`${policy} prefers keys not used for long`, () => {
    const world = new World(policy, 5)
    const used = names('used', 1000)
    const unused = names('unused', 1000)
    for (const key of [...used, ...unused]) world.set(key, START_MS + 1e9)
    world.at(START_MS + 3_600_000)
    for (const key of used) world.touch(key)
    assert.equal(world.squeeze(0.7), true)
    assert.ok(world.shareLeft(used) > 0.97, `${world.shareLeft(used)} of the used ones left`)
    assert.ok(world.shareLeft(unused) < 0.5, `${world.shareLeft(unused)} left of unused`)
  })
}

for (const policy of ['allkeys-lfu', 'volatile-lfu']) {
  test(`${policy} prefers keys used rarely, though they were used last`, () => {
    const world = new World(policy, 6)
    const often = names('often', 1000)
    const rarely = names('rarely', 1000)
    for (const key of [...often, ...rarely]) world.set(key, START_MS + 1e9)
    for (let round = 0; round < 40; round++) for (const key of often) world.touch(key)
    for (const key of rarely) world.touch(key)
    assert.equal(world.squeeze(0.7), true)
    assert.ok(world.shareLeft(often) > 0.9, `${world.shareLeft(often)} of those used often left`)
    assert.ok(world.shareLeft(rarely) < 0.55, `${world.shareLeft(rarely)} left of rarely`)
  })
}

test('allkeys-lfu forgets use that lies far back', () => {
  const world = new World('allkeys-lfu', 7)
  const once = names('once', 500)
  const now = names('now', 500)
  for (const key of [...once, ...now]) world.set(key)
  for (let round = 0; round < 40; round++) for (const key of once) world.touch(key)
  world.at(START_MS + 3600_000)
  for (let round = 0; round < 10; round++) for (const key of now) world.touch(key)
  assert.equal(world.squeeze(0.7), true)
  assert.ok(world.shareLeft(now) > 0.9, `${world.shareLeft(now)} left of now`)
})

test('volatile-ttl prefers keys that expire soon', () => {
  const world = new World('volatile-ttl', 8)
  const soon = names('soon', 1000)
  const late = names('late', 1000)
  for (const key of soon) world.set(key, START_MS + 60_000)
  for (const key of late) world.set(key, START_MS + 6_000_000)
  assert.equal(world.squeeze(0.7), true)
  assert.ok(world.shareLeft(late) > 0.97, `${world.shareLeft(late)} left of late`)
  assert.ok(world.shareLeft(soon) < 0.5, `${world.shareLeft(soon)} left of soon`)
})

for (const policy of ['allkeys-random', 'volatile-random']) {
  test(`${policy} takes keys alike whether their slot is crowded or empty`, () => {
    const world = new World(policy, 9)
    const crowded = names('{one-slot}', 3000)
    const alone = names('alone', 1000)
    for (const key of [...crowded, ...alone]) world.set(key, START_MS + 1e9)
    assert.equal(world.squeeze(0.5), true)
    const difference = world.shareLeft(crowded) - world.shareLeft(alone)
    assert.ok(Math.abs(difference) < 0.06, `${difference} apart`)
  })
}

test('a change of policy forgets candidates chosen by the old one', () => {
  const world = new World('allkeys-lru', 10)
  const idle = names('idle', 500)
  const soon = names('soon', 500)
  for (const key of idle) world.set(key, START_MS + 1e9)
  world.at(START_MS + 3_600_000)
  for (const key of soon) world.set(key, START_MS + 3_700_000)
  world.eviction.settings.maxmemoryBytes = world.space.usedBytes() - 1
  assert.equal(world.eviction.makeRoom(), true)
  world.eviction.settings.policy = 'volatile-ttl'
  world.at(START_MS + 3_600_000)
  assert.equal(world.squeeze(0.8), true)
  assert.ok(world.shareLeft(idle) > 0.97, `${world.shareLeft(idle)} left of idle`)
})

test('a candidate removed or overwritten in the meantime is passed over', () => {
  const world = new World('allkeys-lru', 11)
  for (let round = 0; round < 200; round++) {
    for (const key of names('key', 60)) world.set(key)
    world.eviction.settings.maxmemoryBytes = world.space.usedBytes() - 1
    assert.equal(world.eviction.makeRoom(), true)
    if (round % 10 === 0) world.space.clear(-1)
    world.eviction.settings.maxmemoryBytes = world.emptyBytes + 1
    for (let left = 40; left > 0; left--) world.eviction.makeRoom(1)
  }
  assert.equal(world.eviction.makeRoom(), true)
  assert.equal(world.space.keyCount[0], 0)
})

test('each eviction is recorded as the removal of that key, with the versions it replaces and makes', () => {
  const world = new World('allkeys-random', 12)
  world.set('only', 0, 3)
  const versionBefore = world.space.newVersion
  world.effects.isOn = true
  world.eviction.settings.maxmemoryBytes = world.emptyBytes + 1
  assert.equal(world.eviction.makeRoom(), true)
  assert.equal(world.effects.count, 1)
  const bytes = world.effects.out.bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  assert.equal(bytes[0], EFFECT_REMOVE)
  assert.equal(bytes[1], 3)
  assert.ok([view.getFloat64(6), view.getFloat64(6, true)].includes(versionBefore))
  const keyStart = EFFECT_HEADER_BYTES + 4
  assert.equal(bytes.toString('latin1', keyStart, keyStart + 4), 'only')
})

test('one call removes no more than it was allowed to', () => {
  const world = new World('allkeys-lru', 13)
  for (const key of names('key', 1000)) world.set(key)
  world.eviction.settings.maxmemoryBytes = world.emptyBytes + 1
  assert.equal(world.eviction.makeRoom(), true)
  assert.equal(world.space.stats.evicted, 64)
  assert.equal(world.eviction.makeRoom(500), true)
  assert.equal(world.space.stats.evicted, 564)
})

/** Every slot is another node's, except those of these keys. */
function servedOf(keys: readonly string[]): Uint8Array {
  const served = new Uint8Array(SLOT_COUNT)
  for (const key of keys) served[slotOf(Buffer.from(key), 0, key.length)] = 1
  return served
}

for (const policy of POLICIES) {
  test(`${policy} takes no copies that another node acts for`, () => {
    const own = names('own', 40)
    const copies = names('copy', 400).filter(
      (key) => servedOf(own)[slotOf(Buffer.from(key), 0, key.length)] === 0,
    )
    const world = new World(policy, 5)
    world.served = servedOf(own)
    for (const key of [...copies, ...own]) world.set(key, START_MS + 1_000_000)
    assert.equal(world.squeeze(0.99), true)
    assert.equal(world.shareLeft(copies), 1)
    assert.ok(world.shareLeft(own) < 1)
    assert.equal(world.squeeze(0.5), false, 'and says that nothing more can go')
    assert.equal(world.shareLeft(copies), 1)
    assert.equal(world.shareLeft(own), 0)
  })
}

test('candidates of a slot that is handed over while they wait in the pool stay', () => {
  const world = new World('allkeys-lru', 6)
  const keys = names('k', 64)
  for (const key of keys) world.set(key)
  world.squeeze(0.9)
  const left = keys.filter((key) => world.has(key))
  world.served = new Uint8Array(SLOT_COUNT)
  assert.equal(world.squeeze(0.5), false)
  assert.equal(world.shareLeft(left), 1)
})

test('a node that found nothing to evict looks again a little later', () => {
  const world = new World('allkeys-random', 7)
  world.served = new Uint8Array(SLOT_COUNT)
  world.set('k')
  assert.equal(world.squeeze(0), false)
  world.served = null
  assert.equal(world.squeeze(0), false, 'not at once: the answer would cost every command a search')
  world.at(START_MS + 200)
  assert.equal(world.squeeze(0), true)
})

test('a node is over its ceiling only far above its limit, and relieves others if its policy lets it', () => {
  const world = new World('allkeys-random', 8)
  for (const key of names('k', 50)) world.set(key)
  const { settings } = world.eviction
  settings.maxmemoryBytes = Math.floor(world.space.usedBytes() / 1.2)
  assert.deepEqual([world.eviction.isOverLimit(), world.eviction.isOverCeiling()], [true, false])
  settings.maxmemoryBytes = Math.floor(world.space.usedBytes() / 1.3)
  assert.equal(world.eviction.isOverCeiling(), true)
  settings.maxmemoryBytes = 0
  assert.equal(world.eviction.isOverCeiling(), false)
  settings.policy = 'noeviction'
  world.eviction.relieve()
  assert.equal(world.shareLeft(names('k', 50)), 1)
  settings.policy = 'allkeys-lru'
  world.eviction.relieve()
  assert.equal(world.shareLeft(names('k', 50)), 48 / 50)
})
