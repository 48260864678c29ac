/**
 * Cluster slots [Rule]: what CLUSTER answers as lists and maps: SLOTS, range by range; SHARDS, primary by primary;
 * LINKS. Lists of further addresses are empty rather than nil: clients iterate over them.
 */
import type { ReplyWriter } from '../../resp/index.ts'
import type { MeshFace, MeshNode, NodeHealth } from '../session/mesh-face.ts'
import type { Session } from '../session/session.ts'
import { hostOf, isNewcomer, layoutOf, NOBODY, type Part } from './cluster-layout.ts'

export function writeSlots(reply: ReplyWriter, mesh: MeshFace, session: Session): void {
  const nodes = mesh.nodes()
  const ranges = mesh.ranges().filter(({ owners }) => owners.length > 0)
  reply.array(ranges.length)
  for (const { first, last, owners } of ranges) {
    const told = owners.map((owner) => nodes[owner]!).filter((node, rank) => rank === 0 || isReadable(node))
    reply.array(2 + told.length)
    reply.integer(first)
    reply.integer(last)
    for (const node of told) writeEndpoint(reply, node, session)
  }
}

/** As in Redis, clients are not sent to a replica that is gone or has nothing yet. */
function isReadable(node: MeshNode): boolean {
  return node.health !== 'failed' && node.health !== 'loading'
}

function writeEndpoint(reply: ReplyWriter, node: MeshNode, session: Session): void {
  const host = hostOf(node, session)
  const hasOtherName = node.hostname !== '' && node.hostname !== host
  reply.array(4)
  reply.bulkText(host)
  reply.integer(node.port)
  reply.bulkText(node.id)
  reply.map(hasOtherName ? 1 : 0)
  if (!hasOtherName) return
  reply.bulkText('hostname')
  reply.bulkText(node.hostname)
}

/** A shard a primary, also one that has no slots yet. */
export function writeShards(reply: ReplyWriter, mesh: MeshFace, session: Session): void {
  const parts = layoutOf(mesh)
  const primaries = parts.filter((part) => part.followed === NOBODY && !isNewcomer(part))
  reply.array(primaries.length)
  for (const primary of primaries) {
    reply.map(2)
    reply.bulkText('slots')
    reply.array(primary.slots.length)
    for (const slot of primary.slots) reply.integer(slot)
    reply.bulkText('nodes')
    reply.array(1 + primary.replicas.length)
    writeMember(reply, primary, 'master', session)
    for (const replica of primary.replicas) writeMember(reply, parts[replica]!, 'replica', session)
  }
}

/** In the words of Redis 7.0: who is only suspected counts as online. */
const HEALTH_WORDS: Readonly<Record<NodeHealth, string>> = {
  online: 'online',
  suspect: 'online',
  failed: 'fail',
  loading: 'loading',
}

function writeMember(reply: ReplyWriter, { node }: Part, role: 'master' | 'replica', session: Session): void {
  const host = hostOf(node, session)
  const hasName = node.hostname !== ''
  reply.map(hasName ? 8 : 7)
  writeText(reply, 'id', node.id)
  writeInteger(reply, 'port', node.port)
  writeText(reply, 'ip', host)
  writeText(reply, 'endpoint', host)
  if (hasName) writeText(reply, 'hostname', node.hostname)
  writeText(reply, 'role', role)
  writeInteger(reply, 'replication-offset', 0)
  writeText(reply, 'health', HEALTH_WORDS[node.health])
}

export function writeLinks(reply: ReplyWriter, mesh: MeshFace): void {
  const links = mesh.links()
  reply.array(links.length)
  for (const link of links) {
    reply.map(6)
    writeText(reply, 'direction', link.direction)
    writeText(reply, 'node', link.nodeId)
    writeInteger(reply, 'create-time', link.createdMs)
    writeText(reply, 'events', link.events)
    writeInteger(reply, 'send-buffer-allocated', link.sendBufferAllocated)
    writeInteger(reply, 'send-buffer-used', link.sendBufferUsed)
  }
}

function writeText(reply: ReplyWriter, name: string, text: string): void {
  reply.bulkText(name)
  reply.bulkText(text)
}

function writeInteger(reply: ReplyWriter, name: string, value: number): void {
  reply.bulkText(name)
  reply.integer(value)
}
