/*
 * What sorted sets answer to single-key commands other than ranges. Commands only; redis-server knows the
 * answers. Shape: table.
 */
import { type Case, many, manyPairs, near, pairs, scanPairs, shape, typeOnly, unordered } from '../script.ts'

const SCORES = [
  '0',
  '-0',
  '1',
  '1.5',
  '-1.5',
  'inf',
  '+inf',
  '-inf',
  'Infinity',
  '-Infinity',
  'nan',
  'abc',
  '""',
  '1e400',
  '-1e400',
  '1e17',
  '1e21',
  '1e22',
  '1e-7',
  '1e-320',
  '0x10',
  '" 1"',
  '"1 "',
  '3.0',
  '.5',
  '5.',
  '1e5',
  '17179869184',
  '9007199254740993',
  '9223372036854775807',
  '123456789012345678',
  '0.1',
  '0.30000000000000004',
  '3.14159265358979312',
  '1.7976931348623157e308',
  '5e-324',
  '100000000000000000000',
  '-100000000000000000',
]
const COUNTS = ['0', '1', '2', '100', '-1', '-100', 'x', '1.5', '9223372036854775808', '-9223372036854775808']
const THREE = 'ZADD z 1 a 2 b 3 c'

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'ZADD counts new members and ZSCORE reads scores', run: ['ZADD z 1 a 2 b', 'ZADD z 3 a 4 c', 'ZSCORE z a', 'ZSCORE z none', 'ZSCORE none a', 'ZCARD z', 'ZCARD none', 'ZADD z 1 x 2 x', 'ZSCORE z x', 'ZMSCORE z a none c', 'ZMSCORE none a b', 'ZADD z 5 ""', 'ZSCORE z ""', 'ZSCORE z', 'ZMSCORE z', 'ZCARD'] },
  ...SCORES.map((score) => ({
    name: `ZADD, ZINCRBY and ZRANGE take the score ${score} or refuse it`,
    run: [`ZADD z ${score} m`, 'ZSCORE z m', 'ZRANGE z 0 -1 WITHSCORES', `ZADD z INCR ${score} m`, `ZINCRBY z ${score} m`, 'ZMSCORE z m', `ZADD other 5 n`, `ZINCRBY other ${score} n`, `ZINCRBY none ${score} m`, `ZCOUNT z ${score} ${score}`, `ZCOUNT z (${score} +inf`, `ZRANGEBYSCORE z ${score} +inf`, 'ZPOPMIN z', 'ZRANK other n', `ZUNIONSTORE d 1 other WEIGHTS ${score}`, 'ZRANGE d 0 -1 WITHSCORES'],
  })),
  { name: 'ZADD NX, XX, GT, LT, CH and INCR', run: ['ZADD z NX 1 a', 'ZADD z NX 2 a', 'ZSCORE z a', 'ZADD z XX 3 a', 'ZADD z XX 3 b', 'ZADD z CH 4 a 5 c', 'ZADD z XX CH 5 a 9 d', 'ZADD z GT 1 a', 'ZADD z GT CH 10 a', 'ZADD z LT CH 2 a', 'ZADD z LT CH 20 a', 'ZADD z GT 7 new', 'ZADD z GT XX 8 newer', 'ZADD z INCR 5 a', 'ZADD z NX INCR 5 a', 'ZADD z XX INCR 5 none', 'ZADD z GT INCR -1 a', 'ZADD z LT INCR 1 a', 'ZADD z GT INCR 1 a', 'ZADD z nx ch 1 q 2 r', 'ZRANGE z 0 -1 WITHSCORES', 'ZADD z XX 1 none', 'ZADD fresh XX 1 a', 'EXISTS fresh', 'ZADD fresh XX INCR 1 a', 'EXISTS fresh'] },
  { name: 'ZADD refuses options that exclude each other', run: ['ZADD z NX XX 1 a', 'ZADD z GT LT 1 a', 'ZADD z NX GT 1 a', 'ZADD z NX LT 1 a', 'ZADD z INCR 1 a 2 b', 'ZADD z 1', 'ZADD z 1 a 2', 'ZADD z NX', 'ZADD z CH', 'ZADD z BOGUS 1 a', 'ZADD z 1 a x b', 'EXISTS z', 'ZADD', 'ZADD z XX GT LT NX 1 a', 'ZADD z NX GT LT 1 a', 'ZADD z INCR nan a', 'ZADD z INCR x a'] },
  { name: 'infinities that cancel are refused', run: ['ZADD z inf a', 'ZINCRBY z -inf a', 'ZADD z INCR -inf a', 'ZSCORE z a', 'ZADD y -inf a', 'ZUNIONSTORE d 2 z y', 'ZSCORE d a', 'ZINTER 2 z y WITHSCORES', 'ZUNION 2 z y AGGREGATE MIN WITHSCORES'] },
  { name: 'ZINCRBY makes and changes members', run: ['ZINCRBY z 1.5 a', 'ZINCRBY z -0.5 a', 'ZINCRBY z 0 b', 'ZRANGE z 0 -1 WITHSCORES', 'ZINCRBY z', 'ZINCRBY z 1', 'ZINCRBY z 1 a b', 'ZINCRBY z 0.1 c', 'ZINCRBY z 0.2 c'] },
  { name: 'ZREM counts and removes the sorted set with its last member', run: [THREE, 'ZREM z a none', 'ZREM z b b c', 'EXISTS z', 'ZREM z a', 'ZREM none a', 'ZREM z'] },
  { name: 'ZRANK and ZREVRANK count from either end', run: [THREE, ...['a', 'b', 'c', 'none'].flatMap((member) => [`ZRANK z ${member}`, `ZREVRANK z ${member}`]), 'ZRANK none a', 'ZREVRANK none a', 'ZRANK z', 'ZRANK z a WITHSCORE', 'ZADD same 1 b 1 a 1 c', 'ZRANK same a', 'ZRANK same b', 'ZREVRANK same a'] },
  { name: 'equal scores are ordered by bytes', run: ['ZADD z 0 b 0 a 0 B 0 "" 0 aa 0 "\\xff" 0 "\\x00" 0 10 0 9', 'ZRANGE z 0 -1', 'ZREVRANGE z 0 -1', 'ZRANK z "\\xff"', 'ZRANK z ""'] },
  { name: 'ZCOUNT and ZLEXCOUNT count ranges', run: [THREE, 'ZCOUNT z -inf +inf', 'ZCOUNT z 1 2', 'ZCOUNT z (1 2', 'ZCOUNT z (1 (2', 'ZCOUNT z 3 1', 'ZCOUNT z x 1', 'ZCOUNT z 1 x', 'ZCOUNT z (x 1', 'ZCOUNT none 0 1', 'ZCOUNT none x 1', 'ZCOUNT z nan 1', 'ZCOUNT z 1', 'ZADD l 0 a 0 b 0 c', 'ZLEXCOUNT l - +', 'ZLEXCOUNT l [a [b', 'ZLEXCOUNT l (a [c', 'ZLEXCOUNT l + -', 'ZLEXCOUNT l a b', 'ZLEXCOUNT l [a', 'ZLEXCOUNT none - +', 'ZLEXCOUNT none a b', 'ZLEXCOUNT l [ [', 'ZLEXCOUNT l -x +', 'ZLEXCOUNT l "" +'] },
  ...COUNTS.map((count) => ({
    name: `ZPOPMIN, ZPOPMAX and ZRANDMEMBER with count ${count}`,
    run: [THREE, Number(count) >= 3 ? unordered(`ZRANDMEMBER z ${count}`) : shape(`ZRANDMEMBER z ${count}`), Number(count) >= 3 ? pairs(`ZRANDMEMBER z ${count} WITHSCORES`) : shape(`ZRANDMEMBER z ${count} WITHSCORES`), `ZPOPMIN z ${count}`, 'ZRANGE z 0 -1', `ZPOPMAX z ${count}`, 'ZRANGE z 0 -1', `ZPOPMIN none ${count}`, `ZPOPMAX none ${count}`, `ZRANDMEMBER none ${count}`, 'ZADD one 1.5 m', `ZRANDMEMBER one ${count} WITHSCORES`, `ZRANDMEMBER one ${count}`],
  })),
  { name: 'ZPOPMIN and ZPOPMAX without a count', run: [THREE, 'ZPOPMIN z', 'ZPOPMAX z', 'ZPOPMIN z', 'EXISTS z', 'ZPOPMIN z', 'ZPOPMAX z', 'ZPOPMIN', 'ZPOPMAX z 1 2', 'ZADD s 1 b 1 a 1 c', 'ZPOPMIN s', 'ZPOPMAX s'] },
  { name: 'ZRANDMEMBER without a count and with bad options', run: ['ZADD z 1 a', 'ZRANDMEMBER z', 'ZRANDMEMBER none', 'ZRANDMEMBER z 1 BOGUS', 'ZRANDMEMBER z 1 WITHSCORES x', 'ZRANDMEMBER z WITHSCORES', 'ZRANDMEMBER', 'ZADD z 2 b', typeOnly('ZRANDMEMBER z'), 'ZRANDMEMBER z -4611686018427387905 WITHSCORES', 'ZRANDMEMBER z 4611686018427387904 WITHSCORES'] },
  { name: 'ZMPOP pops from the first sorted set that has members', run: ['ZADD b 1 x 2 y 3 z', 'ZMPOP 2 a b MIN', 'ZMPOP 2 a b MAX COUNT 2', 'EXISTS b', 'ZMPOP 2 a b MIN', 'ZADD a 1 p', 'ZADD b 2 q', 'zmpop 2 a b min count 10', 'ZMPOP 1 none MAX COUNT 2'] },
  { name: 'ZMPOP refuses bad arguments', run: [THREE, 'ZMPOP 0 z MIN', 'ZMPOP -1 z MIN', 'ZMPOP x z MIN', 'ZMPOP 2 z MIN', 'ZMPOP 1 z', 'ZMPOP 1 z MIDDLE', 'ZMPOP 1 z MIN COUNT', 'ZMPOP 1 z MIN COUNT 0', 'ZMPOP 1 z MIN COUNT -1', 'ZMPOP 1 z MIN COUNT x', 'ZMPOP 1 z MIN BOGUS 1', 'ZMPOP 1 z MIN COUNT 1 COUNT 1', 'SET s x', 'ZMPOP 2 s z MIN', 'ZMPOP 2 z s MIN', 'ZMPOP 2 none s MIN'] },
  { name: 'ZSCAN walks and filters', run: ['ZADD z 1 a 2.5 b 3 ab', 'ZSCAN z 0', 'ZSCAN z 0 MATCH a*', 'ZSCAN z 0 COUNT 1', 'ZSCAN none 0', 'ZSCAN z', 'ZSCAN z x', 'ZSCAN z 0 COUNT 0', 'ZSCAN z 0 BOGUS', 'ZSCAN z 0 TYPE zset'] },
  { name: 'big sorted sets keep order and ranks', run: [['ZADD', 'z', ...manyPairs('m', 1, 1000, true)], 'ZCARD z', 'ZRANK z m500', 'ZREVRANK z m500', 'ZRANGE z 495 505 WITHSCORES', 'ZRANGE z -3 -1', 'ZCOUNT z 100 (200', 'ZREMRANGEBYRANK z 100 199', 'ZRANK z m500', 'ZREMRANGEBYSCORE z 300 399', 'ZRANK z m500', 'ZADD z 0 m999', 'ZRANK z m999', 'ZINCRBY z 1000 m1', 'ZREVRANK z m1', 'ZPOPMIN z 3', 'ZPOPMAX z 3', scanPairs('ZSCAN z 0 COUNT 100000'), scanPairs('ZSCAN z 0 COUNT 100000 MATCH *99'), ['ZREM', 'z', ...many('m', 1, 990)], 'ZRANGE z 0 -1 WITHSCORES', 'OBJECT ENCODING z', shape('ZRANDMEMBER z -20 WITHSCORES')] },
  { name: 'sorted set conversion keeps content', config: { 'zset-max-listpack-entries': '4', 'zset-max-listpack-value': '8' }, run: ['ZADD z 1 a 2 b 3 c 4 d', 'OBJECT ENCODING z', 'ZADD z 5 e', 'OBJECT ENCODING z', 'ZRANGE z 0 -1 WITHSCORES', 'ZREM z e d', 'OBJECT ENCODING z', 'ZADD v 1 12345678', 'OBJECT ENCODING v', 'ZADD v 1 123456789', 'OBJECT ENCODING v', 'ZUNIONSTORE u 2 z v', 'OBJECT ENCODING u', 'ZUNIONSTORE w 1 v', 'OBJECT ENCODING w', 'ZRANGESTORE x z 0 1', 'OBJECT ENCODING x', 'ZINCRBY y 1 123456789', 'OBJECT ENCODING y'] },
  { name: 'a sorted set keeps its time to live', run: [THREE, 'EXPIRE z 100', 'ZADD z 9 q', 'ZINCRBY z 1 a', 'ZPOPMIN z', near('TTL z', 1), 'ZREMRANGEBYRANK z 0 -1', 'ZADD z 1 a', 'TTL z'] },
  { name: 'scores that underflow are refused, denormal ones are not', run: ['ZADD z 1e-400 a', 'ZADD z -1e-400 a', 'ZADD z 0e-400 b', 'ZADD z 0.0000e5 c', 'ZADD z 1e-310 d', 'ZRANGE z 0 -1 WITHSCORES', 'ZRANGEBYSCORE z 1e-400 1', 'ZRANGEBYSCORE z 0x1p-3 1', 'ZRANGEBYSCORE z +.5e-3 1', 'ZRANGEBYSCORE z 0x 1', 'ZRANGEBYSCORE z 1e 1', 'ZRANGEBYSCORE z "1\\x00x" 2', 'ZCOUNT z "\\t-1" 1', 'ZCOUNT z +-1 1', 'ZUNION 1 z WEIGHTS 1e-400', 'ZUNION 1 z WEIGHTS -2 WITHSCORES'] },
  { name: 'ZRANGESTORE loses the sign of zero while its result is small', config: { 'zset-max-listpack-entries': '2' }, run: ['ZADD large -2 x -0 a 1 b 2 c', 'ZRANGESTORE t large -1 5 BYSCORE', 'ZRANGE t 0 -1 WITHSCORES', 'ZRANGESTORE t large 1 2', 'ZRANGE t 0 -1 WITHSCORES', 'ZRANGESTORE t large 1 3', 'ZRANGE t 0 -1 WITHSCORES', 'ZRANGESTORE t large 5 -1 BYSCORE REV', 'ZRANGE t 0 -1 WITHSCORES'] },
  { name: 'negative zero keeps its sign in large sorted sets only', config: { 'zset-max-listpack-entries': '2' }, run: ['ZADD small -0 a 0 b', 'ZRANGE small 0 -1 WITHSCORES', 'ZSCAN small 0', 'ZADD large -0 a 0 b -0 c', 'ZRANGE large 0 -1 WITHSCORES', 'ZADD large -0 d', 'ZSCORE large d', 'ZADD large 0 d', 'ZSCORE large d', 'ZADD large INCR -0 e', 'ZADD small INCR -0 z', 'ZUNIONSTORE u 1 large WEIGHTS -1', 'ZRANGE u 0 -1 WITHSCORES', 'ZUNION 1 small WEIGHTS -1 WITHSCORES', 'ZPOPMAX large 2'] },
  { name: 'ZSCAN prints scores as ZRANGE does', run: ['ZADD z 100000000000000000 a 1e21 b 0.1 c inf d -inf e 4503599627370497 f 9007199254740993 g 1.5 h -3 i 4611686018427387904 j 4611686018427388928 k -4611686018427387904 l 123456789012345678 m', 'ZSCAN z 0', 'ZRANGE z 0 -1 WITHSCORES', ['ZADD', 'z', ...manyPairs('m', 1, 150, true)], scanPairs('ZSCAN z 0 COUNT 1000')] },
  { name: 'sums are rounded in the order of sizes', run: ['ZADD a 0.1 x 1 p 1 q', 'ZADD b 0.2 x 1 r', 'ZADD c 0.3 x', 'SADD s x y 3 4', 'ZUNION 4 a b c s WITHSCORES', 'ZUNION 4 s c b a WITHSCORES', 'ZINTER 4 s c b a WITHSCORES', 'ZINTER 3 a b c WEIGHTS 3 0.1 7 WITHSCORES', 'ZUNIONSTORE a 3 a a b', 'ZRANGE a 0 -1 WITHSCORES', 'ZINTERCARD 2 a s LIMIT 1', 'ZINTERCARD 2 a a', 'ZDIFF 2 s a WITHSCORES', 'ZDIFFSTORE s 2 s a', 'TYPE s'] },
  { name: 'members move and go where scores and names say', run: [['ZADD', 'z', ...many('m', 1, 400).flatMap((member, index) => [String((index * 37) % 23), member])], 'ZRANGE z 0 -1 WITHSCORES', ['ZADD', 'z', 'CH', ...many('m', 100, 300).flatMap((member, index) => [String((index * 11) % 19), member])], 'ZRANGE z 0 -1 WITHSCORES', 'ZREVRANGE z 10 200', 'ZRANGEBYSCORE z (3 11 LIMIT 5 30', 'ZREVRANGEBYSCORE z 11 (3 WITHSCORES LIMIT 5 30', 'ZREMRANGEBYSCORE z 4 (9', 'ZRANK z m77', 'ZREVRANK z m78', 'ZREMRANGEBYRANK z -30 -5', 'ZPOPMAX z 40', 'ZPOPMIN z 40', 'ZRANGESTORE d z 3 9 BYSCORE REV LIMIT 2 4', 'ZRANGESTORE d z (9 3 BYSCORE REV LIMIT 2 4', 'ZRANGE d 0 -1 WITHSCORES', 'ZRANGE z 0 -1 WITHSCORES'] },
]
