/*
 * Every command on keys that hold another type: the error, and nothing changed.
 *
 * A row is a command with `$` where the key goes; it runs on one key of each type and on a missing one.
 * To add a command, add its row. Shape: table.
 */
import { type Case, shape, unordered } from '../script.ts'

const EVERY_TYPE = ['SET str 10', 'RPUSH list a b', 'HSET hash f 1', 'SADD set 1 b', 'ZADD zset 1 a 2 b']
const KEYS = ['str', 'list', 'hash', 'set', 'zset', 'none']

// biome-ignore format: a family a paragraph
const COMMANDS = [
  'GET $', 'SET $ v GET', 'SET $ v', 'SETNX $ v', 'GETSET $ v', 'GETDEL $', 'GETEX $', 'GETEX $ EX 100', 'APPEND $ x', 'STRLEN $', 'SETRANGE $ 0 x',
  'GETRANGE $ 0 -1', 'SUBSTR $ 0 -1', 'INCR $', 'DECR $', 'INCRBY $ 5', 'DECRBY $ 5', 'INCRBYFLOAT $ 1.5', 'MGET $ $', 'MSET $ v', 'MSETNX $ v', 'LCS $ $',
  'SETEX $ 100 v', 'PSETEX $ 100000 v', 'SETBIT $ 1 1', 'GETBIT $ 1', 'BITCOUNT $', 'BITPOS $ 1', 'BITOP AND d $', 'BITOP NOT $ str', 'BITFIELD $ GET u8 0',
  'BITFIELD $ SET u8 0 1', 'BITFIELD_RO $ GET u8 0',
  'LPUSH $ x', 'RPUSH $ x', 'LPUSHX $ x', 'RPUSHX $ x', 'LPOP $', 'RPOP $', 'LPOP $ 2', 'RPOP $ 0', 'LLEN $', 'LRANGE $ 0 -1', 'LTRIM $ 0 0', 'LINDEX $ 0', 'LSET $ 0 x',
  'LREM $ 0 a', 'LINSERT $ BEFORE a x', 'LPOS $ a', 'LPOS $ a COUNT 0', 'LMOVE $ d LEFT LEFT', 'LMOVE list $ LEFT LEFT', 'RPOPLPUSH $ d', 'RPOPLPUSH list $',
  'LMPOP 1 $ LEFT', 'BLPOP $ 0.001', 'BRPOP $ 0.001', 'BLMOVE $ d LEFT LEFT 0.001', 'BLMOVE list $ LEFT LEFT 0.001', 'BRPOPLPUSH $ d 0.001', 'BLMPOP 0.001 1 $ LEFT',
  'HSET $ f v', 'HMSET $ f v', 'HSETNX $ f v', 'HGET $ f', 'HMGET $ f g', 'HGETALL $', 'HKEYS $', 'HVALS $', 'HLEN $', 'HEXISTS $ f', 'HSTRLEN $ f', 'HDEL $ f',
  'HINCRBY $ f 1', 'HINCRBYFLOAT $ f 1.5', 'HRANDFIELD $', 'HRANDFIELD $ 1 WITHVALUES', 'HRANDFIELD $ 0', 'HSCAN $ 0',
  'SADD $ x', 'SREM $ 1', 'SCARD $', 'SISMEMBER $ 1', 'SMISMEMBER $ 1 2', 'SMEMBERS $', 'SMOVE $ d 1', 'SMOVE set $ 1', 'SPOP $ 5', 'SPOP $ 0', 'SRANDMEMBER $ 5', 'SINTER $ set', 'SINTER none $',
  'SUNION $ set', 'SDIFF $ set', 'SDIFF set $', 'SINTERSTORE d $ set', 'SINTERSTORE $ set', 'SUNIONSTORE d $', 'SUNIONSTORE $ set', 'SDIFFSTORE d set $', 'SDIFFSTORE $ set none',
  'SINTERCARD 2 set $', 'SSCAN $ 0',
  'ZADD $ 1 x', 'ZADD $ INCR 1 x', 'ZADD $ XX 1 x', 'ZINCRBY $ 1 x', 'ZREM $ a', 'ZCARD $', 'ZSCORE $ a', 'ZMSCORE $ a', 'ZRANK $ a', 'ZREVRANK $ a', 'ZCOUNT $ 0 1', 'ZLEXCOUNT $ - +',
  'ZRANGE $ 0 -1', 'ZREVRANGE $ 0 -1', 'ZRANGEBYSCORE $ 0 1', 'ZREVRANGEBYSCORE $ 1 0', 'ZRANGEBYLEX $ - +', 'ZREVRANGEBYLEX $ + -', 'ZRANGESTORE d $ 0 -1',
  'ZRANGESTORE $ zset 0 0', 'ZREMRANGEBYRANK $ 0 0', 'ZREMRANGEBYSCORE $ 0 1', 'ZREMRANGEBYLEX $ - [a', 'ZPOPMIN $', 'ZPOPMAX $', 'ZPOPMIN $ 0', 'ZMPOP 1 $ MIN', 'BZPOPMIN $ 0.001', 'BZPOPMAX $ 0.001',
  'BZMPOP 0.001 1 $ MIN', 'ZRANDMEMBER $ 5', 'ZRANDMEMBER $', 'ZSCAN $ 0', 'ZUNION 2 zset $', 'ZINTER 2 $ zset', 'ZDIFF 2 zset $', 'ZDIFF 2 $ zset', 'ZUNIONSTORE d 2 zset $', 'ZUNIONSTORE $ 1 zset',
  'ZINTERSTORE d 2 $ zset', 'ZINTERSTORE $ 1 zset', 'ZDIFFSTORE d 2 zset $', 'ZDIFFSTORE $ 1 zset', 'ZINTERCARD 2 zset $', 'ZINTERCARD 2 none $',
  'SORT $ ALPHA', 'SORT $', 'SORT_RO $ ALPHA', 'SORT $ ALPHA STORE d', 'SORT list ALPHA STORE $', 'SORT list BY $ ALPHA', 'SORT list ALPHA GET $',
  'TYPE $', 'DEL $', 'UNLINK $', 'EXISTS $', 'TOUCH $', 'EXPIRE $ 100', 'PERSIST $', 'RENAME $ d', 'RENAMENX $ d', 'COPY $ d', 'MOVE $ 1', 'OBJECT ENCODING $',
]

/** Which of these Redis answers in no fixed order, or at random. */
const OPEN_ORDER = /^(SMEMBERS|SINTER|SUNION|SDIFF|SPOP|SRANDMEMBER|ZRANDMEMBER \$ 5)/
const RANDOM = /^(HRANDFIELD|ZRANDMEMBER \$$|SSCAN|SPOP \$ 0)/

function callOf(command: string, key: string) {
  const line = command.replaceAll('$', key)
  if (RANDOM.test(command)) return shape(line)
  return OPEN_ORDER.test(command) && !command.includes('STORE') && !command.includes('CARD')
    ? unordered(line)
    : line
}

const DUMP = [
  'DBSIZE',
  ...['str', 'list', 'hash', 'set', 'zset', 'd'].flatMap((key) => [
    `TYPE ${key}`,
    `GET ${key}`,
    `LRANGE ${key} 0 -1`,
    `HGETALL ${key}`,
    unordered(`SMEMBERS ${key}`),
    `ZRANGE ${key} 0 -1 WITHSCORES`,
  ]),
]

export const cases: readonly Case[] = COMMANDS.map((command) => ({
  name: `${command} on a key of each type`,
  run: [...EVERY_TYPE, ...KEYS.flatMap((key) => [callOf(command, key), 'EXISTS d', 'DEL d']), ...DUMP],
}))
