// Looking ahead: the keys it tells are those the parser will read, and whatever is odd ends it without harm.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Args, defaultParserLimits, READY, RequestParser, RequestScan } from '../../resp/index.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

function keysSeen(text: string): string[] {
  const scan = new RequestScan()
  const chunk = bytes(text)
  scan.scan(chunk, 0, chunk.length)
  return Array.from({ length: scan.count }, (_, i) =>
    chunk.toString('latin1', scan.starts[i]!, scan.ends[i]!),
  )
}

const request = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

test('the first key of each whole request is seen, whatever follows it', () => {
  const text =
    request('SET', 'a', '1') + request('PING') + request('GET', 'key:b') + request('MSET', 'c', '1', 'd', '2')
  assert.deepEqual(keysSeen(text), ['a', 'key:b', 'c'])
})

test('the scan ends at an inline request, at an unfinished one and at one that breaks the protocol', () => {
  const known = request('GET', 'a')
  const odd = [
    'GET b\r\n',
    '*2\r\n$3\r\nGET\r\n$500\r\nhal',
    '*2\r\n$3\r\nGET\r\n:1\r\n',
    '*x\r\n',
    '*2\r\n$-1\r\n',
    '*2',
  ]
  for (const tail of odd) assert.deepEqual(keysSeen(known + tail + known), ['a'], tail)
})

test('lengths that lie beyond the bytes, and numbers beyond all bounds, end the scan', () => {
  for (const tail of [
    '*2\r\n$3\r\nGET\r\n$999999999999999999999\r\n',
    `*2\r\n$${'9'.repeat(400)}\r\n`,
    `*${'9'.repeat(400)}\r\n`,
  ])
    assert.deepEqual(keysSeen(request('GET', 'a') + tail), ['a'])
})

test('at most 32 requests are looked at in one go, and `until` says where to go on', () => {
  const one = request('GET', 'k')
  const chunk = bytes(one.repeat(40))
  const scan = new RequestScan()
  scan.scan(chunk, 0, chunk.length)
  assert.equal(scan.count, 32)
  assert.equal(scan.until, 32 * one.length)
  scan.scan(chunk, scan.until, chunk.length)
  assert.equal(scan.count, 8)
  assert.equal(scan.until, chunk.length)
})

test('on random pipelines the scan sees what the parser reads', () => {
  let state = 7
  const below = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % n
  }
  for (let round = 0; round < 500; round++) {
    const parts = Array.from({ length: 1 + below(12) }, () =>
      request(...Array.from({ length: 1 + below(5) }, () => 'x\r\n$*3'.repeat(8).slice(0, below(40)))),
    )
    const text = parts.join('').slice(0, below(10) === 0 ? below(200) + 1 : undefined)
    const parser = new RequestParser(defaultParserLimits())
    const args = new Args()
    parser.feed(bytes(text))
    const read: string[] = []
    while (parser.next(args, true) === READY) if (args.count > 1) read.push(args.text(1))
    // The key of a request that is cut off behind it may be seen too.
    const seen = keysSeen(text)
    assert.deepEqual(seen.slice(0, read.length), read)
    assert.ok(seen.length <= read.length + 1)
  }
})

test('behind the first key the next argument is seen, if there is one and it is short', () => {
  const text =
    request('SADD', 'set', 'member', 'more') +
    request('GET', 'a') +
    request('SET', 'b', 'x'.repeat(300)) +
    request('HSET', 'hash', 'field', 'value')
  const scan = new RequestScan()
  const chunk = bytes(text)
  scan.scan(chunk, 0, chunk.length)
  const next = Array.from({ length: scan.count }, (_, i) =>
    chunk.toString('latin1', scan.nextStarts[i]!, scan.nextEnds[i]!),
  )
  assert.deepEqual(next, ['member', '', '', 'field'])
})
