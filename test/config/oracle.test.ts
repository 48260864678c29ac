/*
 * CONFIG SET and GET beside redis-server: the same defaults, the same errors, the same canonical forms.
 *
 * Where we chose otherwise, the list says why.
 */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { Config } from '../../src/config/config.ts'
import type { ChildServer } from '../support/child-server.ts'
import { hasRealRedis, startRealRedis } from '../support/real-redis.ts'
import type { Reply } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'

/** Defaults that differ, and what explains it. */
const OUR_DEFAULTS: Readonly<Record<string, string>> = {
  'client-query-buffer-limit': '64mb bounds what one client can cost',
  'client-output-buffer-limit': 'normal clients are limited too',
  port: 'given to the oracle by the test',
  bind: 'given to the oracle by the test',
  dir: 'the directory the oracle was started in',
  activedefrag: 'our pages serve one size each; the oracle has no allocator that could',
  'active-defrag-ignore-bytes': 'moving costs us only what it gains',
  'active-defrag-threshold-upper': 'resident memory is to stay near the limit',
}

/** Directives whose CONFIG SET differs, and why. */
const OUR_CHANGES: Readonly<Record<string, string>> = {
  port: 'the listening socket is opened once, at start',
  bind: 'the listening socket is opened once, at start',
  dir: 'the directory the oracle was started in',
  activedefrag: 'the oracle refuses for want of its own allocator',
  'repl-backlog-size': 'accepted without effect; the oracle rounds up to what it allocates',
  'maxmemory-clients': 'the oracle takes 2^63 bytes for a percentage',
}

const TEXTS: readonly string[] = [
  ...[
    '',
    '0',
    '1',
    '-1',
    '-2',
    '5',
    '11',
    '65',
    '101',
    '70000',
    '1mb',
    '1k',
    '5%',
    '101%',
    '1.5',
    '03',
    '+3',
    ' 1',
  ],
  ...[
    '2147483648',
    '4294967296',
    '9223372036854775807',
    '9223372036854775808',
    'yes',
    'NO',
    'local',
    'xyzzy',
  ],
  ...['allkeys-lru', 'debug', 'KEA', 'nosave now', 'save nosave', '50 99.9', '50 101', '1 2', '1 2 3'],
  ...['normal 1mb 2mb 3', 'replica 1 2 3 pubsub 1k 2 3', 'normal 1 2', 'foo 1 2 3', 'normal x 2 3'],
]

/** Would make the oracle write files, follow another server, lock us out or need more files than it may open. */
const NOT_SENT: readonly string[] = [
  ...['save', 'appendonly', 'requirepass', 'masterauth', 'masteruser', 'maxclients', 'oom-score-adj-values'],
  ...[
    'oom-score-adj',
    'proc-title-template',
    'cluster-announce-hostname',
    'maxmemory',
    'client-query-buffer-limit',
  ],
]

let server: ChildServer | undefined
let socket: RespSocket

before(async () => {
  if (!hasRealRedis()) return
  server = await startRealRedis()
  socket = await server.connect()
})

after(async () => {
  socket?.destroy()
  await server?.stop()
})

function flatten(reply: Reply): string[] {
  return (reply.value as Reply[]).map((item) => String(item.value))
}

async function pairsOf(pattern: string): Promise<Map<string, string>> {
  const flat = flatten(await socket.call('CONFIG', 'GET', pattern))
  return new Map(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]!]] : [])))
}

test('every directive of Redis is known, with its default', async (t) => {
  if (server === undefined) return t.skip('no redis-server')
  const config = new Config()
  for (const [name, text] of await pairsOf('*')) {
    const ours = config.get([name])
    assert.equal(ours.length, 2, `${name} is unknown`)
    if (OUR_DEFAULTS[name] === undefined) assert.equal(ours[1], text, name)
  }
})

test('CONFIG SET answers and leaves the same as Redis, for every directive and many texts', async (t) => {
  if (server === undefined) return t.skip('no redis-server')
  const config = new Config()
  for (const [name, text] of await pairsOf('*')) {
    const isSkipped =
      OUR_CHANGES[name] !== undefined || NOT_SENT.includes(name) || /^(tls|unix|repl.*of|slaveof)/.test(name)
    if (isSkipped) continue
    if (OUR_DEFAULTS[name] !== undefined) config.set(name, text)
    for (const value of TEXTS) await compareSet(config, name, value)
  }
})

async function compareSet(config: Config, name: string, value: string): Promise<void> {
  const theirs = await socket.call('CONFIG', 'SET', name, value)
  const error = config.set(name, value)
  assert.equal(
    error === undefined ? 'OK' : `ERR ${error}`,
    String(theirs.value),
    `CONFIG SET ${name} "${value}"`,
  )
  const left = flatten(await socket.call('CONFIG', 'GET', name))
  assert.deepEqual(config.get([name]).slice(0, 2), left, `after CONFIG SET ${name} "${value}"`)
}

test('several at once are refused with the words of Redis', async (t) => {
  if (server === undefined) return t.skip('no redis-server')
  const rows = [
    ['hz', '1', 'hz', '2'],
    ['hz', 'x', 'HZ', '2'],
    ['maxmemory', '1', 'nosuch', '2'],
    ['databases', '1', 'nosuch', '2'],
    ['nosuch', '1', 'nosuch', '2'],
    ['maxmemory', '1', 'hz', 'x'],
    ['timeout', '7', 'hz', '12'],
    ['lua-time-limit', '1', 'busy-reply-threshold', '2'],
    ['hz', '1', 'timeout'],
  ]
  const config = new Config()
  for (const row of rows) {
    const theirs = await socket.call('CONFIG', 'SET', ...row)
    const error = config.setMany(row)
    assert.equal(error === undefined ? 'OK' : `ERR ${error}`, String(theirs.value), row.join(' '))
  }
})
