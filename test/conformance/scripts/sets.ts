/*
 * What sets answer. Commands only; redis-server knows the answers. Shape: table.
 */
import { type Case, many, scan, shape, typeOnly, unordered } from '../script.ts'

const SETS = ['SADD a 1 2 3 x y', 'SADD b 2 3 4 y z', 'SADD c 3 y w', 'SADD ints 1 2 3 4 5']
const KEYS = [
  'a',
  'b',
  'a b',
  'a b c',
  'a none',
  'none',
  'none a',
  'none other',
  'a a',
  'a ints',
  'ints ints',
  'c b a none',
]
const COUNTS = [
  '0',
  '1',
  '2',
  '100',
  '-1',
  '-100',
  'x',
  '1.5',
  '""',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
]

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'SADD counts new members', run: ['SADD s a b a', 'SADD s b c', 'SCARD s', unordered('SMEMBERS s'), 'SADD s ""', 'SISMEMBER s ""', 'SADD s', 'SADD', 'SCARD none', 'SMEMBERS none', 'SADD n 1 01 +1 1.0', unordered('SMEMBERS n')] },
  { name: 'SREM counts and removes the set with its last member', run: ['SADD s a b c', 'SREM s a none', 'SREM s b b c', 'EXISTS s', 'SREM s a', 'SREM none a', 'SREM s', 'SADD i 1 2 3', 'SREM i 2 x 03', 'SMEMBERS i'] },
  { name: 'SISMEMBER and SMISMEMBER', run: ['SADD s a 1', 'SISMEMBER s a', 'SISMEMBER s b', 'SISMEMBER none a', 'SMISMEMBER s a b 1 01', 'SMISMEMBER none a b', 'SISMEMBER s', 'SMISMEMBER s', 'SISMEMBER s a b'] },
  { name: 'a set of integers answers in order', run: ['SADD s 5 -3 10 0 9223372036854775807 -9223372036854775808 70000 -70000 5000000000', 'SMEMBERS s', 'SREM s 10', 'SMEMBERS s', 'OBJECT ENCODING s', 'SSCAN s 0', 'SADD s 9223372036854775808', 'OBJECT ENCODING s', unordered('SMEMBERS s')] },
  ...KEYS.map((keys) => ({
    name: `SINTER, SUNION, SDIFF and their kin over ${keys}`,
    run: [...SETS, ...['SINTER', 'SUNION', 'SDIFF'].flatMap((command) => [unordered(`${command} ${keys}`), `${command}STORE d ${keys}`, unordered('SMEMBERS d'), 'OBJECT ENCODING d', 'EXISTS d', `${command}STORE a ${keys}`, unordered('SMEMBERS a'), 'DEL a', 'SADD a 1 2 3 x y']), `SINTERCARD ${keys.split(' ').length} ${keys}`, `SINTERCARD ${keys.split(' ').length} ${keys} LIMIT 1`, `SINTERCARD ${keys.split(' ').length} ${keys} LIMIT 0`],
  })),
  { name: 'set algebra refuses other types', run: [...SETS, 'SET s x', 'SINTER a s', 'SUNION a s', 'SDIFF a s', 'SINTER none s', 'SINTER s none', 'SINTERSTORE d a s', 'SUNIONSTORE d a s', 'SDIFFSTORE d s a', 'SINTERSTORE d none s', 'SINTERCARD 2 a s', 'SINTERCARD 2 none s', 'EXISTS d', 'SINTERSTORE s a b', 'TYPE s', 'SINTERSTORE s none a', 'EXISTS s', 'SINTER', 'SUNION', 'SDIFF', 'SINTERSTORE d', 'SUNIONSTORE d', 'SDIFFSTORE d'] },
  { name: 'SINTERCARD refuses bad arguments', run: [...SETS, 'SINTERCARD 0 a', 'SINTERCARD -1 a', 'SINTERCARD x a', 'SINTERCARD 2 a', 'SINTERCARD 1 a b', 'SINTERCARD 1 a LIMIT', 'SINTERCARD 1 a LIMIT -1', 'SINTERCARD 1 a LIMIT x', 'SINTERCARD 1 a BOGUS 1', 'SINTERCARD 1', 'SINTERCARD', 'SINTERCARD 1 a LIMIT 2 LIMIT 3', 'sintercard 2 a b limit 2', 'SINTERCARD 3 a b LIMIT', 'SINTERCARD 1 a LIMIT 9223372036854775807'] },
  { name: 'SMOVE moves one member', run: ['SADD a x y', 'SADD b z', 'SMOVE a b x', unordered('SMEMBERS b'), 'SMOVE a b none', 'SMOVE a b y', 'EXISTS a', 'SMOVE none b x', 'SMOVE b b x', 'SMOVE b b none', 'SMOVE b new x', 'SMEMBERS new', 'SET s x', 'SMOVE b s z', 'SMOVE s b x', 'SMOVE none s x', 'SMOVE a b', 'SADD q x', 'SADD r x', 'SMOVE q r x', 'EXISTS q', 'SMEMBERS r', 'SADD i 1', 'SMOVE i b 1', 'SMOVE b s none'] },
  ...COUNTS.map((count) => ({
    name: `SPOP and SRANDMEMBER with count ${count}`,
    run: ['SADD s a b c', Number(count) >= 3 && Number.isSafeInteger(Number(count)) ? unordered(`SRANDMEMBER s ${count}`) : shape(`SRANDMEMBER s ${count}`), `SRANDMEMBER none ${count}`, `SPOP none ${count}`, 'SADD one x', `SRANDMEMBER one ${count === '-9223372036854775808' ? -5 : count}`, `SPOP one ${count}`, 'EXISTS one', Number(count) >= 3 ? unordered(`SPOP s ${count}`) : shape(`SPOP s ${count}`), 'SCARD s', 'SADD i 1 2 3 4', shape(`SPOP i ${count}`), 'SCARD i'],
  })),
  { name: 'SPOP and SRANDMEMBER without a count', run: ['SADD s a', 'SRANDMEMBER s', 'SRANDMEMBER none', 'SPOP s', 'EXISTS s', 'SPOP s', 'SADD s a b', typeOnly('SPOP s'), 'SCARD s', 'SPOP', 'SPOP s 1 2', 'SRANDMEMBER', 'SRANDMEMBER s 1 2'] },
  { name: 'SRANDMEMBER refuses what would overflow', run: ['SADD s a', 'SRANDMEMBER s -9223372036854775808', 'SRANDMEMBER s -9223372036854775809'] },
  { name: 'SSCAN walks and filters', run: ['SADD s a b ab', scan('SSCAN s 0 COUNT 100'), scan('SSCAN s 0 MATCH a* COUNT 100'), 'SSCAN none 0', 'SSCAN s', 'SSCAN s x', 'SSCAN s 0 COUNT 0', 'SSCAN s 0 COUNT x', 'SSCAN s 0 BOGUS', 'SSCAN s 0 TYPE set', 'SADD i 1 2 3', 'SSCAN i 0 COUNT 1', 'SSCAN i 7', 'SSCAN i 0 MATCH 2'] },
  { name: 'big sets answer everything once', run: [['SADD', 's', ...many('m', 1, 1000)], 'SCARD s', unordered('SMEMBERS s'), scan('SSCAN s 0 COUNT 100000'), scan('SSCAN s 0 COUNT 100000 MATCH *99'), ['SADD', 't', ...many('m', 500, 1500)], unordered('SINTER s t'), 'SINTERCARD 2 s t', unordered('SDIFF s t'), 'SUNIONSTORE u s t', 'SCARD u', unordered('SPOP s 5000'), 'EXISTS s', shape('SRANDMEMBER t -20'), shape('SRANDMEMBER t 20'), shape('SPOP t 1000'), 'SCARD t'] },
  { name: 'intsets convert when they grow or meet a text', config: { 'set-max-intset-entries': '4' }, run: ['SADD s 1 2 3 4', 'OBJECT ENCODING s', 'SADD s 5', 'OBJECT ENCODING s', 'SREM s 5 4 3', 'OBJECT ENCODING s', 'SADD t 1 a', 'OBJECT ENCODING t', 'SREM t a', 'OBJECT ENCODING t', 'SADD u 1', 'SADD u 01', 'OBJECT ENCODING u', 'SUNIONSTORE v s t', 'OBJECT ENCODING v', 'SADD w 1 2 3 4 5 6', 'OBJECT ENCODING w', unordered('SMEMBERS w')] },
  { name: 'SSCAN and HSCAN match globs as Redis does', run: ['SADD s "" a b ab "*" "]" "-" "\\x80" "\\x81" "\\x82" A', ...['**', '"\\\\*"', '[a-b]', '[b-a]', '[^a]', '"[^"', '"[a"', '[]', '[a-]', '"[a-"', '"[\\x7f-\\x81]"', '"[\\\\]]"', '*?', '?*b', '"\\\\"', '""', '*b*'].map((pattern) => scan(`SSCAN s 0 COUNT 1000 MATCH ${pattern}`)), 'HSET h a 1 b 2 "" 3', 'HSCAN h 0 MATCH *', 'HSCAN h 0 MATCH **', 'HSCAN h 0 MATCH ?', 'SSCAN i +0', 'SSCAN i -1', 'SSCAN i " 1"', 'SSCAN i 18446744073709551616', 'SSCAN i 18446744073709551615'] },
]
