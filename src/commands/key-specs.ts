/**
 * Key specs [Table]: where the keys of each command are and what is done to them, in the words of Redis' COMMAND.
 *
 * A line is a list of specs, `place use use ...`, and the commands it holds for. Places: `1` a word, `1..-2` up to
 * the last but one, `1..1` as many words after the first, `1..-1/2` every other one, `2#` as many keys after word 2
 * as it says, `?` somewhere that only reading the arguments tells. A command that is not here gets its specs from
 * its row's key range.
 */
import { READONLY } from './command.ts'
import type { CommandRow } from './command-row.ts'

export interface KeySpec {
  readonly kind: 'range' | 'counted' | 'unknown'
  /** The argument the keys begin at, or that says how many they are. */
  readonly index: number
  /** As Redis has it: from the first key on, or negative from the end. */
  readonly last: number
  readonly step: number
  readonly uses: readonly string[]
  readonly notes: string | undefined
}

const LINES: readonly (readonly [specs: string, names: string])[] = [
  ['1 RW insert', 'append hsetnx linsert lpush lpushx rpush rpushx sadd'],
  [
    '1 RO access',
    'bitcount bitfield_ro bitpos expiretime get getbit getrange hget hgetall hkeys hmget hrandfield hscan hvals ' +
      'lindex lpos lrange pexpiretime pttl smembers smismember srandmember sscan substr ttl zcount zlexcount zmscore ' +
      'zrandmember zrange zrangebylex zrangebyscore zrank zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan ' +
      'zscore',
  ],
  ['1 RW access update variable_flags', 'bitfield set'],
  ['2 OW update, 3..-1 RO access', 'bitop'],
  ['1 RW access delete, 2 RW insert', 'blmove brpoplpush lmove rpoplpush smove'],
  ['2# RW access delete', 'blmpop bzmpop'],
  ['1..-2 RW access delete', 'blpop brpop bzpopmax bzpopmin'],
  ['1 RO access, 2 OW update', 'copy'],
  [
    '1 RW access update',
    'decr decrby getex getset hincrby hincrbyfloat incr incrby incrbyfloat move setbit zincrby',
  ],
  ['1..-1 RM delete', 'del unlink'],
  ['1..-1 RO', 'exists touch watch'],
  ['1 RW update', 'expire expireat hmset hset lset persist pexpire pexpireat setrange zadd'],
  ['1 RW access delete', 'getdel lpop rpop spop zpopmax zpopmin'],
  ['1 RW delete', 'hdel lrem ltrim srem zrem zremrangebylex zremrangebyrank zremrangebyscore'],
  ['1 RO', 'hexists hlen hstrlen llen scard sismember strlen type zcard'],
  ['1..1 RO access', 'lcs'],
  ['1# RW access delete', 'lmpop zmpop'],
  ['2 RO', 'memory|usage object|freq object|encoding object|refcount object|idletime'],
  ['1..-1 RO access', 'mget sdiff sinter sunion'],
  ['1..-1/2 OW update', 'mset'],
  ['1..-1/2 OW insert', 'msetnx'],
  ['1 OW update', 'psetex setex'],
  ['1 RW access delete, 2 OW update', 'rename'],
  ['1 RW access delete, 2 OW insert', 'renamenx'],
  ['1 OW update, 2..-1 RO access', 'sdiffstore sunionstore'],
  ['1 OW insert', 'setnx'],
  ['1# RO access', 'sintercard zdiff zinter zintercard zunion'],
  ['1 RW update, 2..-1 RO access', 'sinterstore'],
  ['1 RO access, ? RO access, ? OW update', 'sort'],
  ['1 RO access, ? RO access', 'sort_ro'],
  ['1 not_key', 'spublish'],
  ['1..-1 not_key', 'ssubscribe sunsubscribe'],
  ['1 OW update, 2# RO access', 'zdiffstore zinterstore zunionstore'],
  ['1 OW update, 2 RO access', 'zrangestore'],
]

const SORT_READS =
  "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the " +
  'key we sort'
const NOTES: Readonly<Record<string, readonly (string | undefined)[]>> = {
  bitfield: ['This command allows both access and modification of the key'],
  getex: ['RW and UPDATE because it changes the TTL'],
  set: ['RW and ACCESS due to the optional `GET` argument'],
  sort: [
    undefined,
    SORT_READS,
    "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument " +
      'array',
  ],
  sort_ro: [undefined, SORT_READS],
}

const SPECS = new Map<string, readonly KeySpec[]>()
for (const [line, names] of LINES) {
  for (const name of names.split(' ')) {
    SPECS.set(
      name,
      line.split(', ').map((text, i) => readSpec(text, NOTES[name]?.[i])),
    )
  }
}

export function keySpecsOf(row: CommandRow): readonly KeySpec[] {
  const known = SPECS.get(row.fullName)
  if (known !== undefined) return known
  const uses = (row.flags & READONLY) === 0 ? ['RW', 'access', 'update'] : ['RO', 'access']
  const { first, last, step } = row.keys
  if (first !== 0) {
    const span = last < 0 ? last : last - first
    return [{ kind: 'range', index: first, last: span, step, uses, notes: undefined }]
  }
  if (row.findKeys === undefined) return []
  return [{ kind: 'unknown', index: 0, last: 0, step: 1, uses, notes: undefined }]
}

function readSpec(text: string, notes: string | undefined): KeySpec {
  const [place, ...uses] = text.split(' ')
  if (place === '?') return { kind: 'unknown', index: 0, last: 0, step: 1, uses, notes }
  const parts = /^(\d+)(#)?(?:\.\.(-?\d+))?(?:\/(\d+))?$/.exec(place!)
  if (parts === null) throw new Error(`key spec '${text}' is not understood`)
  const [, index, counted, last, step] = parts
  const kind = counted === undefined ? 'range' : 'counted'
  return { kind, index: Number(index), last: Number(last ?? 0), step: Number(step ?? 1), uses, notes }
}
