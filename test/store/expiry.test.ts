import assert from 'node:assert/strict'
import test from 'node:test'
import { ExpiryCycle } from '../../src/store/expiry.ts'
import { hashSecret, SLOT_COUNT } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { Prng } from '../support/prng.ts'

const START_MS = 1_800_000_000_000
const EVER_US = 1e12

class World {
  readonly prng: Prng
  readonly space: Keyspace
  readonly cycle: ExpiryCycle
  readings = 0
  usPerReading = 0

  constructor(seed: number) {
    this.prng = new Prng(seed)
    this.space = new Keyspace(hashSecret(() => this.prng.bits()))
    this.space.nowMs = START_MS
    this.cycle = new ExpiryCycle(this.space, () => this.readings++ * this.usPerReading)
  }

  set(key: string, expiryMs: number): void {
    const bytes = Buffer.from(key)
    const ref = this.space.setString(0, bytes, 0, bytes.length, bytes, 0, bytes.length, false)
    if (expiryMs !== 0) this.space.setExpiry(ref, expiryMs)
  }

  find(key: string): number {
    const bytes = Buffer.from(key)
    return this.space.peek(0, bytes, 0, bytes.length)
  }
}

test('everything due goes in one cycle with time enough, and nothing else does', () => {
  const world = new World(1)
  for (let i = 0; i < 20_000; i++) world.set(`key:${i}`, i % 4 === 0 ? 0 : START_MS + (i % 4) * 1000)
  assert.equal(world.cycle.run(START_MS + 999, EVER_US), 0)
  assert.equal(world.cycle.run(START_MS + 1000, EVER_US), 5000)
  assert.equal(world.space.keyCount[0], 15_000)
  assert.equal(world.cycle.run(START_MS + 1000, EVER_US), 0)
  assert.equal(world.cycle.run(START_MS + 3000, EVER_US), 10_000)
  assert.equal(world.space.keyCount[0], 5000)
  assert.equal(world.space.expiries.perDatabase[0], 0)
  assert.equal(world.space.stats.expired, 15_000)
  assert.equal(world.cycle.timeLimitReached, 0)
})

test('a cycle stops when its time is used up, and the ones after it finish the work', () => {
  const world = new World(2)
  for (let i = 0; i < 5000; i++) world.set(`key:${i}`, START_MS + 10)
  world.usPerReading = 100
  let cycles = 0
  while (world.space.keyCount[0] !== 0) {
    const readingsBefore = world.readings
    world.cycle.run(START_MS + 20, 5000)
    assert.ok(world.readings - readingsBefore <= 53, 'one reading per slot, none after the budget')
    assert.ok(++cycles < 500)
  }
  assert.ok(cycles > 50)
  assert.equal(world.cycle.timeLimitReached, cycles - 1 + (world.cycle.timeLimitReached === cycles ? 1 : 0))
})

test('a slot with far more keys than one piece is worked off over several cycles', () => {
  const world = new World(3)
  for (let i = 0; i < 30_000; i++) world.set(`{slot}:${i}`, START_MS + 10 + (i % 2) * 1000)
  world.usPerReading = 10_000
  let cycles = 0
  while (world.space.keyCount[0] !== 15_000) {
    const before = world.space.keyCount[0]!
    world.cycle.run(START_MS + 20, 25_000)
    assert.ok(before - world.space.keyCount[0]! <= 5 * 1100)
    assert.ok(++cycles < 100)
  }
  assert.ok(cycles > 3)
  world.usPerReading = 0
  assert.equal(world.cycle.run(START_MS + 2000, EVER_US), 15_000)
})

test('a cycle over nothing due does not even read the clock', () => {
  const world = new World(4)
  for (let i = 0; i < 1000; i++) world.set(`key:${i}`, START_MS + 1_000_000)
  world.cycle.run(START_MS, EVER_US)
  assert.equal(world.readings, 0)
  world.cycle.run(START_MS + 1_000_000, EVER_US)
  assert.equal(world.space.keyCount[0], 0)
})

test('the bound of each slot stays at or below its next expiry under random changes, and none is forgotten', () => {
  const world = new World(5)
  const { prng, space } = world
  const model = new Map<string, number>()
  let nowMs = START_MS
  // A few crowded slots, so that walks in pieces meet changes in between.
  const keyAt = (): string => `{tag${prng.below(3)}}:${prng.below(4000)}`
  for (let step = 0; step < 40_000; step++) {
    const key = keyAt()
    const roll = prng.below(100)
    if (roll < 45) {
      const expiryMs = prng.chance(0.7) ? nowMs + prng.between(1, 400) : 0
      world.set(key, expiryMs)
      model.set(key, expiryMs)
    } else if (roll < 97) {
      const ref = world.find(key)
      if (ref === 0) model.delete(key)
      else if (roll < 75) {
        const expiryMs = nowMs + prng.between(1, 400)
        space.setExpiry(ref, expiryMs)
        model.set(key, expiryMs)
      } else if (roll < 85) {
        space.setExpiry(ref, 0)
        model.set(key, 0)
      } else {
        space.remove(ref)
        model.delete(key)
      }
    } else {
      nowMs += prng.below(20)
      space.nowMs = nowMs
      world.usPerReading = 100
      world.cycle.run(nowMs, 150)
    }
    if (step % 2000 === 0) checkAfterFullCycle(world, model, nowMs)
  }
})

function checkAfterFullCycle(world: World, model: Map<string, number>, nowMs: number): void {
  const { space, cycle } = world
  world.usPerReading = 0
  // The first run ends a walk begun earlier, the second one sees every slot from its start.
  cycle.run(nowMs, EVER_US)
  cycle.run(nowMs, EVER_US)
  for (const [key, expiryMs] of model) if (expiryMs !== 0 && expiryMs <= nowMs) model.delete(key)
  assert.equal(space.keyCount[0], model.size)
  let expiring = 0
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (space.index.countOf(slot) === 0) continue
    let next = Number.POSITIVE_INFINITY
    let count = 0
    space.index.each(slot, (_hash, ref) => {
      const expiryMs = space.entries.expiryOf(ref)
      if (expiryMs === 0) return
      count++
      next = Math.min(next, expiryMs)
    })
    assert.ok(space.expiries.nextMs[slot]! <= next)
    assert.equal(space.expiries.perSlot[slot], count)
    expiring += count
  }
  assert.equal(space.expiries.perDatabase[0], expiring)
}

test('clearing the keyspace in the middle of a walk leaves the cycle sound', () => {
  const world = new World(6)
  for (let i = 0; i < 8000; i++) world.set(`{slot}:${i}`, START_MS + 10)
  world.usPerReading = 1000
  world.cycle.run(START_MS + 20, 500)
  assert.ok(world.space.keyCount[0]! < 8000 && world.space.keyCount[0]! > 0)
  world.space.clear(-1)
  for (let i = 0; i < 3000; i++) world.set(`{slot}:${i}`, START_MS + 40)
  world.usPerReading = 0
  world.cycle.run(START_MS + 30, EVER_US)
  assert.equal(world.space.keyCount[0], 3000)
  world.cycle.run(START_MS + 50, EVER_US)
  assert.equal(world.space.keyCount[0], 0)
})
