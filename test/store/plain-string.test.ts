// Plain strings that other nodes wrote, under keys that are new here: taken in one breath, or left to the long way.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hashSecret, slotOf } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { bearPlain } from '../../src/store/plain-string.ts'
import { Tombstones } from '../../src/store/tombstones.ts'
import { Prng } from '../support/prng.ts'

const NOW_MS = 1_800_000_000_000
const VERSION = 4096 * 1_000_000

function freshSpace(): Keyspace {
  const random = new Prng(1)
  const space = new Keyspace(hashSecret(() => random.bits()))
  space.tombstones = new Tombstones(space.secret, () => 0)
  space.nowMs = NOW_MS
  space.accessClock = 77
  return space
}

function bear(space: Keyspace, name: string, value: Buffer, version = VERSION): boolean {
  const bytes = Buffer.concat([Buffer.from(name), value])
  const put = { database: 3, version, term: 5, keyStart: 0, keyEnd: name.length }
  return bearPlain(space, put, bytes, name.length, bytes.length)
}

function peek(space: Keyspace, name: string): number {
  return space.peek(3, Buffer.from(name), 0, name.length)
}

test('what is taken in one breath is what the long way makes of it, byte for byte', () => {
  for (const length of [0, 1, 100, 256, 257, 4096]) {
    const value = Buffer.from(new Prng(length).bytes(length))
    const [short, long] = [freshSpace(), freshSpace()]
    assert.equal(bear(short, 'name', value), true)
    long.forcedVersion = VERSION
    long.forcedTerm = 5
    long.setString(3, Buffer.from('name'), 0, 4, value, 0, length, false)
    const [ref, expected] = [peek(short, 'name'), peek(long, 'name')]
    const { entries } = short
    const start = entries.valueStart(ref)
    assert.deepEqual(entries.valueBuffer(ref).subarray(start, start + length), value)
    assert.equal(entries.metaOf(ref), long.entries.metaOf(expected))
    assert.deepEqual(
      [entries.versionOf(ref), entries.termOf(ref), entries.accessOf(ref), entries.expiryOf(ref)],
      [VERSION, 5, 77, 0],
    )
    assert.deepEqual(short.digest.sums, long.digest.sums)
    assert.deepEqual(short.keyCount, long.keyCount)
    assert.equal(short.index.countOf(slotOf(Buffer.from('name'), 0, 4)), 1)
    assert.deepEqual(
      [short.changes, short.baseVersion, short.newVersion, short.newTerm, short.newSlot],
      [long.changes, long.baseVersion, long.newVersion, long.newTerm, long.newSlot],
    )
  }
})

test('where something is known of the key, or of its slot, nothing is done', () => {
  const value = Buffer.from('v')
  const name = Buffer.from('name')
  const held = freshSpace()
  held.setString(3, name, 0, 4, value, 0, 1, false)
  const removed = freshSpace()
  removed.tombstones!.bury(3, name, 0, 4, VERSION - 1, 1, NOW_MS)
  const flushed = freshSpace()
  flushed.tombstones!.onFlush(3, VERSION)
  const watched = freshSpace()
  watched.attention = 1
  for (const space of [held, removed, flushed, watched]) {
    const before = [space.changes, space.keyCount[3], ...space.digest.sums]
    assert.equal(bear(space, 'name', value), false)
    assert.deepEqual([space.changes, space.keyCount[3], ...space.digest.sums], before)
  }
  assert.equal(bear(freshSpace(), 'name', Buffer.alloc(4097)), false)
  assert.equal(bear(freshSpace(), 'n'.repeat(70_000), value), false)
})
