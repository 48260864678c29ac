/*
 * Which encoding OBJECT ENCODING names, and where it changes: at the same sizes, counts and directives as
 * Redis. Commands only; redis-server knows the answers. Shape: table.
 */
import { type Case, ignore, many, manyPairs, pairs } from '../script.ts'

const VALUES = [
  '',
  'a',
  '0',
  '-0',
  '1',
  '-1',
  '01',
  '+1',
  ' 1',
  '1.0',
  '12345678901234567890',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '1e5',
  'x'.repeat(20),
  'x'.repeat(21),
  'x'.repeat(43),
  'x'.repeat(44),
  'x'.repeat(45),
  'x'.repeat(1000),
  '1'.repeat(19),
  '1'.repeat(20),
  '1'.repeat(44),
]
const SIZES = [63, 64, 65, 127, 128, 129]

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  ...VALUES.map((value) => ({
    name: `the encoding of the string ${JSON.stringify(value.slice(0, 24))} of ${value.length} bytes`,
    run: [['SET', 'k', value], 'OBJECT ENCODING k', ['GETSET', 'k', value], 'OBJECT ENCODING k', ['MSET', 'k', value], 'OBJECT ENCODING k', ['SETNX', 'n', value], 'OBJECT ENCODING n', ['APPEND', 'a', value], 'OBJECT ENCODING a', ['APPEND', 'k', ''], 'OBJECT ENCODING k', ['SETRANGE', 'r', '0', value], 'OBJECT ENCODING r', 'COPY k c', 'OBJECT ENCODING c', 'RENAME c d', 'OBJECT ENCODING d', 'GET d'],
  })),
  { name: 'string commands change encodings', run: ['SET k 10', 'OBJECT ENCODING k', 'INCR k', 'OBJECT ENCODING k', 'APPEND k 5', 'OBJECT ENCODING k', 'INCR k', 'OBJECT ENCODING k', 'SET f 1.5', 'OBJECT ENCODING f', 'INCRBYFLOAT f 1.5', 'OBJECT ENCODING f', 'INCRBYFLOAT f 1', 'OBJECT ENCODING f', 'SET b a', 'SETBIT b 1 1', 'OBJECT ENCODING b', 'BITOP NOT n b', 'OBJECT ENCODING n', 'SETRANGE k 0 9', 'OBJECT ENCODING k', 'GETEX k', 'OBJECT ENCODING k', 'BITFIELD i SET u8 0 49', 'OBJECT ENCODING i', 'INCR i', 'OBJECT ENCODING i', 'SET e hello', 'SETRANGE e 1 ""', 'OBJECT ENCODING e', 'SET m 5', 'GETBIT m 1', 'OBJECT ENCODING m', 'SETBIT m 1 0', 'OBJECT ENCODING m', 'SET o 5', 'SETRANGE o 0 5', 'OBJECT ENCODING o', 'SET k2 10', 'APPEND k2 ""', 'OBJECT ENCODING k2'] },
  ...SIZES.map((size) => ({
    name: `encodings of collections with an entry of ${size} bytes`,
    run: [['HSET', 'h', 'f', 'x'.repeat(size)], 'OBJECT ENCODING h', ['HSET', 'g', 'x'.repeat(size), 'v'], 'OBJECT ENCODING g', ['ZADD', 'z', '1', 'x'.repeat(size)], 'OBJECT ENCODING z', ['SADD', 's', 'x'.repeat(size)], 'OBJECT ENCODING s', ['RPUSH', 'l', 'x'.repeat(size)], 'OBJECT ENCODING l'],
  })),
  ...SIZES.map((count) => ({
    name: `encodings of collections with ${count} entries`,
    run: [['HSET', 'h', ...manyPairs('f', 1, count)], 'OBJECT ENCODING h', ['ZADD', 'z', ...manyPairs('m', 1, count, true)], 'OBJECT ENCODING z', ['SADD', 's', ...many('', 1, count)], 'OBJECT ENCODING s', ['SADD', 't', ...many('m', 1, count)], 'OBJECT ENCODING t', ['RPUSH', 'l', ...many('', 1, count)], 'OBJECT ENCODING l', 'HDEL h f1', 'OBJECT ENCODING h', 'ZREM z m1', 'OBJECT ENCODING z', 'COPY h h2', 'OBJECT ENCODING h2', 'COPY z z2', 'OBJECT ENCODING z2', 'COPY s s2', 'OBJECT ENCODING s2'],
  })),
  { name: 'intset grows to its limit', run: [['SADD', 's', ...many('', 1, 512)], 'OBJECT ENCODING s', 'SADD s 513', 'OBJECT ENCODING s', ['SADD', 't', ...many('', 1, 513)], 'OBJECT ENCODING t', 'SREM t 513', 'OBJECT ENCODING t', ['SADD', 'u', ...many('', 1, 512)], 'SADD u x', 'OBJECT ENCODING u', 'SINTERSTORE v u t', 'OBJECT ENCODING v'] },
  { name: 'stored results choose their encoding', run: ['SADD a 1 2 3', 'SADD b 2 3 x', 'SUNIONSTORE u a b', 'OBJECT ENCODING u', 'SINTERSTORE i a b', 'OBJECT ENCODING i', 'SDIFFSTORE d b a', 'OBJECT ENCODING d', 'SDIFFSTORE e a b', 'OBJECT ENCODING e', 'ZUNIONSTORE z 2 a b', 'OBJECT ENCODING z', ['ZADD', 'big', ...manyPairs('m', 1, 200, true)], 'ZRANGESTORE r big 0 150', 'OBJECT ENCODING r', 'ZRANGESTORE q big 0 10', 'OBJECT ENCODING q', 'ZUNIONSTORE w 1 big', 'OBJECT ENCODING w', 'ZINTERSTORE y 2 big q', 'OBJECT ENCODING y', 'ZDIFFSTORE v 2 big q', 'OBJECT ENCODING v', 'SORT a STORE s', 'OBJECT ENCODING s', ignore('SPOP a 1'), 'OBJECT ENCODING a', 'SMOVE b a x', 'OBJECT ENCODING a'] },
  { name: 'the directives decide', config: { 'hash-max-listpack-entries': '2', 'zset-max-listpack-entries': '2', 'set-max-intset-entries': '2' }, run: ['HSET h a 1 b 2', 'OBJECT ENCODING h', 'HSET h c 3', 'OBJECT ENCODING h', 'ZADD z 1 a 2 b', 'OBJECT ENCODING z', 'ZADD z 3 c', 'OBJECT ENCODING z', 'SADD s 1 2', 'OBJECT ENCODING s', 'SADD s 3', 'OBJECT ENCODING s', 'DEL h', 'HSET h a 1', 'OBJECT ENCODING h', 'ZREM z a b', 'OBJECT ENCODING z', 'ZUNIONSTORE y 1 z', 'OBJECT ENCODING y'] },
  { name: 'the old names of the directives are the same', config: { 'hash-max-ziplist-entries': '1', 'zset-max-ziplist-value': '3' }, run: [pairs('CONFIG GET hash-max-*-entries'), 'HSET h a 1 b 2', 'OBJECT ENCODING h', 'ZADD z 1 abcd', 'OBJECT ENCODING z', 'CONFIG GET hash-max-listpack-entries', 'CONFIG GET zset-max-ziplist-value'] },
  { name: 'no listpacks at all', config: { 'hash-max-listpack-entries': '0', 'zset-max-listpack-entries': '0', 'set-max-intset-entries': '0' }, run: ['HSET h a 1', 'OBJECT ENCODING h', 'ZADD z 1 a', 'OBJECT ENCODING z', 'SADD s 1', 'OBJECT ENCODING s', 'SADD s 2', 'OBJECT ENCODING s', 'SUNIONSTORE t s', 'OBJECT ENCODING t', 'HGETALL h', 'ZRANGE z 0 -1'] },
]
