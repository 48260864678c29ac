/*
 * The rows that comparing owners answers: what it costs when nothing differs, and how soon owners that differ are equal.
 *
 * The idea: two built nodes that own every key; one loses a share of them without a trace (DEBUG LOSE), and MESH REPAIR
 * is timed until a comparison finds nothing any more. The digests of both are then compared for themselves. Shape:
 * door (measurements only).
 */
import { setTimeout as pause } from 'node:timers/promises'
import { loadKeys } from '../bench/load.ts'
import { figuresOf, type MeshMember, type MeshProcesses, withMesh } from '../support/mesh-processes.ts'
import { show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import type { Finding, Row, Task } from './row.ts'

const KEYS = 1_000_000
const KEYS_QUICK = 50_000
const VALUE_BYTES = 100
const LOST_PERCENT = 1
const SYNC_INTERVAL_S = 30
const TRANSFERRED_MAX = 1.2
const CLEAN_CPU_MS = 5
const CLEAN_BYTES = 1024
const CLEAN_CYCLES = 100
const FLAGS = ['--enable-debug-command', 'local', '--repair-interval', '0']
const DEADLINE_MS = 120_000
const LOOK_MS = 10

type Counters = Readonly<Record<'cycles' | 'clean' | 'pulled' | 'pushed' | 'listed' | 'bytes', number>>

async function countersOf(client: RespSocket): Promise<Counters> {
  const figures = figuresOf(await client.call('MESH', 'INFO'))
  const read = (name: string): number => Number(figures.get(`mesh_repair_${name}`))
  return {
    cycles: read('cycles'),
    clean: read('cycles_clean'),
    pulled: read('keys_pulled'),
    pushed: read('keys_pushed'),
    listed: read('keys_listed'),
    bytes: read('bytes'),
  }
}

/** Compares once; answers what had been counted when that was over. */
async function compared(client: RespSocket): Promise<Counters> {
  const { cycles } = await countersOf(client)
  await client.call('MESH', 'REPAIR')
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const now = await countersOf(client)
    if (now.cycles > cycles) return now
    if (Date.now() > deadline) throw new Error('a comparison never ends')
    await pause(LOOK_MS)
  }
}

/** Compares until nothing differs. */
async function untilClean(client: RespSocket): Promise<Counters> {
  for (let before = await countersOf(client); ; ) {
    const now = await compared(client)
    if (now.clean > before.clean) return now
    before = now
  }
}

async function digestOf(member: MeshMember): Promise<string> {
  const client = await member.connect()
  const digest = show(await client.call('DEBUG', 'DIGEST'))
  client.destroy()
  return digest
}

async function cpuMs(mesh: MeshProcesses): Promise<number> {
  let seconds = 0
  for (const member of mesh.members) {
    const client = await member.connect()
    const info = String((await client.call('INFO', 'cpu')).value)
    for (const name of ['used_cpu_user', 'used_cpu_sys'])
      seconds += Number(new RegExp(`${name}:(.*)`).exec(info)![1])
    client.destroy()
  }
  return seconds * 1000
}

/** Two nodes that have the same keys, and a client of the first. */
async function withEqualOwners(
  { isQuick, say }: Task,
  run: (mesh: MeshProcesses, client: RespSocket, keys: number) => Promise<Finding>,
): Promise<Finding> {
  const keys = isQuick ? KEYS_QUICK : KEYS
  const found: Finding[] = []
  await withMesh(2, FLAGS, async (mesh) => {
    await loadKeys(mesh.at(0).port, keys, VALUE_BYTES)
    const client = await mesh.at(0).connect()
    await untilClean(client)
    say(`${String((await client.call('DBSIZE')).value)} keys at both`)
    found.push(await run(mesh, client, keys))
    client.destroy()
  })
  return found[0]!
}

function diverged(task: Task): Promise<Finding> {
  return withEqualOwners(task, async (mesh, client, keys) => {
    const before = await countersOf(client)
    const loser = await mesh.at(1).connect()
    const lost = Number((await loser.call('DEBUG', 'LOSE', String(LOST_PERCENT))).value)
    loser.destroy()
    const startMs = performance.now()
    const after = await untilClean(client)
    const seconds = (performance.now() - startMs) / 1000
    const areEqual = (await digestOf(mesh.at(0))) === (await digestOf(mesh.at(1)))
    const sent = after.pulled + after.pushed - before.pulled - before.pushed
    const ratio = sent / lost
    return {
      values: {
        seconds,
        'transferred against diverged': ratio,
        diverged: lost,
        'versions listed': after.listed - before.listed,
        bytes: after.bytes - before.bytes,
      },
      unit: '',
      holds: areEqual && ratio <= TRANSFERRED_MAX && seconds < SYNC_INTERVAL_S,
      note: `${keys.toLocaleString('en-US')} keys of ${VALUE_BYTES} bytes, two owners`,
    }
  })
}

function clean(task: Task): Promise<Finding> {
  return withEqualOwners(task, async (mesh, client, keys) => {
    const before = await countersOf(client)
    const busyMs = await cpuMs(mesh)
    const startMs = performance.now()
    for (let cycle = 0; cycle < CLEAN_CYCLES; cycle++) await compared(client)
    const tookMs = performance.now() - startMs
    const after = await countersOf(client)
    const idleMs = await cpuMs(mesh)
    // The same questions of the client, and everything a mesh does by itself, without comparisons.
    for (const endMs = performance.now() + tookMs; performance.now() < endMs; await pause(LOOK_MS)) {
      await countersOf(client)
    }
    const cycleMs = (idleMs - busyMs - ((await cpuMs(mesh)) - idleMs)) / CLEAN_CYCLES
    const bytes = (after.bytes - before.bytes) / CLEAN_CYCLES
    const areClean = after.clean - before.clean === CLEAN_CYCLES
    return {
      values: { 'ms of CPU, both owners': Math.max(0, cycleMs), 'bytes on the wire': bytes },
      unit: '',
      holds: areClean && cycleMs < CLEAN_CPU_MS && bytes < CLEAN_BYTES,
      note: `${keys.toLocaleString('en-US')} keys, mean of ${CLEAN_CYCLES} cycles`,
    }
  })
}

export const rows: readonly Row[] = [
  {
    name: 'repair-diverged',
    question: '1 % of 1 M keys diverged by hand: time to equal digests; keys transferred against diverged',
    target: '< 30 s (the sync interval); <= 1.2',
    measure: diverged,
  },
  {
    name: 'repair-clean',
    question: 'Clean cycle of two equal owners with 1 M keys',
    target: '< 5 ms CPU, < 1 KiB on the wire',
    measure: clean,
  },
]
