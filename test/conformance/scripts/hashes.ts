/*
 * What hashes answer. Commands only; redis-server knows the answers. Shape: table.
 */
import { type Case, manyPairs, pairs, scan, scanPairs, shape, typeOnly, unordered } from '../script.ts'

const COUNTS = [
  '0',
  '1',
  '2',
  '100',
  '-1',
  '-5',
  '-100',
  'x',
  '1.5',
  '""',
  '9223372036854775808',
  '-9223372036854775808',
]

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'HSET counts new fields and HGET reads them', run: ['HSET h a 1 b 2', 'HSET h a 3 c 4', 'HGET h a', 'HGET h none', 'HGET none a', 'HSET h a 5', 'HLEN h', 'HSET h "" ""', 'HGET h ""', 'HSET h x 1 x 2', 'HGET h x', 'HGETALL h'] },
  { name: 'HSET and HMSET need pairs', run: ['HSET h', 'HSET h a', 'HSET h a 1 b', 'HMSET h a', 'HMSET h a 1 b', 'HMSET h a 1 b 2', 'HMGET h a b', 'HSET', 'HGET h', 'HGET h a b', 'EXISTS none'] },
  { name: 'HMGET answers nil for what is missing', run: ['HSET h a 1 b 2', 'HMGET h a none b a', 'HMGET none a b', 'HMGET h', 'HMGET'] },
  { name: 'HSETNX writes only new fields', run: ['HSETNX h a 1', 'HSETNX h a 2', 'HGET h a', 'HSETNX h b ""', 'HSETNX h', 'HSETNX h a'] },
  { name: 'HDEL counts and removes the hash with its last field', run: ['HSET h a 1 b 2 c 3', 'HDEL h a none', 'HDEL h b b', 'HDEL h c', 'EXISTS h', 'HDEL h c', 'HDEL h', 'HDEL none a'] },
  { name: 'HEXISTS, HLEN and HSTRLEN', run: ['HSET h a hello b ""', 'HEXISTS h a', 'HEXISTS h none', 'HEXISTS none a', 'HLEN h', 'HLEN none', 'HSTRLEN h a', 'HSTRLEN h b', 'HSTRLEN h none', 'HSTRLEN none a', 'HSET h n 12345 m -7', 'HSTRLEN h n', 'HSTRLEN h m', 'HSTRLEN h', 'HLEN', 'HEXISTS h'] },
  { name: 'a small hash answers in the order of insertion', run: ['HSET h z 1 a 2 m 3', 'HGETALL h', 'HKEYS h', 'HVALS h', 'HSET h a 9', 'HGETALL h', 'HDEL h z', 'HSET h z 4', 'HGETALL h', 'HSCAN h 0', 'HGETALL none', 'HKEYS none', 'HVALS none'] },
  { name: 'a big hash answers everything once', run: [['HSET', 'h', ...manyPairs('f', 1, 600)], 'HLEN h', pairs('HGETALL h'), unordered('HKEYS h'), unordered('HVALS h'), scanPairs('HSCAN h 0 COUNT 10000'), scanPairs('HSCAN h 0 COUNT 10000 MATCH f1*'), 'HMGET h f1 f600 f601', ['HDEL', 'h', ...manyPairs('f', 1, 590)], pairs('HGETALL h'), 'OBJECT ENCODING h'] },
  { name: 'HINCRBY counts and refuses', run: ['HINCRBY h a 5', 'HINCRBY h a -7', 'HGET h a', 'HSET h s abc', 'HINCRBY h s 1', 'HSET h f 1.5', 'HINCRBY h f 1', 'HINCRBY h a x', 'HINCRBY h a 1.5', 'HINCRBY h a ""', 'HSET h max 9223372036854775807', 'HINCRBY h max 1', 'HINCRBY h max -1', 'HSET h min -9223372036854775808', 'HINCRBY h min -1', 'HINCRBY h min 1', 'HSET h sp " 1"', 'HINCRBY h sp 1', 'HSET h z 01', 'HINCRBY h z 1', 'HINCRBY h a', 'HINCRBY h a 9223372036854775808', 'HINCRBY none x abc', 'EXISTS none', 'HSET h e ""', 'HINCRBY h e 1'] },
  { name: 'HINCRBYFLOAT counts and refuses', run: ['HINCRBYFLOAT h a 5.5', 'HINCRBYFLOAT h a -0.1', 'HINCRBYFLOAT h a 1e3', 'HGET h a', 'HSET h s abc', 'HINCRBYFLOAT h s 1', 'HINCRBYFLOAT h a x', 'HINCRBYFLOAT h a nan', 'HINCRBYFLOAT h a inf', 'HINCRBYFLOAT h a ""', 'HSET h big 1e308', 'HINCRBYFLOAT h big 1e308', 'HSET h sp " 1"', 'HINCRBYFLOAT h sp 1', 'HSET h i 3', 'HINCRBYFLOAT h i 1.0', 'HINCRBY h i 1', 'HINCRBYFLOAT h a', 'HINCRBYFLOAT none x abc', 'EXISTS none', 'HINCRBYFLOAT h q 0.1', 'HINCRBYFLOAT h q 0.2', 'HINCRBYFLOAT h w 10.50', 'HSET h inf inf', 'HINCRBYFLOAT h inf 1', 'HINCRBYFLOAT h a " 1"'] },
  ...COUNTS.map((count) => ({
    name: `HRANDFIELD with count ${count} answers fields that exist, or refuses`,
    run: ['HSET h a 1 b 2 c 3', Math.abs(Number(count)) >= 3 && Number(count) > 0 ? unordered(`HRANDFIELD h ${count}`) : shape(`HRANDFIELD h ${count}`), Number(count) >= 3 ? pairs(`HRANDFIELD h ${count} WITHVALUES`) : shape(`HRANDFIELD h ${count} WITHVALUES`), `HRANDFIELD none ${count}`, `HRANDFIELD none ${count} WITHVALUES`, 'HSET one f v', `HRANDFIELD one ${count} WITHVALUES`, `HRANDFIELD one ${count}`],
  })),
  { name: 'HRANDFIELD without a count and with bad options', run: ['HSET h a 1', 'HRANDFIELD h', 'HRANDFIELD none', 'HRANDFIELD h 1 BOGUS', 'HRANDFIELD h 1 WITHVALUES x', 'HRANDFIELD h WITHVALUES', 'HRANDFIELD', 'HSET h b 2', typeOnly('HRANDFIELD h'), 'HRANDFIELD h -4611686018427387905 WITHVALUES', 'HRANDFIELD h 4611686018427387904 WITHVALUES BOGUS'] },
  { name: 'HSCAN walks and filters', run: ['HSET h a 1 b 2 ab 3', 'HSCAN h 0', 'HSCAN h 0 MATCH a*', 'HSCAN h 0 COUNT 1', 'HSCAN h 0 MATCH b COUNT 100', 'HSCAN none 0', 'HSCAN h 5', 'HSCAN h', 'HSCAN h x', 'HSCAN h 0 COUNT 0', 'HSCAN h 0 COUNT x', 'HSCAN h 0 BOGUS', 'HSCAN h 0 TYPE string', 'HSCAN h 0 NOVALUES', 'HSCAN h 0 MATCH', 'HSCAN none x', 'HSCAN none 0 COUNT 0'] },
  { name: 'hash values survive as numbers and as bytes', run: ['HSET h i 123 n -5 f 1.0 z 007 b "\\x00\\xff" l 12345678901234567890', 'HGETALL h', 'HGET h z', 'HGET h l', 'HGET h b', 'HSET h 5 five', 'HGET h 5', 'HEXISTS h 05'] },
  { name: 'hash conversion keeps content', config: { 'hash-max-listpack-entries': '4', 'hash-max-listpack-value': '8' }, run: ['HSET h a 1 b 2 c 3 d 4', 'OBJECT ENCODING h', 'HSET h e 5', 'OBJECT ENCODING h', pairs('HGETALL h'), 'HDEL h e d', 'OBJECT ENCODING h', 'HSET v f 12345678', 'OBJECT ENCODING v', 'HSET v f 123456789', 'OBJECT ENCODING v', 'HSET w 123456789 x', 'OBJECT ENCODING w', 'HINCRBYFLOAT y f 1.123456789', 'OBJECT ENCODING y', 'HINCRBY q f 1234567890123', 'OBJECT ENCODING q', 'HSETNX r 123456789 v', 'OBJECT ENCODING r', scan('HSCAN v 0')] },
]
