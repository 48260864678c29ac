/*
 * Hashes against a Map: random operations on both forms and over the border between them. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { TYPE_HASH } from '../../src/store/entry.ts'
import {
  hashAt,
  hashEach,
  hashGet,
  hashLength,
  hashPut,
  hashRemove,
  hashValueType,
  isEmptyHash,
} from '../../src/store/hash.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { Span } from '../../src/store/span.ts'
import { Prng } from '../support/prng.ts'

const KEY = Buffer.from('key')
const span = new Span()
const outcome = { isNew: false }

class Harness {
  readonly space = new Keyspace(hashSecret(() => 12345))
  readonly usedBefore = this.space.usedBytes()
  readonly model = new Map<string, string>()
  ref = 0

  put(field: string, value: string): void {
    const { space } = this
    const f = Buffer.from(field, 'latin1')
    const v = Buffer.from(value, 'latin1')
    if (space.peek(0, KEY, 0, 3) === 0) this.ref = space.create(0, TYPE_HASH, KEY, 0, 3, 0)
    this.ref = hashPut(space, this.ref, f, 0, f.length, v, 0, v.length, outcome)
    assert.equal(outcome.isNew, !this.model.has(field))
    this.model.set(field, value)
    space.changed(this.ref)
  }
  remove(field: string): void {
    if (this.space.peek(0, KEY, 0, 3) === 0) return
    const f = Buffer.from(field, 'latin1')
    const after = hashRemove(this.space, this.ref, f, 0, f.length)
    assert.equal(after !== 0, this.model.delete(field))
    if (after === 0) return
    this.ref = after
    assert.equal(isEmptyHash(this.space, after), this.model.size === 0)
    if (this.model.size === 0) this.space.remove(after)
    else this.space.changed(after)
  }
  get(field: string): string | undefined {
    const f = Buffer.from(field, 'latin1')
    return hashGet(this.space, this.ref, f, 0, f.length, span) ? span.copy().toString('latin1') : undefined
  }
  all(): Map<string, string> {
    return readAll(this.space, this.ref)
  }
  encoding(): string {
    return hashValueType.encoding(this.space, this.ref)
  }
}

function readAll(space: Keyspace, ref: number): Map<string, string> {
  const all = new Map<string, string>()
  hashEach(space, ref, (bytes, fieldStart, fieldEnd, valueStart, valueEnd) => {
    const field = bytes.toString('latin1', fieldStart, fieldEnd)
    assert.ok(!all.has(field), 'a field is visited once')
    all.set(field, bytes.toString('latin1', valueStart, valueEnd))
  })
  return all
}

for (const [name, fields, longest] of [
  ['small', 40, 60],
  ['long values among the small', 40, 400],
  ['many', 400, 70],
  ['huge values', 20, 60_000],
] as const) {
  test(`a hash of ${name} fields holds what was put and gives all memory back`, () => {
    const random = new Prng(fields * longest)
    const hash = new Harness()
    for (let i = 0; i < 4000; i++) {
      const field = `f${random.below(fields)}`
      if (random.chance(i < 3000 ? 0.7 : 0.2))
        hash.put(field, random.bytes(random.below(longest)).toString('latin1'))
      else hash.remove(field)
      if (i % 50 !== 0 || hash.model.size === 0) continue
      assert.equal(hashLength(hash.space, hash.ref), hash.model.size)
      assert.deepEqual(hash.all(), new Map([...hash.all().keys()].map((key) => [key, hash.model.get(key)!])))
      assert.equal(hash.get(field), hash.model.get(field))
    }
    for (const field of [...hash.model.keys()]) hash.remove(field)
    assert.equal(hash.space.usedBytes(), hash.usedBefore)
  })
}

test('a hash is a listpack up to the configured entries and value bytes, and a hashtable from then on', () => {
  const hash = new Harness()
  for (let i = 0; i < 128; i++) hash.put(`f${i}`, 'v')
  assert.equal(hash.encoding(), 'listpack')
  hash.put('f128', 'v')
  assert.equal(hash.encoding(), 'hashtable')
  for (let i = 1; i <= 128; i++) hash.remove(`f${i}`)
  assert.equal(hash.encoding(), 'hashtable')
  hash.remove('f0')
  hash.put('a', 'x'.repeat(64))
  assert.equal(hash.encoding(), 'listpack')
  hash.put('a', 'x'.repeat(65))
  assert.equal(hash.encoding(), 'hashtable')
})

test('a lowered entries limit converts at the next change, even of a field that is there', () => {
  const hash = new Harness()
  for (let i = 0; i < 5; i++) hash.put(`f${i}`, '')
  hash.space.limits.hashListpackEntries = 2
  assert.equal(hash.encoding(), 'listpack')
  hash.put('f0', 'w')
  assert.equal(hash.encoding(), 'hashtable')
})

test('a hash with limits far beyond the cell stays packed and whole', () => {
  const hash = new Harness()
  hash.space.limits.hashListpackEntries = 5000
  for (let i = 0; i < 3000; i++) hash.put(`field:${i}`, `value:${i}`)
  assert.equal(hash.encoding(), 'listpack')
  assert.deepEqual(hash.all(), hash.model)
  for (let i = 0; i < 3000; i++) hash.remove(`field:${i}`)
  assert.equal(hash.space.usedBytes(), hash.usedBefore)
})

test('fields are found by their number', () => {
  const hash = new Harness()
  for (const field of ['a', 'b', 'c', 'd']) hash.put(field, `${field}!`)
  const seen: string[] = []
  hashAt(hash.space, hash.ref, [0, 2, 3], (bytes, start, end) =>
    seen.push(bytes.toString('latin1', start, end)),
  )
  assert.deepEqual(seen, ['a', 'c', 'd'])
})

test('a written hash reads back equal, name of its encoding included', () => {
  for (const size of [1, 128, 129, 2000]) {
    const hash = new Harness()
    for (let i = 0; i < size; i++) hash.put(`f${i}`, `\0\xff${i}`)
    if (size === 129) for (let i = 1; i < size; i++) hash.remove(`f${i}`)
    const out = new ByteWriter()
    hashValueType.write(hash.space, hash.ref, out)
    const other = new Keyspace(hashSecret(() => 6789))
    const usedBefore = other.usedBytes()
    const ref = hashValueType.read(other, 0, KEY, 0, 3, new ByteReader(out.copy(), 0, out.length))
    other.changed(ref)
    assert.deepEqual(readAll(other, ref), hash.model)
    assert.equal(hashValueType.encoding(other, ref), hash.encoding())
    other.remove(ref)
    assert.equal(other.usedBytes(), usedBefore)
    for (let length = 0; length < Math.min(out.length, 200); length++) {
      assert.equal(hashValueType.read(other, 0, KEY, 0, 3, new ByteReader(out.copy(), 0, length)), 0)
    }
    assert.equal(other.usedBytes(), usedBefore)
  }
})
