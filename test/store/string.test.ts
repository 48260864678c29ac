/*
 * Strings in the store: growing, encodings' names, decimal digits, and their bytes in effects. Shape: model test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { FLAG_RAW, TYPE_STRING } from '../../src/store/entry.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import {
  decimalWidth,
  FLAG_TEXT,
  growString,
  stringValueType,
  writeDecimal,
  writeString,
} from '../../src/store/string.ts'
import { Prng } from '../support/prng.ts'

const KEY = Buffer.from('key')

function newSpace(): Keyspace {
  return new Keyspace(hashSecret(() => 12345))
}

function set(space: Keyspace, value: Buffer): number {
  return space.setString(0, KEY, 0, KEY.length, value, 0, value.length, false)
}

function contentOf(space: Keyspace, ref: number): Buffer {
  const start = space.entries.valueStart(ref)
  return Buffer.from(space.entries.valueBuffer(ref).subarray(start, start + space.entries.valueLength(ref)))
}

test('encodings are named as Redis names them', () => {
  const space = newSpace()
  const nameOf = (text: string) => stringValueType.encoding(space, set(space, Buffer.from(text)))
  for (const text of ['0', '-1', '9223372036854775807', '-9223372036854775808'])
    assert.equal(nameOf(text), 'int', text)
  const others = [
    '',
    '-',
    '-0',
    '01',
    '+1',
    '1.0',
    '9223372036854775808',
    '-9223372036854775809',
    'x'.repeat(44),
  ]
  for (const text of others) assert.equal(nameOf(text), 'embstr', text)
  assert.equal(nameOf('x'.repeat(45)), 'raw')
  const ref = set(space, Buffer.from('12'))
  space.entries.setFlags(ref, FLAG_TEXT)
  assert.equal(stringValueType.encoding(space, ref), 'embstr')
  assert.equal(stringValueType.encoding(space, growString(space, ref, 2)), 'raw')
})

test('growing keeps the bytes, zeroes the new ones and gives all memory back', () => {
  const space = newSpace()
  const prng = new Prng(3)
  let ref = set(space, Buffer.from('seed'))
  let model = Buffer.from('seed')
  for (let round = 0; round < 400; round++) {
    const length = model.length + prng.below(round % 50 === 0 ? 40000 : 60)
    ref = growString(space, ref, length)
    model = Buffer.concat([model, Buffer.alloc(length - model.length)])
    const patch = Buffer.alloc(prng.below(Math.min(length, 200)), prng.below(256))
    const at = prng.below(length - patch.length + 1)
    writeString(space, ref, at, patch, 0, patch.length)
    patch.copy(model, at)
    if (round % 100 === 99) model = Buffer.from(contentOf(space, (ref = set(space, model.subarray(0, 30)))))
    assert.ok(contentOf(space, ref).equals(model))
  }
  space.remove(ref)
  assert.equal(space.arena.usedBytes, 0)
  assert.equal(space.entries.outsideBytes, 0)
})

test('a written string reads back with its bytes and its kind of encoding', () => {
  for (const flags of [0, FLAG_RAW, FLAG_TEXT]) {
    for (const value of [
      Buffer.alloc(0),
      Buffer.from('123'),
      Buffer.from([0, 255, 13, 10]),
      Buffer.alloc(100000, 7),
    ]) {
      const space = newSpace()
      const ref = set(space, value)
      space.entries.setFlags(ref, flags)
      const out = new ByteWriter()
      stringValueType.write(space, ref, out)
      const other = newSpace()
      const copy = stringValueType.read(
        other,
        0,
        KEY,
        0,
        KEY.length,
        new ByteReader(out.bytes, 0, out.length),
      )
      assert.ok(contentOf(other, copy).equals(value))
      assert.equal(other.entries.typeOf(copy), TYPE_STRING)
      assert.equal(stringValueType.encoding(other, copy), stringValueType.encoding(space, ref))
    }
  }
})

test('bytes that are no string make nothing', () => {
  const space = newSpace()
  for (const bytes of [[], [0], [0, 9, 0, 0, 0, 1], [64, 0, 0, 0, 0], [0, 255, 255, 255, 255]]) {
    const input = new ByteReader(Buffer.from(bytes), 0, bytes.length)
    assert.equal(stringValueType.read(space, 0, KEY, 0, KEY.length, input), 0)
  }
  assert.equal(space.arena.usedBytes, 0)
})

test('every safe integer is written in the digits JavaScript gives it', () => {
  const prng = new Prng(5)
  const numbers = [
    0,
    9,
    10,
    -1,
    -10,
    2147483647,
    2147483648,
    -2147483648,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ]
  for (let i = 0; i < 2000; i++) numbers.push(Math.round((prng.fraction() - 0.5) * 10 ** prng.below(17)) || 0)
  for (const n of numbers) {
    const bytes = Buffer.alloc(decimalWidth(n))
    writeDecimal(bytes, bytes.length, n)
    assert.equal(bytes.toString(), String(n))
  }
})
