/* Orders and outcomes as JSON and queries: what is said comes out as it went in, and nothing unknown is passed over. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  foundOf,
  getQuery,
  outcomeJson,
  readGet,
  readRemove,
  readSet,
  removeQuery,
  setJson,
} from '../../src/http/item-json.ts'
import type { GetOrder, RemoveOrder, SetOrder } from '../../src/http/item-port.ts'
import { decodeBytes, encodeBytes, readQuery } from '../../src/http/json-bytes.ts'

const BINARY = Buffer.from([0, 255, 37, 38, 61, 43, 32, 10, 0xc3, 0x28])
const COMMON = { key: BINARY, database: 3, level: 'all' } as const

function errorOf(outcome: unknown): string {
  return (outcome as { error?: string }).error ?? `no error: ${JSON.stringify(outcome)}`
}

test('an order to set survives the way through JSON, whatever bytes it is made of', () => {
  const orders: SetOrder[] = [
    { ...COMMON, value: BINARY, ttlMs: 50, expiresAtMs: 0, stamp: undefined },
    { ...COMMON, value: Buffer.from('grüße'), ttlMs: 0, expiresAtMs: 1.8e12, stamp: undefined },
    {
      ...COMMON,
      value: Buffer.alloc(0),
      ttlMs: 0,
      expiresAtMs: 0,
      stamp: { version: 2 ** 50, term: 2 ** 32 - 1 },
    },
  ]
  for (const order of orders) assert.deepEqual(readSet(JSON.parse(JSON.stringify(setJson(order)))), order)
})

test('orders to get and to remove survive the way through a query', () => {
  const get: GetOrder = { ...COMMON, isOwnCopyEnough: true }
  const remove: RemoveOrder = { ...COMMON, level: undefined, stamp: { version: 7, term: 0 } }
  assert.deepEqual(readGet(readQuery(getQuery(get))!), get)
  assert.deepEqual(readRemove(readQuery(removeQuery(remove))!), remove)
})

test('a key in a query is the bytes it says, also one that looks like a number', () => {
  for (const [query, key] of [
    ['key=12', '12'],
    ['key=true', 'true'],
    ['key=%ff%00', '\xff\0'],
    ['key=a+b%2Bc', 'a b+c'],
    ['key=', ''],
    ['key=%5F_proto__', '__proto__'],
  ] as const)
    assert.equal((readGet(readQuery(query)!) as GetOrder).key.toString('latin1'), key)
})

test('a found item survives the way through JSON', () => {
  const item = { value: BINARY, version: 2 ** 48, term: 5, expiresAtMs: 1.8e12 }
  const json = outcomeJson({ kind: 'found', item }, { key: BINARY })
  assert.deepEqual(foundOf(JSON.parse(JSON.stringify(json))), { kind: 'found', item })
  assert.deepEqual(foundOf({ found: false }), { kind: 'found', item: undefined })
  assert.match(errorOf(foundOf({ found: true, item: {} })), /something else/)
})

test('an order that says something unknown, twice or wrongly is refused, and why is said', () => {
  const wrong: [unknown, RegExp][] = [
    [undefined, /JSON object/],
    [[], /JSON object/],
    [{ value: 'v' }, /key is missing/],
    [{ key: 'k' }, /value is missing/],
    [{ key: 5, value: 'v' }, /key must be text/],
    [{ key: 'k', value: 'v', expiry_ms: 5 }, /unknown field 'expiry_ms'/],
    [{ key: 'k', value: 'v', expiration_ms: -1 }, /expiration_ms must be a whole number/],
    [{ key: 'k', value: 'v', expiration_ms: 1.5 }, /whole number/],
    [{ key: 'k', value: 'v', expiration_ms: 1, expires_at: 1 }, /exclude each other/],
    [{ key: 'k', value: '@', value_encoding: 'base64' }, /value is not base64/],
    [{ key: 'k', value: 'v', value_encoding: 'hex' }, /utf8 or base64/],
    [{ key: '\ud800', value: 'v' }, /key is not utf8/],
    [{ key: 'k', value: 'v', consistency: 'some' }, /one, quorum or all/],
    [{ key: 'k', value: 'v', database: 16 }, /at most 15/],
    [{ key: 'k', value: 'v', version: 5, term: 1 }, /unless replicate is false/],
    [{ key: 'k', value: 'v', replicate: false }, /needs its version and term/],
    [{ key: 'k', value: 'v', replicate: false, version: 0, term: 1 }, /needs its version/],
    [{ key: 'k', value: 'v', replicate: false, version: 1, term: 1, expiration_ms: 1 }, /point in time/],
    [{ key: 'k', value: 'v', replicate: 'no' }, /true or false/],
  ]
  for (const [json, why] of wrong) assert.match(errorOf(readSet(json)), why, JSON.stringify(json))
  assert.match(errorOf(readGet(new Map([['kee', 'k']]))), /unknown field/)
  assert.match(errorOf(readGet(new Map())), /key is missing/)
  assert.match(
    errorOf(
      readGet(
        new Map([
          ['key', 'k'],
          ['local', '1'],
        ]),
      ),
    ),
    /true or false/,
  )
})

test('a query that is broken, or says something twice, is none', () => {
  for (const query of ['key=%', 'key=%zz', 'key=a&key=b']) assert.equal(readQuery(query), undefined, query)
  assert.deepEqual([...readQuery('')!], [])
})

test('bytes are text where they are UTF-8, and nothing is replaced on the way', () => {
  assert.deepEqual(encodeBytes(Buffer.from('é')), { text: 'é', encoding: 'utf8' })
  assert.deepEqual(encodeBytes(Buffer.from([0xff])), { text: '/w==', encoding: 'base64' })
  for (const text of ['/w=', '/w', ' /w==', '/x=='])
    assert.equal(decodeBytes(text, 'base64'), undefined, text)
})
