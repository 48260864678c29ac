import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { hashOf, hashSecret, placeAll, SLOT_COUNT, slotOf } from '../../src/store/hash-slot.ts'
import { Prng } from '../support/prng.ts'
import { hasRealRedis, startRealRedis } from '../support/real-redis.ts'

const slot = (key: Uint8Array): number => slotOf(key, 0, key.length)
const slotOfText = (key: string): number => slot(Buffer.from(key, 'latin1'))

test('slots are those of the Redis Cluster specification', () => {
  assert.equal(slotOfText('123456789'), 0x31c3)
  assert.equal(slotOfText('foo'), 12182)
  assert.equal(slotOfText('bar'), 5061)
  assert.equal(slotOfText(''), 0)
})

test('only the first non-empty part in braces counts', () => {
  assert.equal(slotOfText('{user1000}.following'), slotOfText('user1000'))
  assert.equal(slotOfText('foo{bar}{zap}'), slotOfText('bar'))
  assert.equal(slotOfText('foo{{bar}}zap'), slotOfText('{bar'))
  assert.notEqual(slotOfText('foo{}{bar}'), slotOfText('bar'))
  assert.notEqual(slotOfText('foo{bar'), slotOfText('bar'))
  assert.equal(slotOfText('}{bar}'), slotOfText('bar'))
})

test('a key in the middle of other bytes has the slot and hash it has alone', () => {
  const secret = hashSecret(() => 12345)
  const around = Buffer.from('{x}key{tag}rest}y')
  const alone = Buffer.from('key{tag}rest')
  assert.equal(slotOf(around, 3, 15), slot(alone))
  assert.equal(hashOf(secret, around, 3, 15), hashOf(secret, alone, 0, alone.length))
})

test('slots agree with CLUSTER KEYSLOT of the real server, whatever bytes a key is made of', async (t) => {
  if (!hasRealRedis()) return t.skip()
  const directory = mkdtempSync(path.join(tmpdir(), 'keyslot-'))
  const redis = await startRealRedis(['--cluster-enabled', 'yes', '--dir', directory])
  try {
    const prng = new Prng(1)
    const socket = await redis.connect()
    for (let i = 0; i < 1500; i++) {
      const key = prng.bytes(prng.below(30))
      for (let at = 0; at < key.length; at++) if (prng.chance(0.2)) key[at] = prng.pick([123, 125])
      const reply = await socket.call('CLUSTER', 'KEYSLOT', key)
      assert.equal(String(reply.value), String(slot(key)), key.toString('hex'))
    }
    socket.destroy()
  } finally {
    await redis.kill()
    rmSync(directory, { recursive: true })
  }
})

/** Pearson's statistic of hashes over 4096 buckets, divided by its expectation: about 1 for good hashes. */
function unevenness(hashes: readonly number[], bucketOf: (hash: number) => number): number {
  const buckets = new Float64Array(4096)
  for (const hash of hashes) buckets[bucketOf(hash)]!++
  const expected = hashes.length / buckets.length
  let sum = 0
  for (const count of buckets) sum += (count - expected) ** 2 / expected
  return sum / (buckets.length - 1)
}

const COUNT = 100_000
const integersAt =
  (byte: number) =>
  (i: number): Buffer => {
    const key = Buffer.alloc(16)
    key.writeUInt32LE(i, byte)
    return key
  }
const SHAPES: Record<string, (i: number) => Buffer> = {
  'decimal numbers': (i) => Buffer.from(String(i)),
  'numbers with a name': (i) => Buffer.from(`key:${String(i).padStart(12, '0')}`),
  'little-endian integers': integersAt(0),
  'integers in the second word': integersAt(4),
  'integers in the last word': integersAt(12),
  'multiples of 65536': (i) => integersAt(4)(i * 32_768),
  'integers with a tail': (i) => Buffer.concat([integersAt(8)(i), Buffer.from('abc')]),
  'zeros of all lengths with a number': (i) => Buffer.concat([Buffer.alloc(i % 50), Buffer.from(`${i}`)]),
}

for (const [name, keyOf] of Object.entries(SHAPES)) {
  test(`${name} hash evenly in low, middle and high bits, hardly collide, and are never 0, under any secret`, () => {
    for (let seed = 1; seed <= 4; seed++) {
      const prng = new Prng(seed)
      const secret = hashSecret(() => prng.bits())
      const hashes: number[] = []
      for (let i = 0; i < COUNT; i++) {
        const key = keyOf(i)
        hashes.push(hashOf(secret, key, 0, key.length))
      }
      assert.ok(hashes.every((hash) => Number.isInteger(hash) && hash > 0 && hash < 2 ** 32))
      // By chance alone 100 000 hashes of 32 bits make about one collision.
      assert.ok(new Set(hashes).size > COUNT - 20, `${COUNT - new Set(hashes).size} collisions, seed ${seed}`)
      for (const shift of [0, 10, 20]) {
        const found = unevenness(hashes, (hash) => (hash >>> shift) & 4095)
        assert.ok(found < 1.3, `${found} at bit ${shift}, seed ${seed}`)
      }
    }
  })
}

test('the same keys hash differently under another secret', () => {
  const prng = new Prng(7)
  const [one, other] = [hashSecret(() => prng.bits()), hashSecret(() => prng.bits())]
  let same = 0
  for (let i = 0; i < 1000; i++) {
    const key = Buffer.from(`key:${i}`)
    if (hashOf(one, key, 0, key.length) === hashOf(other, key, 0, key.length)) same++
  }
  assert.ok(same <= 1)
})

test('all slots are about equally likely', () => {
  const counts = new Uint32Array(SLOT_COUNT)
  for (let i = 0; i < SLOT_COUNT * 40; i++) counts[slotOfText(`user:${i}`)]!++
  assert.ok(Math.max(...counts) < 100)
  assert.ok(Math.min(...counts) > 5)
})

test('keys placed all at once have the slots and hashes they have one by one', () => {
  const secret = hashSecret(() => 0x1234567)
  const prng = new Prng(7)
  for (let round = 0; round < 400; round++) {
    const count = 1 + prng.below(32)
    const bytes = Buffer.alloc(2048)
    const places = {
      starts: new Int32Array(count),
      ends: new Int32Array(count),
      slots: new Uint16Array(count),
      hashes: new Uint32Array(count),
    }
    // Braces are as common as anything else, and neighbours of theirs (`z`, `|`, 0xfb) too.
    const alphabet = round % 2 === 0 ? null : [0x7a, 0x7b, 0x7c, 0x7d, 0xfb, 0]
    for (let at = 0; at < bytes.length; at++)
      bytes[at] = alphabet === null ? prng.below(256) : alphabet[prng.below(alphabet.length)]!
    let at = prng.below(5)
    for (let i = 0; i < count; i++) {
      places.starts[i] = at
      at += prng.below(50)
      places.ends[i] = at
    }
    placeAll(secret, bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), places, count)
    for (let i = 0; i < count; i++) {
      const [start, end] = [places.starts[i]!, places.ends[i]!]
      assert.equal(places.slots[i], slotOf(bytes, start, end), bytes.subarray(start, end).toString('hex'))
      assert.equal(places.hashes[i], hashOf(secret, bytes, start, end))
    }
  }
})
