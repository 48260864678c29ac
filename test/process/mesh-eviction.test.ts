/*
 * Owners under maxmemory: what one evicts is gone everywhere, so that all owners hold the same, and none holds more than
 * it may. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type MeshMember, type MeshProcesses, withMesh } from '../support/mesh-processes.ts'
import { show } from '../support/reply.ts'
import { eventually } from './attended.ts'

const MAXMEMORY = 12 * 2 ** 20
const VALUE = 'v'.repeat(1000)
const KEYS = 24_000
const PIPELINE = 400
const FLAGS = ['--maxmemory', String(MAXMEMORY), '--maxmemory-policy', 'allkeys-lru']

async function usedBytes(member: MeshMember): Promise<number> {
  const client = await member.connect()
  const info = show(await client.call('INFO', 'memory'), 100_000)
  client.destroy()
  return Number(/used_memory_dataset:(\d+)/.exec(info)?.[1] ?? /used_memory:(\d+)/.exec(info)![1])
}

async function digests(mesh: MeshProcesses): Promise<string[]> {
  return Promise.all(
    mesh.members.map(async (member) => {
      const client = await member.connect()
      const digest = show(await client.call('DEBUG', 'DIGEST'))
      client.destroy()
      return digest
    }),
  )
}

test(
  'what the acting primary evicts goes everywhere, and owners end up with the same',
  { timeout: 240_000 },
  () =>
    withMesh(3, [...FLAGS, '--enable-debug-command', 'local'], async (mesh) => {
      const client = await mesh.at(0).connect()
      let confirmed = 0
      for (let at = 0; at < KEYS; at += PIPELINE) {
        for (let i = at; i < at + PIPELINE; i++) client.command('SET', `key:${i}`, VALUE)
        for (const reply of await client.take(PIPELINE)) if (reply.type !== 'error') confirmed++
      }
      assert.ok(confirmed > KEYS * 0.98, `${confirmed}`)
      for (const member of mesh.members) {
        const bytes = await usedBytes(member)
        assert.ok(bytes > MAXMEMORY * 0.5 && bytes <= MAXMEMORY * 1.25, `${member.name} uses ${bytes}`)
      }
      await eventually('all owners hold the same', async () => new Set(await digests(mesh)).size === 1)
      const size = Number((await client.call('DBSIZE')).value)
      assert.ok(size > 3000 && size < KEYS, `${size}`)
      client.destroy()
    }),
)
