/*
 * The lease in etcd: against a real etcd-server, and against servers that answer badly.
 *
 * The idea: the real thing is started fresh in a directory of its own, on ports that were free; where it is
 * not installed the tests that need it are skipped with one loud line. Shape: door (tests only).
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { EtcdLease } from '../../gossip/split-brain/etcd-lease.ts'
import type { LeaseAnswer } from '../../gossip/split-brain/lease.ts'

const hasEtcd = spawnSync('etcd', ['--version']).status === 0
if (!hasEtcd) console.error('SKIPPED: etcd not found, the etcd lease is not tested against it')
const skip = hasEtcd ? false : 'SKIPPED: etcd not found'

let etcd: ChildProcess | undefined
let directory: string | undefined
let endpoint = ''

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

before(async () => {
  if (!hasEtcd) return
  directory = mkdtempSync(join(tmpdir(), 'etcd-lease-'))
  endpoint = `http://127.0.0.1:${await freePort()}`
  const peer = `http://127.0.0.1:${await freePort()}`
  const flags: Record<string, string> = {
    name: 'only',
    'data-dir': join(directory, 'data'),
    'listen-client-urls': endpoint,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `only=${peer}`,
    'log-level': 'error',
  }
  const argv = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  etcd = spawn('etcd', [...argv, '--unsafe-no-fsync'], { stdio: 'ignore' })
  for (let tries = 0; tries < 300; tries++) {
    const health = await fetch(`${endpoint}/health`).then(
      (response) => response.text(),
      () => '',
    )
    if (health.includes('true')) return
    if (etcd.exitCode !== null) break
    await setTimeout(50)
  }
  throw new Error('etcd did not start')
})

after(async () => {
  if (etcd !== undefined && etcd.exitCode === null) {
    const ended = new Promise((resolve) => etcd!.once('exit', resolve))
    etcd.kill('SIGKILL')
    await ended
  }
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
})

function acquire(lease: EtcdLease, holderId: string, ttlMs: number): Promise<LeaseAnswer> {
  return new Promise((resolve) => lease.acquire(holderId, ttlMs, resolve))
}

function renew(lease: EtcdLease, epoch: number): Promise<LeaseAnswer> {
  return new Promise((resolve) => lease.renew(epoch, resolve))
}

let keys = 0
const freshKey = () => `lease-test-${++keys}`

test('etcd grants to one holder at a time, and each grant has a higher epoch', { skip }, async () => {
  const key = freshKey()
  const [a, b] = [
    new EtcdLease({ endpoints: [endpoint], key }),
    new EtcdLease({ endpoints: [endpoint], key }),
  ]
  const first = await acquire(a, 'a/1', 60_000)
  assert.equal(first.isHeld, true)
  assert.ok(first.epoch > 0)
  assert.equal((await acquire(b, 'b/1', 60_000)).isHeld, false)
  assert.deepEqual(await renew(a, first.epoch), first)
  assert.equal((await renew(b, first.epoch)).isHeld, false)
  a.release(first.epoch)
  // Answered in turn: when this renewal is answered, the release has been.
  assert.equal((await renew(a, first.epoch)).isHeld, false)
  const second = await acquire(b, 'b/1', 60_000)
  assert.equal(second.isHeld, true)
  assert.ok(second.epoch > first.epoch)
  b.release(second.epoch)
  assert.deepEqual(b.counters.denied, 1)
})

test('who holds it already gets it again at the same epoch, after a crash of the asker as well', {
  skip,
}, async () => {
  const key = freshKey()
  const first = await acquire(new EtcdLease({ endpoints: [endpoint], key }), 'a/1', 60_000)
  const reborn = new EtcdLease({ endpoints: [endpoint], key })
  assert.deepEqual(await acquire(reborn, 'a/1', 60_000), first)
  assert.deepEqual(await acquire(reborn, 'a/1', 60_000), first)
  assert.deepEqual(await renew(reborn, first.epoch), first)
  assert.equal((await acquire(reborn, 'a/2', 60_000)).isHeld, false)
})

test('of many that ask at once one is granted', { skip }, async () => {
  const key = freshKey()
  const names = Array.from({ length: 12 }, (_, index) => `n${index}/1`)
  const answers = await Promise.all(
    names.map((name) => acquire(new EtcdLease({ endpoints: [endpoint], key }), name, 60_000)),
  )
  assert.equal(answers.filter((answer) => answer.isHeld).length, 1)
})

test('a lease that is not renewed ends by itself, and another takes it', { skip }, async () => {
  const key = freshKey()
  const first = new EtcdLease({ endpoints: [endpoint], key })
  const { epoch } = await acquire(first, 'a/1', 1000)
  const next = new EtcdLease({ endpoints: [endpoint], key })
  let answer: LeaseAnswer = { isHeld: false, epoch: 0 }
  for (let tries = 0; tries < 100 && !answer.isHeld; tries++) {
    answer = await acquire(next, 'b/1', 60_000)
    if (!answer.isHeld) await setTimeout(100)
  }
  assert.ok(answer.isHeld && answer.epoch > epoch)
  assert.equal((await renew(first, epoch)).isHeld, false)
})

test('a key taken away by somebody ends the hold, though the etcd lease lives', { skip }, async () => {
  const key = freshKey()
  const lease = new EtcdLease({ endpoints: [endpoint], key })
  const { epoch } = await acquire(lease, 'a/1', 60_000)
  const body = JSON.stringify({ key: Buffer.from(key).toString('base64') })
  await fetch(`${endpoint}/v3/kv/deleterange`, { method: 'POST', body }).then((response) => response.text())
  assert.equal((await renew(lease, epoch)).isHeld, false)
})

test('an endpoint that is not there is passed over', { skip }, async () => {
  const gone = `http://127.0.0.1:${await freePort()}`
  const lease = new EtcdLease({ endpoints: [gone, `${endpoint}/`], key: freshKey() })
  const answer = await acquire(lease, 'a/1', 60_000)
  assert.equal(answer.isHeld, true)
  assert.equal((await renew(lease, answer.epoch)).isHeld, true)
  assert.equal(lease.counters.requestsFailed, 1)
})

async function serving(listener: RequestListener, run: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

const GRANT = { ID: '77', TTL: '60' }
const BAD_TXNS: readonly unknown[] = [
  {},
  [],
  null,
  'held',
  { succeeded: true },
  { succeeded: 'true', header: { revision: '5' } },
  { succeeded: true, header: { revision: '-5' } },
  { succeeded: true, header: { revision: '99999999999999999999' } },
  { succeeded: true, header: { revision: {} } },
  { responses: [{ response_range: { kvs: [{ value: 7, lease: [], create_revision: '5' }] } }] },
  { responses: [{ response_range: { kvs: 'none' } }] },
  { responses: {} },
]

test('odd answers are `not held`, and the grant behind them is revoked', async () => {
  for (const txn of BAD_TXNS) {
    const paths: string[] = []
    const listener: RequestListener = (request, response) => {
      paths.push(request.url!)
      response.end(
        JSON.stringify(request.url === '/v3/lease/grant' ? GRANT : request.url === '/v3/kv/txn' ? txn : {}),
      )
    }
    await serving(listener, async (url) => {
      const answer = await acquire(new EtcdLease({ endpoints: [url], key: 'k' }), 'a/1', 1000)
      assert.deepEqual(answer, { isHeld: false, epoch: 0 }, JSON.stringify(txn))
      assert.ok(paths.includes('/v3/lease/revoke'))
    })
  }
})

test('a transaction whose answer was lost is recognised as our own by the next endpoint', async () => {
  const entry = { value: Buffer.from('a/1').toString('base64'), lease: '77', create_revision: '5' }
  let txns = 0
  const paths: string[] = []
  const listener: RequestListener = (request, response) => {
    paths.push(request.url!)
    const answers: Record<string, unknown> = {
      '/v3/lease/grant': GRANT,
      '/v3/kv/txn': { responses: [{ response_range: { kvs: [entry] } }] },
      '/v3/lease/keepalive': { result: GRANT },
      '/v3/kv/range': { kvs: [entry] },
    }
    if (request.url === '/v3/kv/txn' && txns++ === 0) request.socket.destroy()
    else response.end(JSON.stringify(answers[request.url!] ?? {}))
  }
  await serving(listener, async (url) => {
    const lease = new EtcdLease({ endpoints: [url, url], key: 'k' })
    assert.deepEqual(await acquire(lease, 'a/1', 1000), { isHeld: true, epoch: 5 })
    assert.ok(!paths.includes('/v3/lease/revoke'))
  })
})

const BAD_SERVERS: Readonly<Record<string, RequestListener>> = {
  refuses: (_, response) => response.writeHead(503).end('{"ID":"1"}'),
  'does not speak JSON': (_, response) => response.end('<html>'),
  'hangs up': (request) => request.socket.destroy(),
  'never answers': () => {},
  'never ends': (_, response) => response.write('{"ID":'),
  'sends elsewhere': (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(),
  'talks too much': (_, response) => response.end(`{"ID":"1","pad":"${'x'.repeat(100_000)}"}`),
  'says it is an error': (_, response) => response.end('{"ID":"1","error":"no"}'),
}

for (const [name, listener] of Object.entries(BAD_SERVERS)) {
  test(`a server that ${name} gives no lease, in time and without a throw`, async () => {
    await serving(listener, async (url) => {
      const lease = new EtcdLease({ endpoints: [url], key: 'k', requestMsMax: 200 })
      assert.deepEqual(await acquire(lease, 'a/1', 1000), { isHeld: false, epoch: 0 })
      assert.deepEqual(await renew(lease, 5), { isHeld: false, epoch: 0 })
      lease.release(5)
    })
  })
}

test('questions beyond a limit are answered unasked', async () => {
  let requests = 0
  await serving(
    (_, response) => {
      requests++
      response.writeHead(503).end()
    },
    async (url) => {
      const lease = new EtcdLease({ endpoints: [url], key: 'k' })
      const answers = await Promise.all(Array.from({ length: 50 }, () => acquire(lease, 'a/1', 1000)))
      assert.ok(answers.every((answer) => !answer.isHeld))
      assert.equal(requests, 8)
    },
  )
})

test('an answer never comes inside the call, and a wrong number of endpoints is refused', async () => {
  const lease = new EtcdLease({ endpoints: ['not a url'], key: 'k' })
  let isInside = true
  const answered = new Promise<boolean>((resolve) => lease.acquire('a', 1, () => resolve(isInside)))
  isInside = false
  assert.equal(await answered, false)
  assert.throws(() => new EtcdLease({ endpoints: [], key: 'k' }), /endpoints/)
  assert.throws(() => new EtcdLease({ endpoints: Array(10).fill('http://x'), key: 'k' }), /endpoints/)
})
