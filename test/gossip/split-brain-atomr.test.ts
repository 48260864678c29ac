/*
 * atomr's nineteen split-brain cases, in its own rule book, each with its edges.
 *
 * The idea: what atomr's tables say is what `compat: 'atomr'` does, holes included; ids stand for addresses.
 * Shape: table (tests only).
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { atomrSidesOf } from '../../gossip/split-brain/atomr-sides.ts'
import { SplitBrainResolver } from '../../gossip/split-brain/resolver.ts'
import type { SplitBrainSettings } from '../../gossip/split-brain/settings.ts'
import { findStrategy } from '../../gossip/split-brain/strategies.ts'
import { viewOf } from '../../gossip/split-brain/view.ts'
import { atomr, decided, said, stateOf, viewOfLinks, viewOfText } from './split-brain-scenes.ts'

interface Case {
  readonly name: string
  readonly settings: Partial<SplitBrainSettings>
  /** In reach | out of reach -> the decision. */
  readonly rows: readonly (readonly [sides: string, decision: string])[]
}

const weights = new Map([
  ['core', 10],
  ['worker', 1],
])

const CASES: readonly Case[] = [
  {
    name: '1: keep-majority keeps the side with more members up',
    settings: { strategy: 'keep-majority' },
    rows: [
      ['a b c | d', 'down-unreachable d'],
      ['a b | c', 'down-unreachable c'],
    ],
  },
  {
    name: '2: keep-majority gives up on the side with fewer members up',
    settings: { strategy: 'keep-majority' },
    rows: [['a | b c', 'down-self a']],
  },
  {
    name: '3: keep-majority ends the mesh on a tie, of nobody against nobody too',
    settings: { strategy: 'keep-majority' },
    rows: [
      ['a b | c d', 'down-all b c d a'],
      ['a/joining | b/leaving', 'down-all b a'],
    ],
  },
  {
    name: '4: keep-majority counts members that are up and nobody else',
    settings: { strategy: 'keep-majority' },
    rows: [
      ['a b/joining c/leaving d/weakly-up | e f', 'down-self a'],
      ['a b | c d/exiting e/joining', 'down-unreachable c d e'],
    ],
  },
  {
    name: '5: static-quorum keeps a side that reaches the quorum, not looking at the other side',
    settings: { strategy: 'static-quorum', quorumSize: 2 },
    rows: [
      ['a b | c', 'down-unreachable c'],
      ['a b | c d e f', 'down-unreachable c d e f'],
    ],
  },
  {
    name: '6: static-quorum gives up below the quorum',
    settings: { strategy: 'static-quorum', quorumSize: 2 },
    rows: [['a | b', 'down-self a']],
  },
  {
    name: '7: static-quorum counts members of any status but down',
    settings: { strategy: 'static-quorum', quorumSize: 3 },
    rows: [
      ['a b/joining c/exiting | d', 'down-unreachable d'],
      ['a b/joining c/down | d', 'down-self a'],
    ],
  },
  {
    name: '8: keep-oldest keeps the side of the lowest up-number, even alone',
    settings: { strategy: 'keep-oldest' },
    rows: [
      ['a#1 | b#2 c#3', 'down-unreachable b c'],
      ['a#2 | b#1 c#3', 'down-self a'],
    ],
  },
  {
    name: '9: keep-oldest ends the mesh when the oldest is alone and down-if-alone is set',
    settings: { strategy: 'keep-oldest', downIfAlone: true },
    rows: [
      ['a#1 | b#2 c#3', 'down-all b c a'],
      ['a#1 | b#2', 'down-all b a'],
      ['b#2 c#3 | a#1', 'down-self b'],
    ],
  },
  {
    name: '10: keep-oldest lets equal up-numbers survive, whatever the status: its known hole',
    settings: { strategy: 'keep-oldest' },
    rows: [
      ['a#0 | b#0', 'down-unreachable b'],
      ['b#0 | a#0', 'down-unreachable a'],
      ['a#3 b/joining#0 | c#1', 'down-unreachable c'],
    ],
  },
  {
    name: '11: keep-referee keeps the side that reaches the referee, of any status',
    settings: { strategy: 'keep-referee', referee: 'b:7000' },
    rows: [
      ['a b | c d e', 'down-unreachable c d e'],
      ['a b/joining | c', 'down-unreachable c'],
    ],
  },
  {
    name: '12: keep-referee gives up without the referee',
    settings: { strategy: 'keep-referee', referee: 'z:7000' },
    rows: [
      ['a b c d | z', 'down-self a'],
      ['a b c d | e', 'down-self a'],
      ['a z/down c d | e', 'down-self a'],
    ],
  },
  {
    name: "13: keep-referee ends the mesh when the referee's side is too small",
    settings: { strategy: 'keep-referee', referee: 'a:7000', downAllIfLessThan: 2 },
    rows: [
      ['a | b c', 'down-all b c a'],
      ['a b | c', 'down-unreachable c'],
    ],
  },
  {
    name: '14: down-all ends the mesh as soon as anybody is out of reach, and only then',
    settings: { strategy: 'down-all' },
    rows: [
      ['a b c d | e', 'down-all b c d e a'],
      ['a b | c/down', 'stay'],
      ['a b c', 'stay'],
    ],
  },
  {
    name: '15: lease-majority follows the majority where there is one',
    settings: { strategy: 'lease-majority', isLeaseAcquired: false },
    rows: [
      ['a b | c', 'down-unreachable c'],
      ['a b | c d', 'down-all b c d a'],
    ],
  },
  {
    name: '16: lease-majority breaks a tie by the lease, and never rescues a minority',
    settings: { strategy: 'lease-majority', isLeaseAcquired: true },
    rows: [
      ['a b | c d', 'down-unreachable c d'],
      ['a | b c', 'down-self a'],
    ],
  },
  {
    name: '17: role-weighted-quorum gives up on a side that is large but light',
    settings: { strategy: 'role-weighted-quorum', roleWeights: weights, minWeight: 10 },
    rows: [
      ['a/worker b/worker c/worker | d/core', 'down-self a'],
      ['a/core/joining b/worker | c/worker', 'down-self a'],
    ],
  },
  {
    name: '18: role-weighted-quorum keeps a side that is heavy enough',
    settings: { strategy: 'role-weighted-quorum', roleWeights: weights, minWeight: 10 },
    rows: [['a/core b/worker | c/worker d/worker e/worker', 'down-unreachable c d e']],
  },
  {
    name: '19: role-weighted-quorum weighs a member by its heaviest role alone',
    settings: { strategy: 'role-weighted-quorum', roleWeights: weights, minWeight: 11 },
    rows: [
      ['a/core/worker | b', 'down-self a'],
      ['a/core b/worker/other | c', 'down-unreachable c'],
    ],
  },
]

for (const { name, settings, rows } of CASES) {
  test(`atomr ${name}`, () => {
    for (const [sides, decision] of rows) assert.equal(decided(sides, atomr(settings)), decision, sides)
  })
}

test("atomr: keep-oldest's own edges: nobody at all stays, nobody on one side decides by itself", () => {
  const settings = atomr({ strategy: 'keep-oldest' })
  const oldest = findStrategy('keep-oldest')!
  const judge = (sides: string) => oldest.decideAtomr(atomrSidesOf(viewOfText(sides)), settings).action
  assert.equal(judge(''), 'stay')
  assert.equal(judge('a b'), 'down-unreachable')
  assert.equal(judge(' | a b'), 'down-self')
})

test('atomr: without a fixed answer a tie asks the lease, and a majority does not', () => {
  const settings = atomr({ strategy: 'lease-majority' })
  assert.equal(decided('a b | c d', settings), 'ask after 0, down-unreachable c d, else down-all b c d a')
  assert.equal(decided('a b | c', settings), 'down-unreachable c')
})

test('atomr: any observer is believed, about the deciding node as well', () => {
  const view = viewOf(stateOf(viewOfLinks('a b c', 'b>a stranger>c', 'a b c')), 'a', 'atomr')
  assert.deepEqual(
    view.members.map((member) => member.isReachable),
    [false, true, false],
  )
  assert.equal(decided(view, atomr({ strategy: 'keep-majority' })), 'down-self a')
})

test('atomr runtime: first sight starts a timer that further changes do not start again', () => {
  const resolver = new SplitBrainResolver(atomr({ strategy: 'keep-majority' }))
  assert.ok(resolver.isStable(0))
  assert.equal(resolver.onTick(viewOfText('a b c d e'), 0, false), undefined)
  assert.ok(resolver.isStable(0))
  assert.equal(resolver.onTick(viewOfText('a b c d | e'), 1000, false), undefined)
  assert.ok(!resolver.isStable(20_999))
  assert.equal(resolver.onTick(viewOfText('a b c | d e'), 15_000, false), undefined)
  assert.equal(resolver.onTick(viewOfText('a b c | d e'), 20_999, false), undefined)
  const due = viewOfText('a b c | d e')
  assert.equal(said(resolver.onTick(due, 21_000, false)), 'down-unreachable d e')
  assert.ok(resolver.isStable(21_000))
  assert.equal(said(resolver.onTick(due, 21_001, false)), 'down-unreachable d e')
})

test('atomr runtime: healing clears the timer', () => {
  const resolver = new SplitBrainResolver(atomr({ strategy: 'keep-majority' }))
  resolver.onTick(viewOfText('a b | c'), 0, false)
  resolver.onTick(viewOfText('a b c'), 19_000, false)
  assert.ok(resolver.isStable(19_000))
  assert.equal(resolver.onTick(viewOfText('a b | c'), 20_000, false), undefined)
  assert.equal(resolver.onTick(viewOfText('a b | c'), 39_999, false), undefined)
  assert.equal(said(resolver.onTick(viewOfText('a b | c'), 40_000, false)), 'down-unreachable c')
})

test('atomr runtime: quorum lost and quorum regained are each told once per episode', () => {
  const told: string[] = []
  const resolver = new SplitBrainResolver(
    atomr({ strategy: 'static-quorum', quorumSize: 3, stableAfterMs: 0 }),
    { onQuorumLost: () => told.push('lost'), onQuorumRegained: () => told.push('regained') },
  )
  const split = viewOfText('a | b c')
  for (const nowMs of [0, 1, 2]) assert.equal(said(resolver.onTick(split, nowMs, false)), 'down-self a')
  assert.deepEqual(told, ['lost'])
  const whole = viewOfText('a b c')
  resolver.onTick(whole, 3, false)
  resolver.onTick(whole, 4, false)
  assert.deepEqual(told, ['lost', 'regained'])
  resolver.onTick(viewOfText('a | b c'), 5, false)
  assert.deepEqual(told, ['lost', 'regained', 'lost'])
  assert.equal(resolver.counters.quorumLosses, 2)
})
