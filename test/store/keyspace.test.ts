import assert from 'node:assert/strict'
import test from 'node:test'
import { STORAGE_APART, TYPE_STRING } from '../../src/store/entry.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'

function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) ^ (state >>> 15)
  }
}

function makeSpace(): Keyspace {
  const space = new Keyspace(hashSecret(random(7)))
  space.nowMs = 1_800_000_000_000
  return space
}

function set(space: Keyspace, key: string, value: string, database = 0): number {
  const k = Buffer.from(key, 'latin1')
  const v = Buffer.from(value, 'latin1')
  return space.setString(database, k, 0, k.length, v, 0, v.length, false)
}

function get(space: Keyspace, key: string, database = 0): string | undefined {
  const k = Buffer.from(key, 'latin1')
  const ref = space.lookupRead(database, k, 0, k.length)
  if (ref === 0) return undefined
  const start = space.entries.valueStart(ref)
  return space.entries.valueBuffer(ref).toString('latin1', start, start + space.entries.valueLength(ref))
}

function remove(space: Keyspace, key: string): boolean {
  const k = Buffer.from(key, 'latin1')
  const ref = space.lookupWrite(0, k, 0, k.length)
  if (ref !== 0) space.remove(ref)
  return ref !== 0
}

test('a random sequence of sets, gets and removes agrees with a Map, and everything is given back at the end', () => {
  const space = makeSpace()
  const emptyBytes = space.usedBytes()
  const model = new Map<string, string>()
  const next = random(42)
  const lengths = [0, 1, 5, 30, 100, 300, 2000, 40_000]
  for (let step = 0; step < 60_000; step++) {
    const roll = next() >>> 0
    const key = `key:${roll % 3000}`
    if (roll % 7 < 4) {
      const value = String.fromCharCode(65 + (roll % 26)).repeat(lengths[(next() >>> 8) % lengths.length]!)
      set(space, key, value)
      model.set(key, value)
    } else if (roll % 7 < 6) assert.equal(get(space, key), model.get(key))
    else assert.equal(remove(space, key), model.delete(key))
  }
  assert.equal(space.keyCount[0], model.size)
  for (const [key, value] of model) assert.equal(get(space, key), value)
  for (const key of model.keys()) remove(space, key)
  assert.equal(space.usedBytes(), emptyBytes)
  assert.ok(space.digest.sums.every((sum) => sum === 0))
})

test('one slot holds half a million keys and walking it by hash visits each exactly once while it grows', () => {
  const space = makeSpace()
  for (let i = 0; i < 250_000; i++) set(space, `{tag}:${i}`, `${i}`)
  const k = Buffer.from('{tag}:0')
  const slot = space.slotOfRef(space.peek(0, k, 0, k.length))
  const seen = new Map<string, number>()
  let cursor = 0
  let added = 250_000
  do {
    const refs: number[] = []
    cursor = space.index.walk(slot, cursor, 1000, refs)
    for (const ref of refs) {
      const start = space.entries.keyStart(ref)
      const key = space.entries.keyBuffer(ref).toString('latin1', start, start + space.entries.keyLength(ref))
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
    for (let i = 0; i < 1000; i++) set(space, `{tag}:${added}`, `${added++}`)
  } while (cursor !== 0)
  for (let i = 0; i < 250_000; i++) assert.equal(seen.get(`{tag}:${i}`), 1)
  assert.ok([...seen.values()].every((count) => count === 1))
  assert.equal(get(space, '{tag}:123456'), '123456')
  for (let i = 0; i < added; i++) assert.ok(remove(space, `{tag}:${i}`))
  assert.equal(space.arena.usedBytes + space.index.arena.usedBytes + space.entries.outsideBytes, 0)
})

test('keys and values of any bytes and any length are kept apart when they do not fit a cell', () => {
  const space = makeSpace()
  const allBytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))
  const longKey = allBytes.repeat(64)
  const longValue = allBytes.repeat(5000)
  set(space, longKey, 'short')
  set(space, `${longKey}x`, longValue)
  set(space, '', 'empty key')
  set(space, '__proto__', longValue)
  assert.equal(get(space, longKey), 'short')
  assert.equal(get(space, `${longKey}x`), longValue)
  assert.equal(get(space, ''), 'empty key')
  assert.equal(get(space, '__proto__'), longValue)
  const k = Buffer.from('__proto__')
  assert.equal(space.entries.storageOf(space.peek(0, k, 0, k.length)), STORAGE_APART)
  set(space, '__proto__', 'tiny')
  assert.equal(get(space, '__proto__'), 'tiny')
  for (const key of [longKey, `${longKey}x`, '', '__proto__']) remove(space, key)
  assert.equal(space.arena.usedBytes + space.index.arena.usedBytes + space.entries.outsideBytes, 0)
})

test('the same key in two databases is two entries', () => {
  const space = makeSpace()
  set(space, 'k', 'zero', 0)
  set(space, 'k', 'nine', 9)
  assert.equal(get(space, 'k', 0), 'zero')
  assert.equal(get(space, 'k', 9), 'nine')
  space.clear(9)
  assert.equal(get(space, 'k', 9), undefined)
  assert.equal(get(space, 'k', 0), 'zero')
})

test('an entry whose time has come is gone on sight and counted as expired', () => {
  const space = makeSpace()
  space.setExpiry(set(space, 'k', 'v'), space.nowMs + 100)
  assert.equal(get(space, 'k'), 'v')
  assert.equal(space.expiries.perDatabase[0], 1)
  space.nowMs += 100
  assert.equal(get(space, 'k'), undefined)
  assert.deepEqual([space.stats.expired, space.expiries.perDatabase[0], space.keyCount[0]], [1, 0, 0])
})

test('a transferred value keeps bytes, type and expiry whatever its size', () => {
  const space = makeSpace()
  for (const length of [3, 500, 200_000]) {
    const from = set(space, `from${length}`, 'v'.repeat(length))
    space.setExpiry(from, space.nowMs + 5000)
    const to = Buffer.from(`to${length}`)
    assert.equal(space.peek(0, to, 0, to.length), 0)
    const made = space.transfer(from, 0, to, 0, to.length)
    space.remove(from)
    space.changed(made)
    assert.equal(get(space, `from${length}`), undefined)
    assert.equal(get(space, `to${length}`), 'v'.repeat(length))
    assert.equal(space.entries.typeOf(made), TYPE_STRING)
    assert.equal(space.entries.expiryOf(made), space.nowMs + 5000)
    remove(space, `to${length}`)
  }
  assert.equal(space.arena.usedBytes + space.index.arena.usedBytes + space.entries.outsideBytes, 0)
})

test('versions only rise, and a forced version is stamped as it is', () => {
  const space = makeSpace()
  const first = set(space, 'k', 'a')
  const version = space.entries.versionOf(first)
  set(space, 'k', 'b')
  assert.ok(space.newVersion > version)
  assert.equal(space.baseVersion, version)
  space.forcedVersion = 12345
  space.forcedTerm = 77
  const forced = set(space, 'k', 'c')
  assert.deepEqual([space.entries.versionOf(forced), space.entries.termOf(forced)], [12345, 77])
})
