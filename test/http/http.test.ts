/* A node over HTTP: keys as JSON, and what it does with those who may not ask, ask too much, or never finish. */
import assert from 'node:assert/strict'
import http from 'node:http'
import test from 'node:test'
import { HttpItems } from '../../src/http/http-items.ts'
import type { GetOrder, ItemPort, SetOrder } from '../../src/http/item-port.ts'
import { type HttpStage, withStage } from './http-stage.ts'

const HOST = 'host: 127.0.0.1'
const ORDER = { database: 0, level: undefined } as const

function set(items: ItemPort, order: Partial<SetOrder>): Promise<unknown> {
  const whole = { ...ORDER, key: Buffer.from('k'), value: Buffer.from('v'), ttlMs: 0, expiresAtMs: 0 }
  return new Promise((resolve) => items.set({ ...whole, stamp: undefined, ...order }, resolve))
}

function get(items: ItemPort, order: Partial<GetOrder> = {}): Promise<Record<string, unknown>> {
  const whole = { ...ORDER, key: Buffer.from('k'), isOwnCopyEnough: false, ...order }
  return new Promise((resolve) => items.get(whole, (outcome) => resolve(outcome as never)))
}

test('what is set over HTTP is got over HTTP, with version and expiry, and is gone when removed', () =>
  withStage({}, {}, async (stage) => {
    const key = '%00k'
    const stored = await stage.ask('POST', '/internal/set', {
      ...{ key: 'AGs=', key_encoding: 'base64', value: '/wA=', value_encoding: 'base64' },
      ...{ expiration_ms: 60_000, consistency: 'all', database: 2 },
    })
    assert.deepEqual([stored.status, stored.json], [200, {}])
    assert.equal((await stage.ask('GET', `/internal/get?key=${key}`)).json.found, false, 'another database')
    const { json } = await stage.ask('GET', `/internal/get?key=${key}&database=2`)
    const item = json.item as Record<string, unknown>
    assert.deepEqual([item.value, item.value_encoding, item.key], ['/wA=', 'base64', '\0k'])
    assert.ok((item.version as number) > 0 && (item.expires_at as number) > Date.now())
    assert.deepEqual((await stage.ask('DELETE', `/internal/del?key=${key}&database=2`)).json, { removed: 1 })
    assert.deepEqual((await stage.ask('DELETE', `/internal/del?key=${key}&database=2`)).json, { removed: 0 })
  }))

test('the port is answered alike within the process and over HTTP', () =>
  withStage({}, {}, async (stage) => {
    const far = new HttpItems({ host: '127.0.0.1', port: stage.http.port })
    const near = stage.items.portFor('here')
    const key = Buffer.from([255, 0, 37])
    for (const [items, other] of [
      [near, far],
      [far, near],
    ] as const) {
      assert.deepEqual(await set(items, { key }), { kind: 'stored', standing: undefined })
      assert.deepEqual(await get(other, { key }), await get(items, { key }))
      const removed = (by: ItemPort) =>
        new Promise((resolve) => by.remove({ ...ORDER, key, stamp: undefined }, resolve))
      assert.deepEqual(await removed(other), { kind: 'removed', count: 1, standing: undefined })
      assert.deepEqual(await removed(items), { kind: 'removed', count: 0, standing: undefined })
      const copy = await set(items, { stamp: { version: 5, term: 1 } })
      assert.equal((copy as { code?: string }).code, 'NO_MESH')
      assert.equal(((await get(items, { database: 15 })) as { kind: string }).kind, 'found')
    }
    far.close()
  }))

test('errors of Redis are told by code', () =>
  withStage({ maxmemory: '1', databases: '4' }, {}, async (stage) => {
    const full = await stage.ask('POST', '/internal/set', { key: 'k', value: 'v' })
    assert.deepEqual([full.status, full.json.code], [507, 'OUT_OF_MEMORY'])
    const beyond = await stage.ask('GET', '/internal/get?key=k&database=9')
    assert.deepEqual([beyond.status, beyond.json.code], [400, 'BAD_REQUEST'])
  }))

test('a value that is no string is named, not guessed at', () =>
  withStage({}, {}, async (stage) => {
    await new Promise((resolve) => stage.client.ask('here', [['RPUSH', 'k', 'v']], resolve))
    const { json, status } = await stage.ask('GET', '/internal/get?key=k')
    assert.deepEqual([status, json.code], [409, 'WRONG_TYPE'])
  }))

test('without the token nobody asks for keys, and health is for everybody', () =>
  withStage({ 'mesh-secret': 'opensesame', requirepass: 'other' }, {}, async (stage) => {
    for (const token of ['', 'opensesam', 'opensesamee', 'other']) {
      const headers = token === '' ? {} : { authorization: `Bearer ${token}` }
      const answer = await stage.ask('POST', '/internal/set', { key: 'k', value: 'v' }, headers)
      assert.deepEqual([answer.status, answer.json.code], [401, 'UNAUTHORIZED'], token)
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
    }
    const authorization = 'Bearer opensesame'
    assert.equal(
      (await stage.ask('POST', '/internal/set', { key: 'k', value: 'v' }, { authorization })).status,
      200,
    )
    assert.equal((await stage.ask('GET', '/healthz')).status, 200)
  }))

test('where there is no secret the password of clients is the token', () =>
  withStage({ requirepass: 'other' }, {}, async (stage) => {
    assert.equal((await stage.ask('GET', '/internal/get?key=k')).status, 401)
    const headers = { authorization: 'Bearer other' }
    assert.equal((await stage.ask('GET', '/internal/get?key=k', undefined, headers)).status, 200)
  }))

test('web pages may not ask for keys, nor names that somebody has pointed at this machine', () =>
  withStage({}, {}, async (stage) => {
    const page = await stage.ask('GET', '/internal/get?key=k', undefined, { origin: 'http://127.0.0.1' })
    assert.equal(page.status, 403)
    const end = 'connection: close\r\n\r\n'
    const rebound = await stage.raw(`GET /internal/get?key=k HTTP/1.1\r\nhost: evil.example\r\n${end}`)
    assert.match(rebound, /^HTTP\/1\.1 403 /)
    const named = await stage.raw(`GET /internal/get?key=k HTTP/1.1\r\nhost: localhost:1\r\n${end}`)
    assert.match(named, /^HTTP\/1\.1 200 /)
  }))

test('what is not there, or not asked that way, is said to be so', () =>
  withStage({}, {}, async (stage) => {
    assert.equal((await stage.ask('GET', '/internal/gets')).status, 404)
    assert.equal((await stage.ask('GET', '/../etc/passwd')).status, 404)
    const wrong = await stage.ask('PUT', '/internal/set', { key: 'k', value: 'v' })
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST'])
    const plain = await stage.ask('POST', '/internal/set', '{}', { 'content-type': 'text/plain' })
    assert.equal(plain.status, 415)
    for (const broken of ['{', 'null', '"x"', '[1]', '{"key":"k","value":1}'])
      assert.equal((await stage.ask('POST', '/internal/set', broken)).status, 400, broken)
    for (const query of ['key=%', 'key=a&key=b', '', 'key=k&x=1'])
      assert.equal((await stage.ask('GET', `/internal/get?${query}`)).status, 400, query)
    assert.equal((await stage.ask('HEAD', '/healthz')).status, 200)
    assert.deepEqual(stage.errors, [])
  }))

test('a body that is too large is refused before it is sent, or while it is, and the connection ends', () =>
  withStage({}, { bodyBytesMax: 1000 }, async (stage) => {
    const head = `POST /internal/set HTTP/1.1\r\n${HOST}\r\ncontent-type: application/json\r\n`
    assert.match(await stage.raw(`${head}content-length: 1001\r\n\r\n`), /^HTTP\/1\.1 413 /)
    const chunk = `200\r\n${' '.repeat(512)}\r\n`
    const chunked = await stage.raw(`${head}transfer-encoding: chunked\r\n\r\n`, chunk, chunk)
    assert.match(chunked, /^HTTP\/1\.1 413 [\s\S]*connection: close/i)
    const waiting = await stage.raw(`${head}expect: 100-continue\r\ncontent-length: 5000\r\n\r\n`)
    assert.match(waiting, /^HTTP\/1\.1 413 /)
    assert.equal((await stage.ask('POST', '/internal/set', { key: 'k', value: 'v' })).status, 200)
  }))

test('bodies of all requests together have a limit', () =>
  withStage({}, { bodyBytesMax: 1000, bodiesBytesMax: 1500 }, async (stage) => {
    const body = JSON.stringify({ key: 'k', value: 'v'.repeat(900) })
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const options = { port: stage.http.port, method: 'POST', path: '/internal/set', headers }
    const slow = http.request({ ...options, host: '127.0.0.1', agent: false })
    const answered = new Promise<number>((resolve) =>
      slow.on('response', ({ statusCode }) => resolve(statusCode!)),
    )
    slow.write(body.slice(0, 800))
    let refused: number | undefined
    while (refused !== 503) refused = (await stage.ask('POST', '/internal/set', body)).status
    slow.end(body.slice(800))
    assert.equal(await answered, 200)
    assert.equal((await stage.ask('POST', '/internal/set', body)).status, 200)
  }))

test('a head or a body that never ends is hung up on', () =>
  withStage({}, { headMs: 300, requestMs: 600 }, async (stage) => {
    assert.match(await stage.raw('GET /healthz HTTP/1.1\r\nx: '), /^HTTP\/1\.1 408 /)
    const head = `POST /internal/set HTTP/1.1\r\n${HOST}\r\ncontent-type: application/json\r\n`
    assert.match(await stage.raw(`${head}content-length: 50\r\n\r\n{`), /^HTTP\/1\.1 408 /)
  }))

test('what is no HTTP, or more of it than a head may have, is refused', () =>
  withStage({}, {}, async (stage) => {
    assert.match(await stage.raw('*1\r\n$4\r\nPING\r\n'), /^HTTP\/1\.1 400 /)
    const long = await stage.raw(`GET /healthz HTTP/1.1\r\n${HOST}\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
    assert.match(long, /^HTTP\/1\.1 431 /)
    const smuggled = `POST /internal/set HTTP/1.1\r\n${HOST}\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`
    assert.match(await stage.raw(smuggled), /^HTTP\/1\.1 400 /)
  }))

test('connections beyond their number, and requests of one beyond theirs, are not served', () =>
  withStage({}, { connectionsMax: 1, requestsPerConnectionMax: 2 }, async (stage) => {
    const one = `GET /healthz HTTP/1.1\r\n${HOST}\r\n\r\n`
    const answers = (await stage.raw(one, one, one)).split('HTTP/1.1 ').slice(1)
    assert.deepEqual(
      answers.map((answer) => answer.slice(0, 3)),
      ['200', '200', '503'],
    )
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const options = { host: '127.0.0.1', port: stage.http.port, path: '/healthz', agent }
    const kept = await new Promise<number>((resolve) => {
      http.get(options, (response) => response.resume().on('end', () => resolve(response.statusCode!)))
    })
    assert.equal(kept, 200)
    assert.equal(await stage.raw(one), '', 'hung up on at once')
    agent.destroy()
  }))

test('a node on its way out says that it is not ready, and goes on answering', () =>
  withStage({}, {}, async (stage: HttpStage) => {
    assert.deepEqual((await stage.ask('GET', '/readyz')).json, { status: 'ready' })
    stage.http.drain()
    const { json, status } = await stage.ask('GET', '/readyz')
    assert.deepEqual([status, json], [503, { status: 'draining' }])
    assert.equal((await stage.ask('GET', '/healthz')).status, 200)
    assert.equal((await stage.ask('GET', '/internal/get?key=k')).status, 200)
  }))

test('who asks a node that is not there is told that nothing was done, and one that falls silent that it is open', async () => {
  await withStage({}, {}, async (stage) => {
    const { port } = stage.http
    await stage.close()
    const items = new HttpItems({ host: '127.0.0.1', port })
    assert.equal((await get(items)).code, 'NOT_DONE')
  })
  const silent = http.createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const items = new HttpItems({ host: '127.0.0.1', port, deadlineMs: 200, waitingMax: 1 })
  const [first, second] = await Promise.all([get(items), get(items)])
  assert.deepEqual([first.code, second.code], ['OUTCOME_UNKNOWN', 'OVERLOADED'])
  silent.closeAllConnections()
  silent.close()
})

test('conversations within the process leave nothing behind', () =>
  withStage({}, {}, async (stage) => {
    for (let i = 0; i < 20; i++) await stage.ask('POST', '/internal/set', { key: `k${i}`, value: 'v' })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(stage.node.state.clients.count, 0)
  }))
