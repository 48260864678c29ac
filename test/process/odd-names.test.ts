/*
 * Names that trip up programs (table B-10): __proto__, the empty one, all 256 bytes, a megabyte, invalid UTF-8, as
 * keys, fields, members, values, channels and client names.
 *
 * The idea: what goes in comes out byte for byte, wherever it went in, under RESP2 and RESP3. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type Reply, show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { attended, eventually, figure, MEBIBYTE } from './attended.ts'

const ALL_BYTES = Buffer.from([...Array(256).keys()]).toString('latin1')

const NAMES: readonly string[] = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf', '__defineGetter__'],
  ...[
    '',
    ' ',
    '\0',
    '\r\n',
    '$-1\r\n',
    '*0\r\n',
    '0',
    '-0',
    '1e3',
    'null',
    'undefined',
    'NaN',
    'true',
    '{',
    '{}',
    '{a',
    '*',
    '\\',
  ],
  ...['\xff\xfe', '\xed\xa0\x80', '\xc3\x28', '\xf0\x9f\x98\x80', ALL_BYTES, ALL_BYTES.repeat(300)],
  Buffer.alloc(MEBIBYTE, ALL_BYTES, 'latin1').toString('latin1'),
]

/** Every way in and out: requests, and what the last of them answers. */
const WAYS: Readonly<Record<string, (name: string) => { argvs: string[][]; answer: string | string[] }>> = {
  'a key and a value': (name) => ({
    argvs: [
      ['SET', name, name],
      ['GET', name],
    ],
    answer: name,
  }),
  'a key among keys': (name) => ({
    argvs: [
      ['MSET', name, 'v', 'other', 'w'],
      ['MGET', 'other', name],
    ],
    answer: ['w', 'v'],
  }),
  'the only key': (name) => ({
    argvs: [
      ['SET', name, 'v'],
      ['KEYS', '*'],
    ],
    answer: [name],
  }),
  'a key picked by luck': (name) => ({ argvs: [['SET', name, 'v'], ['RANDOMKEY']], answer: name }),
  'a new key': (name) => ({
    argvs: [
      ['SET', 'a', 'v'],
      ['RENAME', 'a', name],
      ['GETDEL', name],
    ],
    answer: 'v',
  }),
  'a copy': (name) => ({
    argvs: [
      ['SET', name, name],
      ['COPY', name, 'b'],
      ['GET', 'b'],
    ],
    answer: name,
  }),
  'a value replaced': (name) => ({
    argvs: [
      ['SET', 'k', name],
      ['SET', 'k', 'v', 'GET'],
    ],
    answer: name,
  }),
  'a value appended': (name) => ({
    argvs: [
      ['SET', 'k', name],
      ['APPEND', 'k', name],
      ['GETRANGE', 'k', '0', '-1'],
    ],
    answer: name + name,
  }),
  'a field and its value': (name) => ({
    argvs: [
      ['HSET', name, name, name],
      ['HGET', name, name],
    ],
    answer: name,
  }),
  'a field among fields': (name) => ({
    argvs: [
      ['HSET', 'h', name, '1'],
      ['HKEYS', 'h'],
    ],
    answer: [name],
  }),
  'a field of a large hash': (name) => ({
    argvs: [large('HSET', 'h', 2), ['HSET', 'h', name, name], ['HMGET', 'h', name]],
    answer: [name],
  }),
  'a member': (name) => ({
    argvs: [
      ['SADD', name, name],
      ['SMEMBERS', name],
    ],
    answer: [name],
  }),
  'a member of a large set': (name) => ({
    argvs: [large('SADD', 's', 1), ['SADD', 's', name, 'x'], ['SMISMEMBER', 's', name]],
    answer: ['1'],
  }),
  'a member moved': (name) => ({
    argvs: [
      ['SADD', 'a', name],
      ['SMOVE', 'a', 'b', name],
      ['SPOP', 'b'],
    ],
    answer: name,
  }),
  'a scored member': (name) => ({
    argvs: [
      ['ZADD', name, '1', name],
      ['ZRANGE', name, '0', '-1'],
    ],
    answer: [name],
  }),
  'a member of a large sorted set': (name) => ({
    argvs: [scored(), ['ZADD', 'z', '-5', name], ['ZRANGE', 'z', '0', '0']],
    answer: [name],
  }),
  'an element': (name) => ({
    argvs: [
      ['LPUSH', name, name, 'x'],
      ['LRANGE', name, '1', '1'],
    ],
    answer: [name],
  }),
  'an element inserted': (name) => ({
    argvs: [
      ['RPUSH', 'l', 'p'],
      ['LINSERT', 'l', 'BEFORE', 'p', name],
      ['LINDEX', 'l', '0'],
    ],
    answer: name,
  }),
  'an element moved': (name) => ({
    argvs: [
      ['RPUSH', 'l', name],
      ['LMOVE', 'l', name, 'LEFT', 'LEFT'],
      ['RPOP', name],
    ],
    answer: name,
  }),
  'an echo': (name) => ({ argvs: [['ECHO', name]], answer: name }),
  'a queued request': (name) => ({
    argvs: [['MULTI'], ['SET', name, name], ['GET', name], ['EXEC']],
    answer: ['OK', name],
  }),
}

function large(command: string, key: string, width: number): string[] {
  return [command, key, ...Array.from({ length: 600 * width }, (_, index) => `filler:${index}`)]
}

function scored(): string[] {
  return [
    'ZADD',
    'z',
    ...Array.from({ length: 300 }, (_, index) => [String(index), `filler:${index}`]).flat(),
  ]
}

function plain(reply: Reply | undefined): string | string[] {
  const value = reply?.value ?? ''
  return typeof value === 'string' ? value : value.map((one) => String(one.value))
}

function isSame(one: string | string[], other: string | string[]): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other
  return one.length === other.length && one.every((text, at) => text === other[at])
}

function shorten(name: string): string {
  return JSON.stringify(name.slice(0, 24))
}

for (const protocol of ['2', '3']) {
  test(`odd names come out as they went in, RESP${protocol}`, { timeout: 60_000 }, async () => {
    await attended({}, async ({ server }) => {
      const client = await server.connect()
      await client.call('HELLO', protocol)
      for (const name of protocol === '2' ? NAMES : NAMES.filter((one) => one.length < MEBIBYTE)) {
        for (const [way, make] of Object.entries(WAYS)) {
          const { argvs, answer } = make(name)
          client.command('FLUSHALL')
          for (const argv of argvs) client.command(...argv)
          const replies = await client.take(argvs.length + 1)
          if (!isSame(plain(replies.at(-1)), answer))
            assert.fail(`${shorten(name)} as ${way}: ${show(replies.at(-1))}`)
        }
      }
      client.destroy()
    })
  })
}

test('odd channels and messages arrive as they were sent', async () => {
  await attended({}, async ({ server, witness }) => {
    const listener = await server.connect()
    for (const name of NAMES) {
      await listener.call('SUBSCRIBE', name)
      assert.equal((await witness.call('PUBLISH', name, name)).value, '1', shorten(name))
      assert.deepEqual(plain(await listener.next()), ['message', name, name], shorten(name))
      await listener.call('UNSUBSCRIBE', name)
    }
    listener.destroy()
    await eventually('nobody listens', async () => (await figure(witness, 'pubsub_channels')) === 0)
  })
})

test('client names are kept or refused as Redis says, and never break CLIENT LIST', async () => {
  await attended({}, async ({ server }) => {
    const client = await server.connect()
    for (const name of NAMES) {
      const isNameable = /^[!-~]*$/.test(name)
      const answer = await client.call('CLIENT', 'SETNAME', name)
      const refusal = '-ERR Client names cannot contain spaces, newlines or special characters.'
      assert.equal(show(answer), isNameable ? '+OK' : refusal, shorten(name))
      if (isNameable) assert.equal((await client.call('CLIENT', 'GETNAME')).value, name, shorten(name))
      await assertListed(client)
    }
    client.destroy()
  })
})

async function assertListed(client: RespSocket): Promise<void> {
  const lines = String((await client.call('CLIENT', 'LIST')).value)
    .trimEnd()
    .split('\n')
  assert.equal(lines.length, 2)
  assert.ok(lines.every((line) => /^id=\d+ addr=\S+ .* resp=2$/.test(line)))
}
