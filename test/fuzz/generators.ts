/*
 * What the fuzzer draws arguments from: few keys and few values, so that commands meet each other, and
 * every edge of the number formats. Shape: table.
 */
import type { Prng } from '../support/prng.ts'
import type { Argument } from '../support/reply.ts'
import type { Generator } from './template.ts'

const KEYS_OF = {
  str: ['s1', 's2', 'n1'],
  list: ['l1', 'l2'],
  hash: ['h1', 'h2'],
  set: ['t1', 't2', 't3'],
  zset: ['z1', 'z2', 'z3'],
}
const KEYS: readonly string[] = [...Object.values(KEYS_OF).flat(), 'k\x00\xff']
/**
 * Sorted sets whose scores are all zero: ranges by bytes are defined for these only (elsewhere Redis'
 * answer depends on its random skip list), so no other command may write here.
 */
export const LEX_KEYS: readonly string[] = ['y1', 'y2']
export const KEYS_STORED: readonly string[] = [...KEYS, ...LEX_KEYS]

/** Mostly a key that usually holds this type, sometimes any other, so that wrong types happen too. */
const keyOf = (family: keyof typeof KEYS_OF): Generator => {
  return (random) => [random.chance(0.9) ? random.pick(KEYS_OF[family]) : random.pick(KEYS)]
}

const MEMBERS: readonly Argument[] = [
  'a',
  'b',
  'c',
  'ab',
  'abc',
  '1',
  '2',
  '3',
  '-1',
  '10',
  '007',
  '1.5',
  '',
  'z\x00',
  '\xff\xfe',
  '70000',
  '5000000000',
  '9223372036854775807',
  'a-member-longer-than-sixteen',
  '__proto__',
]
const VALUES: readonly Argument[] = [
  ...MEMBERS,
  'foobar',
  '0',
  '-9223372036854775808',
  '3.0e3',
  ' 1',
  'inf',
  'x'.repeat(44),
  'y'.repeat(45),
  '\x00\x01\x02',
  '12345678901234567890',
  'hello world',
]
const INTEGERS = ['0', '1', '-1', '2', '3', '-2', '5', '-5', '10', '100', '-100']
const ODD_INTEGERS = [
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '1.5',
  'abc',
  '',
  ' 1',
  '+1',
  '01',
  '-0',
  '4294967296',
  '2147483648',
]
/**
 * Seconds to live, many and never one twice: GT and LT between equal times would depend on whether a millisecond
 * passed between two commands.
 */
const LIVES: readonly number[] = Array.from({ length: 500 }, (_, i) => 100 + i * 211)

const FLOATS = [
  '0',
  '1',
  '-1',
  '0.5',
  '1.5',
  '-2.25',
  '3',
  '10',
  '1e3',
  '0.1',
  '100',
  '3.14159',
  '1e17',
  '-1e-5',
  '5',
  '2',
  '2',
  '1',
]
// Nothing out of a double's range: strtod's ERANGE stays in redis-server's errno and fails a later SORT there.
const ODD_FLOATS = [
  'inf',
  '-inf',
  '+inf',
  'nan',
  'abc',
  '',
  '0x10',
  ' 1',
  '1e308',
  '1.',
  '.5',
  '9007199254740993',
  '-0',
]
const PATTERNS = ['*', 'a*', '?', '*1', '[a-c]*', '[^a]*', 's?', '\\a*', '', 'h[12]', '**b']

const odd = (usual: readonly string[], unusual: readonly string[]): Generator => {
  return (random) => [random.chance(0.93) ? random.pick(usual) : random.pick(unusual)]
}
const oneOf = (...choices: readonly Argument[]): Generator => {
  return (random) => [random.pick(choices)]
}
const repeated = (one: Generator, low: number, high: number): Generator => {
  return (random) => Array.from({ length: random.between(low, high) }, () => one(random)).flat()
}
const member = oneOf(...MEMBERS)
const score = odd(FLOATS, ODD_FLOATS)
const value = oneOf(...VALUES)

/** `numkeys key [key ...]`, now and then with a wrong number. */
const counted = (key: Generator): Generator => {
  return (random) => {
    const keys = repeated(key, 1, 3)(random)
    const told = random.chance(0.96)
      ? keys.length
      : random.pick([0, -1, keys.length + 1, keys.length - 1, 'x'])
    return [String(told), ...keys]
  }
}

const anyKey: Generator = (random) => [random.pick(KEYS)]
const bound = (random: Prng): Argument[] => [(random.chance(0.3) ? '(' : '') + String(score(random)[0])]
const word: Generator = (random) => {
  if (random.chance(0.25)) return [random.pick(['-', '+', 'a', '', '['])]
  return [random.pick(['[', '(']) + String(member(random)[0])]
}

export const GENERATORS: Readonly<Record<string, Generator>> = {
  key: anyKey,
  str: keyOf('str'),
  list: keyOf('list'),
  hash: keyOf('hash'),
  set: keyOf('set'),
  zset: keyOf('zset'),
  lex: oneOf(...LEX_KEYS),
  zeroes: repeated((random) => ['0', ...member(random)], 1, 14),
  setOrZset: (random) => (random.chance(0.7) ? keyOf('zset')(random) : keyOf('set')(random)),
  sets: repeated(keyOf('set'), 1, 3),
  countedLists: counted(keyOf('list')),
  countedSets: counted(keyOf('set')),
  countedZsets: counted((random) => GENERATORS.setOrZset!(random)),
  value,
  member,
  members: repeated(member, 1, 5),
  manyMembers: repeated(member, 6, 20),
  manyIntegers: (random) =>
    Array.from({ length: random.between(5, 14) }, () => String(random.between(-100, 100_000))),
  field: member,
  pairs: repeated((random) => [...member(random), ...value(random)], 1, 4),
  manyPairs: repeated((random) => [...member(random), ...value(random)], 6, 14),
  scored: repeated((random) => [...score(random), ...member(random)], 1, 4),
  manyScored: repeated((random) => [random.pick(FLOATS), ...member(random)], 8, 16),
  strPairs: repeated((random) => [...keyOf('str')(random), ...value(random)], 1, 3),
  int: odd(INTEGERS, ODD_INTEGERS),
  count: odd(['1', '2', '3', '0', '10', '-1'], ODD_INTEGERS.slice(2)),
  /** A count that takes everything, so that random choice decides nothing that lasts. */
  all: oneOf('1000'),
  index: odd(INTEGERS, ODD_INTEGERS),
  offset: odd(
    ['0', '1', '3', '7', '20', '50', '-1'],
    ['x', '', '-9223372036854775808', '4294967296', '9223372036854775807', '1.5'],
  ),
  bitOffset: odd(
    ['0', '1', '7', '8', '31', '63', '100', '-1', '#0', '#1', '#5'],
    ['x', '', '#x', '9223372036854775807', '4294967296'],
  ),
  bit: odd(['0', '1'], ['2', '-1', 'x']),
  fieldType: odd(
    ['u1', 'u4', 'u8', 'u16', 'i5', 'i8', 'i16', 'i32', 'i64', 'u63'],
    ['u64', 'i65', 'x8', 'u0', '8'],
  ),
  float: odd(FLOATS, ODD_FLOATS),
  score,
  bound,
  word,
  /** Seconds: long enough to outlive the run, or already over. */
  ttl: odd(LIVES.map(String), ['0', '-1', 'abc', '', '9223372036854775807', '9223372036854775', '1.5']),
  ttlMs: odd(
    LIVES.map((seconds) => `${seconds}500`),
    ['0', '-1', 'abc', '', '9223372036854775807', '1.5'],
  ),
  at: odd(['33177117420', '33177119999', '1'], ['0', '-1', 'abc', '9223372036854775807']),
  atMs: odd(['33177117420000', '33177117420999', '1'], ['0', '-1', 'abc', '9223372036854775807']),
  /** SET with a past time leaves a key that DBSIZE counts until the expiry cycle comes by: not for SET. */
  later: odd(['33177117420', '33177119999'], ['0', '-1', 'abc', '9223372036854775807']),
  laterMs: odd(['33177117420000', '33177117420999'], ['0', '-1', 'abc', '9223372036854775807']),
  pattern: oneOf(...PATTERNS),
  type: oneOf('string', 'list', 'hash', 'set', 'zset', 'STRING', 'bogus'),
  side: odd(['LEFT', 'RIGHT', 'left'], ['MIDDLE', '']),
  database: odd(['0', '1'], ['16', '-1', 'x']),
  byPattern: oneOf('nosort', 's*', 'h*->1', 'none*', '*'),
  getPattern: oneOf('#', 's*', 'h*->1', 'none*', '*', 'h1->a'),
}
