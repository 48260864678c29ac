// What was looked up beforehand is a hint: answers are the same with it, without it, and when entries moved meanwhile.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hashOf, slotOf } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'

const SECRET = { multiplierA: 0x9e3779b1, multiplierB: 0x85ebca6b, offset: 7 }

/** Keys one behind the other in one buffer, as a chunk holds them. */
function laidOut(keys: readonly string[]): { bytes: Buffer; starts: Int32Array; ends: Int32Array } {
  const starts = new Int32Array(64)
  const ends = new Int32Array(64)
  let at = 0
  keys.forEach((key, i) => {
    starts[i] = at
    at += key.length
    ends[i] = at
  })
  return { bytes: Buffer.from(keys.join(''), 'latin1'), starts, ends }
}

function filled(count: number): Keyspace {
  const space = new Keyspace(SECRET)
  const value = Buffer.from('value')
  for (let i = 0; i < count; i++) {
    const key = Buffer.from(`key:${i}`)
    space.setString(0, key, 0, key.length, value, 0, value.length, false)
  }
  return space
}

test('slot and hash are those of the key, whether it was expected or not', () => {
  const space = filled(10_000)
  const keys = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? `{tag${i}}x` : `key:${i * 131}`))
  const { bytes, starts, ends } = laidOut(keys)
  const check = (start: number, end: number) => {
    space.ahead.place(bytes, start, end)
    assert.equal(space.ahead.slot, slotOf(bytes, start, end))
    assert.equal(space.ahead.hash, hashOf(SECRET, bytes, start, end))
  }
  space.ahead.expect(bytes, starts, ends, keys.length)
  for (let i = 0; i < keys.length; i += 2) check(starts[i]!, ends[i]!)
  check(starts[1]!, ends[1]!)
  check(starts[30]!, ends[30]! - 1)
  check(starts[31]! + 1, ends[31]!)
  space.ahead.forget()
  bytes.write('other', starts[32]!)
  for (let i = 0; i < keys.length; i++) check(starts[i]!, ends[i]!)
})

test('an expected key that was removed, made or moved meanwhile is found as it is now', () => {
  const space = filled(10_000)
  const { bytes, starts, ends } = laidOut(['key:1', 'key:2', 'new', 'key:3'])
  space.ahead.expect(bytes, starts, ends, 4)
  const find = (i: number) => space.lookupRead(0, bytes, starts[i]!, ends[i]!)
  space.remove(find(0))
  assert.equal(find(0), 0)
  const long = Buffer.alloc(500, 'x')
  const moved = space.setString(0, bytes, starts[1]!, ends[1]!, long, 0, 500, false)
  assert.equal(find(1), moved)
  assert.equal(find(2), 0)
  const made = space.setString(0, bytes, starts[2]!, ends[2]!, long, 0, 500, false)
  assert.equal(find(2), made)
  space.clear(-1)
  assert.equal(find(3), 0)
})

test('an expected key of a slot with a directory of tables is found', () => {
  const space = new Keyspace(SECRET)
  const value = Buffer.from('v')
  for (let i = 0; i < 20_000; i++) {
    const key = Buffer.from(`{one}${i}`)
    space.setString(0, key, 0, key.length, value, 0, 1, false)
  }
  const { bytes, starts, ends } = laidOut(['{one}5', '{one}19999', '{one}x'])
  space.ahead.expect(bytes, starts, ends, 3)
  assert.notEqual(space.lookupRead(0, bytes, starts[0]!, ends[0]!), 0)
  assert.notEqual(space.lookupRead(0, bytes, starts[1]!, ends[1]!), 0)
  assert.equal(space.lookupRead(0, bytes, starts[2]!, ends[2]!), 0)
})
