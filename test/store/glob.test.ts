/*
 * Globs: what Redis' stringmatchlen answers, its corners included, and patterns made to be slow. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { matchesAll, matchesGlob } from '../../src/store/glob.ts'
import { Prng } from '../support/prng.ts'

function matches(pattern: string, text: string, ignoresCase = false): boolean {
  // Bytes around both must not matter.
  const p = Buffer.from(`*${pattern}*`, 'latin1')
  const t = Buffer.from(`x${text}x`, 'latin1')
  return matchesGlob(p, 1, p.length - 1, t, 1, t.length - 1, ignoresCase)
}

test('patterns match as in Redis', () => {
  const rows: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
    ['hello', ['hello'], ['hell', 'helloo', 'Hello', '']],
    ['h?llo', ['hello', 'h\xffllo'], ['hllo', 'heello']],
    ['h*llo', ['hllo', 'heeeello', 'hllollo'], ['hll', 'xhllo']],
    ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'hllo']],
    ['h[^e]llo', ['hallo', 'h^llo'], ['hello']],
    ['h[a-c]llo', ['hallo', 'hbllo', 'hcllo'], ['hdllo', 'h-llo']],
    ['h[c-a]llo', ['hallo', 'hbllo', 'hcllo'], ['hdllo']],
    ['h[^a-c]llo', ['hdllo'], ['hallo']],
    ['*', ['a', 'anything', '\0'], ['']],
    ['**', ['a'], ['']],
    ['', [''], ['a']],
    ['a*', ['a', 'ab'], ['ba', '']],
    ['*a*b*', ['ab', 'xaxbx'], ['ba']],
    ['\\*', ['*'], ['a', '\\']],
    ['a\\', ['a\\'], ['a']],
    ['\\[a', ['[a'], ['a']],
    ['[\\]]', [']'], ['\\']],
    ['[a\\-z]', ['a', '-', 'z'], ['b', '\\']],
    ['[a', ['a'], ['[', 'b']],
    ['[^', ['a', '^'], ['']],
    ['[]', [], ['a', ']', '']],
    ['[]a]', [], ['a]', ']']],
    ['[a-]', ['a', ']', '^'], ['-', 'b']],
    ['[a-', ['a', '-'], ['b']],
    ['[\x80-\x7f]', ['\x80', 'a', '\xff', '\0'], []],
    ['[\x7f-\x81]', ['\x7f', 'a', '\x81', '\x82'], ['\x80']],
    ['?', ['a', '*'], ['', 'ab']],
    ['*?', ['a', 'ab'], ['']],
    ['a*b*c', ['abc', 'a1b2c', 'abbcc'], ['acb', 'abcd']],
    ['*.log', ['a.log', '.log', 'a.log.log'], ['a.logx']],
  ]
  for (const [pattern, yes, no] of rows) {
    for (const text of yes) assert.ok(matches(pattern, text), `${pattern} takes ${text}`)
    for (const text of no) assert.ok(!matches(pattern, text), `${pattern} refuses ${text}`)
  }
})

test('case is ignored where asked, save for escaped bytes in a class', () => {
  assert.ok(matches('HeL*', 'hElLo', true))
  assert.ok(matches('h[A-C]x', 'hbX', true))
  assert.ok(matches('[ab]', 'B', true))
  assert.ok(!matches('[\\a]', 'A', true))
  assert.ok(matches('\\a', 'A', true))
  assert.ok(!matches('\xe9', '\xc9', true))
})

test('the pattern that takes everything is recognised', () => {
  assert.equal(matchesAll(Buffer.from('*'), 0, 1), true)
  assert.equal(matchesAll(Buffer.from('**'), 0, 2), false)
  assert.equal(matchesAll(Buffer.from('a'), 0, 1), false)
})

test('simple patterns agree with regular expressions', () => {
  const random = new Prng(5)
  for (let i = 0; i < 20_000; i++) {
    const pattern = Array.from({ length: random.below(8) }, () =>
      random.pick(['a', 'b', '*', '?', '[ab]', '[^a]']),
    ).join('')
    const text = Array.from({ length: random.between(1, 8) }, () => random.pick(['a', 'b', 'c'])).join('')
    const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
    assert.equal(matches(pattern, text), expression.test(text), `${pattern} on ${text}`)
  }
})

test('patterns of ten thousand stars are answered at once (B-9)', () => {
  const stars = '*a'.repeat(10_000)
  assert.equal(matches(stars, 'a'.repeat(1 << 20)), true)
  assert.equal(matches(`${stars}b`, 'a'.repeat(1 << 20)), false)
  assert.equal(matches(stars, 'b'.repeat(1 << 20)), false)
  assert.equal(matches('*'.repeat(100_000), 'x'), true)
})
