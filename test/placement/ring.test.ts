import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { fairShares } from '../../src/placement/fair-share.ts'
import type { Placement, PlacementMember } from '../../src/placement/placement.ts'
import { planOf } from '../../src/placement/plan.ts'
import { defaultVirtualNodes, placementOf, REPLICATION_MAX } from '../../src/placement/ring.ts'
import { topologyOf } from '../../src/placement/topology.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'
import { Prng } from '../support/prng.ts'

const THREE = { replicationFactor: 3 }

/** Members with ids as random as the seed makes them. */
function membersOf(count: number, seed: number, shape: Partial<Shape> = {}): PlacementMember[] {
  const luck = new Prng(seed)
  const { weights = [1], zones = 1, dcs = 1 } = shape
  return Array.from({ length: count }, (_, at) => ({
    id: luck.bytes(20).toString('hex'),
    weight: weights[at % weights.length]!,
    zone: zones === 1 ? '' : `zone-${at % zones}`,
    dc: dcs === 1 ? '' : `dc-${at % dcs}`,
  }))
}

interface Shape {
  weights: readonly number[]
  zones: number
  dcs: number
}

function countsOf(placement: Placement): { primaries: Float64Array; copies: Float64Array } {
  const primaries = new Float64Array(placement.members.length)
  const copies = new Float64Array(placement.members.length)
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    primaries[placement.primaryOf(slot)]!++
    for (const member of placement.ownersOf(slot)) copies[member]!++
  }
  return { primaries, copies }
}

/** Within a part of the share, or within one slot of it. */
function expectNear(counts: Float64Array, shares: Float64Array, part: number, what: string): void {
  for (const [member, share] of shares.entries()) {
    const off = Math.abs(counts[member]! - share)
    assert.ok(off <= Math.max(1, share * part), `${what} of ${member}: ${counts[member]}, share ${share}`)
  }
}

function expectBalance(members: readonly PlacementMember[], replicationFactor: number): void {
  const placement = placementOf(members, { replicationFactor })
  const topology = topologyOf(members)
  const total = topology.weights.reduce((sum, weight) => sum + weight, 0)
  const copyShares = fairShares(topology, placement.copies).map((share) => share * SLOT_COUNT)
  const primaryShares = topology.weights.map((weight) => (SLOT_COUNT * weight) / total)
  const { primaries, copies } = countsOf(placement)
  expectNear(primaries, primaryShares, 0.02, 'primaries')
  expectNear(copies, copyShares, 0.05, 'copies')
}

test('primaries are within 2 % and copies within 5 % of the ideal, for 1 to 50 members', () => {
  for (let count = 1; count <= 50; count += count < 12 ? 1 : 7) expectBalance(membersOf(count, count), 3)
})

test('the balance holds for every replication factor', () => {
  for (let factor = 1; factor <= REPLICATION_MAX; factor++) {
    for (const count of [2, 8, 23]) expectBalance(membersOf(count, factor * 100 + count), factor)
  }
})

test('the balance holds for members of different weight', () => {
  for (const count of [5, 10, 20, 50]) expectBalance(membersOf(count, count, { weights: [1, 2, 0.5, 1] }), 3)
})

test('the balance holds across zones and data centres', () => {
  for (const count of [6, 12, 30]) expectBalance(membersOf(count, count, { zones: 3 }), 3)
  for (const count of [8, 20]) expectBalance(membersOf(count, count, { zones: 4, dcs: 2 }), 3)
})

/** The places a join fills, as a multiple of what the newcomer must get. A leave is the same, seen from its end. */
function movedByJoin(members: readonly PlacementMember[], replicationFactor: number): number {
  const before = placementOf(members.slice(0, -1), { replicationFactor })
  const after = placementOf(members, { replicationFactor })
  const minimum = (SLOT_COUNT * after.copies) / members.length
  const joining = planOf(before, after)
  const leaving = planOf(after, before)
  assert.equal(leaving.placesLost, joining.placesGained)
  return Math.max(joining.placesGained, leaving.placesGained) / minimum
}

test('with 3 copies a join or a leave fills at most 1.15 times as many places as it must, up to 51 members', () => {
  let worst = 0
  for (let count = 2; count <= 51; count += count < 10 ? 1 : 4) {
    for (const seed of [1, 2]) worst = Math.max(worst, movedByJoin(membersOf(count, seed * 977 + count), 3))
  }
  assert.ok(worst <= 1.15, `${worst}`)
})

test('with 2, 5 and 7 copies a join fills at most 1.15 times as many places as it must', () => {
  for (const factor of [2, 5, 7]) {
    for (const count of [factor + 2, 20, 40]) {
      const moved = movedByJoin(membersOf(count, factor + count), factor)
      assert.ok(moved <= 1.15, `${factor} copies, ${count} members: ${moved}`)
    }
  }
})

test('a 4th, 5th, 6th and 10th node: primaries within 2 %, and at most 1.15 times the moves there must be, for 1 to 7 copies', () => {
  for (let factor = 1; factor <= REPLICATION_MAX; factor++) {
    for (const count of [4, 5, 6, 10]) {
      const members = membersOf(count, factor * 31 + count)
      expectBalance(members, factor)
      const moved = movedByJoin(members, factor)
      assert.ok(moved <= 1.15, `${factor} copies, ${count} members: ${moved}`)
    }
  }
})

// Without copies the 2 % for primaries bind the data itself. Measured over many ids: 1.09 at 10 members, 1.15 at 20,
// 1.18 at 30, 1.26 at 50. A wider bound would move less; an even load is worth more to a cache without copies.
test('with a single copy a join fills at most 1.15 times the minimum up to 16 members, 1.3 times up to 51', () => {
  for (const count of [2, 3, 8, 16]) assert.ok(movedByJoin(membersOf(count, count), 1) <= 1.15)
  for (const count of [30, 51]) assert.ok(movedByJoin(membersOf(count, count), 1) <= 1.3)
})

// One copy a zone: a zone is a ring of its own with a third of the places to even it out. Measured: 1.11 at 9 members,
// 1.13 at 12, 1.21 at 30, on average 1.13 at 50.
test('with three zones a zone grown in turn moves at most 1.15 times the minimum at 9 members, 1.25 times at 48', () => {
  for (const [count, limit] of [
    [9, 1.15],
    [48, 1.25],
  ] as const) {
    const before = membersOf(count, count, { zones: 3 })
    const after = membersOf(count + 3, count, { zones: 3 })
    const options = THREE
    const moved = planOf(placementOf(before, options), placementOf(after, options)).placesGained
    const minimum = (SLOT_COUNT * 3 * 3) / (count + 3)
    assert.ok(moved <= minimum * limit, `${count}: ${moved / minimum}`)
  }
})

test('three members have at most a few hundred ranges, and ranges grow no faster than points do', () => {
  const points = defaultVirtualNodes(3)
  assert.ok(placementOf(membersOf(3, 5), THREE).ranges().length <= 500)
  for (const count of [5, 10, 20]) {
    assert.ok(placementOf(membersOf(count, count), THREE).ranges().length <= count * points * 1.1)
  }
})

test('few points still give the balance, in fewer ranges', () => {
  const members = membersOf(3, 9)
  const placement = placementOf(members, { replicationFactor: 3, virtualNodes: 32 })
  expectNear(countsOf(placement).primaries, new Float64Array(3).fill(SLOT_COUNT / 3), 0.02, 'primaries')
  assert.ok(placement.ranges().length <= 110)
})

test('placement is a function of the set of members: their order changes nothing', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 1e6 }),
      (count, zones, seed) => {
        const members = membersOf(count, seed, { zones, weights: [1, 2, 0] })
        const shuffled = [...members]
        const luck = new Prng(seed + 1)
        for (let at = count - 1; at > 0; at--) {
          const other = luck.below(at + 1)
          ;[shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!]
        }
        const one = placementOf(members, THREE)
        const two = placementOf(shuffled, THREE)
        assert.deepEqual(one.owners, two.owners)
        assert.equal(one.fingerprint, two.fingerprint)
      },
    ),
    { numRuns: 25 },
  )
})

test('a slot has as many distinct owners as there can be, all of them with weight', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ weight: fc.constantFrom(0, 0.3, 1, 5), zone: fc.integer({ min: 0, max: 3 }) }), {
        maxLength: 14,
      }),
      fc.integer({ min: 1, max: REPLICATION_MAX }),
      (shapes, replicationFactor) => {
        const members = shapes.map(({ weight, zone }, at) => ({
          id: `m${at}`,
          weight,
          zone: `z${zone}`,
          dc: '',
        }))
        const holders = members.filter(({ weight }) => weight > 0).map(({ id }) => id)
        const placement = placementOf(members, { replicationFactor })
        assert.deepEqual(placement.members, [...holders].sort())
        assert.equal(placement.copies, Math.min(replicationFactor, holders.length))
        for (let slot = 0; slot < SLOT_COUNT; slot++) {
          const owners = placement.ownersOf(slot)
          assert.equal(new Set(owners).size, placement.copies)
        }
      },
    ),
    { numRuns: 25 },
  )
})

/** The most and the fewest copies of a slot in one of the groups that could take another. */
function expectEven(copies: number[], sizes: number[]): void {
  const most = Math.max(...copies)
  for (const [group, count] of copies.entries()) assert.ok(count >= Math.min(sizes[group]!, most - 1))
}

test('copies of a slot fill data centres evenly, and the zones of each evenly', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ zone: fc.integer({ min: 0, max: 3 }), dc: fc.integer({ min: 0, max: 2 }) }), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.integer({ min: 1, max: REPLICATION_MAX }),
      (shapes, replicationFactor) => {
        const members = shapes.map(({ zone, dc }, at) => ({
          id: `m${at}`,
          weight: 1,
          zone: `z${zone}`,
          dc: `d${dc}`,
        }))
        const placement = placementOf(members, { replicationFactor })
        const { zoneOf, dcOf, zoneSizes, dcSizes, zoneDcs } = topologyOf(members)
        for (let slot = 0; slot < SLOT_COUNT; slot++) {
          const ofZones = zoneSizes.map(() => 0)
          const ofDcs = dcSizes.map(() => 0)
          for (const member of placement.ownersOf(slot)) {
            ofZones[zoneOf[member]!]!++
            ofDcs[dcOf[member]!]!++
          }
          expectEven(ofDcs, [...dcSizes])
          for (const dc of dcSizes.keys()) {
            const zones = [...zoneDcs.keys()].filter((zone) => zoneDcs[zone] === dc)
            expectEven(
              zones.map((zone) => ofZones[zone]!),
              zones.map((zone) => zoneSizes[zone]!),
            )
          }
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('fifty members of which one is a zone of its own: it holds a copy of everything', () => {
  const members = membersOf(50, 4).map((member, at) => ({ ...member, zone: ['a', 'b'][at % 2]! }))
  members[17] = { ...members[17]!, zone: 'lonely' }
  const placement = placementOf(members, THREE)
  const lonely = placement.numberOf(members[17]!.id)
  for (let slot = 0; slot < SLOT_COUNT; slot++) assert.ok(placement.rankOf(slot, lonely) >= 0)
})

test('a member so heavy that it holds a copy of everything has no more than that', () => {
  const members = membersOf(6, 3).map((member, at) => ({ ...member, weight: at === 0 ? 40 : 1 }))
  expectBalance(members, 3)
  const { copies } = countsOf(placementOf(members, THREE))
  const heavy = placementOf(members, THREE).numberOf(members[0]!.id)
  assert.ok(copies[heavy]! >= SLOT_COUNT * 0.95 && copies[heavy]! <= SLOT_COUNT)
})

test('a member beyond all reason is placed all the same', () => {
  const members = membersOf(4, 8).map((member, at) => ({ ...member, weight: at === 0 ? 1e9 : 1e-9 }))
  assert.equal(placementOf(members, THREE).copies, 3)
})

test('nobody with weight: an empty placement', () => {
  for (const members of [[], membersOf(3, 1, { weights: [0] })]) {
    const placement = placementOf(members, THREE)
    assert.equal(placement.isEmpty, true)
    assert.equal(placement.copies, 0)
    assert.equal(placement.primaryOf(7), -1)
    assert.equal(placement.rankOf(7, 0), -1)
    assert.deepEqual(placement.ranges(), [])
    assert.deepEqual([...placement.ownersOf(7)], [])
  }
})

test('members without data change nothing, not even the fingerprint', () => {
  const members = membersOf(4, 2)
  const observer = { id: 'observer', weight: 0, zone: 'x', dc: 'y' }
  const one = placementOf(members, THREE)
  const two = placementOf([observer, ...members], THREE)
  assert.equal(two.fingerprint, one.fingerprint)
  assert.equal(two.numberOf('observer'), -1)
})

test('placement is the same on every machine and in every version of ours', () => {
  const members = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].map((id) => ({
    id,
    weight: 1,
    zone: '',
    dc: '',
  }))
  assert.equal(placementOf(members, THREE).fingerprint, 8629056041016876)
})

test('what no caller may pass is refused', () => {
  const member = membersOf(1, 1)[0]!
  assert.throws(() => placementOf([member, member], THREE), /two members/)
  assert.throws(() => placementOf([{ ...member, weight: -1 }], THREE), /weight/)
  assert.throws(() => placementOf([{ ...member, weight: Number.NaN }], THREE), /weight/)
  assert.throws(() => placementOf([member], { replicationFactor: 0 }), /replication factor/)
  assert.throws(() => placementOf([member], { replicationFactor: 1.5 }), /replication factor/)
  assert.throws(() => placementOf([member], { replicationFactor: 3, virtualNodes: 0 }), /one point/)
})
