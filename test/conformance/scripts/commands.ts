/*
 * What COMMAND answers about commands: counts and lists, INFO, DOCS, keys in a call. Commands only;
 * redis-server knows the answers. Shape: table.
 */
import { type Case, fields, head, typeOnly, unordered } from '../script.ts'
import { COMMANDS } from './arity.ts'

/** Name, arity, flags, first key, last key, step, categories. */
const HEAD_LENGTH = 7

// biome-ignore format: many short calls
const CALLS = ['GET k', 'SET k v EX 10', 'MSET a 1 b 2', 'MGET a b c', 'DEL a b', 'SORT l BY w* GET x STORE d', 'SORT l', 'ZUNIONSTORE d 2 a b WEIGHTS 1 2', 'ZUNION 2 a b', 'ZINTERCARD 1 a', 'ZDIFF 3 a b c', 'SINTERCARD 2 a b', 'LMPOP 2 a b LEFT', 'BLMPOP 0 2 a b LEFT', 'ZMPOP 1 z MIN', 'BZMPOP 0 2 x y MAX', 'BLPOP a b c 0', 'BRPOPLPUSH a b 0', 'BLMOVE a b LEFT LEFT 0', 'RENAME a b', 'COPY a b', 'OBJECT ENCODING k', 'MEMORY USAGE k', 'BITOP AND d a b', 'SINTERSTORE d a b', 'ZRANGESTORE d s 0 1', 'LCS a b', 'SMOVE a b m', 'WATCH a b', 'PING', 'NOSUCH k', 'GET', 'SET k', 'ZUNION x a', 'ZUNION 5 a', 'ZUNION 0 a', 'PUBLISH c m', 'FLUSHALL', 'EXPIRE k 1', 'HSET h f v', 'BITFIELD k GET u8 0', 'SORT_RO l BY x', 'LMOVE a b LEFT RIGHT', 'TOUCH a b c', 'SET k v GET']

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'COMMAND and COMMAND COUNT', run: [typeOnly('COMMAND'), typeOnly('COMMAND COUNT'), 'COMMAND COUNT x', 'COMMAND BOGUS', 'COMMAND INFO nosuch', 'COMMAND INFO nosuch another', 'COMMAND INFO ""', 'COMMAND INFO get|x', 'COMMAND INFO config|bogus', 'COMMAND DOCS nosuch'] },
  { name: 'COMMAND HELP explains itself', run: ['COMMAND HELP'] },
  { name: 'COMMAND LIST names commands', run: [fields('COMMAND LIST', 'get', 'set', 'lpush', 'zadd', 'config|get', 'client|id'), unordered('COMMAND LIST FILTERBY PATTERN zrange*'), unordered('COMMAND LIST FILTERBY PATTERN ZRANGE'), 'COMMAND LIST FILTERBY PATTERN nosuch*', fields('COMMAND LIST FILTERBY ACLCAT hash', 'hset', 'hgetall'), unordered('COMMAND LIST FILTERBY ACLCAT transaction'), unordered('COMMAND LIST FILTERBY ACLCAT hash'), unordered('COMMAND LIST FILTERBY ACLCAT list'), unordered('COMMAND LIST FILTERBY ACLCAT set'), unordered('COMMAND LIST FILTERBY ACLCAT bitmap'), 'COMMAND LIST FILTERBY ACLCAT nosuch', 'COMMAND LIST FILTERBY MODULE nosuch', 'COMMAND LIST FILTERBY BOGUS x', 'COMMAND LIST FILTERBY', 'COMMAND LIST BOGUS', 'COMMAND LIST FILTERBY PATTERN'] },
  ...COMMANDS.map((row) => row.split(' ')[0]!).map((name) => ({
    name: `COMMAND INFO ${name}`,
    run: [head(`COMMAND INFO ${name}`, HEAD_LENGTH), head(`COMMAND INFO ${name.toUpperCase()}`, HEAD_LENGTH), fields(`COMMAND DOCS ${name}`, 'summary', 'since', 'group')],
  })),
  ...CALLS.map((call) => ({
    name: `COMMAND GETKEYS ${call}`,
    run: [`COMMAND GETKEYS ${call}`, `command getkeys ${call.toLowerCase()}`],
  })),
  { name: 'COMMAND GETKEYSANDFLAGS tells how keys are used', run: ['GET k', 'SET k v', 'SET k v GET', 'DEL a b', 'RENAME a b', 'LMOVE a b LEFT LEFT', 'ZUNIONSTORE d 2 a b', 'BITFIELD k GET u8 0', 'BITFIELD k SET u8 0 1', 'PING', 'NOSUCH'].map((call) => `COMMAND GETKEYSANDFLAGS ${call}`) },
]
