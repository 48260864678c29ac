/*
 * Keys, fields, members and values are bytes: empty, all 256 of them, names JavaScript knows, a megabyte
 * long (table B-10). Commands only; redis-server knows the answers. Shape: table.
 */
import { type Case, pairs, scan, scanPairs, unordered } from '../script.ts'

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
const NAMES: readonly (readonly [string, string | Buffer])[] = [
  ['empty', ''],
  ['a zero byte', '\x00'],
  ['two zero bytes', '\x00\x00'],
  ['CR LF', '\r\n'],
  ['a RESP header', '$5\r\nhello\r\n*1\r\n'],
  ['invalid UTF-8', '\xff\xfe\x80'],
  ['a lone surrogate', Buffer.from('eda080', 'hex')],
  ['UTF-8', Buffer.from('h\u00e9llo \u4e16\u754c \u{1f600}')],
  ['all 256 bytes', EVERY_BYTE],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['toString', 'toString'],
  ['hasOwnProperty', 'hasOwnProperty'],
  ['an integer', '12345'],
  ['a padded integer', '012345'],
  ['braces', '{}{a}'],
  ['glob characters', '*?[a-z]\\^'],
  ['quotes', '"\'`'],
  ['a kilobyte', 'k'.repeat(1024)],
  ['64 kilobytes', Buffer.alloc(65_536, 'ab\x00')],
  ['a megabyte', Buffer.alloc(1_048_576, EVERY_BYTE)],
]

export const cases: readonly Case[] = NAMES.flatMap(([what, name]) => [
  {
    name: `a key, value, field, member and element that is ${what}`,
    run: [
      ['SET', name, name], ['GET', name], ['STRLEN', name], ['EXISTS', name], ['TYPE', name], ['GETRANGE', name, '0', '20'], ['GETRANGE', name, '-20', '-1'], ['APPEND', name, name], ['STRLEN', name], ['GETSET', name, 'x'], ['MSET', name, '1', 'b', name], ['MGET', name, 'b', 'c'],
      ['KEYS', '*'], scan(['SCAN', '0', 'COUNT', '100']), ['RENAME', name, 'n'], ['RENAME', 'n', name], ['COPY', name, 'copy'], ['GET', 'copy'], ['DEL', name, 'b', 'copy'], ['DBSIZE'],
      ['HSET', name, name, name, 'f', 'v'], ['HGET', name, name], pairs(['HGETALL', name]), ['HEXISTS', name, name], ['HSTRLEN', name, name], scanPairs(['HSCAN', name, '0']), ['HDEL', name, name], ['HKEYS', name], ['DEL', name],
      ['RPUSH', name, name, 'x', name], ['LRANGE', name, '0', '-1'], ['LPOS', name, name, 'RANK', '-1'], ['LREM', name, '1', name], ['LINSERT', name, 'BEFORE', name, 'y'], ['LSET', name, '0', name], ['LPOP', name], ['RPOP', name], ['DEL', name],
      ['SADD', name, name, 'x'], ['SISMEMBER', name, name], unordered(['SMEMBERS', name]), ['SMOVE', name, 'other', name], ['SMEMBERS', 'other'], ['SREM', 'other', name], ['EXISTS', 'other'], ['DEL', name],
      ['ZADD', name, '1', name, '2', 'x'], ['ZSCORE', name, name], ['ZRANGE', name, '0', '-1', 'WITHSCORES'], ['ZRANK', name, name], ['ZINCRBY', name, '5', name], ['ZPOPMAX', name], ['ZREM', name, 'x'], ['DBSIZE'],
    ].map((step) => (!Array.isArray(step) || step[0] !== 'KEYS' ? step : unordered(step))),
  },
  {
    name: `names and messages that are ${what}`,
    run: [['ECHO', name], ['PING', name], ['c2> SUBSCRIBE a'].join(''), ['PUBLISH', 'a', name], ['PUBLISH', name, 'x'], ['OBJECT', 'ENCODING', name], ['SET', 'k', 'v', name], ['CONFIG', 'GET', name], ['SELECT', name], ['EXPIRE', 'k', name], ['INCRBY', 'k', name], ['LCS', name, name], ['COMMAND', 'INFO', name]],
  },
])
