/*
 * What bit commands answer. Commands only; redis-server knows the answers. Shape: table.
 */
import { type Case, near } from '../script.ts'

const RANGES = [
  '0 0',
  '0 -1',
  '1 1',
  '-2 -1',
  '5 30',
  '-100 100',
  '2 1',
  '100 200',
  '-1 -2',
  '0 9223372036854775807',
  '-9223372036854775808 -1',
]
const TYPES = [
  'u1',
  'u2',
  'u7',
  'u8',
  'u16',
  'u31',
  'u32',
  'u63',
  'i1',
  'i2',
  'i5',
  'i8',
  'i16',
  'i32',
  'i63',
  'i64',
]
const NUMBERS = [
  '0',
  '1',
  '-1',
  '127',
  '128',
  '255',
  '256',
  '-128',
  '-129',
  '2147483648',
  '9223372036854775807',
  '-9223372036854775808',
]

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'SETBIT answers the old bit and grows the string', run: ['SETBIT k 7 1', 'GET k', 'SETBIT k 7 0', 'GET k', 'SETBIT k 100 1', 'STRLEN k', 'GET k', 'SETBIT k 0 0', 'SET n 1', 'SETBIT n 6 1', 'GET n', 'SETBIT z 15 0', 'GET z', 'SET t v EX 100', 'SETBIT t 1 1', near('TTL t', 1)] },
  { name: 'GETBIT reads inside and outside', run: ['SET k foobar', ...['0', '1', '2', '7', '8', '47', '48', '1000', '4294967295'].map((at) => `GETBIT k ${at}`), 'GETBIT none 5', 'SET n 12', 'GETBIT n 2'] },
  { name: 'SETBIT and GETBIT refuse bad offsets and bits', run: ['SETBIT k -1 1', 'SETBIT k 4294967296 1', 'SETBIT k 9223372036854775808 1', 'SETBIT k abc 1', 'SETBIT k 0 2', 'SETBIT k 0 -1', 'SETBIT k 0 x', 'SETBIT k 0', 'SETBIT k 0 ""', 'GETBIT k -1', 'GETBIT k 4294967296', 'GETBIT k x', 'GETBIT k', 'LPUSH l a', 'SETBIT l 0 1', 'GETBIT l 0', 'SETBIT l -1 5', 'EXISTS k'] },
  { name: 'BITCOUNT counts all bits', run: ['SET k foobar', 'BITCOUNT k', 'BITCOUNT none', 'SET e ""', 'BITCOUNT e', 'SET n 12345', 'BITCOUNT n', 'LPUSH l a', 'BITCOUNT l'] },
  ...RANGES.map((range) => ({
    name: `BITCOUNT of ${range} counts bytes or bits`,
    run: ['SET k foobar', `BITCOUNT k ${range}`, `BITCOUNT k ${range} BYTE`, `BITCOUNT k ${range} BIT`, `BITCOUNT none ${range}`, `bitcount k ${range} bit`],
  })),
  { name: 'BITCOUNT refuses bad ranges', run: ['SET k foobar', 'BITCOUNT k 0', 'BITCOUNT k 0 x', 'BITCOUNT k x 0', 'BITCOUNT k 0 1 BOGUS', 'BITCOUNT k 0 1 BIT x', 'BITCOUNT', 'BITCOUNT none 0', 'BITCOUNT none 0 x', 'LPUSH l a', 'BITCOUNT l 0 x', 'BITCOUNT l 0 1 BIT'] },
  ...['\\xff\\xf0\\x00', '\\x00\\xff\\xf0', '\\x00\\x00\\x00', '\\xff\\xff\\xff', ''].map((text) => ({
    name: `BITPOS in "${text}" finds the first bit`,
    run: [
      `SET k "${text}"`, 'BITPOS k 1', 'BITPOS k 0',
      ...['0', '1', '2', '-1', '-2', '3', '100'].flatMap((from) => [`BITPOS k 1 ${from}`, `BITPOS k 0 ${from}`]),
      ...RANGES.flatMap((range) => [0, 1].flatMap((bit) => [`BITPOS k ${bit} ${range}`, `BITPOS k ${bit} ${range} BYTE`, `BITPOS k ${bit} ${range} BIT`])),
    ],
  })),
  { name: 'BITPOS on a missing key', run: ['BITPOS k 0', 'BITPOS k 1', 'BITPOS k 0 5', 'BITPOS k 1 0 -1', 'BITPOS k 1 0 -1 BIT', 'BITPOS k 0 0 -1 BIT'] },
  { name: 'BITPOS refuses bad arguments', run: ['SET k foobar', 'BITPOS k 2', 'BITPOS k -1', 'BITPOS k x', 'BITPOS k', 'BITPOS k 1 x', 'BITPOS k 1 0 x', 'BITPOS k 1 0 1 BOGUS', 'BITPOS k 1 0 1 BIT x', 'BITPOS k 1 0 BIT', 'LPUSH l a', 'BITPOS l 1', 'BITPOS l 5', 'BITPOS none 5', 'BITPOS none 0 x'] },
  { name: 'BITOP combines strings of different lengths', run: ['SET a foobar', 'SET b abcdefgh', 'SET c "\\xff\\x00"', ...['AND', 'OR', 'XOR', 'and'].flatMap((op) => [`BITOP ${op} d a b`, 'GET d', `BITOP ${op} d a b c`, 'GET d', `BITOP ${op} d a none`, 'GET d', `BITOP ${op} d a`, 'GET d']), 'BITOP NOT d a', 'GET d', 'BITOP NOT d none', 'EXISTS d', 'BITOP OR d none other', 'EXISTS d', 'SET n 12', 'BITOP NOT d n', 'GET d', 'BITOP AND a a b', 'GET a'] },
  { name: 'BITOP removes its target when the result is empty and drops its time to live', run: ['SET d x EX 100', 'SET a foo', 'BITOP OR d a', 'TTL d', 'BITOP AND d none', 'EXISTS d', 'SET e ""', 'BITOP OR d e', 'EXISTS d', 'LPUSH d x', 'BITOP OR d a', 'TYPE d'] },
  { name: 'BITOP of long strings', run: [['SET', 'a', 'x'.repeat(1000)], ['SET', 'b', 'y'.repeat(777)], 'BITOP XOR d a b', 'GET d', 'BITCOUNT d', 'BITOP AND d a b', 'GET d', 'BITOP NOT d b', 'GET d'] },
  { name: 'BITOP refuses bad arguments', run: ['SET a x', 'BITOP BOGUS d a', 'BITOP NOT d a a', 'BITOP NOT d', 'BITOP AND d', 'BITOP', 'LPUSH l a', 'BITOP AND d a l', 'BITOP NOT d l', 'EXISTS d'] },
  ...TYPES.map((type) => ({
    name: `BITFIELD of type ${type} wraps, saturates and fails as told`,
    run: [
      ...NUMBERS.map((value) => `BITFIELD k SET ${type} 0 ${value} GET ${type} 0`),
      ...['WRAP', 'SAT', 'FAIL'].flatMap((overflow) => NUMBERS.map((by) => `BITFIELD k OVERFLOW ${overflow} INCRBY ${type} 3 ${by} GET ${type} 3`)),
      ...['WRAP', 'SAT', 'FAIL'].flatMap((overflow) => NUMBERS.map((by) => `BITFIELD k OVERFLOW ${overflow} SET ${type} 5 ${by} GET ${type} 5`)),
      'GET k',
    ],
  })),
  { name: 'BITFIELD answers one element for each operation', run: ['BITFIELD k', 'EXISTS k', 'BITFIELD k GET u4 0', 'EXISTS k', 'BITFIELD k INCRBY i5 100 1 GET u4 0', 'BITFIELD k SET u8 #0 1 SET u8 #1 2 GET u16 0 GET i8 #100', 'GET k', 'BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1', 'BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1', 'BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1', 'BITFIELD k OVERFLOW FAIL INCRBY u2 102 1', 'bitfield k overflow wrap incrby u2 102 1 get U2 102', 'SET t v EX 100', 'BITFIELD t SET u8 0 65', near('TTL t', 1)] },
  { name: 'BITFIELD refuses bad arguments', run: ['BITFIELD k GET u64 0', 'BITFIELD k GET i65 0', 'BITFIELD k GET u0 0', 'BITFIELD k GET x8 0', 'BITFIELD k GET u 0', 'BITFIELD k GET u8 -1', 'BITFIELD k GET u8 x', 'BITFIELD k GET u8 #x', 'BITFIELD k GET u8 #-1', 'BITFIELD k GET u8', 'BITFIELD k GET', 'BITFIELD k SET u8 0', 'BITFIELD k SET u8 0 x', 'BITFIELD k INCRBY u8 0 x', 'BITFIELD k OVERFLOW', 'BITFIELD k OVERFLOW BOGUS', 'BITFIELD k BOGUS', 'BITFIELD k SET u8 4294967296 1', 'BITFIELD k GET u8 4294967288', 'BITFIELD k GET u8 4294967289', 'BITFIELD k SET u8 #536870912 1', 'BITFIELD k GET u8 9223372036854775807', 'BITFIELD', 'EXISTS k', 'LPUSH l a', 'BITFIELD l GET u8 0', 'BITFIELD l SET u8 0 1', 'BITFIELD l BOGUS', 'BITFIELD k SET u8 0 1 GET u8 x', 'GET k'] },
  { name: 'BITFIELD_RO only reads', run: ['SET k foobar', 'BITFIELD_RO k GET u8 0 GET i16 #1', 'BITFIELD_RO k SET u8 0 1', 'BITFIELD_RO k INCRBY u8 0 1', 'BITFIELD_RO k OVERFLOW WRAP GET u8 0', 'BITFIELD_RO k', 'BITFIELD_RO none GET u8 0', 'BITFIELD_RO k GET u64 0', 'LPUSH l a', 'BITFIELD_RO l GET u8 0', 'GET k'] },
]
