/*
 * What MULTI, EXEC, DISCARD, WATCH and UNWATCH answer. Commands only; redis-server knows the answers.
 * Shape: table.
 */
import { type Case, near, pairs, unordered } from '../script.ts'

/** What changes a watched key, or does not. */
const TOUCHES = [
  'SET k 2',
  'SET k 1',
  'DEL k',
  'EXPIRE k 100',
  'PERSIST k',
  'GET k',
  'APPEND k ""',
  'SETRANGE k 0 ""',
  'INCR k',
  'SET other 1',
  'RENAME other k',
  'COPY other k REPLACE',
  'FLUSHALL',
  'FLUSHDB',
  'SETNX k 5',
  'TOUCH k',
  'GETEX k',
  'GETEX k EX 100',
  'MSET a 1 k 2',
  'SWAPDB 0 1',
  'MOVE k 1',
  'UNLINK k',
  'SETBIT k 1 1',
  'INCR none',
  'DEL none',
  'SELECT 0',
]

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'EXEC runs what was queued', run: ['MULTI', 'SET a 1', 'INCR a', 'GET a', 'EXEC', 'GET a', 'MULTI', 'EXEC'] },
  { name: 'DISCARD forgets what was queued', run: ['SET a 1', 'MULTI', 'INCR a', 'DISCARD', 'GET a', 'DISCARD', 'EXEC'] },
  { name: 'MULTI does not nest, EXEC and DISCARD need it', run: ['EXEC', 'DISCARD', 'MULTI', 'MULTI', 'SET a 1', 'EXEC', 'GET a', 'MULTI x', 'EXEC x', 'DISCARD x', 'UNWATCH x', 'WATCH'] },
  { name: 'a command that cannot be queued spoils the transaction', run: ['MULTI', 'SET a 1', 'NOSUCH', 'SET b 2', 'EXEC', 'EXISTS a b', 'MULTI', 'GET', 'EXEC', 'MULTI', 'GET a b', 'DISCARD', 'MULTI', 'PING', 'EXEC'] },
  { name: 'a command that fails when run does not stop the others', run: ['SET s x', 'MULTI', 'INCR s', 'LPUSH s a', 'SET t 1', 'EXEC', 'GET t', 'MULTI', 'SET k v EX abc', 'SET t 2', 'EXEC', 'GET t'] },
  { name: 'WATCH inside MULTI is refused but does not spoil it', run: ['MULTI', 'WATCH a', 'SET a 1', 'EXEC', 'GET a', 'MULTI', 'UNWATCH', 'EXEC', 'MULTI', 'WATCH', 'EXEC'] },
  ...TOUCHES.map((touch) => ({
    name: `a watched key and another client's ${touch}`,
    run: ['SET k 1', 'SET other 9', 'WATCH k none', `c2> ${touch}`, 'await c2', 'MULTI', 'SET done 1', 'EXEC', 'SELECT 0', 'EXISTS done', 'MULTI', 'PING', 'EXEC'],
  })),
  ...TOUCHES.map((touch) => ({
    name: `a watched key and one's own ${touch}`,
    run: ['SET k 1', 'SET other 9', 'WATCH k', touch, 'MULTI', 'SET done 1', 'EXEC', 'SELECT 0', 'EXISTS done'],
  })),
  { name: 'UNWATCH, DISCARD and EXEC end the watch', run: ['SET k 1', 'WATCH k', 'SET k 2', 'UNWATCH', 'MULTI', 'PING', 'EXEC', 'WATCH k', 'SET k 3', 'MULTI', 'DISCARD', 'MULTI', 'PING', 'EXEC', 'WATCH k', 'MULTI', 'EXEC', 'SET k 4', 'MULTI', 'PING', 'EXEC'] },
  { name: 'a watched missing key that appears spoils the transaction', run: ['WATCH k', 'c2> SET k 1', 'await c2', 'MULTI', 'PING', 'EXEC', 'WATCH k k', 'c2> LPUSH k a', 'await c2', 'MULTI', 'PING', 'EXEC'] },
  { name: 'a watched key that expires spoils the transaction', run: ['SET k 1 PX 200', 'WATCH k', 'DEBUG SLEEP 0.25', 'MULTI', 'PING', 'EXEC', 'SET k 1 PX 5', 'DEBUG SLEEP 0.02', 'WATCH k', 'MULTI', 'PING', 'EXEC'] },
  { name: 'a watched key in another database is another key', run: ['SET k 1', 'WATCH k', 'c2> SELECT 1', 'c2> SET k 2', 'MULTI', 'PING', 'EXEC', 'c2> FLUSHDB', 'WATCH k', 'c2> SWAPDB 0 1', 'MULTI', 'PING', 'EXEC', 'WATCH missing', 'c2> SWAPDB 0 1', 'MULTI', 'PING', 'EXEC', 'WATCH missing', 'c2> FLUSHALL', 'MULTI', 'PING', 'EXEC'] },
  { name: 'a failed transaction leaves the connection usable', run: ['SET k 1', 'WATCH k', 'c2> SET k 2', 'await c2', 'MULTI', 'SET k 3', 'EXEC', 'GET k', 'MULTI', 'SET k 3', 'EXEC', 'GET k'] },
  { name: 'transactions hold replies of every type', run: ['RPUSH l a b', 'HSET h f v', 'SADD t m', 'ZADD z 1.5 m', 'MULTI', 'PING', 'GET none', 'LRANGE l 0 -1', pairs('HGETALL h'), unordered('SMEMBERS t'), 'ZSCORE z m', 'ZRANGE z 0 -1 WITHSCORES', 'LPOP none 2', 'INCR l', 'BLPOP none 0', 'EXEC'] },
  { name: 'transactions cross databases', run: ['MULTI', 'SELECT 1', 'SET k one', 'SELECT 0', 'SET k zero', 'EXEC', 'GET k', 'SELECT 1', 'GET k', 'MULTI', 'SELECT 99', 'SET k x', 'EXEC'] },
  { name: 'commands about the connection inside MULTI', run: ['MULTI', 'ECHO hi', 'CLIENT GETNAME', 'CLIENT SETNAME me', 'TIME x', 'DISCARD', 'MULTI', 'HELLO 9', 'AUTH x', 'EXEC', 'MULTI', 'SUBSCRIBE', 'EXEC', 'MULTI', 'QUIT', 'await c1'] },
  { name: 'a long transaction', run: ['MULTI', ...Array.from({ length: 200 }, (_, index) => `RPUSH l ${index}`), 'EXEC', 'LRANGE l 0 -1'] },
  { name: 'times to live inside a transaction share one clock', run: ['MULTI', 'SET k v PX 100000', 'PTTL k', 'PEXPIRE k 5000', 'PTTL k', near('EXEC', 1), near('PTTL k', 2000)] },
  { name: 'commands refused in MULTI', run: ['MULTI', 'WATCH x', 'MONITOR', 'EXEC', 'MULTI', 'SHUTDOWN BOGUS', 'EXEC', 'MULTI', 'RESET', 'EXEC'] },
  { name: 'FLUSHALL and expired keys inside a transaction', run: ['SET a 1', 'SET b 1 PX 5', 'DEBUG SLEEP 0.02', 'MULTI', 'GET b', 'EXISTS b', 'SET b 2', 'FLUSHALL', 'DBSIZE', 'SET c 1', 'EXEC', 'DBSIZE'] },
  { name: 'pub/sub inside a transaction', run: ['c2> SUBSCRIBE ch', 'MULTI', 'PUBLISH ch a', 'PUBLISH none a', 'PUBSUB NUMSUB ch', 'EXEC'] },
]
