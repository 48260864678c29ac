import assert from 'node:assert/strict'
import test from 'node:test'
import { hashSecret, SLOT_COUNT } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { SlotDigest } from '../../src/store/slot-digest.ts'
import { Prng } from '../support/prng.ts'

/** The header of an entry, as far as the digest reads it. */
const words = new Uint32Array(6)
const doubles = new Float64Array(words.buffer)

function headOf(version: number, term: number): Uint32Array {
  doubles[0] = version
  words[4] = term
  return words
}

function add(digest: SlotDigest, slot: number, version: number, term: number): void {
  digest.add(slot, headOf(version, term), 0)
}

function subtract(digest: SlotDigest, slot: number, version: number, term: number): void {
  digest.subtract(slot, headOf(version, term), 0)
}

const sumOf = (digest: SlotDigest, slot: number): string =>
  `${digest.sums[slot * 2]}:${digest.sums[slot * 2 + 1]}`

test('the order of changes does not matter, and what is taken out leaves no trace', () => {
  const prng = new Prng(1)
  const [one, other] = [new SlotDigest(), new SlotDigest()]
  const terms = Array.from(
    { length: 300 },
    () => [prng.bits() * 4096 + prng.below(4096), prng.bits()] as const,
  )
  for (const [version, term] of terms) add(one, 9, version, term)
  for (const [version, term] of terms.toReversed()) add(other, 9, version, term)
  assert.equal(sumOf(one, 9), sumOf(other, 9))
  for (const [version, term] of terms) subtract(one, 9, version, term)
  assert.equal(sumOf(one, 9), '0:0')
})

test('versions next to each other, and equal versions of different origins, have different sums', () => {
  const start = 60_000_000 * 4096
  const sums = new Set<string>()
  for (let i = 0; i <= 200; i++) {
    const digest = new SlotDigest()
    add(digest, 0, start + i, 1)
    sums.add(sumOf(digest, 0))
    const otherOrigin = new SlotDigest()
    add(otherOrigin, 0, start, i + 2)
    sums.add(sumOf(otherOrigin, 0))
  }
  assert.equal(sums.size, 402)
})

test('swapped versions of two keys, or pairs of equal sum, are not mistaken for each other', () => {
  const digest = new SlotDigest()
  const start = 60_000_000 * 4096
  add(digest, 1, start + 1, 1)
  add(digest, 1, start + 4, 1)
  add(digest, 2, start + 2, 1)
  add(digest, 2, start + 3, 1)
  assert.notEqual(sumOf(digest, 1), sumOf(digest, 2))
})

test('reset leaves every slot at zero', () => {
  const digest = new SlotDigest()
  for (let slot = 0; slot < SLOT_COUNT; slot++) add(digest, slot, slot + 1, 1)
  digest.reset()
  assert.ok(digest.sums.every((sum) => sum === 0))
})

test('after random changes the digest of each slot is the sum over the entries that are there', () => {
  const prng = new Prng(2)
  const space = new Keyspace(hashSecret(() => prng.bits()))
  space.nowMs = 1_800_000_000_000
  space.terms.fill(77)
  for (let step = 0; step < 20_000; step++) {
    const key = Buffer.from(`key:${prng.below(2000)}`)
    const database = prng.below(3)
    const roll = prng.below(10)
    const ref = space.peek(database, key, 0, key.length)
    if (roll < 5 || ref === 0) {
      const value = Buffer.alloc(prng.pick([1, 30, 30_000]))
      space.setString(database, key, 0, key.length, value, 0, value.length, roll < 3)
    } else if (roll < 7) space.setExpiry(ref, prng.chance(0.3) ? 0 : space.nowMs + prng.between(1, 500))
    else if (roll < 8) space.evict(ref)
    else space.remove(ref)
    space.nowMs += prng.below(2)
  }
  const anew = new SlotDigest()
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    anew.sums.fill(0, 0, 2)
    space.index.each(slot, (_hash, ref) => {
      add(anew, 0, space.entries.versionOf(ref), space.entries.termOf(ref))
    })
    assert.equal(sumOf(space.digest, slot), sumOf(anew, 0))
  }
})
