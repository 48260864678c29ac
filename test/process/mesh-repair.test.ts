/*
 * A node of a mesh loses keys without a trace: comparing brings them back, and hardly anything else is sent. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { figuresOf, type MeshProcesses, withMesh } from '../support/mesh-processes.ts'
import { show } from '../support/reply.ts'
import { eventually } from './attended.ts'

const KEYS = 20_000
const PIPELINE = 500
const LOST_PERCENT = 1
const REST_MS = 250
const WHOLE_MS = 60_000

async function digests(mesh: MeshProcesses): Promise<Set<string>> {
  const all = mesh.members.map(async (member) => {
    const client = await member.connect()
    const digest = show(await client.call('DEBUG', 'DIGEST'))
    client.destroy()
    return digest
  })
  return new Set(await Promise.all(all))
}

async function isCalm(mesh: MeshProcesses): Promise<boolean> {
  for (const member of mesh.members) {
    const client = await member.connect()
    const status = figuresOf(await client.call('MESH', 'REBALANCE', 'STATUS'))
    const info = figuresOf(await client.call('MESH', 'INFO'))
    client.destroy()
    if (status.get('state') !== 'idle' || info.get('mesh_slots_handing_over') !== '0') return false
  }
  return (await digests(mesh)).size === 1
}

async function transferred(mesh: MeshProcesses): Promise<number> {
  let sum = 0
  for (const member of mesh.members) {
    const client = await member.connect()
    const figures = figuresOf(await client.call('MESH', 'INFO'))
    sum += Number(figures.get('mesh_repair_keys_pulled')) + Number(figures.get('mesh_repair_keys_pushed'))
    client.destroy()
  }
  return sum
}

test(
  'MESH REPAIR makes owners equal that differ in one key of a hundred, and sends hardly more than those',
  {
    timeout: 120_000,
  },
  () =>
    withMesh(3, ['--enable-debug-command', 'local', '--repair-interval', '0'], async (mesh) => {
      const client = await mesh.at(0).connect()
      for (let at = 0; at < KEYS; at += PIPELINE) {
        for (let i = at; i < at + PIPELINE; i++) client.command('SET', `key:${i}`, `value of ${i}`)
        await client.take(PIPELINE)
      }
      // What is still being handed over would bring back what is lost here in another way.
      await eventually('all owners hold the same, and nothing moves', () => isCalm(mesh), WHOLE_MS)
      const before = await transferred(mesh)
      const loser = await mesh.at(1).connect()
      const lost = Number((await loser.call('DEBUG', 'LOSE', String(LOST_PERCENT))).value)
      assert.ok(lost > KEYS * 0.005 && lost < KEYS * 0.02, `${lost} lost`)
      assert.ok((await digests(mesh)).size > 1)
      assert.match(show(await client.call('MESH', 'REPAIR')), /"comparisons", :2/)
      // What was written in the last two seconds is left alone: asks again until all are equal.
      await eventually(
        'repair makes them equal',
        async () => {
          await client.call('MESH', 'REPAIR', 'ALL')
          await new Promise((resolve) => setTimeout(resolve, REST_MS))
          return (await digests(mesh)).size === 1
        },
        WHOLE_MS,
      )
      const sent = (await transferred(mesh)) - before
      assert.ok(sent >= lost && sent <= lost * 1.2, `${sent} keys sent for ${lost} lost`)
      const status = show(await client.call('MESH', 'REPAIR', 'STATUS'), 3000)
      assert.match(status, /"dirty", :[1-9]/)
      assert.match(status, /"cycles-by-ms", /)
      loser.destroy()
      client.destroy()
    }),
)
