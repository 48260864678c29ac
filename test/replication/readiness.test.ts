/*
 * May a slot go on with what was said of it? What holds for a slot is concluded for its neighbour only if all is the same.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Claims } from '../../src/replication/claims.ts'
import { FormerOwners } from '../../src/replication/former-owners.ts'
import { Heritage } from '../../src/replication/heritage.ts'
import { PendingSlots } from '../../src/replication/pending-slots.ts'
import { Readiness } from '../../src/replication/readiness.ts'
import type { ExchangeParts } from '../../src/replication/slot-pull.ts'
import { SlotRoles } from '../../src/replication/slot-roles.ts'
import { OwnersSummaries } from '../../src/replication/slot-runs.ts'
import { BEREFT, OWNED, WHOLE } from '../../src/replication/slot-summary.ts'
import { Survey } from '../../src/replication/survey.ts'
import { Witnesses } from '../../src/replication/witnesses.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'

const ATTEMPTS_MAX = 14
const NO_EVENTS = { onAnswer() {}, onEnd() {}, onUnsettled() {}, onLost() {} }

/** Node a among b, c, d and e, all of whom answer: all slots belong to a, b and c, by what each has said of them. */
class Stage {
  readonly pending = new PendingSlots()
  readonly former = new FormerOwners('a', new Claims())
  readonly heritage = new Heritage()
  readonly survey = new Survey({} as ExchangeParts, NO_EVENTS, 8)
  readonly whole = new Set<number>()
  readonly readiness: Readiness

  constructor(slots: readonly number[], isClaim: boolean) {
    const belief = { mayAct: () => true, mayHold: () => true, heardMs: () => 0 }
    const roles = new SlotRoles('a', belief, NO_EVENTS, () => 1000)
    const owners = Uint16Array.from({ length: 3 * SLOT_COUNT }, (_, at) => at % 3)
    roles.update({ members: ['a', 'b', 'c', 'd', 'e'], copies: 3, owners }, 0)
    const parts = { selfId: 'a', roles, former: this.former, heritage: this.heritage, mayAnswer: () => true }
    const witnesses = new Witnesses(parts)
    this.readiness = new Readiness(this.pending, witnesses, (slot) => this.whole.has(slot))
    for (const slot of slots) {
      this.pending.begin(slot, isClaim, '', 1)
      this.pending.ask(slot, this.survey, this.survey.add(slot, 0, witnesses.of(slot)))
      this.whole.add(slot)
    }
  }

  /** Slots from this one on were owned by d, e and b before. */
  owe(first: number): void {
    const members = ['a', 'b', 'c', 'd', 'e']
    const now = Uint16Array.from({ length: 3 * SLOT_COUNT }, (_, at) => at % 3)
    const before = now.slice()
    for (let slot = first; slot < SLOT_COUNT; slot++) before.set([3, 4, 1], 3 * slot)
    this.heritage.onOwners({ members, copies: 3, owners: before }, { members, copies: 3, owners: now })
  }

  say(peerId: string, flags: readonly number[]): void {
    const answer = new OwnersSummaries(peerId, flags.length)
    answer.flags.set(flags)
    this.survey.answers.push(answer)
  }

  mayGoOn(slots: readonly number[]): boolean[] {
    return slots.map((slot) => this.readiness.mayGoOn(slot, ATTEMPTS_MAX))
  }
}

test('of neighbours only those go on of which enough was said', () => {
  const stage = new Stage([1, 2, 3, 4, 5], false)
  stage.say('b', [OWNED | WHOLE, OWNED | WHOLE, OWNED, 0, OWNED | WHOLE])
  assert.deepEqual(stage.mayGoOn([1, 2, 3, 4, 5]), [true, true, false, false, true])
})

test('what has been said since is counted', () => {
  const stage = new Stage([1, 2], false)
  stage.say('b', [OWNED, OWNED])
  assert.deepEqual(stage.mayGoOn([1, 2]), [false, false])
  stage.readiness.forget()
  stage.say('c', [OWNED, OWNED | WHOLE])
  assert.deepEqual(stage.mayGoOn([1, 2]), [true, true], 'all owners have answered')
})

test('who has no memory of a slot needs more than for its neighbour', () => {
  const stage = new Stage([1, 2, 3], false)
  stage.say('b', [OWNED | WHOLE, OWNED | WHOLE, OWNED | WHOLE])
  stage.whole.delete(2)
  assert.deepEqual(stage.mayGoOn([1, 2, 3]), [true, false, true])
})

test('a slot that somebody else owned before waits for that one, its neighbour does not', () => {
  const stage = new Stage([1, 2, 3], false)
  const range = { before: ['a', 'b', 'd'], after: ['a', 'b', 'c'], gained: ['c'], lost: ['d'] }
  stage.former.onPlaced([{ ...range, start: 2, end: 2, hasNewPrimary: false }])
  stage.say('b', [OWNED | WHOLE, OWNED | WHOLE, OWNED | WHOLE])
  assert.deepEqual(stage.mayGoOn([1, 2, 3]), [true, false, true])
  stage.pending.attempts[2] = ATTEMPTS_MAX
  assert.deepEqual(stage.mayGoOn([1, 2, 3]), [true, true, true], 'but not for ever')
})

test('a claim waits for the holder of its own slot, not for that of its neighbour', () => {
  const stage = new Stage([1, 2, 3], true)
  stage.say('b', [OWNED | WHOLE, OWNED | WHOLE, OWNED | WHOLE])
  // The survey is not over: c has yet to answer.
  Object.defineProperty(stage.survey, 'isOver', { value: false })
  stage.pending.holders[2] = 'c'
  assert.deepEqual(stage.mayGoOn([1, 2, 3]), [true, false, true])
})

test('a slot that owes former owners a hearing waits for them, its neighbour does not', () => {
  const stage = new Stage([1, 2, 3], false)
  stage.owe(2)
  stage.say('b', [OWNED | WHOLE | BEREFT, OWNED | WHOLE | BEREFT, OWNED | WHOLE | BEREFT])
  stage.say('c', [OWNED | WHOLE, OWNED | WHOLE | BEREFT, OWNED | WHOLE | BEREFT])
  assert.deepEqual(stage.mayGoOn([1, 2, 3]), [true, false, false])
  stage.say('d', [WHOLE, WHOLE, WHOLE])
  assert.deepEqual(stage.mayGoOn([2, 3]), [true, true], 'two of the three former ones have been heard')
})

test('what was found of a slot is no measure for others once it has settled', () => {
  const stage = new Stage([1, 2], false)
  stage.owe(1)
  // Enough of those before: but today's other owners wait themselves, and vouch for nobody who does not.
  stage.say('b', [OWNED | WHOLE | BEREFT, OWNED | WHOLE | BEREFT])
  stage.say('d', [WHOLE, WHOLE])
  assert.deepEqual(stage.mayGoOn([1]), [true])
  stage.pending.drop(1)
  stage.heritage.resolve(1)
  stage.heritage.resolve(2)
  assert.deepEqual(stage.mayGoOn([2]), [false])
})
