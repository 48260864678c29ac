/*
 * The eyes of a soak: memory, handles and queue lengths of each node, every few seconds.
 *
 * The idea: asked as an operator would ask (INFO, CLUSTER LINKS, the process table), with a deadline, since a node may be
 * frozen or gone: then there is no sample. Shape: door (tests only).
 */
import { readdirSync } from 'node:fs'
import type { MeshMember } from '../support/mesh-processes.ts'
import type { Reply } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import type { Sample } from './samples.ts'

const ANSWER_MS = 1000
/** What can pile up, by the names INFO gives it, where a node has them. */
const PILES = [
  'mesh_\\w*_(?:parked|queued|pending|in_flight|held)',
  'mesh_waits_\\w+',
  'blocked_clients',
  'connected_clients',
]
const GAUGE = new RegExp(`^(${PILES.join('|')}):(\\d+)\\r?$`, 'gm')
/** Everything of a mesh node that has a limit. */
const LIMITED = /^mesh_(limit_\w+):now=(\d+),/gm

/** Undefined: it does not answer now. */
export async function look(member: MeshMember): Promise<Sample | undefined> {
  if (!member.isRunning) return undefined
  const { server } = member
  let client: RespSocket | undefined
  try {
    client = await member.connect()
    client.command('INFO', 'everything')
    client.command('CLUSTER', 'LINKS')
    client.command('MESH', 'HINTS')
    const [info, links, hints] = await client.take(3, ANSWER_MS)
    if (info === undefined || links === undefined || hints === undefined) return undefined
    const gauges = new Map(
      [GAUGE, LIMITED].flatMap((figure) => {
        return [...String(info.value).matchAll(figure)].map((hit) => [hit[1]!, Number(hit[2])] as const)
      }),
    )
    gauges.set('link_bytes_queued', sumOf(links, 'send-buffer-used'))
    gauges.set('hinted_keys', sumOf(hints, 'count'))
    const handles = readdirSync(`/proc/${server.pid}/fd`).length
    const { residentBytes } = server
    return { life: `${member.name}/${server.pid}`, atMs: performance.now(), residentBytes, handles, gauges }
  } catch {
    return undefined
  } finally {
    client?.destroy()
  }
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
