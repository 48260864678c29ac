/*
 * Long doubles against sums the real server gave (INCRBYFLOAT on x86-64). Shape: table test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  addLongDoubles,
  formatLongDouble,
  isFiniteLongDouble,
  LONG_DOUBLE_ZERO,
  readLongDouble,
} from '../../src/store/long-double.ts'

function read(text: string) {
  const bytes = Buffer.from(`<${text}>`, 'latin1')
  return readLongDouble(bytes, 1, bytes.length - 1)
}

function sum(a: string, b: string): string | undefined {
  const result = addLongDoubles(read(a)!, read(b)!)
  return result === undefined ? undefined : formatLongDouble(result)
}

test('sums have the digits of the 80-bit format, not those of doubles', () => {
  const rows: [string, string, string][] = [
    ['0.1', '0.2', '0.3'],
    ['3.0e3', '1', '3001'],
    ['10.5', '-10.5', '0'],
    ['18446744073709551615', '1', '18446744073709551616'],
    ['18446744073709551616', '1', '18446744073709551616'],
    ['9223372036854775807', '0.5', '9223372036854775807.5'],
    ['0x1p3', '0x.8', '8.5'],
    ['1e-20', '0', '0'],
    ['-1e-20', '0', '0'],
    ['.5', '5.', '5.5'],
  ]
  for (const [a, b, expected] of rows) assert.equal(sum(a, b), expected, `${a} + ${b}`)
})

test('a tie in the last bit goes to the even mantissa', () => {
  // 2^64 + 1 and 2^64 + 3 lie halfway between the multiples of two that have 64 bits.
  assert.equal(sum('18446744073709551617', '0'), '18446744073709551616')
  assert.equal(sum('18446744073709551619', '0'), '18446744073709551620')
})

test('what strtold refuses or cannot hold is refused', () => {
  for (const text of [
    '',
    ' 1',
    '1 ',
    'nan',
    '.',
    '1e',
    '0x',
    'e5',
    '1_0',
    '--1',
    '1e5000',
    '-1e5000',
    '1e-5000',
    '1\0',
  ]) {
    assert.equal(read(text), undefined, JSON.stringify(text))
  }
  assert.equal(read('9'.repeat(5200)), undefined)
})

test('a zero is a zero whatever its exponent says', () => {
  assert.deepEqual(read('0e99999999'), LONG_DOUBLE_ZERO)
  assert.deepEqual(read('-0x0p-99999999'), LONG_DOUBLE_ZERO)
})

test('infinities are read, but no sum may be one', () => {
  for (const text of ['inf', '-inf', 'Infinity']) assert.equal(isFiniteLongDouble(read(text)!), false)
  assert.equal(sum('inf', '1'), undefined)
  assert.equal(sum('inf', '-inf'), undefined)
  assert.equal(sum('1.1e4932', '1.1e4932'), undefined)
  assert.equal(sum('1e4932', '1')!.length, 4933)
})
