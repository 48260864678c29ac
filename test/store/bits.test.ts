/*
 * Bit rules against a string of zeros and ones, at every alignment. Shape: model test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { countBits, findBit, readField, writeField } from '../../src/store/bits.ts'
import { Prng } from '../support/prng.ts'

/** Random bytes with long runs of zeros and ones; `base` bytes of noise in front. */
function sample(prng: Prng, base: number, length: number): Buffer {
  const bytes = Buffer.alloc(base + length + 3, prng.below(2) === 0 ? 0 : 0xff)
  for (let i = prng.below(4); i > 0; i--) bytes[prng.below(bytes.length)] = prng.below(256)
  return bytes
}

function bitsOf(bytes: Buffer, base: number, length: number): string {
  let text = ''
  for (let i = base; i < base + length; i++) text += bytes[i]!.toString(2).padStart(8, '0')
  return text
}

test('counting and finding agree with a string of zeros and ones', () => {
  const prng = new Prng(7)
  for (let round = 0; round < 3000; round++) {
    const base = prng.below(9)
    const length = 1 + prng.below(round % 5 === 0 ? 300 : 12)
    const bytes = sample(prng, base, length)
    const text = bitsOf(bytes, base, length)
    const first = prng.below(text.length)
    const last = first + prng.below(text.length - first)
    const range = text.slice(first, last + 1)
    assert.equal(countBits(bytes, base, first, last), range.replaceAll('0', '').length)
    for (const bit of [0, 1]) {
      const found = range.indexOf(String(bit))
      assert.equal(findBit(bytes, base, first, last, bit), found === -1 ? -1 : found + first)
    }
  }
})

test('fields of any width are read where they were written and touch nothing else', () => {
  const prng = new Prng(11)
  for (let round = 0; round < 3000; round++) {
    const base = prng.below(5)
    const length = 12
    const bytes = sample(prng, base, length)
    const before = bitsOf(bytes, 0, bytes.length)
    const width = 1 + prng.below(64)
    const position = prng.below(length * 8 - width)
    const value = BigInt.asUintN(width, (BigInt(prng.bits()) << 32n) | BigInt(prng.bits()))
    writeField(bytes, base, position, width, value)
    assert.equal(readField(bytes, base, base + length, position, width), value)
    const at = base * 8 + position
    const expected = before.slice(0, at) + value.toString(2).padStart(width, '0') + before.slice(at + width)
    assert.equal(bitsOf(bytes, 0, bytes.length), expected)
  }
})

test('bits behind the end of the string read as zero', () => {
  const bytes = Buffer.from([0xff, 0xff, 0xff])
  assert.equal(readField(bytes, 0, 1, 4, 8), 0xf0n)
  assert.equal(readField(bytes, 0, 1, 800, 64), 0n)
})
