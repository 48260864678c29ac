/*
 * Laws: merging states, clocks, rows and seen sets gives the same whatever the order and however often.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { STATUSES, statusRank } from '../../gossip/agreement/lifecycle.ts'
import {
  expireTombstones,
  limitTombstones,
  merge,
  mergeContent,
  mergeMember,
  TOMBSTONE_KEPT_MS,
} from '../../gossip/agreement/merge.ts'
import type { MeshState, StateMember, Tombstone } from '../../gossip/agreement/mesh-state.ts'
import { makeRow, type Records, rowVersion, subjectStatus } from '../../gossip/agreement/reachability.ts'
import { changeMembers, MembersPool, membersByAddress, sortedIds } from '../../gossip/agreement/roster.ts'
import { SeenSet } from '../../gossip/agreement/seen-set.ts'
import { membersDigest, recordsDigest, stateDigest } from '../../gossip/agreement/state-digest.ts'
import {
  increment,
  lifeKey,
  lifeOfKey,
  mergeClocks,
  prune,
  relation,
} from '../../gossip/agreement/vector-clock.ts'
import { member, stateOf } from './agreement-scenes.ts'

const IDS = ['a1', 'a2', 'b1', 'b2', 'c1']
const RUNS = { numRuns: 400 }

const anyMember = fc.record({
  birth: fc.integer({ min: 1, max: 3 }),
  rank: fc.integer({ min: 0, max: 5 }),
  upNumber: fc.integer({ min: 0, max: 3 }),
  port: fc.integer({ min: 1, max: 2 }),
  roles: fc.constantFrom([], ['dc-east'], ['x', 'y']),
})

const anyState: fc.Arbitrary<MeshState> = fc
  .record({
    members: fc.array(fc.option(anyMember), { minLength: 5, maxLength: 5 }),
    stones: fc.array(fc.option(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 9 }))), {
      minLength: 5,
      maxLength: 5,
    }),
    rows: fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.integer({ min: 1, max: 3 }), fc.boolean())),
    clock: fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }),
    seen: fc.subarray(IDS),
  })
  .map(({ members, stones, rows, clock, seen }) => build(members, stones, rows, clock, seen))

/** Only states a node can hold: no buried members, rows and entries of members only. */
function build(
  drawn: readonly ({
    birth: number
    rank: number
    upNumber: number
    port: number
    roles: readonly string[]
  } | null)[],
  stones: readonly ([number, number] | null)[],
  rows: readonly [number, number, number, boolean][],
  clock: readonly number[],
  seen: readonly string[],
): MeshState {
  const tombstones = new Map<string, Tombstone>()
  const members = new Map<string, StateMember>()
  const version = new Map<string, number>()
  IDS.forEach((id, at) => {
    const stone = stones[at]
    if (stone) tombstones.set(id, { birth: stone[0], removedWallMs: stone[1] })
    const one = drawn[at]
    if (!one || one.birth <= (stone?.[0] ?? 0)) return
    const { birth, rank, upNumber, port, roles } = one
    members.set(id, { id, birth, address: `h:${port}`, roles, status: STATUSES[rank]!, upNumber })
    if (clock[at]! > 0) version.set(lifeKey(id, birth), clock[at]!)
  })
  const statuses = new Map<string, Map<string, 'unreachable' | 'terminated'>>()
  const versions = new Map<string, number>()
  for (const [observer, subject, rowVersionDrawn, isTerminated] of rows) {
    const observerId = IDS[observer]!
    const subjectId = IDS[subject]!
    if (observer === subject || !members.has(observerId) || !members.has(subjectId)) continue
    versions.set(observerId, rowVersionDrawn)
    const row = statuses.get(observerId) ?? new Map()
    statuses.set(observerId, row.set(subjectId, isTerminated ? 'terminated' : 'unreachable'))
  }
  const reachability = [...statuses.keys()]
    .sort()
    .flatMap((id) => [...makeRow(id, versions.get(id)!, statuses.get(id)!)])
  return { members, tombstones, reachability, version, seen: SeenSet.of(members, seen) }
}

/** Everything a state says, whatever the order it was put together in. */
function plain(state: MeshState): unknown {
  return { ...content(state), seen: [...state.seen] }
}

function content(state: MeshState): object {
  const sorted = <V>(map: ReadonlyMap<string, V>) => [...map].sort((a, b) => (a[0] < b[0] ? -1 : 1))
  return {
    members: sorted(state.members),
    tombstones: sorted(state.tombstones),
    reachability: state.reachability,
    version: sorted(state.version),
  }
}

test('merging is commutative', () => {
  fc.assert(
    fc.property(anyState, anyState, (a, b) => {
      assert.deepEqual(plain(merge(a, b)), plain(merge(b, a)))
    }),
    RUNS,
  )
})

test('merging is associative', () => {
  fc.assert(
    fc.property(anyState, anyState, anyState, (a, b, c) => {
      assert.deepEqual(content(merge(merge(a, b), c)), content(merge(a, merge(b, c))))
    }),
    RUNS,
  )
})

test('whoever is said to have seen a merged state had seen that very state before', () => {
  fc.assert(
    fc.property(anyState, anyState, anyState, (a, b, c) => {
      const merged = merge(merge(a, b), c)
      const digest = stateDigest(merged)
      const witnesses = [a, b, c, merge(a, b)].filter((one) => stateDigest(one) === digest)
      for (const id of merged.seen) assert.ok(witnesses.some((one) => one.seen.has(id)))
    }),
    RUNS,
  )
})

test('merging is idempotent', () => {
  fc.assert(
    fc.property(anyState, anyState, (a, b) => {
      assert.deepEqual(plain(merge(a, a)), plain(a))
      const both = merge(a, b)
      assert.deepEqual(plain(merge(both, b)), plain(both))
    }),
    RUNS,
  )
})

test('equal contents have equal digests, kept up by small changes or counted anew', () => {
  fc.assert(
    fc.property(anyState, anyState, (a, b) => {
      const merged = merge(a, b)
      assert.equal(stateDigest(merged), stateDigest(merge(b, a)))
      assert.equal(membersDigest(merged.members), membersDigest(new Map(merged.members)))
      assert.equal(recordsDigest(merged.reachability), recordsDigest([...merged.reachability]))
    }),
    RUNS,
  )
})

test('what a merge touched is all that differs', () => {
  fc.assert(
    fc.property(anyState, anyState, (a, b) => {
      const { state, touched } = mergeContent(a, b)
      for (const id of IDS) {
        if (!touched.members.includes(id)) assert.equal(state.members.get(id), a.members.get(id))
        if (!touched.tombstones.includes(id)) assert.equal(state.tombstones.get(id), a.tombstones.get(id))
        if (touched.observers.includes(id)) continue
        const rowIn = (records: Records) => records.filter((one) => one.observerId === id)
        assert.deepEqual(rowIn(state.reachability), rowIn(a.reachability))
      }
    }),
    RUNS,
  )
})

test('nobody in a merged state is buried in it, and nothing in it speaks of strangers', () => {
  fc.assert(
    fc.property(anyState, anyState, (a, b) => {
      const { members, tombstones, reachability, version } = merge(a, b)
      for (const one of members.values()) assert.ok((tombstones.get(one.id)?.birth ?? 0) < one.birth)
      for (const one of reachability) assert.ok(members.has(one.observerId) && members.has(one.subjectId))
      for (const key of version.keys())
        assert.equal(members.get(lifeOfKey(key).id)?.birth, lifeOfKey(key).birth)
    }),
    RUNS,
  )
})

test('a later birth wins whole, within a life each field takes the one further along', () => {
  const old = member('a1', 'down', { birth: 1, upNumber: 9 })
  const young = member('a1', 'joining', { birth: 2 })
  assert.equal(mergeMember(old, young), young)
  assert.equal(mergeMember(young, old), young)
  const merged = mergeMember(member('a1', 'up', { upNumber: 4 }), member('a1', 'leaving', { upNumber: 2 }))
  assert.deepEqual([merged.status, merged.upNumber], ['leaving', 4])
})

test('down beats everything a stale peer says of that life', () => {
  for (const status of STATUSES.filter((one) => statusRank(one) < statusRank('down'))) {
    assert.equal(mergeMember(member('a1', 'down'), member('a1', status)).status, 'down')
  }
})

test('the newer row of an observer wins whole, also where it takes back', () => {
  const members = [member('a1'), member('b1'), member('c1')]
  const old = stateOf(members, { silent: ['a1>b1'] })
  const takenBack = { ...old, reachability: makeRow('a1', 2, new Map([['c1', 'unreachable' as const]])) }
  for (const state of [merge(old, takenBack), merge(takenBack, old)]) {
    assert.equal(subjectStatus(state.reachability, 'b1'), 'reachable')
    assert.equal(subjectStatus(state.reachability, 'c1'), 'unreachable')
    assert.equal(rowVersion(state.reachability, 'a1'), 2)
  }
})

test('what a former life observed, and what was said of one, is dropped', () => {
  const former = stateOf([member('a1'), member('b1'), member('c1')], { silent: ['a1>b1', 'b1>c1', 'c1>b1'] })
  const reborn = stateOf([member('a1'), member('b1', 'joining', { birth: 2 }), member('c1')])
  const merged = merge(former, reborn)
  assert.equal(
    merged.reachability.every((one) => one.status === 'reachable'),
    true,
  )
  assert.equal(rowVersion(merged.reachability, 'b1'), 0)
})

test('seen is kept only by those who saw the very result', () => {
  const a = stateOf([member('a1'), member('b1')], { clock: { a1: 2 }, seen: ['a1'] })
  const same = { ...a, seen: SeenSet.of(a.members, ['b1']) }
  assert.deepEqual([...merge(a, same).seen], ['a1', 'b1'])
  const older = stateOf([member('a1'), member('b1')], { clock: { a1: 1 }, seen: ['b1'] })
  assert.deepEqual([...merge(a, older).seen], ['a1'])
  const apart = stateOf([member('a1'), member('b1')], { clock: { b1: 1 }, seen: ['b1'] })
  assert.deepEqual([...merge(a, apart).seen], [])
})

test('tombstones are forgotten after their time, and the oldest first beyond their number', () => {
  const stones = new Map(Array.from({ length: 5 }, (_, at) => [`a${at}`, { birth: 1, removedWallMs: at }]))
  assert.deepEqual([...limitTombstones(stones, 2).keys()].sort(), ['a3', 'a4'])
  assert.equal(limitTombstones(stones, 5), stones)
  assert.deepEqual([...expireTombstones(stones, TOMBSTONE_KEPT_MS + 3).keys()], ['a3', 'a4'])
  assert.equal(expireTombstones(stones, TOMBSTONE_KEPT_MS), stones)
})

// Clocks

const anyClock = fc
  .dictionary(fc.constantFrom('a 1', 'b 1', 'c 2'), fc.integer({ min: 1, max: 3 }))
  .map((entries) => new Map(Object.entries(entries)))

test('comparing clocks is the order of what they count, and a merge is the least above both', () => {
  fc.assert(
    fc.property(anyClock, anyClock, anyClock, (a, b, c) => {
      const mirrored = { same: 'same', before: 'after', after: 'before', concurrent: 'concurrent' }
      assert.equal(relation(b, a), mirrored[relation(a, b)])
      const both = mergeClocks(a, b)
      assert.ok(['same', 'after'].includes(relation(both, a)))
      assert.ok(['same', 'after'].includes(relation(both, b)))
      assert.equal(relation(mergeClocks(both, c), mergeClocks(a, mergeClocks(b, c))), 'same')
      assert.equal(relation(both, mergeClocks(b, a)), 'same')
      assert.equal(relation(increment(a, 'b 1'), a), 'after')
    }),
    RUNS,
  )
})

test('a new life of an id counts apart, and entries of lives that ended are pruned', () => {
  const clock = new Map([
    [lifeKey('a', 1), 7],
    [lifeKey('a', 2), 1],
    [lifeKey('b', 1), 2],
  ])
  assert.deepEqual(Object.fromEntries(prune(clock, (life) => life.id === 'a' && life.birth === 1)), {
    'a 2': 1,
    'b 1': 2,
  })
  assert.equal(
    prune(clock, () => false),
    clock,
  )
})

// Rosters and seen sets

test('a seen set answers as a set of names does', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(60), { maxLength: 40 }),
      fc.array(fc.nat(60)),
      fc.array(fc.nat(60)),
      (n, a, b) => {
        const members = new Map(n.map((at) => [`a${at}`, member(`a${at}`)]))
        const within = (picks: number[]) =>
          new Set(picks.map((at) => `a${at}`).filter((id) => members.has(id)))
        const left = SeenSet.of(members, within(a))
        const right = SeenSet.of(members, within(b))
        const union = left.union(right)
        const wanted = new Set([...within(a), ...within(b)])
        assert.equal(union.size, wanted.size)
        assert.deepEqual([...union], [...wanted].sort())
        for (const id of members.keys()) assert.equal(union.has(id), wanted.has(id))
        assert.equal(union.has('nobody'), false)
        assert.deepEqual([...SeenSet.ofBits(members, union.bits)!], [...union])
        assert.equal(right.union(left).digest, union.digest)
        assert.equal(union.union(left), union)
      },
    ),
    RUNS,
  )
})

test('bits for more or fewer members than there are make no seen set', () => {
  const members = new Map(['a1', 'a2', 'a3'].map((id) => [id, member(id)]))
  assert.equal(SeenSet.ofBits(members, new Uint8Array(0)), undefined)
  assert.equal(SeenSet.ofBits(members, new Uint8Array(2)), undefined)
  assert.equal(SeenSet.ofBits(members, Uint8Array.of(8)), undefined)
  assert.equal(SeenSet.ofBits(members, Uint8Array.of(7))?.size, 3)
})

test('a changed list of members leaves the former as it was and knows its orders anew', () => {
  const before = new Map(['b1', 'a1'].map((id) => [id, member(id)]))
  assert.deepEqual(sortedIds(before), ['a1', 'b1'])
  const after = changeMembers(before, [member('c1'), member('a1', 'down')], ['b1'])
  assert.deepEqual([...before.keys()], ['b1', 'a1'])
  assert.deepEqual(sortedIds(after), ['a1', 'c1'])
  assert.deepEqual(
    membersByAddress(after).map((one) => `${one.id} ${one.status}`),
    ['a1 down', 'c1 up'],
  )
  assert.equal(changeMembers(before, []), before)
})

test('equal lists become one in a pool, which keeps no more than it may', () => {
  const pool = new MembersPool(2)
  const list = (...ids: string[]) => new Map(ids.map((id) => [id, member(id)]))
  const first = pool.intern(list('a1', 'b1'))
  assert.equal(pool.intern(list('b1', 'a1')), first)
  assert.equal(changeMembers(list('a1'), [member('b1')], [], pool), first)
  for (const id of ['c1', 'c2', 'c3']) pool.intern(list(id))
  assert.equal(pool.size, 2)
  assert.notEqual(pool.intern(list('a1', 'b1')), first)
})
