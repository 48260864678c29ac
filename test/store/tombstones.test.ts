import assert from 'node:assert/strict'
import test from 'node:test'
import { wallMsOf } from '../../src/hlc.ts'
import { hashSecret, SLOT_COUNT, slotOf } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { Standing } from '../../src/store/standing.ts'
import { Tombstones } from '../../src/store/tombstones.ts'
import { Prng } from '../support/prng.ts'

const NOW = 1_800_000_000_000
const TTL_MS = 60_000
const ALWAYS = (): boolean => true

class Grave {
  readonly space: Keyspace
  readonly tombstones: Tombstones
  /** Microseconds; each reading takes one. */
  clockUs = 0

  constructor(seed = 1) {
    const random = new Prng(seed)
    this.space = new Keyspace(hashSecret(() => random.bits()))
    this.space.nowMs = NOW
    this.space.terms.fill(7)
    this.tombstones = new Tombstones(this.space.secret, () => this.clockUs++)
    this.space.tombstones = this.tombstones
  }

  set(key: string, database = 0): number {
    const bytes = Buffer.from(key, 'latin1')
    return this.space.setString(database, bytes, 0, bytes.length, bytes, 0, bytes.length, false)
  }

  remove(key: string, database = 0): void {
    const bytes = Buffer.from(key, 'latin1')
    this.space.remove(this.space.peek(database, bytes, 0, bytes.length))
  }

  bury(key: string, version: number, term = 9, database = 0): void {
    const bytes = Buffer.from(key, 'latin1')
    this.tombstones.bury(database, bytes, 0, bytes.length, version, term, wallMsOf(version))
  }

  /** "version term", or nothing. */
  find(key: string, database = 0): string {
    const bytes = Buffer.from(key, 'latin1')
    const ref = this.tombstones.find(database, bytes, 0, bytes.length)
    const { entries } = this.tombstones
    return ref === 0 ? '' : `${entries.versionOf(ref)} ${entries.termOf(ref)}`
  }
}

test('a keyspace that is not in a mesh keeps no tombstones', () => {
  const { space } = new Grave()
  space.tombstones = null
  const key = Buffer.from('k')
  space.remove(space.setString(0, key, 0, 1, key, 0, 1, false))
  space.clear(-1)
  assert.equal(space.tombstones, null)
})

test('removing and evicting leave tombstones of the version made, expiring leaves none', () => {
  const grave = new Grave()
  const { space } = grave
  for (const key of ['removed', 'evicted', 'expired']) grave.set(key)
  grave.remove('removed')
  assert.equal(grave.find('removed'), `${space.newVersion} 7`)
  space.evict(space.peek(0, Buffer.from('evicted'), 0, 7))
  assert.equal(grave.find('evicted'), `${space.newVersion} 7`)
  space.vanish(space.peek(0, Buffer.from('expired'), 0, 7), 'expired')
  assert.equal(grave.find('expired'), '')
  assert.equal(grave.tombstones.count, 2)
})

test('in a mesh, an expired entry leaves a tombstone of its own version', () => {
  const grave = new Grave()
  const { space, tombstones } = grave
  tombstones.keepsExpired = true
  const ref = grave.set('k')
  space.setExpiry(ref, NOW + 10)
  const version = space.entries.versionOf(ref)
  space.nowMs = NOW + 10
  assert.equal(space.peek(0, Buffer.from('k'), 0, 1), 0)
  assert.equal(grave.find('k'), `${version} 7`)
  assert.equal(tombstones.removedMsOf(tombstones.find(0, Buffer.from('k'), 0, 1)), NOW + 10)
})

test('the grave of an expired entry is opened after half a minute, as nobody needs it longer', () => {
  const grave = new Grave()
  const { space, tombstones } = grave
  tombstones.keepsExpired = true
  space.setExpiry(grave.set('expired'), NOW + 10)
  grave.set('removed')
  grave.remove('removed')
  space.nowMs = NOW + 10
  assert.equal(space.peek(0, Buffer.from('expired'), 0, 7), 0)
  assert.equal(tombstones.collect(NOW + 20_000, TTL_MS, 1e9, ALWAYS), 0)
  assert.equal(tombstones.collect(NOW + 40_000, TTL_MS, 1e9, ALWAYS), 1)
  assert.equal(grave.find('expired'), '')
  assert.notEqual(grave.find('removed'), '')
})

test('a removal that is replayed leaves the version and the term it has elsewhere', () => {
  const grave = new Grave()
  grave.set('k')
  grave.space.forcedVersion = grave.space.newVersion + 5
  grave.space.forcedTerm = 99
  grave.remove('k')
  assert.equal(grave.find('k'), `${grave.space.forcedVersion} 99`)
})

test('an entry that was taken back before it had a version leaves none, and a tombstone that was there stays', () => {
  const grave = new Grave()
  grave.bury('k', 1000)
  const made = grave.space.create(0, 0, Buffer.from('k'), 0, 1, 0)
  assert.equal(grave.find('k'), '1000 9')
  grave.space.remove(made)
  assert.equal(grave.find('k'), '1000 9')
  assert.equal(grave.tombstones.count, 1)
})

test('a key that is written again has no tombstone', () => {
  const grave = new Grave()
  grave.set('k')
  grave.remove('k')
  grave.set('k')
  assert.equal(grave.find('k'), '')
  assert.deepEqual([grave.tombstones.count, grave.tombstones.counters.superseded], [0, 1])
})

test('what is written after a removal is newer than it, though the clock goes back by an hour in between', () => {
  const grave = new Grave()
  const { space } = grave
  grave.set('k')
  grave.remove('k')
  const removed = space.newVersion
  space.nowMs = NOW - 3_600_000
  grave.set('k')
  assert.ok(space.newVersion > removed)
  assert.equal(space.baseVersion, 0)
})

test('what is written after a removal made elsewhere is newer than it once the clock has observed it', () => {
  const elsewhere = new Grave(2)
  elsewhere.space.nowMs = NOW + 30_000
  elsewhere.set('k')
  elsewhere.remove('k')
  const removed = elsewhere.space.newVersion
  const grave = new Grave()
  grave.space.hlc.observe(removed)
  grave.bury('k', removed)
  grave.set('k')
  assert.ok(grave.space.newVersion > removed)
  const ignorant = new Grave()
  ignorant.set('k')
  assert.ok(ignorant.space.newVersion < removed, 'without observing it would not be')
})

test('an older removal does not take the place of a newer one, a newer one does', () => {
  const grave = new Grave()
  grave.bury('k', 1000, 9)
  grave.bury('k', 1001, 8)
  grave.bury('k', 999, 9)
  assert.equal(grave.find('k'), '1000 9')
  grave.bury('k', 1001, 9)
  grave.bury('k', 999, 10)
  assert.equal(grave.find('k'), '999 10')
  assert.equal(grave.tombstones.count, 1)
})

test('beyond the limit of count or bytes the oldest are forgotten and counted', () => {
  const grave = new Grave()
  const { tombstones } = grave
  tombstones.limits.countMax = 10
  for (let i = 1; i <= 15; i++) grave.bury(`k${i}`, i)
  assert.equal(tombstones.count, 10)
  assert.equal(tombstones.counters.dropped, 5)
  for (let i = 1; i <= 15; i++) assert.equal(grave.find(`k${i}`), i <= 5 ? '' : `${i} 9`)
  grave.bury('k6', 16)
  grave.bury('k16', 17)
  assert.equal(grave.find('k6'), '16 9', 'a removal made known again is among the newest')
  assert.equal(grave.find('k7'), '')
  tombstones.limits.bytesMax = 100_000
  grave.bury('x'.repeat(60_000), 18)
  grave.bury('y'.repeat(60_000), 19)
  assert.equal(grave.find('x'.repeat(60_000)), '')
  assert.equal(grave.find('y'.repeat(60_000)), '19 9')
  assert.ok(tombstones.usedBytes() <= 100_000)
})

test('a tombstone is forgotten when it is old enough and every owner of its slot has heard, not before', () => {
  const grave = new Grave()
  const { space, tombstones } = grave
  for (const key of ['a', 'b']) {
    grave.set(key)
    grave.remove(key)
  }
  const slot = slotOf(Buffer.from('a'), 0, 1)
  const onlyA = (asked: number): boolean => asked === slot
  assert.equal(tombstones.collect(NOW + TTL_MS - 1, TTL_MS, 1e9, ALWAYS), 0)
  assert.equal(tombstones.collect(NOW + TTL_MS + 20_000, TTL_MS, 1e9, onlyA), 1)
  assert.deepEqual([grave.find('a'), grave.find('b') === ''], ['', false])
  assert.equal(tombstones.collect(NOW + TTL_MS + 40_000, TTL_MS, 1e9, ALWAYS), 1)
  assert.equal(tombstones.count, 0)
  assert.equal(space.index.countOf(slot), 0)
})

test('collecting stops when its time is used up and goes on there, through changes of every kind', () => {
  const grave = new Grave(3)
  const { tombstones } = grave
  const random = new Prng(4)
  const count = 5000
  for (let i = 1; i <= count; i++) grave.bury(`k${i}`, i)
  let calls = 0
  let born = 0
  for (; tombstones.count > 0 && calls < 1000; calls++) {
    tombstones.collect(NOW + calls * 20_000, TTL_MS, 3, ALWAYS)
    // Keys come back to life wherever the collection may have stopped.
    for (let i = 0; i < 3; i++) {
      const key = `k${1 + random.below(count)}`
      if (grave.find(key) !== '') born++
      grave.set(key)
    }
  }
  assert.ok(calls > 5, `one call did too much: ${calls}`)
  assert.equal(tombstones.count, 0)
  assert.equal(tombstones.counters.collected + born, count)
})

test('collecting goes through everything at most once in a while', () => {
  const grave = new Grave()
  grave.bury('k', 1)
  let asked = 0
  const never = (): boolean => {
    asked++
    return false
  }
  for (let ms = 0; ms < 60_000; ms += 100) grave.tombstones.collect(NOW + ms, TTL_MS, 1e9, never)
  assert.ok(asked <= 6, `asked ${asked} times`)
  grave.tombstones.collect(NOW - 3_600_000, TTL_MS, 1e9, never)
  assert.ok(asked <= 7, 'nor does a clock that goes back stop it')
  assert.equal(grave.tombstones.collect(NOW - 3_500_000, TTL_MS, 1e9, ALWAYS), 1)
})

test('a flush is the removal of every key up to its version, and of none after it', () => {
  const grave = new Grave()
  const { space, tombstones } = grave
  const standing = new Standing(space)
  grave.set('a')
  grave.remove('a')
  grave.set('b')
  const before = space.hlc.last
  space.clear(-1)
  assert.equal(tombstones.count, 0)
  const flushed = tombstones.flushVersion[0]!
  assert.ok(flushed > before)
  for (const key of ['a', 'b', 'never seen']) {
    standing.look(0, Buffer.from(key), 0, key.length)
    assert.deepEqual([standing.here, standing.flushed], ['nothing', flushed])
    assert.deepEqual([standing.isOlderThan(flushed, 99), standing.isOlderThan(flushed + 1, 0)], [false, true])
  }
  grave.set('b')
  assert.ok(space.newVersion > flushed)
  grave.bury('late', before)
  assert.equal(tombstones.count, 0, 'the mark says it already')
})

test('a flush of one database leaves the removals of the others', () => {
  const grave = new Grave()
  const { space, tombstones } = grave
  for (const database of [2, 3]) {
    grave.set('k', database)
    grave.remove('k', database)
  }
  const kept = grave.find('k', 3)
  space.clear(2)
  assert.equal(tombstones.flushVersion[3], 0)
  assert.ok(tombstones.flushVersion[2]! > 0)
  assert.equal(grave.find('k', 3), kept)
  // What the mark covers goes at once, however young, whoever has heard.
  assert.equal(
    tombstones.collect(NOW, TTL_MS, 1e9, () => false),
    1,
  )
  assert.deepEqual([grave.find('k', 2), grave.find('k', 3)], ['', kept])
})

test('a random sequence of removals, births and lists agrees with a Map, and everything is given back', () => {
  const grave = new Grave(6)
  const { space, tombstones } = grave
  const random = new Prng(7)
  const keys = Array.from({ length: 300 }, (_, i) => {
    const length = random.pick([1, 5, 20, 100, 9000])
    return i.toString(36) + random.bytes(length).toString('latin1')
  })
  const model = new Map<string, string>()
  for (let step = 0; step < 20_000; step++) {
    const key = random.pick(keys)
    const database = random.below(2)
    const name = `${database}${key}`
    if (random.chance(0.5)) {
      grave.set(key, database)
      model.delete(name)
    } else if (space.peek(database, Buffer.from(key, 'latin1'), 0, key.length) !== 0) {
      grave.remove(key, database)
      model.set(name, `${space.newVersion} 7`)
    } else {
      const version = space.hlc.next(NOW, 0)
      grave.bury(key, version, 9, database)
      model.set(name, `${version} 9`)
    }
    if (step % 100 === 0) assert.equal(tombstones.count, model.size)
  }
  for (const key of keys)
    for (const database of [0, 1])
      assert.equal(grave.find(key, database), model.get(`${database}${key}`) ?? '')
  const listed: string[] = []
  const walked: number[] = []
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    tombstones.each(slot, (ref) => {
      const start = tombstones.entries.keyStart(ref)
      const key = tombstones.entries
        .keyBuffer(ref)
        .toString('latin1', start, start + tombstones.entries.keyLength(ref))
      listed.push(`${tombstones.entries.databaseOf(ref)}${key}`)
      assert.equal(tombstones.slotOfRef(ref), slot)
    })
    for (let hash = tombstones.walk(slot, 0, 1, walked); hash !== 0; )
      hash = tombstones.walk(slot, hash, 1, walked)
  }
  assert.deepEqual(listed.sort(), [...model.keys()].sort())
  assert.equal(walked.length, model.size)
  for (const key of keys) for (const database of [0, 1]) grave.set(key, database)
  assert.deepEqual([tombstones.count, tombstones.usedBytes()], [0, 0])
})

test('the sum of a slot follows its removals, and leaves out what expired and what a flush covers', () => {
  const grave = new Grave()
  const { space, tombstones } = grave
  tombstones.keepsExpired = true
  const slot = slotOf(Buffer.from('{s}a'), 0, 4)
  const sumOf = (): number => tombstones.sums[slot]!
  for (const key of ['{s}a', '{s}b']) grave.set(key)
  grave.remove('{s}a')
  const ofA = sumOf()
  assert.notEqual(ofA, 0)
  grave.remove('{s}b')
  assert.notEqual(sumOf(), ofA)
  grave.set('{s}b')
  assert.equal(sumOf(), ofA, 'a key that is back is no removal')
  space.setExpiry(grave.set('{s}c'), NOW + 5)
  space.nowMs = NOW + 10
  const key = Buffer.from('{s}c')
  space.peek(0, key, 0, key.length)
  assert.equal(tombstones.count, 2)
  assert.equal(sumOf(), ofA, 'each owner sees for itself what expires')
  grave.set('{s}d', 3)
  grave.remove('{s}d', 3)
  assert.notEqual(sumOf(), ofA)
  space.clear(3)
  assert.equal(sumOf(), ofA, 'the mark says as much')
  grave.bury('{s}a', space.hlc.next(NOW, 0))
  assert.notEqual(sumOf(), ofA, 'a newer removal of the same key')
  space.clear(-1)
  assert.equal(sumOf(), 0)
  assert.equal(tombstones.count, 0)
})

test('what is forgotten leaves its version behind, whether its time had come or there was no room', () => {
  const grave = new Grave()
  const { tombstones } = grave
  grave.set('a')
  grave.remove('a')
  const [version] = grave.find('a').split(' ').map(Number)
  assert.equal(
    tombstones.collect(NOW + TTL_MS + 1, TTL_MS, 1e9, () => false),
    0,
  )
  assert.equal(tombstones.forgottenUpTo, 0)
  assert.equal(tombstones.collect(NOW + TTL_MS + 20_000, TTL_MS, 1e9, ALWAYS), 1)
  assert.equal(tombstones.forgottenUpTo, version)
  tombstones.limits.countMax = 1
  for (const key of ['b', 'c']) {
    grave.set(key)
    grave.remove(key)
  }
  assert.deepEqual([tombstones.count, tombstones.counters.dropped], [1, 1])
  const [ofC] = grave.find('c').split(' ').map(Number)
  assert.ok(tombstones.forgottenUpTo > version! && tombstones.forgottenUpTo < ofC!)
})
