/*
 * A node cut off from its mesh by its own orders: it stops answering for what it cannot vouch for, the others go on,
 * and after CLEAR they are one mesh that knows what was written meanwhile. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type MeshMember, until, withMesh } from '../support/mesh-processes.ts'
import { show } from '../support/reply.ts'

const KEYS = Array.from({ length: 60 }, (_, i) => `chaos:${i}`)

async function order(member: MeshMember, ...words: string[]): Promise<void> {
  const client = await member.connect()
  assert.equal(show(await client.call('MESH', 'CHAOS', ...words)), '+OK')
  client.destroy()
}

/** Until each of the keys can be set to this value through this node. */
async function setsAll(member: MeshMember, value: string): Promise<void> {
  for (const key of KEYS) await until(member, ['SET', key, value], ({ type }) => type !== 'error')
}

test(
  'a node that chaos cuts off refuses, the others go on, and CLEAR makes them one again',
  {
    timeout: 180_000,
  },
  () =>
    withMesh(3, ['--enable-debug-command', 'local'], async (mesh) => {
      const [near, , far] = mesh.members as [MeshMember, MeshMember, MeshMember]
      await setsAll(near, 'before')
      await order(far, 'PARTITION', 'node-1', 'node-2')
      await until(far, ['SET', KEYS[0]!, 'lost'], ({ type, value }) => {
        return type === 'error' && /^(?:CLUSTERDOWN|NOREPLICAS)/.test(String(value))
      })
      await setsAll(near, 'meanwhile')
      await order(far, 'CLEAR')
      await mesh.formed(3)
      for (const key of KEYS) await until(far, ['GET', key], ({ value }) => value === 'meanwhile')
      await setsAll(far, 'after')
    }),
)

test('writes pass a mesh whose links are late', { timeout: 180_000 }, () =>
  withMesh(3, ['--enable-debug-command', 'yes'], async (mesh) => {
    for (const member of mesh.members) await order(member, 'DELAY', '5', '30')
    await setsAll(mesh.at(0), 'late')
    for (const key of KEYS) await until(mesh.at(1), ['GET', key], ({ value }) => value === 'late')
    const client = await mesh.at(0).connect()
    const status = show(await client.call('MESH', 'CHAOS', 'STATUS'))
    assert.match(status, /"writes-held", :[1-9]/)
    client.destroy()
  }),
)
