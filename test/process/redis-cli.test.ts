/*
 * redis-cli as people use it: at the prompt, in scripts, to look around and to fill a node.
 *
 * The idea: where its output is an answer, it is compared with what it prints for the real server. What it
 * measures is in waiting.test.ts. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasRealRedis, startRealRedis } from '../support/real-redis.ts'
import { encodeRequest } from '../support/reply.ts'
import { attended, pipeline } from './attended.ts'
import { cli } from './redis-tool.ts'

const MASS = 10_000

const ONE_SHOT: readonly (readonly string[])[] = [
  ['PING'],
  ['SET', 'key', 'a "quoted" value'],
  ['GET', 'key'],
  ['--no-raw', 'GET', 'key'],
  ['-3', '--no-raw', 'HSET', 'hash', 'field', '1', 'other', '2'],
  ['-3', '--no-raw', 'HGETALL', 'hash'],
  ['-3', '--no-raw', 'ZADD', 'sorted', '1.5', 'a', '2', 'b'],
  ['-3', '--no-raw', 'ZRANGE', 'sorted', '0', '-1', 'WITHSCORES'],
  ['-3', '--no-raw', 'SADD', 'set', '1'],
  ['-3', '--no-raw', 'SMEMBERS', 'set'],
  ['-3', '--no-raw', 'GET', 'nothing'],
  ['--csv', 'RPUSH', 'list', 'x', 'y,z'],
  ['--csv', 'LRANGE', 'list', '0', '-1'],
  ['--json', 'HGETALL', 'hash'],
  ['--quoted-input', 'SET', '"\\x00\\xff"', '"\\x01"'],
  ['--quoted-input', 'STRLEN', '"\\x00\\xff"'],
  ['-n', '5', 'SET', 'elsewhere', '1'],
  ['-n', '5', 'DBSIZE'],
  ['-r', '3', 'INCR', 'counter'],
  ['-e', 'LPUSH', 'key', 'x'],
  ['-e', 'NOSUCH', 'x'],
  ['GET'],
  ['--scan', '--pattern', 'cou*'],
  ['-d', ';', 'LRANGE', 'list', '0', '-1'],
  ['OBJECT', 'HELP'],
  ['CLIENT', 'GETNAME'],
]

const TYPED = [
  ...[
    'SET greeting "hello world"',
    'GET greeting',
    'MULTI',
    'INCR counted',
    'INCR counted',
    'EXEC',
    'SELECT 2',
    'DBSIZE',
    'SELECT 0',
  ],
  ...[
    'LPUSH greeting x',
    'NOSUCH',
    'HELLO 3',
    'HGETALL nothing',
    'RPUSH queue 1 2 3',
    'LRANGE queue 0 -1',
    'SUBSCRIBE',
    '',
  ],
].join('\n')

/** HELLO tells the number of the connection, and the mode: ours is always a cluster. */
function withoutIdAndMode(out: string): string {
  return out.replace(/^id \d+$/m, 'id').replace(/^mode \w+$/m, 'mode')
}

test('redis-cli prints what it prints for the real server', { timeout: 60_000 }, async (context) => {
  if (!hasRealRedis()) return context.skip()
  const real = await startRealRedis()
  try {
    await attended({}, async ({ server }) => {
      for (const argv of ONE_SHOT) {
        const [ours, theirs] = [await cli(server, argv), await cli(real, argv)]
        assert.deepEqual(ours, theirs, argv.join(' '))
      }
      const [ours, theirs] = [await cli(server, [], TYPED), await cli(real, [], TYPED)]
      assert.equal(withoutIdAndMode(ours.out), withoutIdAndMode(theirs.out))
      const value = Buffer.from([...Array(256).keys()])
      assert.equal((await cli(server, ['-x', 'SET', 'stdin'], value)).out, 'OK\n')
      assert.equal((await cli(server, ['STRLEN', 'stdin'])).out, '256\n')
    })
  } finally {
    await real.kill()
  }
})

test('redis-cli walks, watches and fills a node', { timeout: 60_000 }, async (context) => {
  if (!hasRealRedis()) return context.skip()
  await attended({}, async ({ server, witness }) => {
    const mass = Buffer.concat(
      Array.from({ length: MASS }, (_, index) => encodeRequest(['SET', `mass:${index}`, 'v'])),
    )
    assert.match((await cli(server, ['--pipe'], mass)).out, new RegExp(`errors: 0, replies: ${MASS}`))
    await pipeline(witness, 1000, (index) => ['HSET', 'largest:hash', `field:${index}`, 'value'])
    await witness.call('SET', 'largest:string', 'x'.repeat(5000))
    const scanned = (await cli(server, ['--scan'])).out.trimEnd().split('\n')
    assert.equal(new Set(scanned).size, MASS + 2)
    const biggest = (await cli(server, ['--bigkeys'])).out
    assert.match(biggest, /Biggest +string found '"?largest:string"?' has 5000 bytes/)
    assert.match(biggest, /Biggest +hash found '"?largest:hash"?' has 1000 fields/)
    assert.match(
      (await cli(server, ['--memkeys'])).out,
      /Biggest +hash found '"?largest:hash"?' has \d+ bytes/,
    )
    assert.match(
      (await cli(server, ['--hotkeys'])).errors + (await cli(server, ['--hotkeys'])).out,
      /LFU|hot key/i,
    )
  })
})

test('redis-cli is told the commands of the node', { timeout: 60_000 }, async (context) => {
  if (!hasRealRedis()) return context.skip()
  await attended({}, async ({ server }) => {
    const docs = JSON.parse((await cli(server, ['--json', 'COMMAND', 'DOCS', 'SET', 'LPUSH', 'CLIENT'])).out)
    assert.deepEqual(Object.keys(docs).sort(), ['client', 'lpush', 'set'])
    assert.equal(docs.set.group, 'string')
    assert.ok(docs.set.arguments.length >= 3 && docs.client.subcommands !== undefined)
    const all = JSON.parse((await cli(server, ['--json', 'COMMAND', 'DOCS'])).out)
    assert.equal(String(Object.keys(all).length), (await cli(server, ['COMMAND', 'COUNT'])).out.trim())
  })
})
