/*
 * lease-majority at work: the register in memory, one node's holding of it, and resolvers that ask for it.
 *
 * The idea: a world of a clock and a list of what comes later; answers may be late or lost. Shape: table
 * (tests only).
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { LeaseAnswer } from '../../gossip/split-brain/lease.ts'
import { FAIR_WEATHER, MemoryLease } from '../../gossip/split-brain/memory-lease.ts'
import { SplitBrainResolver } from '../../gossip/split-brain/resolver.ts'
import type { SplitBrainSettings } from '../../gossip/split-brain/settings.ts'
import { atomr, pekko, said, viewOfText } from './split-brain-scenes.ts'

class World {
  nowMs = 0
  private later: { atMs: number; run: () => void }[] = []

  monotonicMs(): number {
    return this.nowMs
  }

  after(delayMs: number, run: () => void): void {
    this.later.push({ atMs: this.nowMs + delayMs, run })
  }

  runTo(nowMs: number): void {
    for (;;) {
      const next = this.later.sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > nowMs) break
      this.later.shift()
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = nowMs
  }
}

class Node {
  readonly resolver: SplitBrainResolver
  private readonly world: World

  constructor(world: World, lease: MemoryLease, settings: Partial<SplitBrainSettings> = {}) {
    this.world = world
    this.resolver = new SplitBrainResolver(pekko({ strategy: 'lease-majority', ...settings }), { lease })
  }

  /** What is said at `atMs`; late answers due before have arrived. */
  tick(atMs: number, sides: string, shouldAct = true): string {
    this.world.runTo(atMs)
    return said(this.resolver.onTick(viewOfText(sides), atMs, shouldAct))
  }
}

/** A lost question, an answer's delay, and so on, changed as the test goes. */
function stormy(): { delayMs: number; isQuestionLost: boolean; isAnswerLost: boolean } {
  return { delayMs: 0, isQuestionLost: false, isAnswerLost: false }
}

function leaseIn(world: World, storm = stormy()): MemoryLease {
  return new MemoryLease(world, {
    answerDelayMs: () => storm.delayMs,
    isQuestionLost: () => storm.isQuestionLost,
    isAnswerLost: () => storm.isAnswerLost,
  })
}

test('the register grants to one holder at a time, each grant at a higher epoch', () => {
  const world = new World()
  const lease = new MemoryLease(world, FAIR_WEATHER)
  const answers: LeaseAnswer[] = []
  const keep = (answer: LeaseAnswer) => answers.push(answer)
  lease.acquire('a', 1000, keep)
  assert.equal(answers.length, 0, 'an answer never comes inside the call')
  lease.acquire('b', 1000, keep)
  lease.acquire('a', 1000, keep)
  world.runTo(999)
  lease.renew(1, keep)
  world.runTo(1998)
  assert.equal(lease.currentHolder(), 'a')
  lease.release(7)
  assert.equal(lease.currentHolder(), 'a')
  world.runTo(1999)
  lease.acquire('b', 1000, keep)
  lease.renew(1, keep)
  lease.release(2)
  lease.acquire('a', 1000, keep)
  world.runTo(2000)
  assert.deepEqual(
    answers.map(({ isHeld, epoch }) => `${isHeld ? 'held' : 'no'} ${epoch}`),
    ['held 1', 'no 1', 'held 1', 'held 1', 'held 2', 'no 2', 'held 3'],
  )
  assert.deepEqual(lease.counters, { granted: 4, denied: 1, renewed: 1, released: 1, expired: 1 })
})

test('the larger side asks at once and downs the other under an epoch; the smaller one asks later and gives up', () => {
  const world = new World()
  const lease = leaseIn(world)
  const large = new Node(world, lease)
  const small = new Node(world, lease)
  large.tick(0, 'a b c | d e')
  small.tick(0, 'd e | a b c')
  assert.equal(large.tick(20_000, 'a b c | d e'), 'nothing')
  assert.equal(small.tick(20_000, 'd e | a b c'), 'nothing')
  world.runTo(21_000)
  const decision = large.resolver.onTick(viewOfText('a b c | d e'), 21_000, true)
  assert.equal(said(decision), 'down-unreachable d e')
  assert.equal(decision!.epoch, 1)
  assert.equal(small.tick(21_000, 'd e | a b c'), 'nothing')
  assert.equal(small.tick(22_000, 'd e | a b c'), 'nothing')
  assert.equal(small.tick(23_000, 'd e | a b c'), 'down-reachable e d')
  assert.equal(small.resolver.counters.leasesDenied, 1)
  assert.equal(lease.currentHolder(), 'a/1')
})

test('where the larger side is gone the smaller one gets the lease and goes on', () => {
  const world = new World()
  const small = new Node(world, leaseIn(world))
  small.tick(0, 'd e | a b c')
  small.tick(20_000, 'd e | a b c')
  small.tick(22_000, 'd e | a b c')
  assert.equal(small.tick(23_000, 'd e | a b c'), 'down-unreachable a b c')
})

test('the lease is kept while downed members are still members and 40 s longer, renewed, and then given back', () => {
  const world = new World()
  const lease = leaseIn(world)
  const node = new Node(world, lease)
  node.tick(0, 'a b | c')
  node.tick(20_000, 'a b | c')
  assert.equal(node.tick(21_000, 'a b | c'), 'down-unreachable c')
  for (let second = 22; second < 300; second++) node.tick(second * 1000, 'a b | c/down')
  assert.equal(lease.currentHolder(), 'a/1')
  assert.ok(lease.counters.renewed >= 6)
  node.tick(300_000, 'a b')
  node.tick(339_999, 'a b')
  assert.equal(lease.currentHolder(), 'a/1')
  node.tick(340_000, 'a b')
  assert.equal(lease.currentHolder(), undefined)
  assert.equal(node.resolver.counters.leasesReleased, 1)
})

test('a downed member that is reborn counts as gone', () => {
  const world = new World()
  const lease = leaseIn(world)
  const node = new Node(world, lease, { releaseAfterMs: 5000 })
  node.tick(0, 'a b | c')
  node.tick(20_000, 'a b | c')
  node.tick(21_000, 'a b | c')
  const view = viewOfText('a b c')
  const members = view.members.map((member) => (member.id === 'c' ? { ...member, birth: 2 } : member))
  node.resolver.onTick({ ...view, members }, 22_000, true)
  node.resolver.onTick({ ...view, members }, 27_000, true)
  assert.equal(lease.currentHolder(), undefined)
})

test('a second split while the lease is held is decided under the same epoch without asking again', () => {
  const world = new World()
  const lease = leaseIn(world)
  const node = new Node(world, lease)
  node.tick(0, 'a b c d | e')
  node.tick(20_000, 'a b c d | e')
  node.tick(21_000, 'a b c d | e')
  node.tick(22_000, 'a b c | d')
  world.runTo(42_000)
  const decision = node.resolver.onTick(viewOfText('a b c | d'), 42_000, true)
  assert.equal(said(decision), 'down-unreachable d')
  assert.equal(decision!.epoch, 1)
  assert.equal(node.resolver.counters.leasesAsked, 1)
})

test('an answer that does not come in time is a denial; should it be a grant, it is handed back', () => {
  const world = new World()
  const storm = stormy()
  const lease = leaseIn(world, storm)
  const node = new Node(world, lease)
  storm.delayMs = 7000
  node.tick(0, 'a b | c')
  assert.equal(node.tick(20_000, 'a b | c'), 'nothing')
  assert.equal(node.tick(24_999, 'a b | c'), 'nothing')
  assert.equal(node.tick(25_000, 'a b | c'), 'down-reachable b a')
  assert.equal(lease.currentHolder(), 'a/1')
  world.runTo(27_000)
  assert.equal(lease.currentHolder(), undefined)
  assert.equal(node.resolver.counters.leasesUnanswered, 1)
  assert.equal(node.resolver.counters.leasesLate, 1)
})

test('a grant that arrives when its time is already over is a denial', () => {
  const world = new World()
  const node = new Node(world, leaseIn(world), { leaseTtlMs: 3000, leaseAnswerMsMax: 60_000 })
  node.tick(0, 'a b | c')
  node.tick(20_000, 'a b | c')
  assert.equal(node.tick(23_000, 'a b | c'), 'down-reachable b a')
})

test('a lost question and a lost answer are denials, and the register frees itself in time', () => {
  for (const kind of ['isQuestionLost', 'isAnswerLost'] as const) {
    const world = new World()
    const storm = stormy()
    const lease = leaseIn(world, storm)
    const node = new Node(world, lease)
    storm[kind] = true
    node.tick(0, 'a b | c')
    node.tick(20_000, 'a b | c')
    assert.equal(node.tick(25_000, 'a b | c'), 'down-reachable b a')
    world.runTo(140_000)
    assert.equal(lease.currentHolder(), undefined)
  }
})

test('a lease that cannot be renewed is lost when its time is over', () => {
  const world = new World()
  const storm = stormy()
  const node = new Node(world, leaseIn(world, storm))
  node.tick(0, 'a b | c')
  node.tick(20_000, 'a b | c')
  node.tick(21_000, 'a b | c')
  storm.isAnswerLost = true
  for (let second = 22; second < 141; second++) node.tick(second * 1000, 'a b | c/down')
  assert.equal(node.resolver.counters.leasesLost, 1)
})

test('a split that changes or heals during the head start is not brought before the lease', () => {
  for (const sides of ['d e a b c', 'd e | a b c x']) {
    const world = new World()
    const node = new Node(world, leaseIn(world))
    node.tick(0, 'd e | a b c')
    node.tick(20_000, 'd e | a b c')
    node.tick(21_000, sides)
    assert.equal(node.tick(23_000, sides), 'nothing')
    assert.equal(node.resolver.counters.leasesAsked, 0)
    assert.equal(node.resolver.counters.leaseWaitsDropped, 1)
  }
})

test('a node that may no longer act, is downed or is told otherwise does not ask', () => {
  const world = new World()
  const node = new Node(world, leaseIn(world))
  node.tick(0, 'd e | a b c')
  node.tick(20_000, 'd e | a b c')
  assert.equal(node.tick(22_000, 'd e | a b c', false), 'nothing')
  node.tick(23_000, 'd e | a b c')
  node.tick(24_000, 'd/down e | a b c')
  node.tick(44_000, 'd e | a b c')
  node.tick(45_000, 'd e | a b c')
  node.resolver.configure(pekko({ strategy: 'none' }))
  assert.equal(node.tick(50_000, 'd e | a b c'), 'nothing')
  assert.equal(node.resolver.counters.leasesAsked, 0)
  assert.ok(node.resolver.counters.leaseWaitsDropped >= 2)
})

test('a question given up by new settings hands its grant back', () => {
  const world = new World()
  const storm = stormy()
  const lease = leaseIn(world, storm)
  const node = new Node(world, lease)
  storm.delayMs = 1000
  node.tick(0, 'a b | c')
  node.tick(20_000, 'a b | c')
  node.resolver.configure(pekko({ strategy: 'none' }))
  world.runTo(21_000)
  assert.equal(lease.currentHolder(), undefined)
})

test('a late grant does not take the lease from a later question of the same node', () => {
  const world = new World()
  const storm = stormy()
  const lease = leaseIn(world, storm)
  const node = new Node(world, lease)
  storm.delayMs = 3000
  node.tick(0, 'a b | c')
  node.tick(20_000, 'a b | c')
  node.resolver.configure(pekko({ strategy: 'lease-majority' }))
  assert.equal(node.tick(21_000, 'a b | c'), 'nothing')
  assert.equal(node.tick(23_500, 'a b | c'), 'nothing')
  assert.equal(node.tick(24_000, 'a b | c'), 'down-unreachable c')
  assert.equal(lease.currentHolder(), 'a/1')
  assert.equal(node.resolver.counters.leasesLate, 1)
})

test('members that were downed or reborn while the lease was asked for are not downed under it', () => {
  const world = new World()
  const node = new Node(world, leaseIn(world))
  node.tick(0, 'a b x y | c d')
  node.tick(20_000, 'a b x y | c d')
  assert.equal(node.tick(21_000, 'a b x y | c/down d'), 'down-unreachable d')
})

test('restlessness downs nobody while the lease is being asked for', () => {
  const world = new World()
  const storm = stormy()
  const node = new Node(world, leaseIn(world, storm), { stableAfterMs: 2000, leaseAnswerMsMax: 60_000 })
  storm.delayMs = 30_000
  node.tick(0, 'a b c')
  node.tick(1000, 'a b | c')
  node.tick(3000, 'a b | c')
  for (let second = 4; second < 33; second++) assert.equal(node.tick(second * 1000, 'a b | c'), 'nothing')
  assert.equal(node.tick(33_000, 'a b | c'), 'down-unreachable c')
})

test('lease-majority without a lease is a mistake of whoever put it together', () => {
  assert.throws(() => new SplitBrainResolver(pekko({ strategy: 'lease-majority' })), /without a lease/)
  const resolver = new SplitBrainResolver(pekko({}))
  assert.throws(() => resolver.configure(pekko({ strategy: 'lease-majority' })), /without a lease/)
  new SplitBrainResolver(atomr({ strategy: 'lease-majority', isLeaseAcquired: true }))
})

test("atomr's tie is broken by the lease for one side, and ends the other", () => {
  const world = new World()
  const lease = leaseIn(world)
  const sides = ['a b | c d', 'c d | a b'] as const
  const nodes = sides.map(() => new Node(world, lease, atomr({ strategy: 'lease-majority' })))
  const said2 = (atMs: number, shouldAct: boolean) =>
    nodes.map((node, index) => node.tick(atMs, sides[index]!, shouldAct))
  said2(0, true)
  assert.deepEqual(said2(20_000, false), ['nothing', 'nothing'])
  assert.deepEqual(said2(20_001, true), ['nothing', 'nothing'])
  assert.deepEqual(said2(20_002, true), ['down-unreachable c d', 'down-all d a b c'])
})
