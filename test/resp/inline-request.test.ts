// Quoting of inline requests. Every expected reply of ECHO was observed on redis-server 7.0.15.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Args, defaultParserLimits, READY, RequestParser } from '../../resp/index.ts'

function words(line: string): string[] | undefined {
  const parser = new RequestParser(defaultParserLimits())
  const args = new Args()
  parser.feed(Buffer.from(`${line}\r\n`, 'latin1'))
  if (parser.next(args, true) !== READY) return undefined
  return Array.from({ length: args.count }, (_, i) => args.text(i))
}

const observed: [line: string, words: string[] | undefined][] = [
  ['ECHO "\\x41\\n\\t\\b\\a\\r\\q\\"\\xZZ"', ['ECHO', 'A\n\t\b\x07\rq"xZZ']],
  ["ECHO 'a\\'b\\n'", ['ECHO', "a'b\\n"]],
  ['ECHO a"b c"', ['ECHO', 'ab c']],
  ["ECHO ''", ['ECHO', '']],
  ['ECHO ""', ['ECHO', '']],
  ['  \t ECHO \v\fa\vb ', ['ECHO', 'a\vb']],
  ['ECHO a\\x41', ['ECHO', 'a\\x41']],
  ['ECHO "\\x4"', ['ECHO', 'x4']],
  ['ECHO "a"\vb', ['ECHO', 'a', 'b']],
  ['ECHO a\rb', ['ECHO', 'a', 'b']],
  ['ECHO a"b"c', undefined],
  ['ECHO "a\\', undefined],
  ['ECHO "a" b"', undefined],
  ['ECHO "a', undefined],
  ["ECHO 'a", undefined],
  ['\rPING', ['PING']],
  ['PING\r', ['PING']],
  ['ECHO "\\x00\\xff"', ['ECHO', '\0\xff']],
]

test('inline words are split and unescaped as Redis does it', () => {
  for (const [line, expected] of observed) assert.deepEqual(words(line), expected, JSON.stringify(line))
})

test('the arguments of a quoted line do not overwrite the line itself', () => {
  const parser = new RequestParser(defaultParserLimits())
  const args = new Args()
  const line = 'SET "a\\x41" \'b c\'\r\n'
  parser.feed(Buffer.from(line))
  assert.equal(parser.next(args, true), READY)
  assert.equal(args.bytes.toString('latin1', args.requestStart, args.requestEnd), line)
  assert.deepEqual([args.text(0), args.text(1), args.text(2)], ['SET', 'aA', 'b c'])
})
