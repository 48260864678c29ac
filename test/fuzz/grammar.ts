/*
 * The fuzzer's grammar: which commands are drawn, how, how often, and what Redis leaves open in their
 * replies. To fuzz a new command, add a row.
 *
 * The idea: one template a row (see template.ts for the language). Choices that Redis makes at random may
 * be answered, but must never decide what is stored: SPOP takes everything. Shape: table.
 */
import type { Comparison } from '../support/comparison.ts'
import { GENERATORS } from './generators.ts'
import { compile, type Template } from './template.ts'

export interface Row {
  readonly template: Template
  readonly weight: number
  readonly comparison: Comparison
}

const exact: Comparison = { how: 'exact' }
const unordered: Comparison = { how: 'unordered' }
const pairs: Comparison = { how: 'pairs' }
const scan: Comparison = { how: 'scan' }
const scanPairs: Comparison = { how: 'scan-pairs' }
const shape: Comparison = { how: 'shape' }
const near = (tolerance: number): Comparison => ({ how: 'near', tolerance })

const row = (text: string, weight = 2, comparison: Comparison = exact): Row => ({
  template: compile(text, GENERATORS),
  weight,
  comparison,
})

const strings: readonly Row[] = [
  row('SET :str :value', 6),
  row('SET :str :value [NX|XX] [GET] [EX :ttl|PX :ttlMs|EXAT :later|PXAT :laterMs|KEEPTTL]', 5),
  row('GET :str', 4),
  row('SETNX :str :value', 1),
  row('SETEX :str :ttl :value', 1),
  row('PSETEX :str :ttlMs :value', 1),
  row('GETSET :str :value', 1),
  row('GETDEL :str', 1),
  row('GETEX :str [EX :ttl|PX :ttlMs|EXAT :at|PXAT :atMs|PERSIST]'),
  row('MSET :strPairs'),
  row('MSETNX :strPairs'),
  row('MGET {:key}'),
  row('APPEND :str :value', 3),
  row('STRLEN :str'),
  row('SETRANGE :str :offset :value'),
  row('(GETRANGE|SUBSTR) :str :index :index'),
  row('(INCR|DECR) :str', 3),
  row('(INCRBY|DECRBY) :str :int', 3),
  row('INCRBYFLOAT :str :float'),
  row('LCS :str :str [LEN] [IDX] [MINMATCHLEN :count] [WITHMATCHLEN]', 1),
  row('SETBIT :str :offset :bit'),
  row('GETBIT :str :offset'),
  row('BITCOUNT :str [:index :index [BYTE|BIT]]'),
  row('BITPOS :str :bit [:index [:index [BYTE|BIT]]]'),
  row('BITOP (AND|OR|XOR) :str {:str}'),
  row('BITOP NOT :str :str', 1),
  row(
    'BITFIELD :str {[OVERFLOW (WRAP|SAT|FAIL)] (GET :fieldType :bitOffset|SET :fieldType :bitOffset :int|INCRBY :fieldType :bitOffset :int)}',
  ),
  row('BITFIELD_RO :str {GET :fieldType :bitOffset}', 1),
]

const hashes: readonly Row[] = [
  row('HSET :hash :pairs', 6),
  row('HSET :hash :manyPairs', 2),
  row('HMSET :hash :pairs', 1),
  row('HSETNX :hash :field :value'),
  row('HGET :hash :field', 3),
  row('HMGET :hash :members'),
  row('HGETALL :hash', 2, pairs),
  row('HKEYS :hash', 1, unordered),
  row('HVALS :hash', 1, unordered),
  row('HLEN :hash'),
  row('HEXISTS :hash :field'),
  row('HSTRLEN :hash :field', 1),
  row('HDEL :hash :members', 3),
  row('HINCRBY :hash :field :int', 3),
  row('HINCRBYFLOAT :hash :field :float'),
  row('HRANDFIELD :hash :all', 1, unordered),
  row('HRANDFIELD :hash :all WITHVALUES', 1, pairs),
  row('HRANDFIELD :hash (0|-3|x)', 1, shape),
  row('HSCAN :hash 0 COUNT 1000 [MATCH :pattern]', 1, scanPairs),
]

const lists: readonly Row[] = [
  row('(LPUSH|RPUSH) :list :members', 6),
  row('(LPUSHX|RPUSHX) :list :members'),
  row('RPUSH :list :manyMembers', 1),
  row('(LPOP|RPOP) :list [:count]', 3),
  row('LLEN :list'),
  row('LRANGE :list :index :index', 3),
  row('LTRIM :list :index :index', 1),
  row('LINDEX :list :index'),
  row('LSET :list :index :value'),
  row('LREM :list :int :member'),
  row('LINSERT :list (BEFORE|AFTER) :member :member'),
  row('LPOS :list :member [RANK :int] [COUNT :count] [MAXLEN :count]'),
  row('LMOVE :list :list :side :side'),
  row('RPOPLPUSH :list :list'),
  row('LMPOP :countedLists :side [COUNT :count]'),
  row('SORT :list ALPHA [DESC|ASC] [LIMIT :int :int] [STORE :list]'),
  row('SORT (:list|:set|:zset) [BY :byPattern] ALPHA LIMIT 0 0 [GET :getPattern]', 1),
  row('SORT_RO :list [DESC]', 1),
]

const sets: readonly Row[] = [
  row('SADD :set :members', 6),
  row('SADD :set :manyMembers', 2),
  row('SADD :set :manyIntegers', 2),
  row('SREM :set :members', 3),
  row('SCARD :set'),
  row('SISMEMBER :set :member'),
  row('SMISMEMBER :set :members'),
  row('SMEMBERS :set', 2, unordered),
  row('SMOVE :set :set :member'),
  row('SPOP :set :all', 1, unordered),
  row('SPOP :set (0|-1|x)', 1),
  row('SRANDMEMBER :set :all', 1, unordered),
  row('SRANDMEMBER :set (0|-3|x)', 1, shape),
  row('(SINTER|SUNION|SDIFF) :sets', 3, unordered),
  row('(SINTERSTORE|SUNIONSTORE|SDIFFSTORE) :set :sets', 3),
  row('SINTERCARD :countedSets [LIMIT :count]'),
  row('SSCAN :set 0 COUNT 1000 [MATCH :pattern]', 1, scan),
]

const sortedSets: readonly Row[] = [
  row('ZADD :zset :scored', 6),
  row('ZADD :zset :manyScored', 2),
  row('ZADD :zset [NX|XX] [GT|LT] [CH] [INCR] :scored', 4),
  row('ZADD :zset [XX|NX] INCR :score :member', 1),
  row('ZINCRBY :zset :score :member', 3),
  row('ZREM :zset :members'),
  row('ZCARD :zset'),
  row('ZSCORE :zset :member'),
  row('ZMSCORE :zset :members'),
  row('(ZRANK|ZREVRANK) :zset :member'),
  row('ZCOUNT :zset :bound :bound'),
  row('(ZRANGE|ZREVRANGE) :zset :index :index [WITHSCORES]', 3),
  row('(ZRANGEBYSCORE|ZREVRANGEBYSCORE) :zset :bound :bound [WITHSCORES] [LIMIT :int :int]', 3),
  row('ZRANGE :zset (:index :index|:bound :bound BYSCORE) [REV] [LIMIT :int :int] [WITHSCORES]', 3),
  row('ZRANGESTORE :zset :zset (:index :index|:bound :bound BYSCORE) [REV] [LIMIT :int :int]'),
  row('ZREMRANGEBYRANK :zset :index :index', 1),
  row('ZREMRANGEBYSCORE :zset :bound :bound', 1),
  row('(ZPOPMIN|ZPOPMAX) :zset [:count]', 2),
  row('ZMPOP :countedZsets (MIN|MAX) [COUNT :count]'),
  row('(ZUNION|ZINTER) :countedZsets [WEIGHTS {:score}] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]', 3),
  row('(ZUNIONSTORE|ZINTERSTORE) :zset :countedZsets [WEIGHTS {:score}] [AGGREGATE (SUM|MIN|MAX)]', 3),
  row('ZDIFF :countedZsets [WITHSCORES]'),
  row('ZDIFFSTORE :zset :countedZsets'),
  row('ZINTERCARD :countedZsets [LIMIT :count]'),
  row('ZRANDMEMBER :zset :all', 1, unordered),
  row('ZRANDMEMBER :zset :all WITHSCORES', 1, pairs),
  row('ZRANDMEMBER :zset (0|-3|x)', 1, shape),
  row('ZSCAN :zset 0 COUNT 1000 [MATCH :pattern]', 1, scanPairs),
]

const lexSets: readonly Row[] = [
  row('ZADD :lex [NX|XX] [CH] :zeroes', 4),
  row('ZREM :lex :members', 1),
  row('ZLEXCOUNT :lex :word :word'),
  row('(ZRANGEBYLEX|ZREVRANGEBYLEX) :lex :word :word [LIMIT :int :int]'),
  row('ZRANGE :lex :word :word BYLEX [REV] [LIMIT :int :int]'),
  row('ZRANGESTORE (:zset|:lex) :lex :word :word BYLEX [REV] [LIMIT :int :int]'),
  row('ZREMRANGEBYLEX :lex :word :word', 1),
  row('(DEL|TYPE|TTL|PERSIST|OBJECT ENCODING) :lex', 1),
  row('EXPIRE :lex :ttl', 0.5),
]

const keys: readonly Row[] = [
  row('(DEL|UNLINK) {:key}', 3),
  row('(EXISTS|TOUCH) {:key}'),
  row('TYPE :key', 1),
  row('(RENAME|RENAMENX) :key :key'),
  row('COPY :key :key [DB :database] [REPLACE]'),
  row('MOVE :key :database', 1),
  row('SELECT :database', 1),
  row('SWAPDB :database :database', 1),
  row('EXPIRE :key :ttl [NX|XX|GT|LT]'),
  row('PEXPIRE :key :ttlMs [NX|XX|GT|LT]'),
  row('EXPIREAT :key :at [NX|XX|GT|LT]', 1),
  row('PEXPIREAT :key :atMs [NX|XX|GT|LT]', 1),
  row('PERSIST :key', 1),
  row('TTL :key', 1, near(2)),
  row('PTTL :key', 1, near(2000)),
  row('EXPIRETIME :key', 1, near(2)),
  row('PEXPIRETIME :key', 1, near(2000)),
  row('OBJECT ENCODING :key'),
  row('KEYS :pattern', 1, unordered),
  row('SCAN 0 COUNT 1000 [MATCH :pattern] [TYPE :type]', 1, scan),
  row('DBSIZE', 1),
  row('RANDOMKEY', 1, { how: 'type' }),
  row('(FLUSHDB|FLUSHALL) [SYNC|ASYNC]', 0.3),
]

const others: readonly Row[] = [
  row('MULTI', 1.5),
  row('EXEC', 2.5),
  row('DISCARD', 0.5),
  row('WATCH {:key}', 0.5),
  row('UNWATCH', 0.5),
  row('PING [:value]', 0.3),
  row('ECHO :value', 0.3),
  row('(BLPOP|BRPOP) {:list} 0.001', 0.2),
  row('(BZPOPMIN|BZPOPMAX) {:zset} 0.001', 0.2),
  row('BLMOVE :list :list :side :side 0.001', 0.2),
  row('BRPOPLPUSH :list :list 0.001', 0.1),
  row('BLMPOP 0.001 :countedLists :side [COUNT :count]', 0.2),
  row('BZMPOP 0.001 :countedZsets (MIN|MAX) [COUNT :count]', 0.2),
  row('NOSUCHCOMMAND {:value}', 0.3),
]

export const GRAMMAR: readonly Row[] = [
  ...strings,
  ...hashes,
  ...lists,
  ...sets,
  ...sortedSets,
  ...lexSets,
  ...keys,
  ...others,
]
