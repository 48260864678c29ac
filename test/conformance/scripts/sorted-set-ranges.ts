/*
 * What ranges of sorted sets answer: by rank, score and bytes, forwards and backwards, stored and removed;
 * and unions, intersections, differences. Commands only; redis-server knows the answers. Shape: table.
 */
import { type Case, many } from '../script.ts'

const FIVE = 'ZADD z 1 a 2 b 3 c 4 d 5 e'
const LEX = 'ZADD x 0 a 0 b 0 c 0 d 0 e 0 ba'
const RANKS = [
  '0 -1',
  '1 2',
  '-2 -1',
  '3 1',
  '0 0',
  '-100 100',
  '5 10',
  '-1 0',
  '0 9223372036854775807',
  'x 1',
  '1 x',
  '1.5 2',
  '"" 1',
  '(1 2',
]
const SCORES = [
  '-inf +inf',
  '1 3',
  '(1 3',
  '1 (3',
  '(1 (3',
  '3 1',
  '+inf -inf',
  '2 2',
  '(2 2',
  '1.5 2.5',
  'x 1',
  '1 x',
  '( 1',
  'inf inf',
  '-inf (1',
  'nan 1',
  '1 ""',
  '0x1 5',
]
const WORDS = [
  '- +',
  '+ -',
  '[a [c',
  '(a [c',
  '[a (c',
  '(a (c',
  '[c [a',
  '- [b',
  '[b +',
  '[b [b',
  '(b (b',
  '[z +',
  'a c',
  '[a c',
  '- x',
  '+ +',
  '- -',
  '[ +',
  '( +',
  '-x +',
  '"" +',
]
const LIMITS = [
  '',
  'LIMIT 0 2',
  'LIMIT 1 1',
  'LIMIT 1 -1',
  'LIMIT -1 2',
  'LIMIT 0 0',
  'LIMIT 10 5',
  'LIMIT 0 -5',
  'LIMIT x 1',
  'LIMIT 1 x',
  'LIMIT 1',
]
const COMBINATIONS = [
  '2 a b',
  '2 a b WEIGHTS 2 3',
  '2 a b AGGREGATE MIN',
  '2 a b AGGREGATE MAX',
  '2 a b AGGREGATE SUM',
  '2 a b WEIGHTS 1 -1 AGGREGATE max',
  '1 a',
  '2 a none',
  '2 none a',
  '1 none',
  '2 a s',
  '2 s a',
  '3 a b s WEIGHTS 1 2 0.5',
  '2 a a',
  '3 b a b',
  '2 b i',
]
const MISTAKES = [
  '0 a',
  '-1 a',
  'x a',
  '3 a b',
  '1 a b',
  '2 a b WEIGHTS 1',
  '2 a b WEIGHTS',
  '2 a b WEIGHTS x y',
  '2 a b WEIGHTS 1 nan',
  '2 a b AGGREGATE',
  '2 a b AGGREGATE AVG',
  '2 a b BOGUS',
  '2 a b WITHSCORES',
  '2 a b WITHSCORES x',
  '2 a b WITHSCORES WITHSCORES',
  '2 a str',
  '2 str a',
  '2 none str',
  '9223372036854775807 a',
  '2 a b WEIGHTS 1 2 3',
  '2 a b LIMIT 1',
  '2 a b AGGREGATE SUM WEIGHTS 1 2',
]
const SOURCES = ['ZADD a 1 x 2 y 3 z', 'ZADD b 10 y 20 z 30 w', 'SADD s x w q', 'SADD i 1 2 3', 'SET str v']

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  ...RANKS.map((range) => ({
    name: `ranges by rank ${range}`,
    run: [FIVE, `ZRANGE z ${range}`, `ZRANGE z ${range} WITHSCORES`, `ZRANGE z ${range} REV`, `ZRANGE z ${range} REV WITHSCORES`, `ZREVRANGE z ${range}`, `ZREVRANGE z ${range} WITHSCORES`, `ZRANGE none ${range}`, `ZRANGESTORE d z ${range}`, 'ZRANGE d 0 -1 WITHSCORES', `ZRANGESTORE d z ${range} REV`, 'ZRANGE d 0 -1 WITHSCORES', `ZREMRANGEBYRANK z ${range}`, 'ZRANGE z 0 -1', `ZREMRANGEBYRANK none ${range}`],
  })),
  ...SCORES.map((range) => ({
    name: `ranges by score ${range}`,
    run: [FIVE, `ZRANGEBYSCORE z ${range}`, `ZRANGEBYSCORE z ${range} WITHSCORES`, `ZREVRANGEBYSCORE z ${range}`, `ZREVRANGEBYSCORE z ${range} WITHSCORES LIMIT 0 2`, `ZRANGE z ${range} BYSCORE`, `ZRANGE z ${range} BYSCORE REV WITHSCORES`, `ZRANGE z ${range} BYSCORE LIMIT 1 2`, `ZCOUNT z ${range}`, `ZRANGEBYSCORE none ${range}`, `ZRANGESTORE d z ${range} BYSCORE`, 'ZRANGE d 0 -1 WITHSCORES', `ZRANGESTORE d z ${range} BYSCORE REV LIMIT 0 2`, 'ZRANGE d 0 -1 WITHSCORES', `ZREMRANGEBYSCORE z ${range}`, 'ZRANGE z 0 -1', `ZREMRANGEBYSCORE none ${range}`],
  })),
  ...WORDS.map((range) => ({
    name: `ranges by bytes ${range}`,
    run: [LEX, `ZRANGEBYLEX x ${range}`, `ZREVRANGEBYLEX x ${range}`, `ZRANGEBYLEX x ${range} LIMIT 1 2`, `ZREVRANGEBYLEX x ${range} LIMIT 1 2`, `ZRANGE x ${range} BYLEX`, `ZRANGE x ${range} BYLEX REV`, `ZRANGE x ${range} BYLEX REV LIMIT 0 2`, `ZLEXCOUNT x ${range}`, `ZRANGEBYLEX none ${range}`, `ZRANGESTORE d x ${range} BYLEX`, 'ZRANGE d 0 -1 WITHSCORES', `ZREMRANGEBYLEX x ${range}`, 'ZRANGE x 0 -1', `ZREMRANGEBYLEX none ${range}`],
  })),
  ...LIMITS.map((limit) => ({
    name: `ranges with "${limit}"`,
    run: [FIVE, LEX, `ZRANGEBYSCORE z -inf +inf ${limit}`, `ZREVRANGEBYSCORE z +inf -inf ${limit}`, `ZRANGEBYLEX x - + ${limit}`, `ZREVRANGEBYLEX x + - ${limit}`, `ZRANGE z -inf +inf BYSCORE ${limit}`, `ZRANGE z +inf -inf BYSCORE REV ${limit} WITHSCORES`, `ZRANGE x - + BYLEX ${limit}`, `ZRANGE z 0 -1 ${limit}`, `ZRANGESTORE d z -inf +inf BYSCORE ${limit}`, 'ZRANGE d 0 -1', `ZRANGEBYSCORE none 0 1 ${limit}`],
  })),
  { name: 'ranges refuse options that exclude each other', run: [FIVE, 'ZRANGE z 0 -1 BYLEX WITHSCORES', 'ZRANGE z - + BYLEX WITHSCORES', 'ZRANGE z 0 -1 BOGUS', 'ZRANGE z 0 -1 BYSCORE BYLEX', 'ZRANGE z 0', 'ZRANGE z', 'ZREVRANGE z 0 -1 REV', 'ZREVRANGE z 0 -1 BYSCORE', 'ZREVRANGE z 0 -1 LIMIT 0 1', 'ZRANGEBYSCORE z 0 1 REV', 'ZRANGEBYSCORE z 0', 'ZRANGEBYLEX z - + WITHSCORES', 'ZRANGESTORE d z 0 -1 WITHSCORES', 'ZRANGESTORE d z 0', 'ZRANGESTORE d z', 'ZRANGE z 0 -1 WITHSCORES WITHSCORES', 'ZRANGE z 0 -1 REV REV', 'ZRANGE z 5 1 BYSCORE REV LIMIT 0 2 LIMIT 1 1', 'ZREMRANGEBYRANK z 0', 'ZREMRANGEBYSCORE z 0', 'ZREMRANGEBYLEX z -', 'zrange z 5 1 byscore rev withscores limit 0 1'] },
  { name: 'ZRANGESTORE replaces or removes its target', run: [FIVE, 'SET d x EX 100', 'ZRANGESTORE d z 0 1', 'TYPE d', 'TTL d', 'ZRANGESTORE d z 5 10', 'EXISTS d', 'ZRANGESTORE d none 0 -1', 'ZRANGESTORE z z 0 1', 'ZRANGE z 0 -1', 'SET s x', 'ZRANGESTORE d s 0 -1', 'ZRANGESTORE s z 0 -1', 'TYPE s'] },
  { name: 'ranges by bytes look at bytes', run: ['ZADD x 0 a 0 A 0 "\\xff" 0 "\\x00" 0 "" 0 "a\\x00"', 'ZRANGEBYLEX x - +', 'ZRANGEBYLEX x [a +', 'ZRANGEBYLEX x (a +', 'ZRANGEBYLEX x [ (a', 'ZRANGEBYLEX x - (\\xff', ['ZRANGEBYLEX', 'x', '[\xff', '+'], ['ZRANGEBYLEX', 'x', '(a', '[\xff'], ['ZLEXCOUNT', 'x', '[\x00', '[a\x00']] },
  ...COMBINATIONS.map((sources) => ({
    name: `ZUNION and ZINTER of ${sources}`,
    run: [...SOURCES, ...['ZUNION', 'ZINTER'].flatMap((command) => [`${command} ${sources}`, `${command} ${sources} WITHSCORES`, `${command}STORE d ${sources}`, 'ZRANGE d 0 -1 WITHSCORES', 'OBJECT ENCODING d']), 'ZUNIONSTORE a 2 a b', 'ZRANGE a 0 -1 WITHSCORES'],
  })),
  ...MISTAKES.map((sources) => ({
    name: `combining refuses or takes ${sources}`,
    run: [...SOURCES, ...['ZUNION', 'ZINTER', 'ZDIFF', 'ZINTERCARD', 'ZUNIONSTORE d', 'ZINTERSTORE d', 'ZDIFFSTORE d'].map((command) => `${command} ${sources}`), 'ZRANGE d 0 -1 WITHSCORES'],
  })),
  ...['1 a', '2 a b', '2 b a', '3 a b s', '2 a none', '2 none a', '2 a a', '2 s a', '2 i s', '1 none', '4 a none b none'].map((sources) => ({
    name: `ZDIFF and ZINTERCARD of ${sources}`,
    run: [...SOURCES, `ZDIFF ${sources}`, `ZDIFF ${sources} WITHSCORES`, `ZDIFFSTORE d ${sources}`, 'ZRANGE d 0 -1 WITHSCORES', `ZINTERCARD ${sources}`, `ZINTERCARD ${sources} LIMIT 1`, `ZINTERCARD ${sources} LIMIT 0`, `ZINTERCARD ${sources} LIMIT -1`, `ZINTERCARD ${sources} LIMIT x`, `ZINTERCARD ${sources} LIMIT`, `ZINTERCARD ${sources} BOGUS 1`],
  })),
  { name: 'stores replace and remove their target', run: [...SOURCES, 'SET d x EX 100', 'ZUNIONSTORE d 1 a', 'TTL d', 'TYPE d', 'ZINTERSTORE d 2 a none', 'EXISTS d', 'ZDIFFSTORE str 1 a', 'TYPE str', 'ZDIFFSTORE str 2 a a', 'EXISTS str', 'ZUNIONSTORE d 0', 'ZUNIONSTORE d', 'ZUNION', 'ZDIFFSTORE', 'ZINTERCARD'] },
  { name: 'weights and infinities', run: ['ZADD a inf x 1 y', 'ZADD b -inf x 2 y', 'ZUNION 2 a b WITHSCORES', 'ZUNION 1 a WEIGHTS 0 WITHSCORES', 'ZUNION 2 a b WEIGHTS 1 -1 WITHSCORES', 'ZUNION 1 a WEIGHTS inf WITHSCORES', 'ZUNION 1 a WEIGHTS -inf WITHSCORES', 'ZUNION 1 a WEIGHTS 1e-320 WITHSCORES', 'ZUNION 2 a b WEIGHTS 0.1 0.2 WITHSCORES'] },
  { name: 'big unions and differences', run: [['ZADD', 'a', ...many('m', 1, 300).flatMap((member, index) => [String(index % 7), member])], ['ZADD', 'b', ...many('m', 200, 500).flatMap((member, index) => [String(index % 5), member])], 'ZUNION 2 a b WITHSCORES', 'ZINTER 2 a b WITHSCORES', 'ZDIFF 2 a b WITHSCORES', 'ZINTERCARD 2 a b LIMIT 50', 'ZUNIONSTORE d 2 a b AGGREGATE MAX', 'ZCARD d', 'ZRANGEBYSCORE d 3 4 LIMIT 10 30', 'ZRANGEBYLEX d - + LIMIT 0 3'] },
]
