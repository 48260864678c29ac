// What was looked up beforehand is a hint: answers are the same with it, without it, and when entries moved meanwhile.

import assert from 'node:assert/strict'
import test from 'node:test'
import { TYPE_SET } from '../../src/store/entry.ts'
import { hashOf, slotOf } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { tableOf } from '../../src/store/large-table.ts'
import { setAdd, setHas, setRemove } from '../../src/store/set.ts'

const SECRET = { multiplierA: 0x9e3779b1, multiplierB: 0x85ebca6b, offset: 7 }

/** Requests one behind the other in one buffer, as a chunk holds them: `key` or `key next`. */
function laidOut(requests: readonly string[]) {
  const starts = new Int32Array(64)
  const ends = new Int32Array(64)
  const nextStarts = new Int32Array(64)
  const nextEnds = new Int32Array(64)
  let at = 0
  requests.forEach((request, i) => {
    const [key = '', next] = request.split(' ')
    starts[i] = at
    ends[i] = at + key.length
    if (next !== undefined) {
      nextStarts[i] = ends[i]! + 1
      nextEnds[i] = at + request.length
    }
    at += request.length
  })
  const bytes = Buffer.from(requests.join(''), 'latin1')
  return { bytes, starts, ends, nextStarts, nextEnds, count: requests.length }
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
  const requests = laidOut(keys)
  const { bytes, starts, ends } = requests
  const check = (start: number, end: number) => {
    space.ahead.place(bytes, start, end)
    assert.equal(space.ahead.slot, slotOf(bytes, start, end))
    assert.equal(space.ahead.hash, hashOf(SECRET, bytes, start, end))
  }
  space.ahead.expect(requests)
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
  const requests = laidOut(['key:1', 'key:2', 'new', 'key:3'])
  const { bytes, starts, ends } = requests
  space.ahead.expect(requests)
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
  const requests = laidOut(['{one}5', '{one}19999', '{one}x'])
  const { bytes, starts, ends } = requests
  space.ahead.expect(requests)
  assert.notEqual(space.lookupRead(0, bytes, starts[0]!, ends[0]!), 0)
  assert.notEqual(space.lookupRead(0, bytes, starts[1]!, ends[1]!), 0)
  assert.equal(space.lookupRead(0, bytes, starts[2]!, ends[2]!), 0)
})

/** A large set under `key` with the members member:0 to member:count-1. */
function addSet(space: Keyspace, name: string, count: number): number {
  const key = Buffer.from(name)
  let ref = space.create(0, TYPE_SET, key, 0, key.length, 0)
  for (let i = 0; i < count; i++) {
    const member = Buffer.from(`member:${i}`)
    ref = setAdd(space, ref, member, 0, member.length) || ref
  }
  return ref
}

test('expected members of one large set are found, and so are those added and removed meanwhile', () => {
  const space = filled(10_000)
  const ref = addSet(space, 'set', 20_000)
  const names = ['member:1', 'member:19999', 'none', 'member:7', 'new']
  const requests = laidOut(names.map((name) => `set ${name}`))
  const { bytes, nextStarts, nextEnds } = requests
  const has = (i: number) => setHas(space, ref, bytes, nextStarts[i]!, nextEnds[i]!)
  space.ahead.expect(requests)
  assert.equal(has(0), true)
  setRemove(space, ref, bytes, nextStarts[1]!, nextEnds[1]!)
  assert.equal(has(1), false)
  assert.equal(has(2), false)
  assert.equal(has(3), true)
  setAdd(space, ref, bytes, nextStarts[4]!, nextEnds[4]!)
  assert.equal(has(4), true)
  assert.equal(tableOf(space, ref).count, 20_000)
})

test('the hash of a member is its own, whether it was expected, read in another order, or the bytes are others now', () => {
  const space = filled(10_000)
  addSet(space, 'set', 1000)
  const requests = laidOut(['set member:1', 'set member:2', 'set', 'set member:3', 'other member:4'])
  const { bytes, nextStarts, nextEnds } = requests
  const check = (start: number, end: number) =>
    assert.equal(space.ahead.hashOfName(bytes, start, end), hashOf(SECRET, bytes, start, end))
  space.ahead.expect(requests)
  for (const i of [0, 1, 3, 4, 0]) check(nextStarts[i]!, nextEnds[i]!)
  check(nextStarts[0]!, nextEnds[0]! - 1)
  space.ahead.forget()
  bytes.write('x', nextStarts[1]!)
  for (const i of [0, 1, 3]) check(nextStarts[i]!, nextEnds[i]!)
})
