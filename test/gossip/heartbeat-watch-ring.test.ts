/* The watch ring: a deterministic circle on which everyone is watched by enough others. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { compareOnRing, ringHash, ringOrder, watchedBy } from '../../gossip/heartbeats/watch-ring.ts'

const everyone = () => true

test('the hash is FNV-1a, with the vectors of its authors', () => {
  assert.equal(ringHash(''), 0x811c9dc5)
  assert.equal(ringHash('a'), 0xe40c292c)
  assert.equal(ringHash('foobar'), 0xbf9cf968)
})

test('the order of the ring does not depend on the order of the ids, and equal hashes go by text', () => {
  // A known pair of equal FNV-1a hashes.
  assert.equal(ringHash('costarring'), ringHash('liquid'))
  assert.ok(compareOnRing('costarring', 'liquid') < 0)
  const ids = ['liquid', 'a', 'b', 'costarring', 'c']
  assert.deepEqual(ringOrder(ids), ringOrder([...ids].reverse()))
  assert.deepEqual(ringOrder(ids), [...ids].sort(compareOnRing))
})

test('a member watches the next reachable ones clockwise, over the end of the circle', () => {
  const ids = ringOrder(['n1', 'n2', 'n3', 'n4', 'n5', 'n6'])
  assert.deepEqual(watchedBy(ids[4]!, ids, everyone, 3), [ids[5], ids[0], ids[1]])
})

test('unreachable members on the way are watched too and do not count', () => {
  const ids = ringOrder(['n1', 'n2', 'n3', 'n4', 'n5', 'n6'])
  const silent = new Set([ids[1], ids[2], ids[4]])
  const isReachable = (id: string) => !silent.has(id)
  assert.deepEqual(watchedBy(ids[0]!, ids, isReachable, 1), [ids[1], ids[2], ids[3]])
  assert.deepEqual(watchedBy(ids[0]!, ids, isReachable, 2), ids.slice(1))
  // With too few reachable ones, everybody is watched.
  assert.deepEqual(watchedBy(ids[3]!, ids, isReachable, 9), [ids[4], ids[5], ids[0], ids[1], ids[2]])
})

test('nobody watches itself, nobody is watched twice, and nothing is watched where nothing is', () => {
  assert.deepEqual(watchedBy('me', [], everyone, 9), [])
  assert.deepEqual(watchedBy('me', ['me'], everyone, 9), [])
  assert.deepEqual(watchedBy('me', ringOrder(['me', 'a', 'b']), everyone, 0), [])
  // One who does not stand on the circle watches from where it would stand.
  const ids = ringOrder(['a', 'b', 'c', 'd'])
  const next = ids.find((id) => compareOnRing(id, 'me') > 0) ?? ids[0]
  assert.equal(watchedBy('me', ids, everyone, 1)[0], next)
})

const ringArbitrary = fc.record({
  ids: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' }), {
    minLength: 1,
    maxLength: 40,
  }),
  silentBits: fc.bigInt({ min: 0n, max: (1n << 40n) - 1n }),
  count: fc.integer({ min: 1, max: 12 }),
})

test('everyone is watched by at least count others, or by all when there are fewer', () => {
  fc.assert(
    fc.property(ringArbitrary, ({ ids, count }) => {
      const ring = ringOrder(ids)
      const watchers = new Map(ring.map((id) => [id, 0]))
      for (const self of ring)
        for (const id of watchedBy(self, ring, everyone, count)) watchers.set(id, watchers.get(id)! + 1)
      for (const watcherCount of watchers.values())
        assert.equal(watcherCount, Math.min(count, ring.length - 1))
    }),
  )
})

test('however many are silent, everyone is watched by at least count reachable ones, where there are so many', () => {
  fc.assert(
    fc.property(ringArbitrary, ({ ids, silentBits, count }) => {
      const ring = ringOrder(ids)
      const isReachable = (id: string) => ((silentBits >> BigInt(ring.indexOf(id))) & 1n) === 0n
      const reachable = ring.filter(isReachable)
      for (const subject of ring) {
        const others = reachable.filter((id) => id !== subject)
        const watchers = others.filter((id) => watchedBy(id, ring, isReachable, count).includes(subject))
        assert.ok(watchers.length >= Math.min(count, others.length))
      }
    }),
  )
})

test('a member that joins or leaves changes the watch of its count predecessors only', () => {
  const before = ringOrder(Array.from({ length: 200 }, (_, at) => `node-${at}`))
  const after = ringOrder([...before, 'newcomer'])
  const changed = before.filter(
    (id) => watchedBy(id, before, everyone, 9).join() !== watchedBy(id, after, everyone, 9).join(),
  )
  assert.equal(changed.length, 9)
})
