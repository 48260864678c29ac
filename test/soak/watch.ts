/*
 * The eyes of a soak: memory, handles and queue lengths of each node, every few seconds.
 *
 * The idea: asked as an operator would ask (INFO, CLUSTER LINKS, the process table), with a deadline, since a node may be
 * frozen or gone: then there is no sample. Shape: door (tests only).
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { MeshMember } from '../support/mesh-processes.ts'
import type { Reply } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import type { Sample } from './samples.ts'
import { pause } from './workload.ts'

const ANSWER_MS = 1000
/** Threads of V8 give pages back to the system once the collection is over. */
const GIVING_BACK_MS = 300
/** What can pile up, by the names INFO gives it, where a node has them. */
const PILES = [
  'mesh_\\w*_(?:parked|queued|pending|in_flight|held)',
  'mesh_waits_\\w+',
  'blocked_clients',
  'connected_clients',
]
const GAUGE = new RegExp(`^(${PILES.join('|')}):(\\d+)\\r?$`, 'gm')
/** Everything of a mesh node that has a limit. */
const LIMITED = /^mesh_limit_(\w+):now=(\d+),most=(\d+),shed=(\d+)\r?$/gm

/** Undefined: it does not answer now. `isKept`: its garbage is collected first. */
export async function look(member: MeshMember, isKept = false): Promise<Sample | undefined> {
  if (!member.isRunning) return undefined
  const { server } = member
  let client: RespSocket | undefined
  try {
    client = await member.connect()
    if (isKept) client.command('MEMORY', 'PURGE')
    client.command('INFO', 'everything')
    client.command('CLUSTER', 'LINKS')
    client.command('MESH', 'HINTS')
    const answers = await client.take(isKept ? 4 : 3, ANSWER_MS)
    const [info, links, hints] = isKept ? answers.slice(1) : answers
    if (info === undefined || links === undefined || hints === undefined) return undefined
    if (isKept) await pause(GIVING_BACK_MS)
    const text = String(info.value)
    const gauges = new Map([...text.matchAll(GAUGE)].map((hit) => [hit[1]!, Number(hit[2])] as const))
    gauges.set('link_bytes_queued', sumOf(links, 'send-buffer-used'))
    gauges.set('hinted_keys', sumOf(hints, 'count'))
    const limits = new Map(
      [...text.matchAll(LIMITED)].map(([_, name, now, most, shed]) => {
        return [name!, { now: Number(now), most: Number(most), shed: Number(shed) }] as const
      }),
    )
    const handles = readdirSync(`/proc/${server.pid}/fd`).length
    const life = `${member.name}/${server.pid}`
    const bytes = { ...systemBytesOf(server.pid), ...ownBytesOf(text) }
    return { life, atMs: performance.now(), isKept, bytes, handles, gauges, limits }
  } catch {
    return undefined
  } finally {
    client?.destroy()
  }
}

/** As the system counts. Pages of files - the runtime and its code - are only in the first. */
function systemBytesOf(pid: number): Pick<Sample['bytes'], 'resident' | 'anonymous'> {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return { resident: kilobytes('VmRSS') * 1024, anonymous: kilobytes('RssAnon') * 1024 }
}

function ownBytesOf(info: string): Pick<Sample['bytes'], 'heap' | 'external' | 'store'> {
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
  return { heap: figure('mem_heap_used'), external: figure('mem_external'), store: figure('used_memory') }
}

/** The sum of that field over rows of names and values. */
function sumOf({ value: rows }: Reply, field: string): number {
  if (typeof rows === 'string') return 0
  let total = 0
  for (const { value: row } of rows) {
    if (typeof row === 'string') continue
    const at = row.findIndex(({ value }) => value === field)
    if (at !== -1) total += Number(row[at + 1]!.value)
  }
  return total
}
