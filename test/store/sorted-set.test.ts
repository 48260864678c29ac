/*
 * Sorted sets against a Map, in both representations and over the border between them. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { Cut } from '../../src/store/cut.ts'
import { TYPE_SORTED_SET } from '../../src/store/entry.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { LargeSortedSet } from '../../src/store/large-sorted-set.ts'
import * as sortedSet from '../../src/store/sorted-set.ts'
import { SortedSetWalk } from '../../src/store/sorted-set-walk.ts'
import { Prng } from '../support/prng.ts'

const KEY = Buffer.from('key')

function contentOf(space: Keyspace, ref: number, isReverse = false): [string, number][] {
  const walk = new SortedSetWalk()
  const count = sortedSet.countMembers(space, ref)
  const content: [string, number][] = []
  walk.open(space, ref, isReverse ? count - 1 : 0, count, isReverse)
  while (walk.next()) content.push([walk.buffer.toString('latin1', walk.start, walk.end), walk.score])
  return content
}

class Harness {
  readonly space = new Keyspace(hashSecret(() => 99))
  readonly usedBefore = this.space.usedBytes()
  readonly model = new Map<string, number>()
  ref = 0

  put(member: string, score: number): void {
    const bytes = Buffer.from(member, 'latin1')
    if (this.model.size === 0) {
      assert.equal(this.space.peek(0, KEY, 0, 3), 0)
      const made = this.space.create(0, TYPE_SORTED_SET, KEY, 0, 3, sortedSet.EMPTY_BYTES)
      this.ref = sortedSet.makeEmpty(this.space, made, bytes.length)
    }
    const element = sortedSet.findMember(this.space, this.ref, bytes, 0, bytes.length)
    assert.equal(element !== 0, this.model.has(member))
    this.ref =
      element === 0
        ? sortedSet.addMember(this.space, this.ref, score, bytes, 0, bytes.length)
        : sortedSet.rescore(this.space, this.ref, element, score)
    this.space.changed(this.ref)
    this.model.set(member, score)
  }

  remove(member: string): void {
    const bytes = Buffer.from(member, 'latin1')
    const element = sortedSet.findMember(this.space, this.ref, bytes, 0, bytes.length)
    assert.equal(element !== 0, this.model.delete(member))
    if (element === 0) return
    this.ref = sortedSet.removeMember(this.space, this.ref, element)
    this.#settle()
  }

  removeRange(from: number, count: number): void {
    for (const [member] of this.sorted().slice(from, from + count)) this.model.delete(member)
    this.ref = sortedSet.removeRange(this.space, this.ref, from, count)
    this.#settle()
  }

  sorted(): [string, number][] {
    return [...this.model].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1))
  }

  check(): void {
    const { space, ref } = this
    const sorted = this.sorted()
    assert.equal(sortedSet.countMembers(space, ref), sorted.length)
    assert.deepEqual(contentOf(space, ref), sorted)
    assert.deepEqual(contentOf(space, ref, true), [...sorted].reverse())
    const cut = new Cut()
    for (const [rank, [member, score]] of sorted.entries()) {
      const bytes = Buffer.from(member, 'latin1')
      const element = sortedSet.findMember(space, ref, bytes, 0, bytes.length)
      assert.equal(sortedSet.rankOf(space, ref, element), rank)
      assert.equal(sortedSet.scoreOf(space, ref, element), score)
      cut.atScore(score, true)
      assert.equal(sortedSet.countBelow(space, ref, cut), sorted.filter((other) => other[1] <= score).length)
    }
  }

  #settle(): void {
    if (this.model.size === 0) this.space.remove(this.ref)
    else this.space.changed(this.ref)
  }
}

test('random use agrees with a model in both representations', () => {
  for (let seed = 0; seed < 10; seed++) {
    const random = new Prng(seed)
    const harness = new Harness()
    harness.space.limits.sortedSetListpackEntries = [0, 8, 128, 1000][seed % 4]!
    const anyMember = (): string =>
      random.bytes(random.below(random.chance(0.02) ? 90 : 12)).toString('latin1')
    const members = Array.from({ length: 160 }, anyMember)
    for (let i = 0; i < 3000; i++) {
      const member = random.pick(members)
      const score = random.pick([0, 1, -1.5, random.below(40), Number.NEGATIVE_INFINITY, random.fraction()])
      if (random.chance(i < 1500 ? 0.8 : 0.3)) harness.put(member, score)
      else if (harness.model.size > 0 && random.chance(0.9)) harness.remove(member)
      else if (harness.model.size > 0) {
        const from = random.below(harness.model.size)
        harness.removeRange(from, random.between(1, Math.min(6, harness.model.size - from)))
      }
      if (i % 250 === 249 && harness.model.size > 0) harness.check()
    }
    if (harness.model.size > 0) harness.removeRange(0, harness.model.size)
    assert.equal(harness.space.usedBytes(), harness.usedBefore)
  }
})

test('a set becomes large beyond the limits of entries or member length, and stays large', () => {
  const encodingOf = (harness: Harness): string =>
    sortedSet.sortedSetValueType.encoding(harness.space, harness.ref)
  const harness = new Harness()
  for (let i = 0; i < 128; i++) harness.put(`m${i}`, i)
  assert.equal(encodingOf(harness), 'listpack')
  harness.put('m128', 128)
  assert.equal(encodingOf(harness), 'skiplist')
  harness.removeRange(1, 128)
  assert.equal(encodingOf(harness), 'skiplist')
  const long = new Harness()
  long.put('a', 1)
  long.put('x'.repeat(64), 2)
  assert.equal(encodingOf(long), 'listpack')
  long.put('x'.repeat(65), 2)
  assert.equal(encodingOf(long), 'skiplist')
  const first = new Harness()
  first.put('x'.repeat(65), 2)
  assert.equal(encodingOf(first), 'skiplist')
})

test('members longer than a cell are kept apart and given back', () => {
  const harness = new Harness()
  for (let i = 0; i < 5; i++) harness.put(`${i}${'long'.repeat(20_000)}`, 5 - i)
  harness.put('short', 3)
  harness.check()
  harness.removeRange(0, 6)
  assert.equal(harness.space.usedBytes(), harness.usedBefore)
})

test('what is written is read back equal, large or small, and broken bytes make nothing', () => {
  for (const count of [1, 128, 129, 2000]) {
    const harness = new Harness()
    const random = new Prng(count)
    for (let i = 0; i < count; i++) harness.put(`${i}-${random.bits()}`, random.below(100) - 50.5)
    const out = new ByteWriter()
    sortedSet.sortedSetValueType.write(harness.space, harness.ref, out)
    const target = new Keyspace(hashSecret(() => 7))
    const before = target.usedBytes()
    for (const length of [0, 3, 5, 16, out.length - 1]) {
      const broken = new ByteReader(out.copy(), 0, length)
      target.peek(0, KEY, 0, 3)
      assert.equal(sortedSet.sortedSetValueType.read(target, 0, KEY, 0, 3, broken), 0)
      assert.equal(target.usedBytes(), before)
    }
    const ref = sortedSet.sortedSetValueType.read(
      target,
      0,
      KEY,
      0,
      3,
      new ByteReader(out.copy(), 0, out.length),
    )
    target.changed(ref)
    assert.deepEqual(contentOf(target, ref), harness.sorted())
    assert.equal(sortedSet.isLarge(target, ref), count > 128)
    target.remove(ref)
    assert.equal(target.usedBytes(), before)
  }
})

test('a gathered result replaces a value of any type and is packed when it fits', () => {
  for (const count of [1, 128, 129]) {
    const space = new Keyspace(hashSecret(() => 3))
    const before = space.usedBytes()
    const old = space.setString(0, KEY, 0, 3, Buffer.alloc(50_000, 1), 0, 50_000, false)
    space.setExpiry(old, 5000)
    const content = new LargeSortedSet(space)
    for (let i = 0; i < count; i++) {
      const bytes = Buffer.from(`m${String(i).padStart(4, '0')}`)
      content.addUnranked(i % 7, bytes, 0, bytes.length)
    }
    content.rankAll()
    const ref = sortedSet.makeSortedSet(space, space.peek(0, KEY, 0, 3), content)
    space.changed(ref)
    assert.equal(space.entries.expiryOf(ref), 0)
    assert.equal(sortedSet.isLarge(space, ref), count > 128)
    assert.equal(contentOf(space, ref).length, count)
    space.remove(space.peek(0, KEY, 0, 3))
    assert.equal(space.usedBytes(), before)
  }
})

test('zero has one sign in a small set', () => {
  const harness = new Harness()
  harness.put('a', -0)
  assert.ok(Object.is(contentOf(harness.space, harness.ref)[0]![1], 0))
})
