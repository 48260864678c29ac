import assert from 'node:assert/strict'
import test from 'node:test'
import { Arena } from '../../src/store/arena.ts'
import { ElementTable } from '../../src/store/element-table.ts'
import { Entries } from '../../src/store/entries.ts'
import { HashIndex } from '../../src/store/hash-index.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { LookAhead } from '../../src/store/look-ahead.ts'
import { Prng } from '../support/prng.ts'

interface Element {
  value: Buffer
  score: number
}

class World {
  readonly prng: Prng
  readonly arena = new Arena()
  readonly index = new HashIndex(new Arena(), 4)
  readonly table: ElementTable

  constructor(seed: number) {
    this.prng = new Prng(seed)
    const secret = hashSecret(() => this.prng.bits())
    const ahead = new LookAhead(this.index, new Entries(this.arena), secret)
    this.table = new ElementTable(this.arena, this.index, ahead)
  }

  find(name: Buffer): number {
    return this.table.find(name, 0, name.length)
  }

  insert(name: Buffer, value: Buffer, score: number): number {
    return this.table.insert(name, 0, name.length, value, 0, value.length, score)
  }

  nameOf(ref: number): Buffer {
    const start = this.table.nameStart(ref)
    return Buffer.from(this.table.nameBuffer(ref).subarray(start, start + this.table.nameLength(ref)))
  }

  valueOf(ref: number): Buffer {
    const start = this.table.valueStart(ref)
    return Buffer.from(this.table.nameBuffer(ref).subarray(start, start + this.table.valueLength(ref)))
  }

  check(model: Map<string, Element>): void {
    assert.equal(this.table.count, model.size)
    for (const [name, { value, score }] of model) {
      const ref = this.find(Buffer.from(name, 'latin1'))
      assert.notEqual(ref, 0)
      assert.equal(this.nameOf(ref).toString('latin1'), name)
      assert.ok(this.valueOf(ref).equals(value))
      assert.equal(this.table.scoreOf(ref), score)
    }
    assert.equal(this.table.cellBytes, this.arena.usedBytes)
  }
}

test('random changes agree with a Map, binary names and elements beyond a cell included, and all bytes come back', () => {
  const world = new World(1)
  const { prng, table } = world
  const model = new Map<string, Element>()
  const lengths = [0, 1, 8, 60, 64, 65, 200, 3000, 32_700, 32_760, 40_000]
  const names = Array.from({ length: 900 }, (_, i) => {
    const length = i % 100 === 0 ? 33_000 + i : prng.between(2, 40)
    return Buffer.concat([Buffer.from([i & 255, i >>> 8]), prng.bytes(length)])
  })
  for (let step = 0; step < 12_000; step++) {
    const name = prng.pick(names)
    const key = name.toString('latin1')
    const ref = world.find(name)
    assert.equal(ref !== 0, model.has(key))
    const length = prng.chance(0.9) ? prng.pick(lengths.slice(0, 7)) : prng.pick(lengths)
    const value = Buffer.alloc(length, prng.below(256))
    const score = prng.fraction() - 0.5
    if (ref === 0) {
      world.insert(name, value, score)
      model.set(key, { value, score })
    } else if (prng.chance(0.4)) {
      table.setValue(ref, value, 0, value.length)
      model.get(key)!.value = value
    } else if (prng.chance(0.3)) {
      table.setScore(ref, score)
      model.get(key)!.score = score
    } else {
      table.remove(ref)
      model.delete(key)
    }
    if (step % 3000 === 0) world.check(model)
  }
  world.check(model)
  for (const name of names) if (world.find(name) !== 0) table.remove(world.find(name))
  assert.equal(world.arena.usedBytes, 0)
  assert.equal(world.index.arena.usedBytes, 0)
  assert.equal(table.apartBytes, 0)
  assert.equal(table.cellBytes, 0)
})

test('each, walk and sample show exactly the elements that are there', () => {
  const world = new World(2)
  for (let i = 0; i < 7000; i++) world.insert(Buffer.from(`m${i}`), Buffer.alloc(0), i)
  for (let i = 0; i < 7000; i += 2) world.table.remove(world.find(Buffer.from(`m${i}`)))
  const each = new Set<string>()
  world.table.each((ref) => each.add(world.nameOf(ref).toString()))
  const walked: string[] = []
  let from = 0
  do {
    const refs: number[] = []
    from = world.table.walk(from, 100, refs)
    for (const ref of refs) walked.push(world.nameOf(ref).toString())
  } while (from !== 0)
  assert.equal(walked.length, 3500)
  assert.deepEqual(new Set(walked), each)
  for (let i = 0; i < 500; i++)
    assert.ok(each.has(world.nameOf(world.table.sample(world.prng.bits())).toString()))
})

test('a value that shrinks much gives the room back', () => {
  const world = new World(3)
  const ref = world.insert(Buffer.from('field'), Buffer.alloc(20_000), 0)
  const small = world.table.setValue(ref, Buffer.from('x'), 0, 1)
  assert.ok(world.arena.usedBytes <= 32)
  assert.equal(world.valueOf(small).toString(), 'x')
  assert.equal(world.find(Buffer.from('field')), small)
})

test('releasing a table gives back its elements, near and apart, and its index', () => {
  const world = new World(4)
  for (let i = 0; i < 5000; i++)
    world.insert(Buffer.from(`m${i}`), Buffer.alloc(i % 500 === 0 ? 50_000 : 9), 0)
  assert.equal(
    world.table.apartBytes,
    10 * 50_000 + Buffer.from('m0m500m1000m1500m2000m2500m3000m3500m4000m4500').length,
  )
  world.table.release()
  assert.equal(world.arena.usedBytes, 0)
  assert.equal(world.index.arena.usedBytes, 0)
  assert.equal(world.table.apartBytes, 0)
})
