/*
 * Pekko's split-brain rules as a table: who is counted, ties, edges, half links, data centres, roles.
 *
 * The idea: the default book does what Pekko's DowningStrategy does; each rule has its rows. Shape: table
 * (tests only).
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { SplitBrainSettings } from '../../gossip/split-brain/settings.ts'
import { ViewTaker, viewOf } from '../../gossip/split-brain/view.ts'
import { decided, memberOf, missed, pekko, stateOf, viewOfLinks, viewOfText } from './split-brain-scenes.ts'

type Rows = readonly (readonly [sides: string, decision: string])[]

function table(name: string, settings: Partial<SplitBrainSettings>, rows: Rows): void {
  test(`Pekko: ${name}`, () => {
    for (const [sides, decision] of rows) assert.equal(decided(sides, pekko(settings)), decision, sides)
  })
}

const majority = { strategy: 'keep-majority' } as const
const oldest = { strategy: 'keep-oldest', downIfAlone: true } as const

table('keep-majority keeps the larger side and downs the smaller one', majority, [
  ['a b c | d e', 'down-unreachable d e'],
  ['d e | a b c', 'down-reachable e d'],
  ['c d e | a b', 'down-unreachable a b'],
])

table('keep-majority gives a tie to the side of the lowest address', majority, [
  ['a d | b c', 'down-unreachable b c'],
  ['b c | a d', 'down-reachable c b'],
])

table('no third of three even sides survives keep-majority', majority, [
  ['a b | c d e f', 'down-reachable b a'],
  ['c d | a b e f', 'down-reachable d c'],
  ['e f | a b c d', 'down-reachable f e'],
])

table(
  'keep-majority does not count joining, weakly up, exiting or down members, but downs the first two',
  majority,
  [
    ['a b x/exiting y/exiting | c d/down', 'down-unreachable c'],
    ['a b c | d e/joining', 'down-unreachable d e'],
    ['a | b c d/weakly-up', 'down-reachable a'],
    ['a x/joining y/exiting | b c', 'down-reachable x a'],
  ],
)

table('keep-majority ends the mesh when members joining over there would turn the answer', majority, [
  ['a b c | d e f/joining g/weakly-up', 'down-all b c d e f g a'],
  ['a b c | d f/joining', 'down-unreachable d f'],
])

table('keep-majority ends the mesh when members leaving over here would turn the answer', majority, [
  ['a b c/leaving | d e', 'down-unreachable d e'],
  ['d b c/leaving | a e', 'down-all b c a e d'],
  ['a/leaving | b/exiting', 'down-all a'],
])

table('keep-majority believes a side that gives up without any doubt', majority, [
  ['d e/leaving | a b c', 'down-reachable e d'],
])

table('without a member that counts the mesh ends', { ...majority, role: 'data' }, [
  ['a b | c', 'down-all b c a'],
  ['a/data b | c', 'down-unreachable c'],
  ['a b c | d/data', 'down-reachable b c a'],
])

table(
  'with a role only its members are counted and looked at in ties, yet all are downed',
  { ...majority, role: 'data' },
  [
    ['a/data b | c/data d/data e', 'down-reachable b a'],
    ['b/data | a c/data', 'down-unreachable a c'],
    ['c/data a | b/data', 'down-reachable a c'],
  ],
)

table("keep-oldest keeps the oldest's side, however small, when it is not alone", oldest, [
  ['a#1 b#2 | c#3 d#4 e#5', 'down-unreachable c d e'],
  ['c#3 d#4 e#5 | a#1 b#2', 'down-reachable d e c'],
])

table('an oldest that is alone downs itself and the others go on', oldest, [
  ['a#1 | b#2 c#3', 'down-reachable a'],
  ['b#2 c#3 | a#1', 'down-unreachable a'],
])

table('of two members the oldest stays, alone or not', oldest, [
  ['a#1 | b#2', 'down-unreachable b'],
  ['b#2 | a#1', 'down-reachable b'],
])

table('without down-if-alone a lonely oldest keeps its place', { ...oldest, downIfAlone: false }, [
  ['a#1 | b#2 c#3', 'down-unreachable b c'],
  ['b#2 c#3 | a#1', 'down-reachable c b'],
])

table('keep-oldest ends the mesh when a member leaving or joining would turn the answer', oldest, [
  ['a/leaving#1 b#3 | c#2 d#4', 'down-all b c d a'],
  ['a#1 | b#2 c/joining', 'down-all b c a'],
  ['a#1 | b/joining', 'down-unreachable b'],
  ['a/leaving#1 | b/exiting', 'down-all a'],
])

table(
  'keep-oldest is not turned by joining members without down-if-alone',
  { ...oldest, downIfAlone: false },
  [['a#1 | b#2 c/joining', 'down-unreachable b c']],
)

table('equal up-numbers are told apart by address, none by having one', oldest, [
  ['b#1 c#2 | a#1 d#2', 'down-reachable c b'],
  ['b#0 c#0 | a#5 d#0', 'down-reachable c b'],
])

table('keep-oldest looks for the oldest of a role', { ...oldest, role: 'data' }, [
  ['a#1 b/data#2 c/data#3 | d/data#4', 'down-unreachable d'],
  ['a#1 b/data#5 | c/data#2 d/data#3', 'down-reachable b a'],
  ['a#1 | b#2', 'down-all b a'],
])

table('static-quorum keeps a side that makes the quorum', { strategy: 'static-quorum', quorumSize: 3 }, [
  ['a b c | d e', 'down-unreachable d e'],
  ['d e | a b c', 'down-reachable e d'],
  ['a b | c d e/joining', 'down-reachable b a'],
])

table(
  'static-quorum ends a mesh of more than twice the quorum less one',
  { strategy: 'static-quorum', quorumSize: 3 },
  [
    ['a b c d e | f', 'down-all b c d e f a'],
    ['a b c d e | f/joining', 'down-unreachable f'],
  ],
)

table('static-quorum counts a role', { strategy: 'static-quorum', quorumSize: 2, role: 'data' }, [
  ['a/data b c | d/data e/data', 'down-reachable b c a'],
  ['a/data b/data | c d e f g', 'down-unreachable c d e f g'],
])

table(
  "keep-referee keeps the referee's side unless it is too small",
  {
    strategy: 'keep-referee',
    referee: 'r:7000',
    downAllIfLessThan: 2,
  },
  [
    ['r a | b c d', 'down-unreachable b c d'],
    ['b c d | r a', 'down-reachable c d b'],
    ['r | b c d', 'down-all b c d r'],
    ['r a/joining | b', 'down-all a b r'],
    ['a b | c', 'down-reachable b a'],
    ['a b r/joining | c', 'down-reachable b r a'],
  ],
)

table(
  'role-weighted-quorum weighs as static-quorum counts',
  {
    strategy: 'role-weighted-quorum',
    roleWeights: new Map([
      ['core', 10],
      ['worker', 1],
    ]),
    minWeight: 7,
  },
  [
    ['a/worker b/worker c/worker | d/core', 'down-reachable b c a'],
    ['a/core | b/worker c/worker', 'down-unreachable b c'],
    ['a/core | b/core', 'down-all b a'],
    ['a/core/joining b/worker | c/worker', 'down-reachable b a'],
  ],
)

table(
  'lease-majority: the larger side asks at once, the smaller one 2 s later; denied, they turn round',
  {
    strategy: 'lease-majority',
  },
  [
    ['a b c | d e', 'ask after 0, down-unreachable d e, else down-reachable b c a'],
    ['d e | a b c', 'ask after 2000, down-unreachable a b c, else down-reachable e d'],
    ['a d | b c', 'ask after 0, down-unreachable b c, else down-reachable d a'],
    ['b c | a d', 'ask after 2000, down-unreachable a d, else down-reachable c b'],
  ],
)

table(
  'lease-majority: where nobody has the role nobody is the smaller side',
  {
    strategy: 'lease-majority',
    role: 'data',
  },
  [['a | b c', 'ask after 0, down-unreachable b c, else down-reachable a']],
)

table('down-all and none know no sides', { strategy: 'down-all' }, [['a b c | d', 'down-all b c d a']])
table('none never decides', { strategy: 'none' }, [['a | b c d', 'stay']])

table(
  'beyond Pekko: a tie in doubt looks at joining members over there, who may have won it by now',
  majority,
  [
    ['b c | d a/joining', 'down-all c d a b'],
    ['b c | d e/joining', 'down-unreachable d e'],
  ],
)

test('Pekko: with nobody out of reach, or only downed members, nothing is decided', () => {
  for (const strategy of [
    'keep-majority',
    'keep-oldest',
    'static-quorum',
    'down-all',
    'lease-majority',
  ] as const) {
    assert.equal(decided('a b c', pekko({ strategy, quorumSize: 9 })), 'stay')
    assert.equal(decided('a b | c/down', pekko({ strategy, quorumSize: 9 })), 'stay')
  }
})

test('Pekko: who is not a member decides nothing', () => {
  assert.equal(decided({ ...viewOfText('a | b c'), selfId: 'z' }, pekko(majority)), 'stay')
})

test('Pekko: members that miss each other go, the others stay', () => {
  const view = viewOfLinks('a b c d e', 'd>e e>d', 'a b c')
  assert.equal(decided(view, pekko(majority)), 'down-indirectly-connected d e')
  assert.equal(decided(view, pekko(oldest)), 'down-indirectly-connected d e')
  assert.equal(
    decided(view, pekko({ strategy: 'static-quorum', quorumSize: 3 })),
    'down-indirectly-connected d e',
  )
})

test('Pekko: a member that is missed but has seen this version goes, with who misses it', () => {
  const view = viewOfLinks('a b c d', 'b>d', 'a b c d')
  assert.equal(decided(view, pekko(majority)), 'down-indirectly-connected b d')
  assert.equal(decided(viewOfLinks('a b c d', 'b>d', 'a b c'), pekko(majority)), 'down-unreachable d')
})

test('Pekko: half links beside a clean split: the half links go and the rest is decided by itself', () => {
  const links = 'b>c c>b a>f b>f c>f d>f e>f a>g b>g c>g d>g e>g'
  const view = viewOfLinks('a b c d e f g', links, 'a b c d e')
  assert.equal(decided(view, pekko(majority)), 'down-indirectly-connected b c f g')
  const few = viewOfLinks('x b c f g h i', 'b>c c>b x>f x>g x>h x>i', 'x b c')
  assert.equal(decided(few, pekko(majority)), 'down-indirectly-connected b c x')
})

test('Pekko: when the rest is not clean either, the mesh ends', () => {
  const chain = viewOfLinks('a b c d e', 'a>b b>c', 'a')
  assert.equal(decided(chain, pekko(majority)), 'down-all b c d e a')
})

test('Pekko: too many members for the quorum end the mesh before half links are looked at', () => {
  const view = viewOfLinks('a b c d e', 'd>e e>d', 'a b c')
  assert.equal(decided(view, pekko({ strategy: 'static-quorum', quorumSize: 2 })), 'down-all b c d e a')
})

test('Pekko: half links under lease-majority ask at once, and denied the reachable go with them', () => {
  assert.equal(
    decided(viewOfLinks('a b c d', 'c>d d>c', 'a b'), pekko({ strategy: 'lease-majority' })),
    'ask after 0, down-indirectly-connected c d, else down-reachable-and-indirectly-connected b c d a',
  )
})

test('Pekko: only the own data centre is counted and downed', () => {
  const east = 'a/dc-east b/dc-east c/dc-east'
  assert.equal(
    decided(`a/dc-east b/dc-east x/dc-west | c/dc-east y/dc-west z/dc-west`, pekko(majority)),
    'down-unreachable c',
  )
  assert.equal(decided(`${east} | x/dc-west y/dc-west z/dc-west`, pekko(majority)), 'stay')
  assert.equal(decided('a x/dc-west | b c/dc-default d/dc-west', pekko(majority)), 'down-reachable a')
})

test('a view takes no word of another data centre about ours, of the downed, or about this node itself', () => {
  const line = 'a/dc-east b/dc-east c/dc-east/down x/dc-west'
  const view = viewOf(stateOf(viewOfLinks(line, 'x>b c>b b>a', 'a')), 'a')
  assert.deepEqual(
    view.members.map((member) => member.isReachable),
    [true, true, true, true],
  )
  assert.deepEqual(view.records, [missed('x', 'b'), missed('b', 'a')])
  const own = viewOf(stateOf(viewOfLinks(line, 'a>b', 'a')), 'a')
  assert.equal(own.members[1]!.isReachable, false)
})

test('a view of a state takes reachable and removed for what they are', () => {
  const state = stateOf(viewOfLinks('a b c/removed', '', 'a'))
  const record = { ...missed('a', 'b'), status: 'reachable' as const }
  const ended = { ...missed('a', 'b'), status: 'terminated' as const }
  assert.equal(viewOf({ ...state, reachability: [record] }, 'a').members[1]!.isReachable, true)
  assert.equal(viewOf({ ...state, reachability: [ended] }, 'a').members[1]!.isReachable, false)
  assert.deepEqual(
    viewOf(state, 'a').members.map((member) => member.id),
    ['a', 'b'],
  )
})

test('a view is taken once per state, and its members stay the same array while only seen moves', () => {
  const taker = new ViewTaker('a')
  const state = stateOf(viewOfLinks('a b', 'a>b', 'a'))
  const view = taker.take(state)
  assert.equal(taker.take(state), view)
  const seen = taker.take({ ...state, seen: new Set(['a', 'b']) })
  assert.equal(seen.members, view.members)
  assert.equal(seen.seen.size, 2)
  const more = taker.take({ ...state, members: new Map([...state.members, ['c', memberOf('c', 3, true)]]) })
  assert.equal(more.members.length, 3)
  assert.notEqual(taker.take(state, 'atomr'), taker.take(state))
})
