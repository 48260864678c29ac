// Who may found a mesh, and when: one at a time, and of those who were given up only a majority.

import assert from 'node:assert/strict'
import test from 'node:test'
import { EMPTY_STATE } from '../../gossip/agreement/merge.ts'
import type { MeshState, StateMember } from '../../gossip/agreement/mesh-state.ts'
import { Founding, type Sight } from '../../gossip/founding.ts'
import { MEMBERSHIP_TIMINGS } from '../../gossip/membership-timings.ts'

const { desertedMsMax, refoundAfterMs, seedTimeoutMs } = MEMBERSHIP_TIMINGS

function member(id: string, changes: Partial<StateMember> = {}): StateMember {
  return { id, birth: 1, address: `${id}:1`, roles: [], status: 'up', upNumber: 1, ...changes }
}

function stateOf(...members: StateMember[]): MeshState {
  return { ...EMPTY_STATE, members: new Map(members.map((one) => [one.id, one])) }
}

const FORMER = stateOf(...['a', 'b', 'c', 'd'].map((id) => member(id, { status: 'down' })))

function givenUp(state = FORMER): Founding {
  const founding = new Founding(MEMBERSHIP_TIMINGS)
  founding.onGivenUp(state)
  return founding
}

/** When it is due, looking every second: never within a while is Infinity. */
function dueMs(founding: Founding, sight: Sight): number {
  for (let nowMs = 0; nowMs < 20 * refoundAfterMs; nowMs += 1000) {
    if (founding.isDue(nowMs, sight)) return nowMs
  }
  return Number.POSITIVE_INFINITY
}

test('of those who start anew only the first seed founds, however long nobody answers', () => {
  const sight = { selfId: 'a', isFirstSeed: true, aliveIds: ['a'] }
  assert.equal(dueMs(new Founding(MEMBERSHIP_TIMINGS), sight), seedTimeoutMs)
  const others = { ...sight, isFirstSeed: false, aliveIds: ['a', 'b', 'c'] }
  assert.equal(dueMs(new Founding(MEMBERSHIP_TIMINGS), others), Number.POSITIVE_INFINITY)
})

test('of those who were given up each has its own moment, the first seed the first one', () => {
  const aliveIds = ['a', 'b', 'c', 'd']
  const due = aliveIds.map((selfId) => dueMs(givenUp(), { selfId, isFirstSeed: selfId === 'a', aliveIds }))
  assert.deepEqual(
    due,
    [1, 3, 4, 5].map((times) => times * refoundAfterMs),
  )
})

test('half of a mesh that gave everybody up founds nothing, and the wait begins when the majority is there', () => {
  const founding = givenUp()
  const half = { selfId: 'a', isFirstSeed: true, aliveIds: ['a', 'b'] }
  const most = { ...half, aliveIds: ['a', 'b', 'c'] }
  assert.equal(dueMs(founding, half), Number.POSITIVE_INFINITY)
  const laterMs = 20 * refoundAfterMs
  assert.equal(founding.isDue(laterMs - 1000, half), false)
  assert.equal(founding.isDue(laterMs, most), false)
  assert.equal(founding.isDue(laterMs - 1000 + refoundAfterMs, most), true)
})

test('those who came later, or were never up, make no majority', () => {
  const aliveIds = ['a', 'b', 'x', 'y', 'z']
  assert.equal(dueMs(givenUp(), { selfId: 'a', isFirstSeed: true, aliveIds }), Number.POSITIVE_INFINITY)
  const joining = ['x', 'y', 'z'].map((id) => member(id, { status: 'weakly-up', upNumber: 0 }))
  const former = givenUp(stateOf(...FORMER.members.values(), ...joining))
  assert.equal(dueMs(former, { selfId: 'a', isFirstSeed: true, aliveIds }), Number.POSITIVE_INFINITY)
})

test('who was given up for others founds nothing before most of those are there, in no mesh either', () => {
  const ups = ['a', 'b'].map((id) => member(id))
  const downs = ['c', 'd', 'e'].map((id) => member(id, { status: 'down' }))
  const sight = { selfId: 'c', isFirstSeed: true, aliveIds: ['c', 'd', 'e', 'a'] }
  assert.equal(dueMs(givenUp(stateOf(...ups, ...downs)), sight), Number.POSITIVE_INFINITY)
  const all = { ...sight, aliveIds: [...sight.aliveIds, 'b'] }
  assert.equal(dueMs(givenUp(stateOf(...ups, ...downs)), all), refoundAfterMs)
})

test('a mesh in which nobody is up any more is over for those who wait to join it', () => {
  const founding = new Founding(MEMBERSHIP_TIMINGS)
  const members = [
    member('a', { status: 'down' }),
    member('b', { status: 'leaving' }),
    member('c', { status: 'weakly-up', upNumber: 0 }),
  ]
  const alive = new Set(['a', 'c'])
  const over = new Set<string>()
  const isOverAt = (nowMs: number, state = stateOf(...members)): boolean =>
    founding.isOver(nowMs, state, ({ id }) => (alive.has(id) ? 'seen' : over.has(id) ? 'over' : 'unseen'))
  founding.onLife(0)
  assert.equal(isOverAt(desertedMsMax - 1), false)
  alive.add('b')
  assert.equal(isOverAt(desertedMsMax), false, 'who leaves still acts')
  alive.delete('b')
  assert.deepEqual([isOverAt(2 * desertedMsMax - 1), isOverAt(2 * desertedMsMax)], [false, true])
  const elsewhere = stateOf(...members, member('z'))
  assert.equal(isOverAt(9 * desertedMsMax, elsewhere), false, 'somebody goes on, out of reach')
  over.add('z')
  assert.equal(isOverAt(10 * desertedMsMax, elsewhere), true, 'another life of his has begun')
  over.delete('z')
  assert.equal(isOverAt(19 * desertedMsMax, stateOf()), false, 'there is no mesh')
})
