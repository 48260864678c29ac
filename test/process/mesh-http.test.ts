/*
 * Keys as JSON through a mesh of real processes: any node answers for all, at the level asked for, while one is dead and
 * after it has come back; copies are taken by version; strangers do no harm. Shape: test.
 */
import assert from 'node:assert/strict'
import net from 'node:net'
import test from 'node:test'
import { HttpItems } from '../../src/http/http-items.ts'
import type { Found, GetOrder, Item, Problem, Removed, SetOrder, Stored } from '../../src/http/item-port.ts'
import type { Level } from '../../src/session/session.ts'
import { type MeshMember, type MeshProcesses, withMesh } from '../support/mesh-processes.ts'
import { show } from '../support/reply.ts'
import { eventually } from './attended.ts'

const SECRET = 'of this mesh'
const KEYS = Array.from({ length: 30 }, (_, i) => Buffer.from([0xff, i]))

/** The port of one node, with promises. */
class Caller {
  readonly #items: HttpItems

  constructor({ port }: MeshMember) {
    this.#items = new HttpItems({ host: '127.0.0.1', port: port + 2000, token: SECRET })
  }

  set(key: Buffer, value: string, more: Partial<SetOrder> = {}): Promise<Stored | Problem> {
    const none = { database: 0, level: undefined, ttlMs: 0, expiresAtMs: 0, stamp: undefined }
    return new Promise((resolve) =>
      this.#items.set({ ...none, key, value: Buffer.from(value), ...more }, resolve),
    )
  }

  get(key: Buffer, more: Partial<GetOrder> = {}): Promise<Found | Problem> {
    const none = { database: 0, level: undefined, isOwnCopyEnough: false }
    return new Promise((resolve) => this.#items.get({ ...none, key, ...more }, resolve))
  }

  remove(key: Buffer): Promise<Removed | Problem> {
    return new Promise((resolve) =>
      this.#items.remove({ key, database: 0, level: undefined, stamp: undefined }, resolve),
    )
  }

  async item(key: Buffer, more: Partial<GetOrder> = {}): Promise<Item | undefined> {
    const outcome = await this.get(key, more)
    return outcome.kind === 'found' ? outcome.item : undefined
  }

  close(): void {
    this.#items.close()
  }
}

const STORED: Stored = { kind: 'stored', standing: undefined }

async function anyNodeAnswersAtEveryLevel(callers: readonly Caller[]): Promise<void> {
  for (const level of ['one', 'quorum', 'all'] as Level[]) {
    for (const [i, key] of KEYS.entries()) {
      assert.deepEqual(await callers[i % 3]!.set(key, `${level} ${i}`, { level, ttlMs: 600_000 }), STORED)
      const item = await callers[(i + 1) % 3]!.item(key, { level })
      assert.equal(String(item?.value), `${level} ${i}`)
      assert.ok(item!.expiresAtMs > Date.now())
    }
  }
}

async function copiesAreTakenByVersion(mesh: MeshProcesses, callers: readonly Caller[]): Promise<void> {
  const key = KEYS[0]!
  const { version, term } = (await callers[0]!.item(key))!
  for (const caller of callers) {
    const older = await caller.set(key, 'older', { stamp: { version: version - 1, term } })
    assert.deepEqual(older, { kind: 'stored', standing: { version, term } })
    const newer = { version: version + 5, term }
    assert.deepEqual(await caller.set(key, 'newer', { stamp: newer }), { kind: 'stored', standing: newer })
    assert.equal(String((await caller.item(key, { isOwnCopyEnough: true }))?.value), 'newer')
    for (const forged of [
      { version: 2 ** 52, term },
      { version: version + 9, term: term + 1000 },
    ])
      assert.equal(((await caller.set(key, 'x', { stamp: forged })) as Problem).code, 'VERSION_REFUSED')
  }
  const client = await mesh.at(1).connect()
  assert.equal(show(await client.call('GET', key)), '"newer"')
  client.destroy()
}

/** Bytes that are no requests, and requests that nobody may make. */
async function strangersDoNoHarm(member: MeshMember): Promise<void> {
  const say = (bytes: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = net.connect(member.port + 2000, '127.0.0.1', () => socket.end(bytes, 'latin1'))
      let answer = ''
      socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
      socket.on('error', () => {})
      socket.on('close', () => resolve(answer))
    })
  assert.match(await say('\0\xff'.repeat(500)), /^HTTP\/1\.1 400 /)
  assert.match(
    await say('GET /internal/get?key=k HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
    /^HTTP\/1\.1 401 /,
  )
  assert.match(await say('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'), /^HTTP\/1\.1 200 /)
  const long = `POST /internal/set HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${SECRET}\r\n`
  const head = `${long}content-type: application/json\r\ncontent-length: 999999999999\r\n\r\n{`
  assert.match(await say(head), /^HTTP\/1\.1 413 /)
}

async function aDeadNodeIsMissedByNobody(mesh: MeshProcesses, callers: readonly Caller[]): Promise<void> {
  const [near, , far] = callers as [Caller, Caller, Caller]
  await mesh.at(2).kill()
  for (const key of KEYS) {
    await eventually('a quorum confirms', async () => (await near.set(key, 'meanwhile')).kind === 'stored')
  }
  await eventually('all is refused', async () => {
    const outcome = await near.set(KEYS[1]!, 'x', { level: 'all' })
    return outcome.kind === 'problem' && outcome.code === 'NOT_DONE'
  })
  assert.deepEqual(await near.remove(KEYS[1]!), { kind: 'removed', count: 1, standing: undefined })
  await mesh.restart(mesh.at(2))
  await mesh.formed(3)
  for (const [i, key] of KEYS.entries()) {
    if (i === 1) continue
    await eventually('its own copy is what was set meanwhile', async () => {
      return String((await far.item(key, { isOwnCopyEnough: true }))?.value) === 'meanwhile'
    })
  }
  assert.deepEqual(await far.get(KEYS[1]!, { level: 'quorum' }), { kind: 'found', item: undefined })
}

test('keys as JSON, through a mesh', { timeout: 240_000 }, () =>
  withMesh(3, ['--http-items', 'yes', '--mesh-secret', SECRET], async (mesh) => {
    const callers = mesh.members.map((member) => new Caller(member))
    await anyNodeAnswersAtEveryLevel(callers)
    await copiesAreTakenByVersion(mesh, callers)
    await strangersDoNoHarm(mesh.at(0))
    await aDeadNodeIsMissedByNobody(mesh, callers)
    for (const caller of callers) caller.close()
  }),
)
