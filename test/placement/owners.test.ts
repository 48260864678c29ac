import assert from 'node:assert/strict'
import test from 'node:test'
import { NOBODY, Owners, quorumOf } from '../../src/placement/owners.ts'
import { placementOf } from '../../src/placement/ring.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'

const IDS = ['a', 'b', 'c', 'd', 'e']
const PLACEMENT = placementOf(
  IDS.map((id) => ({ id, weight: 1, zone: '', dc: '' })),
  { replicationFactor: 3 },
)

function ownersWithout(dead: readonly string[], self = 'a'): Owners {
  const owners = new Owners()
  owners.onView(PLACEMENT, (id) => !dead.includes(id), self)
  return owners
}

test('a quorum is more than half of the owners, one is one, all is all', () => {
  const rows = [1, 2, 3, 4, 5, 7].map((count) => quorumOf(count, 'quorum'))
  assert.deepEqual(rows, [1, 2, 2, 3, 3, 4])
  assert.equal(quorumOf(3, 'one'), 1)
  assert.equal(quorumOf(3, 'all'), 3)
  for (const level of ['one', 'quorum', 'all'] as const) assert.equal(quorumOf(0, level), 1)
})

test('while all are alive the primary acts, and every level can be met', () => {
  const owners = ownersWithout([])
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    assert.equal(owners.acting[slot], PLACEMENT.primaryOf(slot))
    assert.ok(owners.canMeet(slot, 'all'))
  }
  assert.equal(owners.orphanCount, 0)
})

test('the first owner believed alive acts', () => {
  const dead = ['b', 'd']
  const owners = ownersWithout(dead)
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const alive = [...PLACEMENT.ownersOf(slot)].filter((member) => !dead.includes(IDS[member]!))
    assert.equal(owners.acting[slot], alive[0] ?? NOBODY)
    assert.equal(owners.liveCounts[slot], alive.length)
  }
})

test('dead owners count: where two of three are dead no quorum can be met, by nobody', () => {
  const owners = ownersWithout(['b', 'd'])
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const live = owners.liveCounts[slot]!
    assert.equal(owners.canMeet(slot, 'quorum'), live >= 2)
    assert.equal(owners.canMeet(slot, 'one'), live >= 1)
    assert.equal(owners.canMeet(slot, 'all'), live === 3)
  }
})

test('slots nobody acts for are counted, and nothing can be met there', () => {
  const owners = ownersWithout(IDS)
  assert.equal(owners.orphanCount, SLOT_COUNT)
  assert.equal(owners.actingCount, 0)
  assert.equal(owners.acting[5], NOBODY)
  assert.equal(owners.canMeet(5, 'one'), false)
  assert.equal(owners.isActing(5), false)
})

test('this node knows its own rank and the slots it acts for', () => {
  const owners = ownersWithout(['b'], 'c')
  let actingCount = 0
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    assert.equal(owners.selfRank(slot), PLACEMENT.rankOf(slot, 2))
    if (owners.isActing(slot)) actingCount++
    assert.equal(owners.isActing(slot), owners.acting[slot] === 2)
  }
  assert.equal(owners.actingCount, actingCount)
})

test('a node without data acts for nothing and owns nothing', () => {
  const owners = ownersWithout([], 'observer')
  assert.equal(owners.self, -1)
  assert.equal(owners.actingCount, 0)
  assert.equal(owners.selfRank(0), -1)
  assert.equal(owners.isActing(0), false)
})

test('before the first view nothing is known and nothing can be met', () => {
  const owners = new Owners()
  assert.equal(owners.orphanCount, SLOT_COUNT)
  assert.equal(owners.isActing(0), false)
  assert.equal(owners.canMeet(0, 'one'), false)
  assert.equal(owners.mayAct(0, 0), false)
})

test('effects are taken from an owner unless one ranked before it is heard from', () => {
  const [first, second, third] = PLACEMENT.ownersOf(0) as unknown as [number, number, number]
  const stranger = [0, 1, 2, 3, 4].find((member) => PLACEMENT.rankOf(0, member) < 0)!
  const all = ownersWithout([])
  assert.deepEqual(
    [first, second, third, stranger].map((member) => all.mayAct(0, member)),
    [true, false, false, false],
  )
  const withoutFirst = ownersWithout([IDS[first]!])
  // The first owner, believed dead, may still speak up: nobody ranks before it.
  assert.deepEqual(
    [first, second, third].map((member) => withoutFirst.mayAct(0, member)),
    [true, true, false],
  )
})

test('at most one member believes itself acting among those who share a belief', () => {
  const views = IDS.map((id) => ownersWithout(['e'], id))
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const acting = views.filter((owners) => owners.isAlive(owners.self) && owners.isActing(slot)).length
    assert.equal(acting, views[0]!.acting[slot] === NOBODY ? 0 : 1)
  }
})

test('notes name the owners in rank order with what is believed of them', () => {
  const [first, second, third] = PLACEMENT.ownersOf(9) as unknown as [number, number, number]
  assert.deepEqual(ownersWithout([IDS[first]!]).notes(9), [
    { id: IDS[first], rank: 0, isAlive: false, isActing: false },
    { id: IDS[second], rank: 1, isAlive: true, isActing: true },
    { id: IDS[third], rank: 2, isAlive: true, isActing: false },
  ])
})

test('the primaries of a dead member go to all others, not to one', () => {
  const owners = ownersWithout(['a'], 'b')
  const taken = new Map<number, number>()
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (PLACEMENT.primaryOf(slot) !== 0) continue
    taken.set(owners.acting[slot]!, (taken.get(owners.acting[slot]!) ?? 0) + 1)
  }
  const fair = SLOT_COUNT / IDS.length / (IDS.length - 1)
  assert.equal(taken.size, 4)
  for (const count of taken.values()) assert.ok(count > fair / 2 && count < fair * 2, `${count}`)
})
