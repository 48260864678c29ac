/*
 * Large sorted sets (element table and ranked tree) against a sorted array. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Cut } from '../../src/store/cut.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { LargeSortedSet } from '../../src/store/large-sorted-set.ts'
import { SortedSetWalk } from '../../src/store/sorted-set-walk.ts'
import { Prng } from '../support/prng.ts'

interface Element {
  score: number
  member: string
}

function byOrder(a: Element, b: Element): number {
  return a.score - b.score || (a.member < b.member ? -1 : a.member > b.member ? 1 : 0)
}

class Harness {
  readonly space = new Keyspace(hashSecret(() => 4711))
  readonly usedBefore = this.space.usedBytes()
  readonly large = new LargeSortedSet(this.space)
  readonly model = new Map<string, number>()
  readonly walk = new SortedSetWalk()

  add(member: string, score: number): void {
    const bytes = Buffer.from(member, 'latin1')
    this.large.add(score, bytes, 0, bytes.length)
    this.model.set(member, score)
  }
  find(member: string): number {
    const bytes = Buffer.from(member, 'latin1')
    return this.large.find(bytes, 0, bytes.length)
  }
  rescore(member: string, score: number): void {
    this.large.tree.rescore(this.find(member), score)
    this.model.set(member, score)
  }
  remove(member: string): void {
    this.large.remove(this.find(member))
    this.model.delete(member)
  }
  sorted(): Element[] {
    return [...this.model].map(([member, score]) => ({ member, score })).sort(byOrder)
  }

  /** The members `count` steps from `rank` on, as the walk gives them. */
  walked(rank: number, count: number, isReverse: boolean): Element[] {
    const found: Element[] = []
    this.walk.openLarge(this.large, rank, count, isReverse)
    while (this.walk.next()) {
      const { buffer, start, end, score } = this.walk
      found.push({ member: buffer.toString('latin1', start, end), score })
    }
    return found
  }

  checkWhole(): void {
    const sorted = this.sorted()
    assert.equal(this.large.tree.count, sorted.length)
    assert.equal(this.large.count, sorted.length)
    assert.deepEqual(this.walked(0, sorted.length, false), sorted)
    assert.deepEqual(this.walked(sorted.length - 1, sorted.length, true), sorted.reverse())
  }

  checkRank(sorted: readonly Element[], rank: number): void {
    const { member, score } = sorted[rank]!
    const tree = this.large.tree
    const ref = this.find(member)
    assert.equal(this.large.elements.scoreOf(ref), score)
    assert.equal(tree.rankOf(ref), rank)
    assert.equal(tree.refAt(rank), ref)
    const cut = new Cut()
    for (const isInclusive of [false, true]) {
      cut.atScore(score, isInclusive)
      const isBelow = (other: Element): boolean => (isInclusive ? other.score <= score : other.score < score)
      assert.equal(tree.countBelow(cut), lowerBound(sorted, isBelow))
      const bytes = Buffer.from(member, 'latin1')
      cut.atElement(score, bytes, 0, bytes.length, isInclusive)
      assert.equal(tree.countBelow(cut), isInclusive ? rank + 1 : rank)
    }
  }
}

function lowerBound(sorted: readonly Element[], isBelow: (element: Element) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(sorted[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}

test('ranks of 100,000 members agree with a sorted array, through growth, new scores and removal', () => {
  const random = new Prng(1)
  const harness = new Harness()
  for (let i = 0; i < 100_000; i++) harness.add(`member:${i}`, random.below(20_000) / 4)
  const members = [...harness.model.keys()]
  let sorted = harness.sorted()
  for (let i = 0; i < 3000; i++) harness.checkRank(sorted, random.below(sorted.length))
  harness.checkWhole()
  for (let i = 0; i < 20_000; i++) {
    const member = random.pick(members)
    const near = harness.model.get(member)! + (random.chance(0.5) ? 0.001 : random.below(9000) - 4500)
    harness.rescore(member, near)
  }
  sorted = harness.sorted()
  for (let i = 0; i < 1000; i++) harness.checkRank(sorted, random.below(sorted.length))
  harness.checkWhole()
  for (const member of members) if (random.chance(0.97)) harness.remove(member)
  sorted = harness.sorted()
  for (let rank = 0; rank < sorted.length; rank += 7) harness.checkRank(sorted, rank)
  harness.checkWhole()
  for (const { member } of sorted) harness.remove(member)
  assert.equal(harness.large.arenaBytes, 0)
  assert.equal(harness.space.usedBytes(), harness.usedBefore)
})

test('members of equal score are ordered by their bytes and found by them', () => {
  const random = new Prng(2)
  const harness = new Harness()
  const members = new Set<string>()
  while (members.size < 5000) members.add(random.bytes(random.below(6)).toString('latin1'))
  for (const member of members) harness.add(member, 0)
  harness.checkWhole()
  const sorted = harness.sorted()
  const cut = new Cut()
  for (let i = 0; i < 2000; i++) {
    const name = random.bytes(random.below(4))
    const text = name.toString('latin1')
    cut.atName(name, 0, name.length, false)
    assert.equal(
      harness.large.tree.countBelow(cut),
      lowerBound(sorted, (element) => element.member < text),
    )
    cut.atName(name, 0, name.length, true)
    assert.equal(
      harness.large.tree.countBelow(cut),
      lowerBound(sorted, (element) => element.member <= text),
    )
  }
  cut.atFront()
  assert.equal(harness.large.tree.countBelow(cut), 0)
  cut.atBack()
  assert.equal(harness.large.tree.countBelow(cut), 5000)
})

test('ascending, descending and queue-like use keeps order and wastes no nodes', () => {
  const harness = new Harness()
  for (let i = 0; i < 10_000; i++) harness.add(`m${i}`, i)
  const nodeBytes = harness.large.tree.cellBytes
  assert.ok(nodeBytes < 10_000 * 14, `full nodes behind ascending inserts, not ${nodeBytes} bytes`)
  for (let i = 0; i < 9990; i++) {
    harness.remove(`m${i}`)
    harness.add(`m${i + 10_000}`, i + 10_000)
  }
  harness.checkWhole()
  assert.ok(harness.large.tree.cellBytes < nodeBytes * 1.2)
  for (let i = 0; i < 5000; i++) harness.add(`n${i}`, -i)
  harness.checkWhole()
})

test('random use at every size gives every cell back in the end', () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Prng(100 + seed)
    const harness = new Harness()
    const sizeMax = [3, 63, 64, 130, 700, 4200][seed % 6]!
    for (let i = 0; i < 12_000; i++) {
      const member = `${random.below(sizeMax)}`.repeat(random.chance(0.001) ? 9000 : 1)
      const score = random.pick([0, 1, 2.5, random.below(50), -random.fraction(), Number.POSITIVE_INFINITY])
      if (!harness.model.has(member)) harness.add(member, score)
      else if (random.chance(i < 8000 ? 0.6 : 0.2)) harness.rescore(member, score)
      else harness.remove(member)
    }
    harness.checkWhole()
    if (seed % 2 === 0) for (const member of [...harness.model.keys()]) harness.remove(member)
    else harness.large.release()
    assert.equal(harness.space.usedBytes(), harness.usedBefore)
  }
})
