/*
 * When the resolver decides: deadlines, restlessness, who may act, what it is told at run time.
 *
 * The idea: time is an argument, so every test is a list of ticks. Shape: table (tests only).
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { explain } from '../../gossip/split-brain/explain.ts'
import { SplitBrainResolver } from '../../gossip/split-brain/resolver.ts'
import { PEKKO_DEFAULTS } from '../../gossip/split-brain/settings.ts'
import { patienceFor, stableAfterFor } from '../../gossip/split-brain/stability.ts'
import { pekko, said, viewOfLinks, viewOfText } from './split-brain-scenes.ts'

const settings = pekko({ strategy: 'keep-majority' })

/** Ticks `sides` at each time; answers what was said at the last one. */
function ticks(
  resolver: SplitBrainResolver,
  shouldAct: boolean,
  ...steps: readonly (readonly [atMs: number, sides: string])[]
): string {
  let last = 'nothing'
  for (const [atMs, sides] of steps) last = said(resolver.onTick(viewOfText(sides), atMs, shouldAct))
  return last
}

test('a split is decided once it has stood still for stable-after', () => {
  const resolver = new SplitBrainResolver(settings)
  assert.equal(ticks(resolver, true, [0, 'a b c'], [5000, 'a b | c'], [24_999, 'a b | c']), 'nothing')
  assert.ok(!resolver.isStable(24_999))
  assert.ok(resolver.isStable(25_000))
  assert.equal(ticks(resolver, true, [25_000, 'a b | c']), 'down-unreachable c')
  assert.equal(resolver.counters.decisions, 1)
  assert.equal(resolver.counters.membersDowned, 1)
})

test('a decision waits for those it hangs on who are in reach and have not been heard from', () => {
  const patient = pekko({ strategy: 'keep-majority', stableAfterMs: 10_000, downAllWhenUnstableMs: 0 })
  const view = viewOfText('a b c | d e')
  const unheard = { ...view, seen: new Set(['a', 'b']) }
  const resolver = new SplitBrainResolver(patient)
  for (const atMs of [0, 10_000, 20_000, 39_999]) {
    assert.equal(resolver.onTick(unheard, atMs, true), undefined)
  }
  assert.equal(resolver.counters.waitsForUnheard, 3)
  assert.match(explain(unheard, patient, 0), /^Waits for: c, in reach and not heard from\.$/m)
  assert.doesNotMatch(explain(view, patient, 0), /Waits for/)
  assert.equal(said(resolver.onTick(unheard, 40_000, true)), 'down-unreachable d e', 'not for ever')
  const other = new SplitBrainResolver(patient)
  assert.equal(other.onTick(unheard, 0, true), undefined)
  assert.equal(other.onTick(unheard, 10_000, true), undefined)
  assert.equal(said(other.onTick(view, 11_000, true)), 'down-unreachable d e')
})

test('a minority does not go on because the majority, cut off since, once missed each other', () => {
  const impatient = pekko({ strategy: 'keep-majority', stableAfterMs: 10_000, downAllWhenUnstableMs: 0 })
  const answerTo = (links: string, seen: string): string => {
    const resolver = new SplitBrainResolver(impatient)
    const view = viewOfLinks('a b c d e', links, seen)
    assert.equal(resolver.onTick(view, 0, true), undefined)
    return said(resolver.onTick(view, 10_000, true))
  }
  const cut = 'a>c a>d a>e b>c b>d b>e'
  assert.equal(answerTo(cut, 'a b'), 'down-reachable b a')
  // Rows of a cut before this one, which c, d and e have taken back since, over there.
  assert.equal(answerTo(`${cut} c>d d>c d>e e>d`, 'a b'), 'down-reachable b a')
  // They do have half a link: they have seen what was agreed just now.
  assert.equal(answerTo(`${cut} c>d d>c d>e e>d`, 'a b c d e'), 'down-indirectly-connected b c d e a')
  // A quarrel among those in reach is what it was.
  assert.equal(answerTo('c>d d>c', 'a b c d e'), 'down-indirectly-connected c d')
  assert.equal(answerTo('c>d d>c', 'a b e'), 'down-indirectly-connected c d')
})

test('nobody waits for those who change nothing, need not see what was agreed, or are in another data centre', () => {
  for (const [sides, seen, answer] of [
    ['a b c d | e', 'a b c', 'down-unreachable e'],
    ['a | b c d e', 'a', 'down-reachable a'],
    ['a b c/joining d/exiting f/dc-far | e', 'a b', 'down-unreachable e'],
  ] as const) {
    const resolver = new SplitBrainResolver(settings)
    const view = { ...viewOfText(sides), seen: new Set(seen.split(' ')) }
    assert.equal(resolver.onTick(view, 0, true), undefined)
    assert.equal(said(resolver.onTick(view, 20_000, true)), answer, sides)
  }
})

test('each change of reachability starts the deadline anew', () => {
  const resolver = new SplitBrainResolver(pekko({ downAllWhenUnstableMs: 0 }))
  assert.equal(
    ticks(
      resolver,
      true,
      [0, 'a b c d e'],
      [1000, 'a b c d | e'],
      [15_000, 'a b c | d e'],
      [34_999, 'a b c | d e'],
    ),
    'nothing',
  )
  assert.equal(ticks(resolver, true, [35_000, 'a b c | d e']), 'down-unreachable d e')
})

test('members that come up, are exiting or are downed start it anew; joining, leaving and removed ones do not', () => {
  const restarts = (before: string, after: string) => {
    const resolver = new SplitBrainResolver(settings)
    ticks(resolver, true, [0, before], [1000, after])
    return resolver.counters.deadlineRestarts - 1
  }
  assert.equal(restarts('a b d/joining | c', 'a b d | c'), 1)
  assert.equal(restarts('a b d/leaving | c', 'a b d/exiting | c'), 1)
  assert.equal(restarts('a b d | c', 'a b d/down | c'), 1)
  assert.equal(restarts('a b d | c', 'a b d/leaving | c'), 0)
  assert.equal(restarts('a b d/joining | c', 'a b d/weakly-up | c'), 0)
  assert.equal(restarts('a b | c', 'a b d/joining | c'), 0)
  assert.equal(restarts('a b d/down | c', 'a b | c'), 0)
})

test('a member reborn is another life: its coming up starts the deadline anew', () => {
  const resolver = new SplitBrainResolver(settings)
  const view = viewOfText('a b | c')
  resolver.onTick(view, 0, true)
  const reborn = view.members.map((member) => (member.id === 'b' ? { ...member, birth: 2 } : member))
  resolver.onTick({ ...view, members: reborn }, 1000, true)
  assert.equal(resolver.counters.deadlineRestarts, 2)
})

test('a change in another data centre does not start the deadline anew', () => {
  const resolver = new SplitBrainResolver(settings)
  ticks(resolver, true, [0, 'a b c x/dc-west'], [1000, 'a b x/dc-west | c'], [9000, 'a b | x/dc-west c'])
  assert.equal(resolver.counters.deadlineRestarts, 2)
  assert.equal(ticks(resolver, true, [21_000, 'a b | x/dc-west c']), 'down-unreachable c')
})

test('a view of the very same members costs no look at them', () => {
  const resolver = new SplitBrainResolver(settings)
  const view = viewOfText('a b | c')
  resolver.onTick(view, 0, true)
  resolver.onTick({ ...view, seen: new Set() }, 1000, true)
  assert.equal(resolver.counters.deadlineRestarts, 1)
  assert.equal(said(resolver.onTick(view, 20_000, true)), 'down-unreachable c')
})

test('a split that heals before the deadline is forgotten', () => {
  const resolver = new SplitBrainResolver(settings)
  const steps = [
    [0, 'a b c'],
    [1000, 'a b | c'],
    [19_000, 'a b c'],
    [21_000, 'a b c'],
    [60_000, 'a b c'],
  ] as const
  assert.equal(ticks(resolver, true, ...steps), 'nothing')
  assert.deepEqual(resolver.deadlines(), { decidesAtMs: undefined, downsAllAtMs: undefined })
})

test('a node that may not act says nothing, and decides as soon as it may', () => {
  const resolver = new SplitBrainResolver(pekko({ downAllWhenUnstableMs: 0 }))
  assert.equal(ticks(resolver, false, [0, 'a b | c'], [30_000, 'a b | c']), 'nothing')
  assert.equal(ticks(resolver, true, [31_000, 'a b | c']), 'down-unreachable c')
})

test('after a decision the deadline starts anew, so that it is not given twice at once', () => {
  const resolver = new SplitBrainResolver(settings)
  assert.equal(ticks(resolver, true, [0, 'a b | c'], [20_000, 'a b | c']), 'down-unreachable c')
  assert.equal(ticks(resolver, true, [21_000, 'a b | c'], [39_999, 'a b | c']), 'nothing')
  assert.equal(ticks(resolver, true, [40_000, 'a b | c']), 'down-unreachable c')
})

test('a node that is no member, or is down, decides nothing', () => {
  const resolver = new SplitBrainResolver(settings)
  assert.equal(ticks(resolver, true, [0, 'a/down b | c'], [60_000, 'a/down b | c']), 'nothing')
  const stranger = { ...viewOfText('a b | c'), selfId: 'z' }
  assert.equal(resolver.onTick(stranger, 120_000, true), undefined)
})

test('a split that finds no rest downs all after stable-after and three quarters, on nodes that may not act too', () => {
  const resolver = new SplitBrainResolver(settings)
  const sides = ['a b | c d', 'a b d | c'] as const
  let said35 = ''
  for (let second = 1; second <= 36; second++) {
    said35 = ticks(resolver, false, [second * 1000, sides[second % 2]!])
    if (second < 36) assert.equal(said35, 'nothing', `second ${second}`)
  }
  // First change at 1 s, so patience ends past 1 + 20 + 15 s.
  assert.equal(said35, 'nothing')
  assert.equal(ticks(resolver, false, [36_001, sides[1]]), 'down-all b d c a')
  assert.equal(resolver.counters.unstableDecisions, 1)
})

test('patience is counted from the first change after all was well', () => {
  const resolver = new SplitBrainResolver(settings)
  ticks(resolver, false, [0, 'a b c'], [1000, 'a b | c'], [10_000, 'a b c'])
  ticks(resolver, false, [30_000, 'a b | c'], [40_000, 'a | b c'], [50_000, 'a b | c'])
  assert.deepEqual(resolver.deadlines(), { decidesAtMs: 70_000, downsAllAtMs: 65_000 })
  assert.equal(ticks(resolver, false, [65_000, 'a b | c']), 'nothing')
  assert.equal(ticks(resolver, false, [65_001, 'a b | c']), 'down-all b c a')
})

test('patience starts anew when all who are out of reach are down or exiting', () => {
  const resolver = new SplitBrainResolver(settings)
  ticks(
    resolver,
    false,
    [0, 'a b c'],
    [1000, 'a b | c'],
    [20_000, 'a b | c/down'],
    [30_000, 'a b/exiting | c/down'],
  )
  assert.equal(resolver.deadlines().downsAllAtMs, undefined)
  assert.equal(ticks(resolver, false, [90_000, 'a b/exiting | c/down']), 'nothing')
})

test('a quiet of twice stable-after starts patience anew', () => {
  const resolver = new SplitBrainResolver(pekko({ stableAfterMs: 5000, downAllWhenUnstableMs: 60_000 }))
  ticks(resolver, false, [0, 'a b c'], [1000, 'a b | c'], [11_000, 'a b | c'])
  assert.notEqual(resolver.deadlines().downsAllAtMs, undefined)
  ticks(resolver, false, [11_001, 'a b | c'])
  assert.equal(resolver.deadlines().downsAllAtMs, undefined)
  assert.equal(ticks(resolver, false, [70_000, 'a b | c']), 'nothing')
})

test('with patience off, or without a strategy, restlessness ends nothing', () => {
  for (const one of [pekko({ downAllWhenUnstableMs: 0 }), pekko({ strategy: 'none' })]) {
    const resolver = new SplitBrainResolver(one)
    for (let second = 1; second < 100; second++) {
      const sides = second % 2 === 0 ? 'a b | c d' : 'a b c | d'
      assert.equal(ticks(resolver, true, [second * 1000, sides]), 'nothing')
    }
  }
})

test('patience is three quarters of stable-after and at least four seconds, unless it is given', () => {
  assert.equal(patienceFor(20_000, settings), 15_000)
  assert.equal(patienceFor(3000, settings), 4000)
  assert.equal(patienceFor(20_000, pekko({ downAllWhenUnstableMs: 60_000 })), 60_000)
  assert.equal(patienceFor(20_000, pekko({ downAllWhenUnstableMs: 0 })), 0)
})

test('stable-after goes by the size of the mesh unless it is given', () => {
  const sizes = [1, 5, 6, 10, 20, 21, 50, 100, 101, 1000, 5000]
  assert.deepEqual(
    sizes.map((size) => stableAfterFor(size, PEKKO_DEFAULTS)),
    [7000, 7000, 10_000, 10_000, 13_000, 17_000, 17_000, 20_000, 30_000, 30_000, 30_000],
  )
  assert.equal(stableAfterFor(5, pekko({ stableAfterMs: 1 })), 1)
  const resolver = new SplitBrainResolver(PEKKO_DEFAULTS)
  assert.equal(ticks(resolver, true, [0, 'a b c | d e'], [6999, 'a b c | d e']), 'nothing')
  assert.equal(ticks(resolver, true, [7000, 'a b c | d e']), 'down-unreachable d e')
})

test('settings given at run time hold for the split at hand, reckoned from the same changes', () => {
  const resolver = new SplitBrainResolver(settings)
  assert.equal(ticks(resolver, true, [0, 'a b | c'], [10_000, 'a b | c']), 'nothing')
  resolver.configure(pekko({ strategy: 'static-quorum', quorumSize: 3, stableAfterMs: 11_000 }))
  assert.equal(ticks(resolver, true, [10_999, 'a b | c']), 'nothing')
  assert.equal(ticks(resolver, true, [11_000, 'a b | c']), 'down-reachable b a')
})

test('quorum lost and regained are told once each, whenever this node is among the downed', () => {
  const told: string[] = []
  const ports = { onQuorumLost: () => told.push('lost'), onQuorumRegained: () => told.push('regained') }
  const resolver = new SplitBrainResolver(settings, ports)
  assert.equal(ticks(resolver, true, [0, 'c | a b'], [20_000, 'c | a b']), 'down-reachable c')
  ticks(resolver, true, [40_000, 'c | a b'])
  assert.deepEqual(told, ['lost'])
  ticks(resolver, true, [41_000, 'c a b'], [42_000, 'c a b'])
  assert.deepEqual(told, ['lost', 'regained'])
  const winner = new SplitBrainResolver(settings, ports)
  ticks(winner, true, [0, 'a b | c'], [20_000, 'a b | c'], [21_000, 'a b c'])
  assert.equal(told.length, 2)
})

test('a decision with nobody to down is none, and does not start the deadline anew', () => {
  const resolver = new SplitBrainResolver(settings)
  assert.equal(ticks(resolver, true, [0, 'a b | c/exiting'], [20_000, 'a b | c/exiting']), 'nothing')
  assert.equal(resolver.deadlines().decidesAtMs, 20_000)
  assert.equal(resolver.counters.decisions, 0)
})
