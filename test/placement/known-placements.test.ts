import assert from 'node:assert/strict'
import test from 'node:test'
import { KnownPlacements } from '../../src/placement/known-placements.ts'
import { placementOf } from '../../src/placement/ring.ts'

const OPTIONS = { replicationFactor: 3 }

function members(...ids: string[]): { id: string; weight: number; zone: string; dc: string }[] {
  return ids.map((id) => ({ id, weight: 1, zone: '', dc: '' }))
}

test('members that come back bring back the placement that was worked out for them', () => {
  const known = new KnownPlacements()
  const all = known.of(members('a', 'b', 'c'), OPTIONS)
  const two = known.of(members('a', 'b'), OPTIONS)
  assert.equal(known.of(members('a', 'b', 'c'), OPTIONS), all)
  assert.equal(known.of(members('a', 'b'), OPTIONS), two)
  assert.deepEqual(known.counters, { known: 2, made: 2 })
})

test('whatever differs in members or options makes another placement', () => {
  const known = new KnownPlacements()
  const placements = [
    known.of(members('a', 'b', 'c'), OPTIONS),
    known.of(members('a', 'b', 'c'), { replicationFactor: 2 }),
    known.of([...members('a', 'b'), { id: 'c', weight: 2, zone: '', dc: '' }], OPTIONS),
    known.of([...members('a', 'b'), { id: 'c', weight: 1, zone: 'z', dc: '' }], OPTIONS),
  ]
  assert.equal(new Set(placements).size, 4)
  assert.equal(placements[0]!.fingerprint, placementOf(members('a', 'b', 'c'), OPTIONS).fingerprint)
})

test('only so many are kept', () => {
  const known = new KnownPlacements()
  const first = known.of(members('a'), OPTIONS)
  for (let i = 0; i < 16; i++) known.of(members(`m${i}`), OPTIONS)
  assert.notEqual(known.of(members('a'), OPTIONS), first)
})
