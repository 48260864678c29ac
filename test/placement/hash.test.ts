import assert from 'node:assert/strict'
import test from 'node:test'
import { fingerprintOf, hashBytes, hashText } from '../../src/hash.ts'

test('hashes are those of the xxHash specification', () => {
  assert.equal(hashBytes(new Uint8Array(0), 0), 0x02cc5d05)
  assert.equal(hashBytes(Buffer.from('abc'), 0), 0x32d153ff)
  assert.equal(hashText('abc', 0), 0x32d153ff)
})

test('a text hashes as its bytes do, and the seed counts', () => {
  assert.equal(hashText('node-1', 7), hashBytes(Buffer.from('node-1'), 7))
  assert.notEqual(hashText('node-1', 7), hashText('node-1', 8))
})

test('long inputs go through in chunks and every byte counts', () => {
  const bytes = Buffer.alloc(200_001, 'abcdefg')
  const hash = hashBytes(bytes, 3)
  assert.equal(hashText(bytes.toString('latin1'), 3), hash)
  bytes[200_000]! ^= 1
  assert.notEqual(hashBytes(bytes, 3), hash)
})

test('a fingerprint is a whole number below 2^53', () => {
  for (const text of ['', 'a', 'b', 'a longer one']) {
    const print = fingerprintOf(Buffer.from(text))
    assert.ok(Number.isSafeInteger(print) && print >= 0 && print < 2 ** 53)
  }
  assert.notEqual(fingerprintOf(Buffer.from('a')), fingerprintOf(Buffer.from('b')))
})
