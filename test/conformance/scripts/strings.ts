/*
 * What strings answer: SET and its options, counters, ranges, LCS. Commands only; redis-server knows the
 * answers. Shape: table.
 */
import { type Case, near } from '../script.ts'

const INTEGERS = [
  '0', '-0', '1', '-1', '01', '+1', ' 1', '"1 "', '1.0', '1e3', '""', 'abc', '0x10', '9223372036854775807',
  '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '99999999999999999999', '9007199254740993',
]
const FLOATS = [
  '0', '-0', '1', '1.5', '-1.5', '3.0e3', '5.0e-3', '1e400', '-1e400', 'inf', '-inf', 'Infinity', 'nan', 'NaN', '""',
  '" 1"', '"1 "', '1.0.0', '0x1p3', '.5', '5.', '+1', '1e17', '1e18', '1e21', '123456789012345678', '0.1',
  '0.00000000000000001', '1e-20', 'abc', '3.14159265358979', '1.7976931348623157e308',
]
const OFFSETS = ['0', '1', '-1', '-100', '100', '3', '-3', '9223372036854775807', '-9223372036854775808', 'x', '1.5', '""']

export const cases: readonly Case[] = [
  { name: 'SET stores a value and GET reads it back', run: ['SET k v', 'GET k', 'SET k ""', 'GET k', 'STRLEN k', 'GET none'] },
  { name: 'SET replaces any type', run: ['LPUSH k a', 'SET k v', 'TYPE k', 'GET k'] },
  { name: 'SET NX writes only when the key is missing', run: ['SET k a NX', 'SET k b NX', 'GET k', 'set k c nx', 'GET k'] },
  { name: 'SET XX writes only when the key exists', run: ['SET k a XX', 'EXISTS k', 'SET k a', 'SET k b XX', 'GET k'] },
  { name: 'SET GET answers the old value', run: ['SET k a GET', 'SET k b GET', 'GET k', 'SET k c XX GET', 'SET k d NX GET', 'GET k', 'SET n 1 XX GET', 'EXISTS n', 'SET n 1 NX GET', 'GET n'] },
  { name: 'SET GET on another type is an error and changes nothing', run: ['LPUSH k a', 'SET k v GET', 'TYPE k', 'SET k v NX GET', 'TYPE k'] },
  { name: 'SET EX, PX, EXAT and PXAT set a time to live', run: ['SET k v EX 100', near('TTL k', 1), 'SET k v PX 100000', near('PTTL k', 2000), 'SET k v EXAT 33177117420', 'EXPIRETIME k', 'SET k v PXAT 33177117420000', 'PEXPIRETIME k', 'SET k v', 'TTL k'] },
  { name: 'SET KEEPTTL keeps the time to live, plain SET drops it', run: ['SET k v EX 100', 'SET k w KEEPTTL', near('TTL k', 1), 'GET k', 'SET k x', 'TTL k', 'SET k y KEEPTTL', 'TTL k'] },
  { name: 'SET with a time in the past removes the key', run: ['SET k v', 'SET k v EXAT 1', 'EXISTS k', 'GET k', 'SET k v PXAT 1', 'EXISTS k', 'DBSIZE'] },
  { name: 'SET refuses times that are not positive integers', run: ['SET k v EX 0', 'SET k v EX -1', 'SET k v PX 0', 'SET k v PX -5', 'SET k v EXAT 0', 'SET k v PXAT -1', 'SET k v EX abc', 'SET k v EX 1.5', 'SET k v EX ""', 'SET k v EX 9223372036854775807', 'SET k v EX 9223372036854775', 'SET k v PX 9223372036854775807', 'SET k v PX 9223372036854775808', 'EXISTS k'] },
  { name: 'SET refuses options that exclude each other', run: ['SET k v NX XX', 'SET k v XX NX', 'SET k v EX 10 PX 10', 'SET k v EX 10 KEEPTTL', 'SET k v KEEPTTL EX 10', 'SET k v EX', 'SET k v PX', 'SET k v BOGUS', 'SET k v NX NX', 'SET k v GET GET', 'SET k v EXAT 5 PXAT 5', 'SET k v PERSIST', 'SET k v NX EX', 'SET k', 'SET', 'SET k v ""', 'EXISTS k'] },
  { name: 'SET takes options in any order and case', run: ['SET k v ex 100 nx', near('TTL k', 1), 'SET k w XX GET Ex 50', near('TTL k', 1), 'SET k x get keepttl xx', near('TTL k', 1)] },
  { name: 'SETNX, SETEX, PSETEX and GETSET are SET in older clothes', run: ['SETNX k a', 'SETNX k b', 'GET k', 'SETEX k 100 c', near('TTL k', 1), 'PSETEX k 100000 d', near('PTTL k', 2000), 'GETSET k e', 'TTL k', 'GETSET none f', 'GET none'] },
  { name: 'SETEX and PSETEX refuse bad times', run: ['SETEX k 0 v', 'SETEX k -1 v', 'SETEX k abc v', 'SETEX k 9223372036854775807 v', 'PSETEX k 0 v', 'PSETEX k -1 v', 'PSETEX k 1.5 v', 'SETEX k 10', 'PSETEX k 9223372036854775807 v', 'EXISTS k'] },
  { name: 'GETDEL reads and removes', run: ['SET k v', 'GETDEL k', 'GET k', 'GETDEL k', 'LPUSH l a', 'GETDEL l', 'TYPE l', 'GETDEL', 'GETDEL a b'] },
  { name: 'GETEX reads and changes the time to live', run: ['SET k v', 'GETEX k', 'TTL k', 'GETEX k EX 100', near('TTL k', 1), 'GETEX k PERSIST', 'TTL k', 'GETEX k PX 100000', near('PTTL k', 2000), 'GETEX k EXAT 33177117420', 'EXPIRETIME k', 'GETEX k PXAT 33177117420001', 'PEXPIRETIME k', 'GETEX k', 'PEXPIRETIME k', 'GETEX none EX 10', 'EXISTS none'] },
  { name: 'GETEX with a past time removes the key', run: ['SET k v', 'GETEX k EXAT 1', 'EXISTS k', 'SET k v', 'GETEX k PXAT 1', 'EXISTS k'] },
  { name: 'GETEX refuses what SET refuses', run: ['SET k v', 'GETEX k EX 0', 'GETEX k EX -1', 'GETEX k EX abc', 'GETEX k EX', 'GETEX k EX 10 PX 10', 'GETEX k PERSIST EX 10', 'GETEX k KEEPTTL', 'GETEX k NX', 'GETEX k GET', 'GETEX k BOGUS', 'GETEX', 'LPUSH l a', 'GETEX l', 'GETEX l EX 10', 'TTL l', 'GETEX none EX abc', 'TTL k'] },
  { name: 'MSET and MGET work on many keys', run: ['MSET a 1 b 2 c 3', 'MGET a b c none', 'MSET a 4 a 5', 'GET a', 'LPUSH l x', 'MGET a l b', 'MGET a a', 'MSET a', 'MSET a 1 b', 'MSET', 'MGET', 'MSET l now', 'TYPE l'] },
  { name: 'MSETNX writes all or nothing', run: ['MSETNX a 1 b 2', 'MSETNX b 3 c 4', 'MGET a b c', 'MSETNX c 1 c 2', 'GET c', 'MSETNX d', 'MSETNX d 1 e', 'LPUSH l x', 'MSETNX l 1', 'TYPE l'] },
  { name: 'MSET drops times to live', run: ['SET a 1 EX 100', 'MSET a 2', 'TTL a'] },
  { name: 'APPEND grows a string', run: ['APPEND k abc', 'APPEND k def', 'GET k', 'APPEND k ""', 'STRLEN k', 'APPEND new ""', 'EXISTS new', 'GET new', 'SET n 12', 'APPEND n 3', 'INCR n', 'SET t v EX 100', 'APPEND t x', near('TTL t', 1), 'LPUSH l a', 'APPEND l x'] },
  { name: 'STRLEN counts bytes', run: ['SET k "\\xe2\\x82\\xac"', 'STRLEN k', 'STRLEN none', 'SET n 12345', 'STRLEN n', 'SET n -5', 'STRLEN n', 'LPUSH l a', 'STRLEN l', 'STRLEN', 'STRLEN a b'] },
  { name: 'SETRANGE overwrites and pads with zero bytes', run: ['SET k "Hello World"', 'SETRANGE k 6 Redis', 'GET k', 'SETRANGE k 20 x', 'GET k', 'SETRANGE n 3 abc', 'GET n', 'SETRANGE none 5 ""', 'EXISTS none', 'SETRANGE k 0 ""', 'SETRANGE k 100 ""', 'STRLEN k', 'SET i 12345', 'SETRANGE i 1 x', 'GET i', 'SET t v EX 100', 'SETRANGE t 0 w', near('TTL t', 1)] },
  { name: 'SETRANGE refuses impossible offsets', run: ['SETRANGE k -1 x', 'SETRANGE k 536870912 x', 'SETRANGE k 536870911 xx', 'SETRANGE k 4294967295 x', 'SETRANGE k 9223372036854775807 x', 'SETRANGE k abc x', 'SETRANGE k 1.0 x', 'LPUSH l a', 'SETRANGE l 0 x', 'SETRANGE l -1 x', 'SETRANGE l 0 ""', 'SETRANGE k -1 ""', 'EXISTS k', 'SETRANGE k 1'] },
  ...OFFSETS.map((start) => ({
    name: `GETRANGE and SUBSTR from ${start} answer the bytes between`,
    run: ['SET k 0123456789', ...OFFSETS.map((end) => `GETRANGE k ${start} ${end}`), `SUBSTR k ${start} -2`, `GETRANGE none ${start} -1`],
  })),
  { name: 'GETRANGE reads integers and empty strings too', run: ['SET n 12345', 'GETRANGE n 1 2', 'SET e ""', 'GETRANGE e 0 -1', 'GETRANGE e 0 0', 'LPUSH l a', 'GETRANGE l 0 -1', 'GETRANGE k 0', 'SUBSTR k 0', 'SUBSTR l 0 1', 'GETRANGE l x y'] },
  { name: 'INCR and DECR count', run: ['INCR k', 'INCR k', 'DECR k', 'DECR k', 'DECR k', 'GET k', 'SET t 5 EX 100', 'INCR t', near('TTL t', 1)] },
  { name: 'INCRBY and DECRBY step', run: ['INCRBY k 10', 'INCRBY k -3', 'DECRBY k 5', 'DECRBY k -5', 'GET k', 'INCRBY k 0', 'INCRBY k', 'INCRBY k 1 2'] },
  { name: 'counters refuse to overflow', run: ['SET k 9223372036854775807', 'INCR k', 'GET k', 'INCRBY k 1', 'DECR k', 'SET k -9223372036854775808', 'DECR k', 'DECRBY k 1', 'INCRBY k -1', 'GET k', 'INCR k', 'SET k 9223372036854775000', 'INCRBY k 807', 'INCRBY k 1', 'SET k 0', 'DECRBY k -9223372036854775808', 'DECRBY k 9223372036854775807', 'DECRBY k 1', 'DECRBY k 1', 'GET k', 'SET m 9007199254740992', 'INCR m', 'INCR m', 'INCRBY m 9007199254740993', 'GET m'] },
  ...INTEGERS.map((text) => ({
    name: `counters take the value and the step ${text} or refuse it`,
    run: [`SET k ${text}`, 'INCR k', 'GET k', 'SET k 7', `INCRBY k ${text}`, `DECRBY k ${text}`, 'GET k', 'SET k 7', `DECRBY k ${text}`, 'GET k'],
  })),
  ...FLOATS.map((text) => ({
    name: `INCRBYFLOAT takes the value and the step ${text} or refuses it`,
    run: [`SET k ${text}`, 'INCRBYFLOAT k 1', 'GET k', 'SET k 10.5', `INCRBYFLOAT k ${text}`, `INCRBYFLOAT k ${text}`, 'GET k', `INCRBYFLOAT none ${text}`, 'GET none', `HINCRBYFLOAT h f ${text}`, 'HGET h f'],
  })),
  { name: 'INCRBYFLOAT prints as Redis does', run: ['SET k 10.50', 'INCRBYFLOAT k 0.1', 'SET k 5.0e3', 'INCRBYFLOAT k 2.0e2', 'SET k 3', 'INCRBYFLOAT k 1.1', 'INCRBYFLOAT k -1.1', 'SET k 0', 'INCRBYFLOAT k 0.1', 'INCRBYFLOAT k 0.2', 'SET k 1e10', 'INCRBYFLOAT k 0.000001', 'SET k 17179869184', 'INCRBYFLOAT k 1.5', 'INCRBYFLOAT k -1.5', 'INCR k', 'SET k 1', 'INCRBYFLOAT k 1e-7', 'INCRBYFLOAT k 1e15', 'SET k 0.3', 'INCRBYFLOAT k -0.3', 'SET k "\\x00"', 'INCRBYFLOAT k 1', 'SET t 1 EX 100', 'INCRBYFLOAT t 1', near('TTL t', 1), 'LPUSH l a', 'INCRBYFLOAT l 1', 'INCRBYFLOAT k'] },
  { name: 'INCRBYFLOAT refuses to reach infinity', run: ['SET k 1.7976931348623157e308', 'INCRBYFLOAT k 1.7976931348623157e308', 'SET k 1e4932', 'INCRBYFLOAT k 1', 'SET n 1', 'INCRBYFLOAT n +inf', 'INCRBYFLOAT n -inf', 'GET n'] },
  { name: 'counters refuse other types', run: ['LPUSH l a', 'INCR l', 'DECR l', 'INCRBY l 1', 'DECRBY l 1', 'INCRBYFLOAT l 1', 'INCRBY l x', 'INCRBYFLOAT l x'] },
  { name: 'LCS finds the longest common subsequence', run: ['MSET a ohmytext b mynewtext', 'LCS a b', 'LCS a b LEN', 'LCS a b IDX', 'LCS a b IDX MINMATCHLEN 4', 'LCS a b IDX WITHMATCHLEN', 'LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN', 'LCS a none', 'LCS a none LEN', 'LCS none other IDX', 'LCS a a', 'LCS a a IDX WITHMATCHLEN', 'lcs a b len'] },
  { name: 'LCS refuses bad options', run: ['MSET a x b y', 'LCS a b IDX LEN', 'LCS a b BOGUS', 'LCS a b MINMATCHLEN', 'LCS a b MINMATCHLEN x', 'LCS a b MINMATCHLEN -1', 'LCS a b MINMATCHLEN -1 IDX', 'LCS a b WITHMATCHLEN', 'LCS a', 'LPUSH l a', 'LCS a l', 'LCS l b', 'LCS a b IDX MINMATCHLEN 9223372036854775808'] },
  { name: 'LCS of genetic texts', run: ['SET a CACCTTCCCAGGTAACAAACCAACCAACTTTCGATCTCTTGTAGATCTGTTCTCTAAACGAACTTTAAAATCTGTGTGGCTGTCACTCGGCTGCATGCTTAGTGCACTCACGCAGTATAATTAATAACTAATTACTGTCGTTGACAGGACACGAGTAACTCGTCTATCTTCTGCAGGCTGCTTACGGTTTCGTCCGTGTTGCAGCCGATCATCAGCACATCTAGGTTTCGTCCGGGTGTG', 'SET b ATTAAAGGTTTATACCTTCCCAGGTAACAAACCAACCAACTTTCGATCTCTTGTAGATCTGTTCTCTAAACGAACTTTAAAATCTGTGTGGCTGTCACTCGGCTGCATGCTTAGTGCACTCACGCAGTATAATTAATAACTAATTACTGTCGTTGACAGGACACGAGTAACTCGTCTATCTTCTGCAGGCTGCTTACGGTTTCGTCCGTGTTGCAGCCGATCATCAGCACATCTAGGTTT', 'LCS a b', 'LCS a b LEN', 'LCS a b IDX', 'LCS a b IDX WITHMATCHLEN', 'LCS a b IDX MINMATCHLEN 5 WITHMATCHLEN'] },
]
