/*
 * Values by rule: units, globs, quoting and event letters, each as a table.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { findDirective } from '../../src/config/directives.ts'
import { matchesGlob } from '../../src/config/glob.ts'
import { formatKeyspaceEvents, parseKeyspaceEvents } from '../../src/config/keyspace-events.ts'
import { formatMemory, parseMemory } from '../../src/config/memory-units.ts'
import { parseValue } from '../../src/config/parse-value.ts'
import { quoteWord, splitWords } from '../../src/config/words.ts'

test('k is a thousand and kb is 1024, in any case', () => {
  const rows: [string, bigint | undefined][] = [
    ['0', 0n],
    ['', 0n],
    ['100', 100n],
    ['100b', 100n],
    ['1k', 1000n],
    ['1KB', 1024n],
    ['2m', 2_000_000n],
    ['64mb', 67_108_864n],
    ['1G', 1_000_000_000n],
    ['1gB', 1_073_741_824n],
    ['18446744073709551615', 18446744073709551615n],
    ['18446744073709551616', 18446744073709551615n],
    ['99999999999999999999gb', 18446744073709551615n],
    ['1t', undefined],
    ['-1', undefined],
    ['1.5gb', undefined],
    [' 1', undefined],
    ['1 gb', undefined],
    ['1kbx', undefined],
    ['0x10', undefined],
  ]
  for (const [text, bytes] of rows) assert.equal(parseMemory(text), bytes, text)
})

test('memory is written in its largest exact unit and read back the same', () => {
  assert.equal(formatMemory(0n), '0')
  assert.equal(formatMemory(1000n), '1000')
  assert.equal(formatMemory(1024n), '1kb')
  assert.equal(formatMemory(3n << 30n), '3gb')
  for (const bytes of [1n, 1023n, 1536n, 5_000_000n, 2n ** 40n, 2n ** 64n - 1n]) {
    assert.equal(parseMemory(formatMemory(bytes)), bytes)
  }
})

test('a glob matches names in any case', () => {
  const rows: [string, string, boolean][] = [
    ['*', 'maxmemory', true],
    ['max*', 'maxmemory', true],
    ['MAX*Y', 'maxmemory', true],
    ['max*z', 'maxmemory', false],
    ['?axmemory', 'maxmemory', true],
    ['[a-m]axmemory', 'maxmemory', true],
    ['[^m]axmemory', 'maxmemory', false],
    ['[^x]axmemory', 'maxmemory', true],
    ['[z-a]axmemory', 'maxmemory', true],
    ['max\\*', 'max*', true],
    ['max\\*', 'maxx', false],
    ['[m', 'm', true],
    ['[', 'm', false],
    ['', '', true],
    ['', 'x', false],
    ['a*b*c', 'a1b2b3c', true],
    ['**', '', true],
    ['*[xyz]', 'abcz', true],
  ]
  for (const [pattern, name, expected] of rows) assert.equal(matchesGlob(pattern, name), expected, pattern)
})

test('a pattern of many stars is no work', () => {
  assert.equal(matchesGlob('*a'.repeat(200), 'a'.repeat(4000) + 'b'), false)
})

test('words are split as in redis.conf', () => {
  const rows: [string, string[] | undefined][] = [
    ['port 6379', ['port', '6379']],
    ['  a \t b  ', ['a', 'b']],
    ['save ""', ['save', '']],
    ['x "a b" c', ['x', 'a b', 'c']],
    ['x "\\x41\\n\\"\\\\\\q"', ['x', 'A\n"\\q']],
    ["x 'a\\'b\\n'", ['x', "a'b\\n"]],
    ['x "a', undefined],
    ["x 'a", undefined],
    ['x "a"b', undefined],
    ['', []],
  ]
  for (const [line, words] of rows) assert.deepEqual(splitWords(line), words, line)
})

test('a quoted word is read back as itself, whatever its bytes', () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
  for (const word of ['', 'plain', 'a b', '#no comment', 'say "x"', "it's", '\\', all]) {
    assert.deepEqual(splitWords(`x ${quoteWord(word)}`), ['x', word])
  }
  assert.equal(quoteWord('127.0.0.1:6379'), '127.0.0.1:6379')
})

test('event letters are printed in the order of Redis', () => {
  const rows: [string, string][] = [
    ['', ''],
    ['KEA', 'AKE'],
    ['Ex$lgmdtn', 'g$lxtdnEm'],
    ['K$lshzxetdmn', '$lshzxetdnKm'],
    ['g$lshzxetdmnKE', 'AKEm'],
    ['Kn', 'nK'],
    ['nm', 'nm'],
  ]
  for (const [letters, printed] of rows)
    assert.equal(formatKeyspaceEvents(parseKeyspaceEvents(letters)), printed)
  assert.equal(parseKeyspaceEvents('KQ'), -1)
})

test('seeds are addresses, names, or dns:// names with or without a port', () => {
  const row = findDirective('seeds')!
  const good = 'a:1,10.0.0.1:2,[::1]:3,dns://cache,dns://cache.local:16379'
  assert.deepEqual(
    (parseValue(row, good, undefined) as { value: { words: unknown } }).value.words,
    good.split(','),
  )
  for (const bad of ['cache', 'dns://', 'dns://a:b', 'http://a:1', 'dns://a/b', 'dns://:1'])
    assert.match(
      (parseValue(row, bad, undefined) as { error: string }).error,
      /host:busport or dns:\/\/name/,
      bad,
    )
})
