/*
 * What becomes of acknowledged writes when nodes die, freeze, come back empty, leave or join: nothing is lost, nothing comes
 * back from the dead, and what cannot be promised is refused.
 *
 * The idea: clients write at one node while another has its accident; what was acknowledged must be there
 * afterwards, at every node. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { MeshProcesses, withMesh } from '../support/mesh-processes.ts'
import { show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { keysActedForBy } from './acting.ts'
import { eventually, figure } from './attended.ts'
import { Counting } from './mesh-counting.ts'

const COUNTERS = 60
const WRITE_ROUNDS_MAX = 100
const KEY_COUNT = 2000
const FAILED_SHARE_MAX = 0.02
const FAILOVER_MS = 1000
const REFUSED = /^-(NOREPLICAS|CLUSTERDOWN|TRYAGAIN)/

/** Writes until each is acknowledged: while slots change hands, a write may be told that its outcome is open. */
async function write(client: RespSocket, count: number, request: (index: number) => string[]): Promise<void> {
  let left = Array.from({ length: count }, (_, index) => index)
  for (let round = 0; left.length > 0; round++) {
    assert.ok(round < WRITE_ROUNDS_MAX, `${left.length} writes are never acknowledged`)
    for (const index of left) client.command(...request(index))
    const replies = await client.take(left.length)
    left = left.filter((_, at) => replies[at]!.type === 'error')
  }
}

/** Values that are still there whatever happens. */
async function fill(client: RespSocket, prefix: string): Promise<void> {
  await write(client, KEY_COUNT, (i) => ['SET', `${prefix}:${i}`, `of ${i}`])
}

test('kill -9 of a node loses no acknowledged increment and stops its keys for less than a second', {
  timeout: 60_000,
}, async () => {
  await withMesh(3, [], async (mesh) => {
    const [first, victim, third] = [mesh.at(0), mesh.at(1), mesh.at(2)]
    const counting = new Counting(first, COUNTERS)
    await counting.progress(5)
    const orphans = await keysActedForBy(victim, counting.keys, first)
    assert.ok(orphans.length > 0, 'some counters live with the victim')
    const killedMs = performance.now()
    await victim.kill()
    await counting.progress(50)
    await counting.stop()
    assert.ok(counting.failedShare < FAILED_SHARE_MAX, counting.describe())
    assert.ok(counting.firstSuccessAfterMs(killedMs, orphans) < FAILOVER_MS, counting.describe())
    for (const member of [first, third]) await counting.assertAllCounted(member)
  })
})

test('a node that comes back empty never answers a wrong nil, nor a wrong value', {
  timeout: 60_000,
}, async () => {
  await withMesh(3, [], async (mesh) => {
    const [first, victim] = [mesh.at(0), mesh.at(1)]
    const client = await first.connect()
    await fill(client, 'key')
    await victim.kill()
    const counting = new Counting(first, COUNTERS)
    await counting.progress(5)
    const isBack = mesh.restart(victim)
    await isBack
    const reader = await victim.connect()
    const isFormed = mesh.formed(3)
    let isOver = false
    const settled = isFormed.finally(() => (isOver = true))
    settled.catch(() => {})
    for (let i = 0; !isOver; i = (i + 7) % KEY_COUNT) {
      const reply = await reader.call('GET', `key:${i}`)
      if (!REFUSED.test(show(reply)))
        assert.equal(show(reply), `"of ${i}"`, `key:${i} at the node that is back`)
    }
    await settled
    for (let i = 0; i < KEY_COUNT; i++) {
      assert.equal(show(await reader.call('GET', `key:${i}`)), `"of ${i}"`, `key:${i} once all is settled`)
    }
    await counting.progress(5)
    await counting.stop()
    assert.ok(counting.failedShare < FAILED_SHARE_MAX, counting.describe())
    for (const member of mesh.members) await counting.assertAllCounted(member)
  })
})

test('a node that was frozen brings back neither deleted keys nor old values', {
  timeout: 60_000,
}, async () => {
  await withMesh(3, [], async (mesh) => {
    const [first, victim] = [mesh.at(0), mesh.at(1)]
    const keys = Array.from({ length: 300 }, (_, i) => `key:${i}`)
    const client = await first.connect()
    await write(client, keys.length, (i) => ['SET', keys[i]!, 'old'])
    const its = await keysActedForBy(victim, keys, first)
    const probe = `{${its[0]}}probe`
    const waiting = await victim.connect()
    victim.freeze()
    for (const key of its) waiting.command('GET', key)
    await writable(client, probe)
    for (const [i, key] of keys.entries()) {
      const wanted = i % 2 === 0 ? ['DEL', key] : ['SET', key, 'new']
      assert.match(show(await client.call(...wanted)), /^(:1|\+OK)$/)
    }
    victim.thaw()
    const wanted = new Map(keys.map((key, i) => [key, i % 2 === 0 ? '(nil)' : '"new"']))
    for (const key of its) {
      const reply = show(await waiting.next())
      assert.ok(reply === wanted.get(key) || /^-/.test(reply), `${key} is ${reply}, asked while frozen`)
    }
    await mesh.formed(3)
    for (const member of mesh.members) {
      const reader = await member.connect()
      for (const key of keys)
        assert.equal(show(await reader.call('GET', key)), wanted.get(key), `${member.name} ${key}`)
      reader.destroy()
    }
  })
})

/** Until somebody acts for the key again. */
function writable(client: RespSocket, key: string): Promise<void> {
  return eventually(
    `${key} can be written`,
    async () => show(await client.call('SET', key, 'x')) === '+OK',
    20_000,
  )
}

test('each level promises what can be kept: with one node of three gone, and with two', {
  timeout: 60_000,
}, async () => {
  await withMesh(3, [], async (mesh) => {
    const client = await mesh.at(0).connect()
    await fill(client, 'key')
    await mesh.at(2).kill()
    const write = async (level: string, key: string): Promise<string> => {
      assert.equal(show(await client.call('MESH', 'CONSISTENCY', 'WRITE', level)), '+OK')
      return show(await client.call('SET', key, level))
    }
    for (let i = 0; i < 50; i++) {
      await writable(client, `key:${i}`)
      assert.match(await write('all', `key:${i}`), /^-NOREPLICAS Not enough good replicas to write\.$/)
      assert.equal(await write('quorum', `key:${i}`), '+OK')
      assert.equal(await write('one', `key:${i}`), '+OK')
      assert.equal(show(await client.call('GET', `key:${i}`)), '"one"')
    }
    await mesh.at(1).kill()
    await client.call('MESH', 'CONSISTENCY', 'WRITE', 'quorum')
    const answers = async (...verb: string[]): Promise<string[]> => {
      for (let i = 0; i < 50; i++) client.command(verb[0]!, `key:${i}`, ...verb.slice(1))
      return (await client.take(50)).map((reply) => show(reply))
    }
    const areAll = (replies: readonly string[], pattern: RegExp): boolean => {
      return replies.every((reply) => pattern.test(reply))
    }
    await eventually('writes are refused', async () => areAll(await answers('SET', 'x'), REFUSED), 20_000)
    await eventually('reads too', async () => areAll(await answers('GET'), /^-CLUSTERDOWN/), 20_000)
    assert.equal(show(await client.call('PING')), '+PONG')
    assert.match(String((await client.call('CLUSTER', 'INFO')).value), /cluster_state:fail/)
  })
})

test('SIGTERM lets a node leave: it ends with 0, and the others go on without it', {
  timeout: 60_000,
}, async () => {
  await withMesh(3, [], async (mesh) => {
    const [first, leaver] = [mesh.at(0), mesh.at(2)]
    const client = await first.connect()
    await fill(client, 'key')
    const counting = new Counting(first, COUNTERS)
    await counting.progress(5)
    assert.equal(await leaver.server.stop(), 0)
    await mesh.formed(2)
    await counting.progress(20)
    await counting.stop()
    assert.ok(counting.failedShare < FAILED_SHARE_MAX, counting.describe())
    for (const member of mesh.running) await counting.assertAllCounted(member)
    for (let i = 0; i < KEY_COUNT; i++) assert.equal(show(await client.call('GET', `key:${i}`)), `"of ${i}"`)
  })
})

test('a fourth node joins under load and serves', { timeout: 60_000 }, async () => {
  await withMesh(3, [], async (mesh) => {
    const first = mesh.at(0)
    const client = await first.connect()
    await fill(client, 'key')
    const counting = new Counting(first, COUNTERS)
    await counting.progress(5)
    const newcomer = await mesh.add()
    await mesh.formed(4)
    await counting.progress(20)
    await counting.stop()
    assert.ok(counting.failedShare < FAILED_SHARE_MAX, counting.describe())
    for (const member of mesh.members) await counting.assertAllCounted(member)
    const reader = await newcomer.connect()
    for (let i = 0; i < KEY_COUNT; i++) assert.equal(show(await reader.call('GET', `key:${i}`)), `"of ${i}"`)
    assert.ok((await figure(reader, 'mesh_slots_acting')) > 0, 'it acts for some slots')
    await write(reader, KEY_COUNT, (i) => ['SET', `key:${i}`, 'anew'])
    for (let i = 0; i < KEY_COUNT; i++) assert.equal(show(await client.call('GET', `key:${i}`)), '"anew"')
  })
})

test('a mesh whose nodes all died is founded again by their restart', { timeout: 60_000 }, async () => {
  const mesh = await MeshProcesses.start(3)
  try {
    await Promise.all(mesh.members.map((member) => member.kill()))
    const seeds = mesh.members.map(({ bus }) => bus)
    await Promise.all(mesh.members.map((member) => member.start(seeds)))
    await mesh.formed(3)
    const client = await mesh.at(2).connect()
    assert.equal(show(await client.call('SET', 'k', 'v')), '+OK')
  } finally {
    await mesh.kill()
  }
})
