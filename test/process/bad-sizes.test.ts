/*
 * Requests that are well formed and far too large (table B-8): whole keyspaces, collections of 200,000 members,
 * numbers at the edge of 64 bits.
 *
 * The idea: big work is finished and others are served after it; impossible work is refused in the words of
 * Redis, asked of the real one whenever it is installed. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasRealRedis, startRealRedis } from '../support/real-redis.ts'
import { type Argument, type Reply, show, showCommand } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { attended, grownBy, MEBIBYTE, pipeline } from './attended.ts'
import { HeavyClient } from './heavy-client.ts'

const MANY = 200_000
const MEMBERS_PER_REQUEST = 1000
const WIDE = 100_000

/** Adds MANY members to a collection, a thousand at a time. */
async function fill(
  client: RespSocket,
  command: string,
  key: string,
  member: (index: number) => Argument[],
): Promise<void> {
  await pipeline(client, MANY / MEMBERS_PER_REQUEST, (portion) => {
    const first = portion * MEMBERS_PER_REQUEST
    return [
      command,
      key,
      ...Array.from({ length: MEMBERS_PER_REQUEST }, (_, index) => member(first + index)).flat(),
    ]
  })
}

/** Sends a heavy request, asks PING elsewhere meanwhile, and answers the heavy one's reply. */
async function besidesPing(heavy: HeavyClient, other: RespSocket, argv: readonly Argument[]): Promise<Reply> {
  const answer = heavy.callWith(argv)
  assert.equal(show(await other.call('PING')), '+PONG', `meanwhile: ${showCommand(argv.slice(0, 5))}`)
  return answer
}

function lengthOf(reply: Reply): number {
  assert.ok(typeof reply.value !== 'string', show(reply))
  return reply.value.length
}

test('answers of hundreds of thousands of elements are whole, and others are served', {
  timeout: 120_000,
}, async () => {
  await attended({}, async ({ server, witness }) => {
    const heavy = await HeavyClient.connect(server.port)
    await pipeline(witness, MANY / MEMBERS_PER_REQUEST, (portion) => {
      const first = portion * MEMBERS_PER_REQUEST
      const pairs = Array.from({ length: MEMBERS_PER_REQUEST }, (_, index) => [
        `key:${first + index}`,
        'v',
      ]).flat()
      return ['MSET', ...pairs]
    })
    assert.equal(lengthOf(await besidesPing(heavy, witness, ['KEYS', '*'])), MANY)
    const keys = Array.from({ length: WIDE }, (_, index) => `key:${index}`)
    assert.equal(lengthOf(await besidesPing(heavy, witness, ['MGET', ...keys])), WIDE)
    assert.equal((await besidesPing(heavy, witness, ['DEL', ...keys])).value, String(WIDE))
    assert.equal((await besidesPing(heavy, witness, ['FLUSHALL'])).value, 'OK')
    assert.equal((await witness.call('DBSIZE')).value, '0')
    heavy.destroy()
  })
})

test('collections of hundreds of thousands of members come, are sorted and go', {
  timeout: 120_000,
}, async () => {
  await attended({}, async ({ server, witness }) => {
    const heavy = await HeavyClient.connect(server.port)
    const count = String(MANY)
    await fill(witness, 'HSET', 'hash', (index) => [`field:${index}`, 'value'])
    await fill(witness, 'SADD', 'set', (index) => [`member:${index}`])
    await fill(witness, 'RPUSH', 'list', (index) => [String((index * 7919) % MANY)])
    await fill(witness, 'ZADD', 'sorted', (index) => [String(index), `member:${index}`])
    assert.equal(lengthOf(await besidesPing(heavy, witness, ['HGETALL', 'hash'])), 2 * MANY)
    assert.equal(lengthOf(await besidesPing(heavy, witness, ['SMEMBERS', 'set'])), MANY)
    assert.equal(lengthOf(await besidesPing(heavy, witness, ['LRANGE', 'list', '0', '-1'])), MANY)
    assert.equal(
      lengthOf(await besidesPing(heavy, witness, ['ZRANGE', 'sorted', '0', '-1', 'WITHSCORES'])),
      2 * MANY,
    )
    const sorted = await besidesPing(heavy, witness, ['SORT', 'list'])
    assert.ok(
      lengthOf(sorted) === MANY &&
        (sorted.value as readonly Reply[]).every((one, at) => one.value === String(at)),
    )
    assert.equal((await besidesPing(heavy, witness, ['SUNIONSTORE', 'union', 'set', 'sorted'])).type, 'error')
    assert.equal((await besidesPing(heavy, witness, ['SUNIONSTORE', 'union', 'set', 'set'])).value, count)
    assert.equal(
      (await besidesPing(heavy, witness, ['ZUNIONSTORE', 'zunion', '2', 'sorted', 'set'])).value,
      count,
    )
    assert.equal((await besidesPing(heavy, witness, ['LREM', 'list', '0', '5'])).value, '1')
    assert.equal((await besidesPing(heavy, witness, ['ZREMRANGEBYRANK', 'zunion', '0', '-1'])).value, count)
    assert.equal((await besidesPing(heavy, witness, ['SPOP', 'union', '150000'])).type, 'array')
    for (const key of ['hash', 'set', 'list', 'sorted', 'union']) {
      assert.equal((await besidesPing(heavy, witness, ['DEL', key])).value, '1', key)
    }
    heavy.destroy()
  })
})

const INTEGERS = [
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809'],
  ...['4294967295', '4294967296', '4294967297', '-1', '1e3', '0x10', ' 1', '1 ', '+1', '01', '', '1.0', '-0'],
]
const FLOATS = [
  'nan',
  '-nan',
  'inf',
  '-inf',
  '+inf',
  'infinity',
  '1e308',
  '1e309',
  '-1e309',
  '1e-400',
  '0x1p3',
  '1 ',
  ' 1',
  '',
  '.',
  '1e',
  '1.e5',
  '.5',
]

/** With a number in the place of N. Each runs on keys freshly set up, so that one answer does not change another. */
const WITH_INTEGER: readonly string[] = [
  ...[
    'SETRANGE s N x',
    'SETBIT s N 1',
    'GETBIT s N',
    'GETRANGE s N 2',
    'GETRANGE s 0 N',
    'BITCOUNT s N -1',
    'BITPOS s 1 N',
  ],
  ...[
    'INCRBY n N',
    'DECRBY n N',
    'BITFIELD s GET u8 N',
    'BITFIELD s SET i64 0 N',
    'BITFIELD s INCRBY i8 0 N',
  ],
  ...[
    'LRANGE l N 2',
    'LRANGE l 0 N',
    'LINDEX l N',
    'LSET l N x',
    'LTRIM l N -1',
    'LREM l N a',
    'LPOP l N',
    'RPOP l N',
  ],
  ...['LPOS l a RANK N', 'LPOS l a COUNT N', 'LPOS l a MAXLEN N', 'LMPOP 1 l LEFT COUNT N'],
  ...[
    'HRANDFIELD nope N',
    'SRANDMEMBER nope N',
    'ZRANDMEMBER nope N',
    'HRANDFIELD h N WITHVALUES',
    'SPOP nope N',
    'HINCRBY h a N',
  ],
  ...[
    'ZRANGE z N 2',
    'ZRANGE z 0 N',
    'ZRANGEBYSCORE z -inf +inf LIMIT N 2',
    'ZRANGEBYSCORE z -inf +inf LIMIT 0 N',
  ],
  ...[
    'ZREMRANGEBYRANK z N 1',
    'ZPOPMIN z N',
    'ZMPOP 1 z MIN COUNT N',
    'ZUNION N z',
    'ZINTERCARD 1 z LIMIT N',
    'SINTERCARD N h',
  ],
  ...[
    'EXPIRE s N',
    'PEXPIRE s N',
    'EXPIREAT s N',
    'PEXPIREAT s N',
    'SET s v EX N',
    'SET s v PX N',
    'SET s v PXAT N',
    'SETEX s N v',
    'GETEX s EXAT N',
  ],
  ...[
    'SCAN N',
    'SCAN 0 COUNT N',
    'HSCAN h N',
    'SORT l LIMIT N 2',
    'SORT l ALPHA LIMIT 0 N',
    'SELECT N',
    'COPY s t DB N',
    'WAIT 0 N',
  ],
]
const WITH_FLOAT: readonly string[] = [
  ...[
    'INCRBYFLOAT n N',
    'HINCRBYFLOAT h b N',
    'ZADD z N m',
    'ZINCRBY z N a',
    'ZADD z INCR N m',
    'ZRANGEBYSCORE z N +inf',
  ],
  ...[
    'ZRANGEBYSCORE z (N +inf',
    'ZCOUNT z -inf N',
    'ZREMRANGEBYSCORE z N N',
    'ZUNION 1 z WEIGHTS N WITHSCORES',
    'BLPOP nope N',
  ],
]

const SET_UP: readonly string[] = [
  ...[
    'FLUSHALL',
    'SELECT 0',
    'SET s value',
    'SET n 10',
    'RPUSH l a b c a',
    'HSET h a 1',
    'ZADD z 1 a 2 b 3 c',
    'HSET h b 2',
  ],
]

/** What would wait for ever, or answer with gigabytes on both sides, is not asked. */
const UNASKABLE = [
  ...['BLPOP nope 1e308', 'BLPOP nope .5', 'BLPOP nope 1.e5', 'BLPOP nope 0x1p3', 'BLPOP nope 1e-400'],
  ...[
    'HRANDFIELD h -9223372036854775807 WITHVALUES',
    'HRANDFIELD h -9223372036854775808 WITHVALUES',
    'HRANDFIELD h -1 WITHVALUES',
  ],
]

function requests(templates: readonly string[], numbers: readonly string[]): string[][] {
  const found = templates.flatMap((template) =>
    numbers.map((number) =>
      template.split(' ').map((word) => (word === 'N' || word === '(N' ? word.replace('N', number) : word)),
    ),
  )
  return found.filter((argv) => !UNASKABLE.includes(argv.join(' ')))
}

/** Sends each request on keys freshly set up; answers its reply. */
async function answers(client: RespSocket, argvs: readonly string[][]): Promise<Reply[]> {
  const replies: Reply[] = []
  for (const argv of argvs) {
    for (const line of SET_UP) client.command(...line.split(' '))
    client.command(...argv)
    const found = await client.take(SET_UP.length + 1)
    replies.push(found[SET_UP.length] ?? { type: 'closed', value: '' })
  }
  return replies
}

/** What a request answered; of a scan, whose cursors and order are each server's own, only whether it was refused. */
function outcome(argv: readonly string[], reply: Reply | undefined): string {
  const isScan = argv[0]!.endsWith('SCAN')
  return isScan && reply?.type === 'array' ? 'a portion' : show(reply)
}

test('numbers at and beyond every edge are answered as Redis does', { timeout: 120_000 }, async (context) => {
  if (!hasRealRedis()) return context.skip()
  const real = await startRealRedis()
  try {
    await attended({}, async ({ server }) => {
      const before = server.residentBytes
      const [mine, theirs] = [await server.connect(), await real.connect()]
      const argvs = [...requests(WITH_INTEGER, INTEGERS), ...requests(WITH_FLOAT, FLOATS)]
      const [ours, expected] = await Promise.all([answers(mine, argvs), answers(theirs, argvs)])
      const differing = argvs
        .map((argv, at) => [showCommand(argv), outcome(argv, ours[at]), outcome(argv, expected[at])] as const)
        .filter(([, mineShown, theirsShown]) => mineShown !== theirsShown)
      assert.deepEqual(differing, [])
      assert.ok(grownBy(server, before) < 700 * MEBIBYTE, `grown by ${grownBy(server, before)}`)
      mine.destroy()
    })
  } finally {
    await real.kill()
  }
})

test('a string may not outgrow what one argument may hold', async () => {
  await attended({ flags: ['--proto-max-bulk-len', '1mb'] }, async ({ server, witness }) => {
    const refused = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)'
    assert.equal(show(await witness.call('SETRANGE', 'key', String(MEBIBYTE), 'x')), refused)
    assert.equal((await witness.call('SETRANGE', 'key', String(MEBIBYTE - 1), 'x')).value, String(MEBIBYTE))
    assert.equal(show(await witness.call('APPEND', 'key', 'x')), refused)
    const bits = '-ERR bit offset is not an integer or out of range'
    assert.equal(show(await witness.call('SETBIT', 'key', '4294967296', '1')), bits)
    const client = await server.connect()
    client.send(Buffer.from(`*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$${MEBIBYTE + 1}\r\n`))
    assert.equal(show(await client.next()), '-ERR Protocol error: invalid bulk length')
    assert.ok(await client.closed())
  })
})
