/*
 * Sets against a Set: random operations on all three forms and over the borders between them. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { TYPE_SET } from '../../src/store/entry.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { LargeTable } from '../../src/store/large-table.ts'
import {
  isEmptySet,
  setAdd,
  setAt,
  setEach,
  setFill,
  setHas,
  setLength,
  setRemove,
  setSome,
  setValueType,
} from '../../src/store/set.ts'
import { Span } from '../../src/store/span.ts'
import { Prng } from '../support/prng.ts'

const KEY = Buffer.from('key')

class Harness {
  readonly space = new Keyspace(hashSecret(() => 12345))
  readonly usedBefore = this.space.usedBytes()
  readonly model = new Set<string>()
  ref = 0

  add(member: string): void {
    const m = Buffer.from(member, 'latin1')
    if (this.space.peek(0, KEY, 0, 3) === 0) this.ref = this.space.create(0, TYPE_SET, KEY, 0, 3, 0)
    const after = setAdd(this.space, this.ref, m, 0, m.length)
    assert.equal(after === 0, this.model.has(member))
    this.model.add(member)
    if (after !== 0) this.ref = after
    this.space.changed(this.ref)
  }
  remove(member: string): void {
    if (this.model.size === 0) return
    const m = Buffer.from(member, 'latin1')
    const after = setRemove(this.space, this.ref, m, 0, m.length)
    assert.equal(after !== 0, this.model.delete(member))
    if (after === 0) return
    this.ref = after
    assert.equal(isEmptySet(this.space, after), this.model.size === 0)
    if (this.model.size === 0) this.space.remove(after)
    else this.space.changed(after)
  }
  has(member: string): boolean {
    const m = Buffer.from(member, 'latin1')
    return setHas(this.space, this.ref, m, 0, m.length)
  }
  encoding(): string {
    return setValueType.encoding(this.space, this.ref)
  }
  clear(): void {
    for (const member of [...this.model]) this.remove(member)
  }
}

function members(space: Keyspace, ref: number): string[] {
  const all: string[] = []
  setEach(space, ref, (bytes, start, end) => all.push(bytes.toString('latin1', start, end)))
  return all
}

const EDGES = [
  '0',
  '-1',
  '32767',
  '32768',
  '-32768',
  '-32769',
  '2147483647',
  '2147483648',
  '-2147483648',
  '-2147483649',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
]
const NO_INTEGERS = [
  '9223372036854775808',
  '-9223372036854775809',
  '01',
  '-0',
  '+1',
  ' 1',
  '1 ',
  '',
  '1.0',
  '-',
  'a',
]

const kinds: readonly (readonly [string, number, (random: Prng) => string])[] = [
  ['small integers', 1200, (random) => String(random.between(-400, 400))],
  ['integers of all widths', 1500, (random) => random.pick(EDGES)],
  ['short words', 1200, (random) => `w${random.below(100)}`],
  ['many words', 3000, (random) => `w${random.below(900)}`],
  ['words and integers', 1200, (random) => (random.chance(0.98) ? String(random.below(300)) : 'word')],
  [
    'bytes of any length',
    800,
    (random) => random.bytes(random.below(random.chance(0.1) ? 40_000 : 70)).toString('latin1'),
  ],
]
for (const [name, rounds, draw] of kinds) {
  test(`a set of ${name} holds what was added and gives all memory back`, () => {
    const random = new Prng(rounds)
    const set = new Harness()
    for (let i = 0; i < rounds; i++) {
      const member = draw(random)
      if (random.chance(0.65)) set.add(member)
      else set.remove(member)
      if (i % 20 !== 0 || set.model.size === 0) continue
      assert.equal(setLength(set.space, set.ref), set.model.size)
      assert.deepEqual(members(set.space, set.ref).sort(), [...set.model].sort())
      const other = draw(random)
      assert.equal(set.has(other), set.model.has(other))
    }
    set.clear()
    assert.equal(set.space.usedBytes(), set.usedBefore)
  })
}

test('a set of integers is an intset, in order, up to the configured entries', () => {
  const set = new Harness()
  for (const edge of EDGES) set.add(edge)
  assert.equal(set.encoding(), 'intset')
  const sorted = [...EDGES].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  assert.deepEqual(members(set.space, set.ref), sorted)
  for (const text of NO_INTEGERS) assert.equal(set.has(text), false)
  set.clear()
  for (let i = 0; i < 512; i++) set.add(String(i * 7))
  assert.equal(set.encoding(), 'intset')
  set.add('1')
  assert.equal(set.encoding(), 'hashtable')
  set.remove('1')
  assert.equal(set.encoding(), 'hashtable')
})

test('one member that is no integer makes a hashtable of an intset, for good', () => {
  for (const text of NO_INTEGERS) {
    const set = new Harness()
    set.add('1')
    set.add(text)
    assert.equal(set.encoding(), 'hashtable')
    set.remove(text)
    set.add('2')
    assert.equal(set.encoding(), 'hashtable')
    assert.deepEqual(members(set.space, set.ref).sort(), ['1', '2'])
  }
})

test('with an entries limit of zero nothing is an intset', () => {
  const set = new Harness()
  set.space.limits.setIntsetEntries = 0
  set.add('1')
  assert.equal(set.encoding(), 'hashtable')
})

test('members of a small set are found by their number', () => {
  const set = new Harness()
  for (const member of ['a', '', 'ccc']) set.add(member)
  const span = new Span()
  const seen = [0, 1, 2].map((index) => {
    setAt(set.space, set.ref, index, span)
    return span.copy().toString('latin1')
  })
  assert.deepEqual(seen, ['a', '', 'ccc'])
})

test('a walk that may end early ends early, and else sees every member once', () => {
  for (const size of [3, 20_000]) {
    const set = new Harness()
    for (let i = 0; i < size; i++) set.add(`m${i}`)
    const seen = new Set<string>()
    setSome(set.space, set.ref, (bytes, start, end) => {
      const member = bytes.toString('latin1', start, end)
      assert.ok(!seen.has(member))
      seen.add(member)
      return false
    })
    assert.equal(seen.size, size)
    let visits = 0
    setSome(set.space, set.ref, () => ++visits === 2)
    assert.equal(visits, 2)
  }
})

test('a written set reads back equal, name of its encoding included', () => {
  const shapes: readonly (readonly string[])[] = [
    ['1'],
    EDGES,
    ['a', ''],
    Array.from({ length: 512 }, (_, i) => `${i}`),
    Array.from({ length: 600 }, (_, i) => `${i}`),
    ['x'.repeat(50_000), 'y'],
  ]
  for (const shape of shapes) {
    const set = new Harness()
    for (const member of shape) set.add(member)
    if (shape.length === 2) {
      set.add('7')
      for (const member of shape) set.remove(member)
    }
    const out = new ByteWriter()
    setValueType.write(set.space, set.ref, out)
    const other = new Keyspace(hashSecret(() => 6789))
    const usedBefore = other.usedBytes()
    const ref = setValueType.read(other, 0, KEY, 0, 3, new ByteReader(out.copy(), 0, out.length))
    other.changed(ref)
    assert.deepEqual(members(other, ref).sort(), [...set.model].sort())
    assert.equal(setValueType.encoding(other, ref), set.encoding())
    other.remove(ref)
    for (let length = 0; length < Math.min(out.length, 200); length++) {
      assert.equal(setValueType.read(other, 0, KEY, 0, 3, new ByteReader(out.copy(), 0, length)), 0)
    }
    assert.equal(other.usedBytes(), usedBefore)
  }
})

test('a gathered result becomes the form its members allow', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['intset', ['3', '1', '2']],
    ['hashtable', ['a', '1']],
    ['intset', Array.from({ length: 512 }, (_, i) => `${i}`)],
    ['hashtable', Array.from({ length: 513 }, (_, i) => `${i}`)],
    ['hashtable', ['z'.repeat(65)]],
    ['hashtable', Array.from({ length: 400 }, (_, i) => `m${i}`)],
  ]
  for (const [encoding, shape] of cases) {
    const space = new Keyspace(hashSecret(() => 12345))
    const usedBefore = space.usedBytes()
    const large = new LargeTable(space)
    for (const member of shape) large.table.insert(Buffer.from(member), 0, member.length, KEY, 0, 0, 0)
    const ref = setFill(space, space.create(0, TYPE_SET, KEY, 0, 3, 0), large)
    space.changed(ref)
    assert.equal(setValueType.encoding(space, ref), encoding)
    assert.deepEqual(members(space, ref).sort(), [...shape].sort())
    space.remove(ref)
    assert.equal(space.usedBytes(), usedBefore)
  }
})
