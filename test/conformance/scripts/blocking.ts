/*
 * What blocking commands answer, in which order waiting clients are served, and what wakes nobody.
 * Commands only; redis-server knows the answers. Shape: table.
 */
import { type Case, near } from '../script.ts'

const TIMEOUTS = [
  '0.01',
  '0.001',
  '-1',
  '-0.5',
  'abc',
  '""',
  '1e400',
  'inf',
  '-inf',
  'nan',
  '9223372036854775807',
  '99999999999999999999',
  '" 1"',
  '1e20',
  '0x',
]

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'blocking pops answer at once when there is something', run: ['RPUSH l a b c d e', 'BLPOP l 0', 'BRPOP l 0', 'BLPOP none l 0', 'BLMOVE l d LEFT RIGHT 0', 'BRPOPLPUSH l d 0', 'LRANGE d 0 -1', 'EXISTS l', 'BLMPOP 0 2 none d LEFT COUNT 5', 'ZADD z 1 a 2 b 3 c', 'BZPOPMIN z 0', 'BZPOPMAX none z 0', 'BZMPOP 0 1 z MIN', 'EXISTS z', 'DBSIZE'] },
  { name: 'blocking pops time out', run: ['BLPOP l 0.02', 'BRPOP l m 0.02', 'BLMOVE l m LEFT LEFT 0.02', 'BRPOPLPUSH l m 0.02', 'BLMPOP 0.02 1 l LEFT', 'BZPOPMIN z 0.02', 'BZPOPMAX z y 0.02', 'BZMPOP 0.02 2 z y MAX COUNT 2'] },
  ...TIMEOUTS.map((timeout) => ({
    name: `blocking commands take the timeout ${timeout} or refuse it`,
    run: ['RPUSH l a b c d e', 'ZADD z 1 a 2 b 3 c', `BLPOP l ${timeout}`, `BRPOP l ${timeout}`, `BLMOVE l m LEFT LEFT ${timeout}`, `BRPOPLPUSH l m ${timeout}`, `BLMPOP ${timeout} 1 l LEFT`, `BZPOPMIN z ${timeout}`, `BZPOPMAX z ${timeout}`, `BZMPOP ${timeout} 1 z MIN`, 'LLEN l', 'ZCARD z'],
  })),
  { name: 'blocking commands refuse wrong types and arguments', run: ['SET s x', 'RPUSH l a', 'BLPOP s 0', 'BLPOP none s 0', 'BLPOP s l 0', 'BLPOP l s 0', 'BRPOP s 0', 'BLMOVE s l LEFT LEFT 0', 'RPUSH l a', 'BLMOVE l s LEFT LEFT 0', 'BLMOVE l l MIDDLE LEFT 0', 'BRPOPLPUSH s l 0', 'BRPOPLPUSH l s 0', 'BLMPOP 0 1 s LEFT', 'BLMPOP 0 0 l LEFT', 'BLMPOP 0 1 l MIDDLE', 'BLMPOP 0 1 l LEFT COUNT 0', 'BLMPOP 0 2 l LEFT', 'BLMPOP x 1 l LEFT', 'BZPOPMIN s 0', 'BZPOPMIN none l 0', 'BZPOPMAX l 0', 'BZMPOP 0 1 s MIN', 'BZMPOP 0 1 l MIN', 'BZMPOP 0 0 z MIN', 'BZMPOP 0 1 z MIDDLE', 'BZMPOP 0 1 z MIN COUNT x', 'BLPOP', 'BLPOP l', 'BRPOP 0', 'BLMOVE a b LEFT LEFT', 'BRPOPLPUSH a b', 'BLMPOP 0 1 l', 'BZPOPMIN z', 'BZMPOP 0 1 z', 'LRANGE l 0 -1'] },
  { name: 'a push wakes a waiting pop', run: ['c2> BLPOP l 0', 'RPUSH l a', 'await c2', 'EXISTS l', 'c2> BRPOP l 0', 'RPUSH l a b c', 'await c2', 'LRANGE l 0 -1'] },
  { name: 'who waits longest is served first', run: ['c2> BLPOP l 0', 'c3> BLPOP l 0', 'c4> BLPOP l 0', 'RPUSH l a b', 'await c2', 'await c3', 'LLEN l', 'RPUSH l c', 'await c4', 'EXISTS l'] },
  { name: 'a client waiting on many lists takes from the first in its own order', run: ['c2> BLPOP a b c 0', 'MULTI', 'RPUSH c 1', 'RPUSH b 2', 'RPUSH a 3', 'EXEC', 'await c2', 'EXISTS a b c'] },
  { name: 'a client waiting on many lists is woken by any', run: ['c2> BRPOP a b c 0', 'RPUSH b x y', 'await c2', 'LRANGE b 0 -1', 'RPUSH a z', 'LRANGE a 0 -1', 'c2> BLPOP a a 0', 'await c2', 'c2> BLPOP q q 0', 'RPUSH q 1 2', 'await c2', 'LLEN q'] },
  { name: 'clients are served in order across keys', run: ['c2> BLPOP a 0', 'c3> BLPOP b 0', 'c4> BLPOP a b 0', 'MULTI', 'RPUSH b 1', 'RPUSH a 2', 'RPUSH b 3', 'EXEC', 'await c2', 'await c3', 'await c4', 'EXISTS a b'] },
  { name: 'a push and a pop in one transaction wake nobody', run: ['c2> BLPOP l 0.1', 'MULTI', 'RPUSH l a', 'LPOP l', 'EXEC', 'await c2'] },
  { name: 'a transaction that empties and refills wakes with what is left', run: ['c2> BLPOP l 0', 'MULTI', 'RPUSH l a b', 'DEL l', 'RPUSH l c', 'EXEC', 'await c2', 'EXISTS l'] },
  { name: 'LINSERT, LSET and RPUSHX wake nobody without a list', run: ['c2> BLPOP l 0.1', 'LPUSHX l a', 'RPUSHX l a', 'LINSERT l BEFORE a b', 'await c2'] },
  { name: 'a key of another type wakes nobody until it is a list', run: ['c2> BLPOP l 0', 'SET l x', 'DEL l', 'SADD l x', 'DEL l', 'RPUSH l a', 'await c2'] },
  { name: 'RENAME, COPY, SORT STORE and LMOVE wake waiting pops', run: ['RPUSH src 1 2 3', 'c2> BLPOP a 0', 'COPY src a', 'await c2', 'LRANGE a 0 -1', 'c2> BLPOP b 0', 'RENAME a b', 'await c2', 'c2> BLPOP d 0', 'SORT src STORE d', 'await c2', 'c2> BLPOP e 0', 'LMOVE src e LEFT LEFT', 'await c2', 'EXISTS e', 'c2> BLPOP f 0', 'RPOPLPUSH src f', 'await c2'] },
  { name: 'SWAPDB and MOVE wake waiting pops', run: ['c2> BLPOP l 0', 'SELECT 1', 'RPUSH l a', 'SWAPDB 0 1', 'await c2', 'SELECT 1', 'RPUSH m b', 'c2> BLPOP m 0', 'MOVE m 0', 'await c2', 'DBSIZE'] },
  { name: 'BLMOVE hands on from client to client', run: ['c2> BLMOVE a b LEFT RIGHT 0', 'c3> BLMOVE b c LEFT RIGHT 0', 'c4> BLPOP c 0', 'RPUSH a x', 'await c2', 'await c3', 'await c4', 'EXISTS a b c'] },
  { name: 'BLMOVE onto itself and BRPOPLPUSH circles', run: ['c2> BLMOVE l l LEFT RIGHT 0', 'RPUSH l a b', 'await c2', 'LRANGE l 0 -1', 'c2> BRPOPLPUSH x y 0', 'c3> BRPOPLPUSH y x 0', 'RPUSH x 1', 'await c2', 'await c3', 'LRANGE x 0 -1', 'LRANGE y 0 -1'] },
  { name: 'BLMOVE to a key of another type is an error when it wakes', run: ['SET d x', 'c2> BLMOVE l d LEFT LEFT 0', 'c3> BLPOP l 0', 'RPUSH l a', 'await c2', 'await c3', 'EXISTS l', 'GET d'] },
  { name: 'BLMPOP wakes with as much as its count allows', run: ['c2> BLMPOP 0 2 a b LEFT COUNT 2', 'RPUSH b 1 2 3', 'await c2', 'LRANGE b 0 -1', 'c2> BLMPOP 0 1 q RIGHT', 'RPUSH q 1 2', 'await c2', 'LLEN q'] },
  { name: 'sorted sets wake BZPOPMIN, BZPOPMAX and BZMPOP', run: ['c2> BZPOPMIN z 0', 'c3> BZPOPMAX z 0', 'ZADD z 1 a 2 b 3 c', 'await c2', 'await c3', 'ZRANGE z 0 -1', 'c2> BZMPOP 0 2 x y MIN COUNT 2', 'ZADD y 1.5 p 2 q 3 r', 'await c2', 'ZCARD y', 'c2> BZPOPMIN n 0', 'ZINCRBY n 5 m', 'await c2', 'c2> BZPOPMIN s 0', 'ZUNIONSTORE s 1 y', 'await c2', 'c2> BZPOPMIN g 0', 'ZRANGESTORE g y 0 -1', 'EXISTS y g'] },
  { name: 'a list waiter and a sorted set waiter on one key', run: ['c2> BLPOP k 0', 'c3> BZPOPMIN k 0', 'ZADD k 1 a', 'await c3', 'RPUSH k x', 'await c2'] },
  { name: 'blocking commands inside MULTI never wait', run: ['MULTI', 'BLPOP l 0', 'BRPOP l 0', 'BLMOVE l m LEFT LEFT 0', 'BRPOPLPUSH l m 0', 'BLMPOP 0 1 l LEFT', 'BZPOPMIN z 0', 'BZPOPMAX z 0', 'BZMPOP 0 1 z MIN', 'RPUSH l a', 'BLPOP l 0', 'EXEC'] },
  { name: 'a client that left is not served', run: ['c2> BLPOP l 0', 'c3> BLPOP l 0', 'close c2', 'RPUSH l a', 'await c3', 'c3> BLPOP l 0', 'c4> BLPOP l 0', 'CLIENT KILL ID @c3', 'RPUSH l b', 'await c4', 'LRANGE l 0 -1'] },
  { name: 'commands sent while waiting are answered afterwards in order', run: ['c2> BLPOP l 0', 'c2> PING', 'c2> SET k v', 'EXISTS k', 'RPUSH l a', 'await c2', 'await c2', 'await c2', 'GET k'] },
  { name: 'CLIENT UNBLOCK ends a wait', run: ['c2> BLPOP l 0', 'c3> BLMOVE l m LEFT LEFT 0', 'c4> BZPOPMIN z 0', 'CLIENT UNBLOCK @c2', 'await c2', 'CLIENT UNBLOCK @c3 TIMEOUT', 'await c3', 'CLIENT UNBLOCK @c4 error', 'await c4', 'CLIENT UNBLOCK @c2', 'CLIENT UNBLOCK @c1', 'RPUSH l a', 'LLEN l', 'CLIENT UNBLOCK 99999999', 'CLIENT UNBLOCK x', 'CLIENT UNBLOCK 1 BOGUS', 'CLIENT UNBLOCK'] },
  { name: 'waiting in one database is not woken by another', run: ['c2> SELECT 1', 'c2> BLPOP l 0.1', 'RPUSH l a', 'await c2', 'await c2', 'LLEN l'] },
  { name: 'a woken pop keeps the rest and its time to live', run: ['c2> BLPOP l 0', 'MULTI', 'RPUSH l a b', 'EXPIRE l 100', 'EXEC', 'await c2', near('TTL l', 1), 'LRANGE l 0 -1'] },
  { name: 'an expired list wakes nobody and a later one does', run: ['c2> BLPOP l 0', 'MULTI', 'RPUSH l a', 'PEXPIRE l 0', 'EXEC', 'RPUSH l b', 'await c2'] },
  { name: 'WATCH notices what a woken client took', run: ['c2> BLPOP l 0', 'c3> WATCH l', 'c3> MULTI', 'c3> PING', 'RPUSH l a', 'c3> EXEC', 'await c3', 'await c3', 'await c3', 'await c3', 'await c2'] },
  { name: 'BLPOP with several elements pushed serves several clients', run: ['c2> BLPOP l 0', 'c3> BRPOP l 0', 'c4> BLMPOP 0 1 l LEFT COUNT 10', 'RPUSH l 1 2 3 4 5', 'await c2', 'await c3', 'await c4', 'EXISTS l'] },
  { name: 'a woken client takes from the key that woke it whatever its other keys hold', run: ['c2> BLPOP a b 0', 'SET a x', 'RPUSH b 1', 'await c2', 'GET a', 'EXISTS b', 'c2> BLMPOP 0 2 q r LEFT', 'SET q x', 'RPUSH r 1 2', 'await c2', 'LLEN r'] },
]
