// What the request parser accepts, refuses and never allocates. The refusals were observed on redis-server 7.0.15.

import assert from 'node:assert/strict'
import test from 'node:test'
import RedisParser from 'redis-parser'
import { Args, defaultParserLimits, NEED_MORE, READY, RequestParser } from '../../resp/index.ts'

interface Outcome {
  requests: string[][]
  raw: string[]
  error: string | undefined
}

function parse(chunks: Buffer[], isAuthenticated = true, limits = defaultParserLimits()): Outcome {
  const parser = new RequestParser(limits)
  const args = new Args()
  const outcome: Outcome = { requests: [], raw: [], error: undefined }
  for (const chunk of chunks) {
    parser.feed(Buffer.from(chunk))
    while (true) {
      const result = parser.next(args, isAuthenticated)
      if (result === NEED_MORE) break
      if (result !== READY) {
        outcome.error = parser.error
        return outcome
      }
      const request: string[] = []
      for (let i = 0; i < args.count; i++) request.push(args.text(i))
      outcome.requests.push(request)
      outcome.raw.push(args.bytes.toString('latin1', args.requestStart, args.requestEnd))
    }
    parser.endOfChunk()
  }
  return outcome
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const whole = (text: string, isAuthenticated = true) => parse([bytes(text)], isAuthenticated)
const byByte = (text: string, isAuthenticated = true) =>
  parse(
    [...bytes(text)].map((byte) => Buffer.from([byte])),
    isAuthenticated,
  )

const corpus = [
  '*1\r\n$4\r\nPING\r\n',
  '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nb\0\r\n',
  '*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n',
  'PING\r\nECHO "a b\\x41"\r\n*1\r\n$4\r\nPING\r\nPING\n',
  '*0\r\n*-1\r\n\r\n\n  \r\nPING\r\n',
  '*2\r\n$10\r\n0123456789\r\n$100\r\n' + 'x'.repeat(100) + '\r\n',
  '*1\rX$4\rXPINGxx*1\r\n$4\r\nPINGxy',
  `*12\r\n${'$1\r\na\r\n'.repeat(12)}`,
]

test('a request split at every byte is the request sent whole', () => {
  for (const text of corpus) {
    const expected = whole(text)
    assert.deepEqual(byByte(text), expected)
    for (let cut = 1; cut < text.length; cut++) {
      assert.deepEqual(
        parse([bytes(text.slice(0, cut)), bytes(text.slice(cut))]),
        expected,
        `${text} cut at ${cut}`,
      )
    }
  }
})

test('each request knows its raw bytes, and together they are the input', () => {
  const text = '*2\r\n$3\r\nGET\r\n$1\r\nk\r\nECHO  plain \r\nECHO "quo ted"\r\n*1\r\n$4\r\nPING\r\n'
  const { raw } = whole(text)
  assert.equal(raw.length, 4)
  assert.equal(raw.join(''), text)
  assert.deepEqual(byByte(text).raw, raw)
})

test('requests for nothing are skipped in silence', () => {
  assert.deepEqual(whole('*0\r\n*-1\r\n*-9223372036854775808\r\n\r\n\n \t \r\nPING\r\n').requests, [['PING']])
  assert.deepEqual(whole("''\r\n").requests, [['']])
})

const refusals: [input: string, error: string][] = [
  ['*\r\n', 'invalid multibulk length'],
  ['*01\r\n', 'invalid multibulk length'],
  ['*-0\r\n', 'invalid multibulk length'],
  ['*-\r\n', 'invalid multibulk length'],
  ['*+1\r\n', 'invalid multibulk length'],
  ['*a\r\n', 'invalid multibulk length'],
  ['*1 \r\n', 'invalid multibulk length'],
  ['*2147483648\r\n', 'invalid multibulk length'],
  ['*2147483647\r\n', 'invalid multibulk length'],
  ['*33554431\r\n', 'invalid multibulk length'],
  ['*5000000000\r\n', 'invalid multibulk length'],
  ['*-9223372036854775809\r\n', 'invalid multibulk length'],
  ['*99999999999999999999999\r\n', 'invalid multibulk length'],
  ['*1\r\n$a\r\n', 'invalid bulk length'],
  ['*1\r\n$\r\n', 'invalid bulk length'],
  ['*1\r\n$-1\r\n', 'invalid bulk length'],
  ['*1\r\n$04\r\nPING\r\n', 'invalid bulk length'],
  ['*1\r\n$+4\r\nPING\r\n', 'invalid bulk length'],
  ['*1\r\n$99999999999\r\n', 'invalid bulk length'],
  ['*1\r\n$536870913\r\n', 'invalid bulk length'],
  ['*1\r\n*1\r\n', "expected '$', got '*'"],
  ['*1\r\n\n\r\n', "expected '$', got ' '"],
  ['*1\r\n\r\n', "expected '$', got ' '"],
  ['*1\r\n\xff\r\n', "expected '$', got '\xff'"],
  ['*1\r\n%1\r\n', "expected '$', got '%'"],
  [`*1${'0'.repeat(66000)}`, 'too big mbulk count string'],
  [`*1\r\n$1${'0'.repeat(66000)}`, 'too big bulk count string'],
  ['x'.repeat(65537), 'too big inline request'],
  [`${'x'.repeat(1 << 20)}\r\n`, 'too big inline request'],
  ['ECHO "a\r\n', 'unbalanced quotes in request'],
  ['ECHO "a"b\r\n', 'unbalanced quotes in request'],
  ["ECHO 'a\r\n", 'unbalanced quotes in request'],
]

test('what Redis refuses is refused with its words, whole or byte by byte', () => {
  for (const [input, error] of refusals) {
    const expected = `ERR Protocol error: ${error}`
    assert.equal(whole(input).error, expected, input.slice(0, 40))
    assert.equal(byByte(input).error, expected, input.slice(0, 40))
  }
})

test('a line as long as the limit is still waited for', () => {
  assert.equal(whole('x'.repeat(65536)).error, undefined)
  assert.deepEqual(whole(`${'x'.repeat(65535)}\n`).requests[0]![0]!.length, 65535)
})

test('a NUL byte keeps a line from ever ending, as in Redis', () => {
  for (const text of ['PI\0NG\r\nPING\r\n', '*1\0\r\n', '*1\r\n\0\r\n']) {
    assert.deepEqual(whole(text), { requests: [], raw: [], error: undefined })
    assert.deepEqual(byByte(text), { requests: [], raw: [], error: undefined })
  }
})

test('who has not authenticated may send ten arguments of 16 KiB', () => {
  assert.equal(whole('*10\r\n$16384\r\n', false).error, undefined)
  assert.equal(whole('*11\r\n', false).error, 'ERR Protocol error: unauthenticated multibulk length')
  assert.equal(whole('*1\r\n$16385\r\n', false).error, 'ERR Protocol error: unauthenticated bulk length')
  assert.equal(whole('*1\r\n$536870913\r\n', false).error, 'ERR Protocol error: invalid bulk length')
  assert.equal(whole('*2147483648\r\n', false).error, 'ERR Protocol error: invalid multibulk length')
})

test('an unfinished request beyond the query limit fails without words', () => {
  const limits = { ...defaultParserLimits(), queryBytesMax: 100000 }
  const chunks = [bytes('*2\r\n$1\r\na\r\n$500000\r\n'), Buffer.alloc(60000), Buffer.alloc(60000)]
  assert.equal(parse(chunks.slice(0, 2), true, limits).error, undefined)
  assert.equal(parse(chunks, true, limits).error, '')
})

test('limits may change while a parser runs', () => {
  const limits = defaultParserLimits()
  const parser = new RequestParser(limits)
  limits.bulkBytesMax = 3
  parser.feed(bytes('*1\r\n$4\r\n'))
  assert.notEqual(parser.next(new Args(), true), NEED_MORE)
  assert.equal(parser.error, 'ERR Protocol error: invalid bulk length')
})

test('announced lengths allocate nothing', () => {
  for (const text of ['*1048576\r\n', '*1\r\n$536870912\r\n', '*1048576\r\n$536870912\r\nabc']) {
    const parser = new RequestParser(defaultParserLimits())
    const args = new Args()
    for (const byte of bytes(text)) {
      parser.feed(Buffer.from([byte]))
      assert.equal(parser.next(args, true), NEED_MORE)
      parser.endOfChunk()
      assert.ok(parser.bufferBytes < 131072)
      assert.ok(args.starts.length <= 64)
    }
  }
})

test('a remainder does not pin its chunk and memory goes back when nothing is pending', () => {
  const parser = new RequestParser(defaultParserLimits())
  const args = new Args()
  parser.feed(Buffer.concat([Buffer.from('*1\r\n$4\r\nPING\r\n'.repeat(4000)), bytes('*1\r\n$4')]))
  while (parser.next(args, true) === READY);
  parser.endOfChunk()
  assert.equal(parser.pendingBytes, 6)
  assert.ok(parser.bufferBytes <= 1024)
  parser.feed(bytes('\r\nPING\r\n'))
  assert.equal(parser.next(args, true), READY)
  parser.endOfChunk()
  assert.equal(parser.pendingBytes, 0)

  parser.feed(bytes('*1\r\n$3000000\r\n'))
  for (let i = 0; i < 50; i++) {
    assert.equal(parser.next(args, true), NEED_MORE)
    parser.endOfChunk()
    assert.ok(parser.bufferBytes <= Math.max(1024, 2 * parser.pendingBytes))
    parser.feed(Buffer.alloc(60000, 120))
  }
  parser.feed(bytes('\r\n*1\r\n'))
  assert.equal(parser.next(args, true), READY)
  assert.equal(args.length(0), 3000000)
  assert.equal(parser.next(args, true), NEED_MORE)
  parser.endOfChunk()
  assert.ok(parser.bufferBytes <= 1024, `${parser.bufferBytes}`)
})

test('a million arguments in small chunks are read once, and the offsets shrink afterwards', () => {
  const count = 1048576
  const body = Buffer.from(`*${count}\r\n${'$1\r\nx\r\n'.repeat(count)}`)
  const parser = new RequestParser(defaultParserLimits())
  const args = new Args()
  let result: number = NEED_MORE
  for (let at = 0; at < body.length; at += 1024) {
    parser.feed(body.subarray(at, at + 1024))
    result = parser.next(args, true)
    if (result === NEED_MORE) parser.endOfChunk()
  }
  assert.equal(result, READY)
  assert.equal(args.count, count)
  for (let i = 0; i < count; i += 9973) assert.equal(args.text(i), 'x')
  assert.equal(args.requestEnd - args.requestStart, body.length)
  args.clear()
  assert.equal(args.starts.length, new Args().starts.length)
})

test('one Args serves many parsers, also in the middle of their requests', () => {
  const args = new Args()
  const parsers = [0, 1, 2].map(() => new RequestParser(defaultParserLimits()))
  const texts = ['a', 'b', 'c'].map((name) => `*3\r\n$3\r\nSET\r\n$1\r\n${name}\r\n$2\r\n${name}${name}\r\n`)
  const seen: string[] = []
  for (let at = 0; at < texts[0]!.length; at++) {
    for (let i = 0; i < 3; i++) {
      parsers[i]!.feed(bytes(texts[i]![at]!))
      if (parsers[i]!.next(args, true) === READY) seen.push(args.text(1) + args.text(2))
      parsers[i]!.endOfChunk()
    }
  }
  assert.deepEqual(seen, ['aaa', 'bbb', 'ccc'])
})

test('well-formed requests are read as redis-parser reads them', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % below
  }
  for (let round = 0; round < 500; round++) {
    const args = new Args()
    const parts = Array.from({ length: 1 + random(6) }, () => {
      const part = Buffer.alloc(random(40))
      for (let k = 0; k < part.length; k++) part[k] = random(256)
      return part
    })
    const built = Args.from(...parts)
    const stream = Buffer.concat([built.bytes, built.bytes])
    const replies: Buffer[][] = []
    const oracle = new RedisParser({
      returnReply: (reply) => replies.push(reply as Buffer[]),
      returnError: assert.fail,
      returnBuffers: true,
    })
    oracle.execute(stream)
    const parser = new RequestParser(defaultParserLimits())
    const mine: Buffer[][] = []
    const cut = random(stream.length)
    for (const chunk of [stream.subarray(0, cut), stream.subarray(cut)]) {
      parser.feed(chunk)
      while (parser.next(args, true) === READY) mine.push(parts.map((_, i) => args.copy(i)))
      parser.endOfChunk()
    }
    assert.deepEqual(mine, replies)
  }
})

test('Args compares, copies and builds', () => {
  const args = Args.from('set', Buffer.from([0, 255]), 12)
  assert.equal(args.count, 3)
  assert.ok(args.is(0, 'SET'))
  assert.ok(!args.is(0, 'SETX'))
  assert.ok(!args.is(1, 'SE'))
  assert.equal(args.text(2), '12')
  assert.ok(args.equals(1, Buffer.from([9, 0, 255]), 1, 3))
  assert.ok(!args.equals(1, Buffer.from([9, 0, 254]), 1, 3))
  assert.deepEqual(args.copy(1), Buffer.from([0, 255]))
  assert.equal(args.bytes.toString('latin1'), '*3\r\n$3\r\nset\r\n$2\r\n\0\xff\r\n$2\r\n12\r\n')
})
