/*
 * Lists against the plainest model there is, an array of strings: random operations on both forms and over
 * the borders between them. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { STORAGE_INLINE, STORAGE_OBJECT, TYPE_LIST } from '../../src/store/entry.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import * as L from '../../src/store/list.ts'
import { Prng } from '../support/prng.ts'

const KEY = Buffer.from('key')

class Harness {
  readonly space = new Keyspace(hashSecret(() => 12345))
  readonly usedBefore = this.space.usedBytes()
  readonly model: string[] = []
  readonly cursor = new L.ListCursor()
  ref = 0

  push(atHead: boolean, bytes: Buffer): void {
    if (this.ref === 0) {
      assert.equal(this.space.peek(0, KEY, 0, 3), 0)
      this.ref = L.listCreate(this.space, 0, KEY, 0, 3, bytes, 0, bytes.length)
    } else this.ref = L.listPush(this.space, this.ref, atHead, bytes, 0, bytes.length)
    if (atHead) this.model.unshift(bytes.toString('latin1'))
    else this.model.push(bytes.toString('latin1'))
    this.#done()
  }
  drop(atHead: boolean, count: number): void {
    this.ref = L.listDrop(this.space, this.ref, atHead, count)
    this.model.splice(atHead ? 0 : this.model.length - count, count)
    this.#done()
  }
  insert(index: number, bytes: Buffer): void {
    this.ref = L.listInsert(this.space, this.ref, index, bytes, 0, bytes.length)
    this.model.splice(index, 0, bytes.toString('latin1'))
    this.#done()
  }
  set(index: number, bytes: Buffer): void {
    this.ref = L.listSet(this.space, this.ref, index, bytes, 0, bytes.length)
    this.model[index] = bytes.toString('latin1')
    this.#done()
  }
  erase(fromTail: boolean, countMax: number, bytes: Buffer): void {
    this.ref = L.listErase(this.space, this.ref, fromTail, countMax, bytes, 0, bytes.length)
    const text = bytes.toString('latin1')
    for (let left = countMax; left > 0; left--) {
      const at = fromTail ? this.model.lastIndexOf(text) : this.model.indexOf(text)
      if (at < 0) break
      this.model.splice(at, 1)
    }
    this.#done()
  }

  element(): string {
    return this.cursor.buffer.toString('latin1', this.cursor.start, this.cursor.end)
  }
  forward(): string[] {
    const all: string[] = []
    if (this.ref === 0) return all
    this.cursor.seek(this.space, this.ref, 0)
    do all.push(this.element())
    while (this.cursor.next())
    return all
  }
  backward(): string[] {
    const all: string[] = []
    if (this.ref === 0) return all
    this.cursor.seek(this.space, this.ref, this.model.length - 1)
    do all.push(this.element())
    while (this.cursor.previous())
    return all.reverse()
  }
  at(index: number): string {
    this.cursor.seek(this.space, this.ref, index)
    return this.element()
  }

  #done(): void {
    assert.equal(L.listLength(this.space, this.ref), this.model.length)
    if (this.model.length === 0) {
      this.space.remove(this.ref)
      this.ref = 0
    } else {
      this.space.changed(this.ref)
      assert.equal(this.space.peek(0, KEY, 0, 3), this.ref)
    }
  }
}

function element(random: Prng): Buffer {
  const kind = random.below(100)
  if (kind < 60) return Buffer.from(String(random.below(9)))
  if (kind < 90) return random.bytes(random.below(40))
  if (kind < 97) return random.bytes(random.between(240, 270))
  if (kind < 99) return random.bytes(random.between(3000, 9000))
  return random.bytes(random.between(32_700, 40_000))
}

function walk(seed: number, steps: number, nodeSize: number, growth: number): void {
  const random = new Prng(seed)
  const list = new Harness()
  list.space.limits.listListpackSize = nodeSize
  for (let step = 0; step < steps; step++) {
    const length = list.model.length
    const choice = random.below(100)
    if (length === 0 || choice < growth) list.push(random.chance(0.5), element(random))
    else if (choice < 70) list.drop(random.chance(0.5), 1)
    else if (choice < 75) list.drop(random.chance(0.5), random.between(1, Math.min(length, 90)))
    else if (choice < 85) list.insert(random.between(0, length), element(random))
    else if (choice < 95) list.set(random.below(length), element(random))
    else list.erase(random.chance(0.5), random.pick([1, 3, 1e9]), Buffer.from(String(random.below(9))))
    if (list.model.length > 0) {
      const index = random.below(list.model.length)
      assert.equal(list.at(index), list.model[index], `seed ${seed} step ${step}`)
    }
    if (step % 16 === 0) {
      assert.deepEqual(list.forward(), list.model, `seed ${seed} step ${step}`)
      assert.deepEqual(list.backward(), list.model, `seed ${seed} step ${step}`)
    }
  }
  while (list.model.length > 0) {
    list.drop(random.chance(0.5), Math.min(list.model.length, random.between(1, 30)))
  }
  assert.equal(list.space.usedBytes(), list.usedBefore, `seed ${seed}: memory is given back`)
}

for (const nodeSize of [-2, -1, -5, 1, 3, 128]) {
  test(`random operations leave what an array would hold and give back memory (node size ${nodeSize})`, () => {
    for (let seed = 1; seed <= 6; seed++) walk(seed, 500, nodeSize, seed % 2 === 0 ? 52 : 68)
  })
}

test('elements of any length and any bytes come back as they were', () => {
  const list = new Harness()
  const random = new Prng(7)
  for (const length of [0, 1, 252, 253, 254, 255, 1021, 1022, 1023, 8192, 32_758, 32_759, 70_000]) {
    list.push(length % 2 === 0, random.bytes(length))
    list.push(length % 2 === 1, Buffer.alloc(length, 254))
  }
  assert.deepEqual(list.forward(), list.model)
  assert.deepEqual(list.backward(), list.model)
})

test('a list becomes large by count or by bytes and small again when little is left', () => {
  const list = new Harness()
  for (let i = 0; i < L.SMALL_COUNT_MAX; i++) list.push(false, Buffer.from('x'))
  assert.equal(list.space.entries.storageOf(list.ref), STORAGE_INLINE)
  list.push(true, Buffer.from('y'))
  assert.equal(list.space.entries.storageOf(list.ref), STORAGE_OBJECT)
  list.drop(true, 120)
  assert.equal(list.space.entries.storageOf(list.ref), STORAGE_INLINE)
  list.set(3, Buffer.alloc(2000, 65))
  assert.equal(list.space.entries.storageOf(list.ref), STORAGE_OBJECT)
  assert.equal(L.listValueType.encoding(list.space, list.ref), 'quicklist')
  assert.deepEqual(list.forward(), list.model)
})

test('a queue that moves on for ever stays small', () => {
  const list = new Harness()
  for (let i = 0; i < 300; i++) list.push(false, Buffer.from(`job-${i}`))
  const used = list.space.usedBytes()
  for (let i = 300; i < 20_000; i++) {
    list.push(false, Buffer.from(`job-${i}`))
    list.drop(true, 1)
  }
  assert.ok(list.space.usedBytes() < used + 20_000)
  assert.deepEqual(list.forward(), list.model)
})

test('a million short elements take little more than their bytes', () => {
  const list = new Harness()
  const { space } = list
  list.push(false, Buffer.from('abc'))
  const abc = Buffer.from('abc')
  for (let i = 1; i < 1_000_000; i++) list.ref = L.listPush(space, list.ref, i % 2 === 0, abc, 0, 3)
  space.changed(list.ref)
  assert.equal(L.listLength(space, list.ref), 1_000_000)
  assert.ok(space.usedBytes() - list.usedBefore < 5_400_000)
})

test('inserts behind the same element do not scatter one-element nodes', () => {
  const list = new Harness()
  for (let i = 0; i < 4000; i++) list.push(false, Buffer.from(`element ${i}`))
  const used = list.space.usedBytes()
  for (let i = 0; i < 3000; i++) list.insert(700, Buffer.from(`inserted ${i}`))
  assert.ok(list.space.usedBytes() - used < 3000 * 16 * 2.5)
  assert.deepEqual(list.forward(), list.model)
})

test('a written list is read back equal, and bytes that are no list make nothing', () => {
  const list = new Harness()
  const random = new Prng(3)
  for (let i = 0; i < 500; i++) list.push(random.chance(0.5), element(random))
  const out = new ByteWriter()
  L.listValueType.write(list.space, list.ref, out)
  const copy = new Harness()
  const cut = new ByteReader(out.bytes, 0, out.length - 1)
  assert.equal(L.listValueType.read(copy.space, 0, KEY, 0, 3, cut), 0)
  assert.equal(L.listValueType.read(copy.space, 0, KEY, 0, 3, new ByteReader(Buffer.alloc(4), 0, 4)), 0)
  assert.equal(copy.space.usedBytes(), copy.usedBefore)
  copy.ref = L.listValueType.read(copy.space, 0, KEY, 0, 3, new ByteReader(out.bytes, 0, out.length))
  copy.space.changed(copy.ref)
  assert.equal(copy.space.entries.typeOf(copy.ref), TYPE_LIST)
  assert.deepEqual(copy.forward(), list.model)
})
