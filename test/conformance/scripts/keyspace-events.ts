/*
 * Which keyspace notifications each command sends, and in which order. Commands only; redis-server knows
 * the answers. Shape: table.
 */
import { type Case, unordered } from '../script.ts'

const all = { 'notify-keyspace-events': 'AKE' }
const listen = 'c2> PSUBSCRIBE __key*'

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'nothing is sent by default', run: [listen, 'SET k v', 'DEL k'] },
  { name: 'events of strings', config: all, run: [listen, 'SET k v', 'SET k v EX 100', 'SET k v KEEPTTL', 'SET k v NX', 'SETNX n 1', 'SETEX k 100 v', 'PSETEX k 100000 v', 'GETSET k w', 'GET k', 'GETEX k EX 10', 'GETEX k PERSIST', 'GETEX k', 'GETEX k EXAT 1', 'MSET a 1 b 2', 'MSETNX c 1 d 2', 'MSETNX c 1 e 2', 'APPEND a x', 'SETRANGE a 0 z', 'SETRANGE a 0 ""', 'INCR n', 'DECRBY n 5', 'INCRBYFLOAT n 1.5', 'GETDEL a', 'GETDEL a', 'SETBIT s 1 1', 'BITOP NOT d s', 'BITOP NOT d none', 'BITFIELD s SET u8 0 1 INCRBY u8 8 1', 'BITFIELD s GET u8 0', 'SET k v EXAT 1', 'GET k'] },
  { name: 'events of keys', config: all, run: [listen, 'MSET a 1 b 2 c 3', 'DEL a none', 'UNLINK b', 'EXPIRE c 100', 'EXPIRE c 100 NX', 'PEXPIRE c 100000', 'EXPIREAT c 33177117420', 'PERSIST c', 'PERSIST c', 'RENAME c d', 'RENAME d d', 'RENAMENX d e', 'COPY e f', 'COPY e f REPLACE', 'MOVE f 1', 'EXPIRE e -1', 'EXPIRE none 5', 'SET g 1', 'SET h 2', 'RENAME g h', 'TOUCH h', 'OBJECT ENCODING h', 'RPUSH l 3 1 2', 'SORT l STORE o', 'SORT none STORE o', 'SWAPDB 0 1', 'FLUSHDB', 'FLUSHALL'] },
  { name: 'events of hashes', config: all, run: [listen, 'HSET h a 1 b 2', 'HMSET h c 3', 'HSETNX h a 1', 'HSETNX h d 4', 'HINCRBY h a 1', 'HINCRBYFLOAT h a 1.5', 'HDEL h a none', 'HDEL h none', 'HDEL h b c d', 'HGETALL h'] },
  { name: 'events of lists', config: all, run: [listen, 'RPUSH l a b c', 'LPUSH l z', 'LPUSHX l y', 'LPUSHX none y', 'LINSERT l BEFORE a q', 'LINSERT l BEFORE none q', 'LSET l 0 x', 'LREM l 1 a', 'LREM l 1 none', 'LTRIM l 1 -1', 'LPOP l', 'RPOP l 1', 'LMOVE l m LEFT RIGHT', 'RPOPLPUSH m m', 'RPOPLPUSH m l', 'LMPOP 1 l LEFT COUNT 10', 'RPUSH k a', 'LPOP k', 'RPUSH k a', 'LTRIM k 5 10', 'RPUSH k a', 'LREM k 0 a', 'RPUSH k a b', 'LPOP k 0', 'BLPOP k 0', 'BLMPOP 0 1 k LEFT'] },
  { name: 'events of waking clients', config: all, run: [listen, 'c3> BLPOP l 0', 'RPUSH l a', 'await c3', 'c3> BLMOVE l m LEFT LEFT 0', 'RPUSH l b', 'await c3', 'c3> BZPOPMIN z 0', 'ZADD z 1 a', 'await c3'] },
  { name: 'events of sets', config: all, run: [listen, 'SADD s a b', 'SADD s a', 'SREM s a none', 'SREM s none', 'SMOVE s t b', 'SADD s a b', unordered('SPOP s 10'), 'SPOP s', 'SADD s a', 'SPOP s', 'SADD x 1 2', 'SADD y 2', 'SINTERSTORE d x y', 'SINTERSTORE d x none', 'SUNIONSTORE d x y', 'SDIFFSTORE d x y', 'SDIFFSTORE d y x', 'SMOVE x x 1', 'SPOP x 0', 'SUNIONSTORE x none'] },
  { name: 'events of sorted sets', config: all, run: [listen, 'ZADD z 1 a 2 b', 'ZADD z 1 a', 'ZADD z 5 a', 'ZADD z XX 1 none', 'ZADD z INCR 1 a', 'ZADD z NX INCR 1 a', 'ZINCRBY z 1 a', 'ZREM z a none', 'ZREM z none', 'ZADD z 1 a 3 c 4 d 5 e', 'ZPOPMIN z', 'ZPOPMAX z 1', 'ZMPOP 1 z MIN', 'ZREMRANGEBYRANK z 0 0', 'ZREMRANGEBYRANK z 10 20', 'ZADD z 1 a 2 b', 'ZREMRANGEBYSCORE z 1 1', 'ZREMRANGEBYLEX z - +', 'ZADD x 1 a', 'ZUNIONSTORE d 1 x', 'ZINTERSTORE d 2 x none', 'ZDIFFSTORE d 1 x', 'ZDIFFSTORE d 2 x x', 'ZRANGESTORE d x 0 -1', 'ZRANGESTORE d x 5 6', 'ZPOPMIN x 5', 'ZPOPMIN x'] },
  { name: 'an expired key is announced when it is met', config: all, run: [listen, 'SET k v PX 5', 'DEBUG SLEEP 0.02', 'GET k', 'SET k v PX 5', 'DEBUG SLEEP 0.02', 'SET k w', 'SET k v PX 5', 'DEBUG SLEEP 0.02', 'DEL k', 'HSET h f v', 'PEXPIRE h 5', 'DEBUG SLEEP 0.02', 'HGETALL h'] },
  { name: 'only the chosen classes are sent', config: { 'notify-keyspace-events': 'Kg$' }, run: [listen, 'SET k v', 'DEL k', 'LPUSH l a', 'EXPIRE l 100', 'DEL l'] },
  { name: 'only key events of lists and sets', config: { 'notify-keyspace-events': 'Els' }, run: [listen, 'SET k v', 'LPUSH l a', 'SADD s a', 'ZADD z 1 a', 'HSET h f v', 'DEL l', 'SREM s a'] },
  { name: 'misses and new keys are classes of their own', config: { 'notify-keyspace-events': 'KEmn' }, run: [listen, 'GET none', 'SET k v', 'SET k w', 'GET k', 'LPUSH l a', 'LPUSH l b', 'EXISTS none', 'TTL none', 'HGET none f', 'LRANGE none 0 -1', 'MGET none other', 'RENAME k q', 'COPY q r', 'INCR n', 'SADD s a', 'ZADD z 1 a', 'HSET h f v', 'TYPE none', 'DEL none', 'APPEND ap x'] },
  { name: 'events name the database they happened in', config: all, run: [listen, 'SELECT 3', 'SET k v', 'MOVE k 4', 'COPY k q DB 5'] },
  { name: 'events inside a transaction keep their order', config: all, run: [listen, 'MULTI', 'SET a 1', 'INCR a', 'DEL a', 'LPUSH l x', 'LPOP l', 'EXEC'] },
  { name: 'the directive is shown in its own order', run: ['CONFIG SET notify-keyspace-events Elg', 'CONFIG GET notify-keyspace-events', 'CONFIG SET notify-keyspace-events KEA', 'CONFIG GET notify-keyspace-events', 'CONFIG SET notify-keyspace-events g$lshzxetdmnKE', 'CONFIG GET notify-keyspace-events', 'CONFIG SET notify-keyspace-events Q', 'CONFIG GET notify-keyspace-events', 'CONFIG SET notify-keyspace-events K', 'CONFIG GET notify-keyspace-events', 'CONFIG SET notify-keyspace-events ""', 'CONFIG GET notify-keyspace-events'] },
]
