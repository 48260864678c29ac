/*
 * Clients that wait for keys, in a mesh of real processes: at any node, for keys of any other, through its death and its
 * sleep, by raw requests and by the clients people use.
 *
 * The idea: who waits, who acts and who pushes are three different nodes. That a wait has arrived is known by an answer
 * about the same key that was asked for behind it: between two nodes requests keep their order. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { type MeshMember, type MeshProcesses, withMesh } from '../support/mesh-processes.ts'
import { type Reply, show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { eventually } from './attended.ts'

const PATIENT_MS = 30_000

/** A fresh key that `actor` acts for. */
async function keyActedForBy(actor: MeshMember, prefix: string): Promise<string> {
  const client = await actor.connect()
  try {
    for (let i = 0; ; i++) {
      const reply = await client.call('MESH', 'EXPLAIN', `${prefix}:${i}`)
      const flat = (reply.value as readonly Reply[]).map(({ value }) => String(value))
      if (flat[flat.indexOf('acting-primary') + 1] === actor.name) return `${prefix}:${i}`
    }
  } finally {
    client.destroy()
  }
}

/** Sends the request and comes back when it waits. */
async function begin(member: MeshMember, key: string, ...argv: string[]): Promise<RespSocket> {
  const client = await member.connect()
  client.command(...argv)
  const behind = await member.connect()
  await behind.call('EXISTS', key)
  behind.destroy()
  return client
}

/** Pushes as soon as writes are acknowledged: while a slot changes hands they may be refused, or their outcome open. */
async function push(member: MeshMember, key: string, ...values: string[]): Promise<void> {
  const client = await member.connect()
  await eventually('writes are acknowledged', async () => {
    return show(await client.call('SET', `{${key}}probe`, 'x')) === '+OK'
  })
  assert.equal((await client.call('RPUSH', key, ...values)).type, 'integer')
  client.destroy()
}

async function threeNodesTakePart({ members }: MeshProcesses): Promise<void> {
  const [entry, actor, pusher] = members as [MeshMember, MeshMember, MeshMember]
  const key = await keyActedForBy(actor, 'list')
  const waiting = await begin(entry, key, 'BLPOP', key, '0')
  await push(pusher, key, 'one', 'two')
  assert.equal(show(await waiting.next()), `["${key}", "one"]`)
  const clients: RespSocket[] = []
  for (const member of [pusher, entry, actor]) clients.push(await begin(member, key, 'BRPOP', key, '0'))
  for (const value of ['three', 'four']) await push(entry, key, value)
  const values = await Promise.all(clients.map(async (client) => show(await client.next())))
  assert.deepEqual(
    values,
    ['two', 'three', 'four'].map((value) => `["${key}", "${value}"]`),
    'in the order they came',
  )
  for (const client of [waiting, ...clients]) client.destroy()
}

async function timesEnd({ members }: MeshProcesses): Promise<void> {
  const [entry, actor, pusher] = members as [MeshMember, MeshMember, MeshMember]
  const key = await keyActedForBy(actor, 'late')
  const [client, other] = [await entry.connect(), await entry.connect()]
  const startMs = performance.now()
  assert.equal(show(await client.call('BLPOP', key, '0.5')), '(nil-array)')
  assert.ok(performance.now() - startMs >= 500, 'not before its time')
  const id = String((await client.call('CLIENT', 'ID')).value)
  client.command('BZPOPMIN', key, '0')
  await other.call('EXISTS', key)
  assert.equal(show(await other.call('CLIENT', 'UNBLOCK', id, 'ERROR')), ':1')
  assert.match(show(await client.next()), /^-UNBLOCKED /)
  client.command('BLPOP', key, '0')
  await other.call('EXISTS', key)
  assert.match(String((await other.call('INFO', 'clients')).value), /blocked_clients:1\r/)
  client.destroy()
  await eventually('the node has noticed', async () => {
    return /blocked_clients:0\r/.test(String((await other.call('INFO', 'clients')).value))
  })
  await other.call('EXISTS', key)
  await push(pusher, key, 'kept')
  assert.equal(show(await other.call('LRANGE', key, '0', '-1')), '["kept"]', 'nothing was popped for nobody')
  other.destroy()
}

async function clientsOfAllKindsWait({ members }: MeshProcesses): Promise<void> {
  const [entry, actor, pusher] = members as [MeshMember, MeshMember, MeshMember]
  const key = await keyActedForBy(actor, 'clients')
  const [ioredis, behind] = Array.from(
    { length: 2 },
    () => new Redis({ port: entry.port, host: '127.0.0.1' }),
  )
  const nodeRedis = createClient({ socket: { port: entry.port, host: '127.0.0.1' }, RESP: 3 })
  for (const client of [ioredis!, behind!, nodeRedis]) client.on('error', () => {})
  await nodeRedis.connect()
  try {
    const popped = ioredis!.blpop(key, 0)
    await behind!.exists(key)
    await push(pusher, key, 'of ioredis')
    assert.deepEqual(await popped, [key, 'of ioredis'])
    const taken = nodeRedis.blPop(key, 0)
    await push(pusher, key, 'of node-redis')
    assert.deepEqual({ ...(await taken) }, { key, element: 'of node-redis' })
    assert.equal(await nodeRedis.blPop(key, 0.1), null)
    assert.equal(await ioredis!.bzpopmin(key, 0.1), null)
  } finally {
    for (const client of [ioredis, behind]) client!.disconnect()
    nodeRedis.destroy()
  }
}

test('clients wait at any node for keys of any other', { timeout: 90_000 }, async (context) => {
  await withMesh(3, [], async (mesh) => {
    await context.test('one waits, one acts, one pushes, and who came first is served first', () =>
      threeNodesTakePart(mesh),
    )
    await context.test('timeouts, CLIENT UNBLOCK and clients that leave end their waits', () =>
      timesEnd(mesh),
    )
    await context.test('ioredis and node-redis wait as they do with Redis', () => clientsOfAllKindsWait(mesh))
  })
})

test('who waits at a node that is killed is served by the one that acts next', {
  timeout: 90_000,
}, async () => {
  await withMesh(3, [], async (mesh) => {
    const [entry, actor, pusher] = mesh.members as [MeshMember, MeshMember, MeshMember]
    const key = await keyActedForBy(actor, 'orphan')
    const clients = [
      await begin(entry, key, 'BLPOP', key, '0'),
      await begin(pusher, key, 'BLMOVE', key, `{${key}}moved`, 'LEFT', 'LEFT', '60'),
    ]
    const brief = await begin(entry, key, 'BRPOP', `{${key}}none`, '3')
    await actor.kill()
    await push(pusher, key, 'one', 'two')
    const got = await Promise.all(clients.map(async (client) => show(await client.next(PATIENT_MS))))
    assert.match(got.join(), /"(one|two)"\],"(one|two)"$/)
    assert.notEqual(got[0]!.includes('one'), got[1]!.includes('one'), 'each got its own')
    assert.equal(show(await brief.next(PATIENT_MS)), '(nil-array)')
    for (const client of [...clients, brief]) client.destroy()
  })
})

test('a node that is frozen keeps nobody waiting beyond their time, and pops nothing when it wakes', {
  timeout: 90_000,
}, async () => {
  await withMesh(3, [], async (mesh) => {
    const [entry, actor, pusher] = mesh.members as [MeshMember, MeshMember, MeshMember]
    const key = await keyActedForBy(actor, 'asleep')
    const waiting = await begin(entry, key, 'BLPOP', key, '0')
    const brief = await begin(entry, key, 'BLPOP', `{${key}}none`, '1')
    actor.freeze()
    assert.equal(show(await brief.next(PATIENT_MS)), '(nil-array)')
    await push(pusher, key, 'one', 'two')
    assert.equal(show(await waiting.next(PATIENT_MS)), `["${key}", "one"]`)
    actor.thaw()
    await mesh.formed(3)
    const client = await pusher.connect()
    assert.equal(show(await client.call('LRANGE', key, '0', '-1')), '["two"]')
    for (const one of [waiting, brief, client]) one.destroy()
  })
})
