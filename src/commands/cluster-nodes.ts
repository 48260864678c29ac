/**
 * Cluster nodes [Rule]: what CLUSTER answers as text: a line a node for NODES and REPLICAS, and the fields of INFO,
 * in the order and by the names of Redis 7.0. Epochs, which order claims to slots there, are here the ages of nodes.
 */
import type { MeshFace } from '../session/mesh-face.ts'
import type { Session } from '../session/session.ts'
import { hostOf, isNewcomer, layoutOf, NOBODY, type Part } from './cluster-layout.ts'

export function nodesText(mesh: MeshFace, session: Session): string {
  const parts = layoutOf(mesh)
  return parts.map((part) => `${nodeLine(parts, part, part.followed, session)}\n`).join('')
}

/** The replicas of the node at `primary`; undefined when it is none. */
export function replicaLines(mesh: MeshFace, primary: number, session: Session): string[] | undefined {
  const parts = layoutOf(mesh)
  const { replicas, followed } = parts[primary]!
  if (followed !== NOBODY) return undefined
  return replicas.map((replica) => {
    const copy: Part = { ...parts[replica]!, slots: [] }
    return nodeLine(parts, copy, primary, session)
  })
}

function nodeLine(parts: readonly Part[], part: Part, followed: number, session: Session): string {
  const { node, slots } = part
  const primary = followed === NOBODY ? node : parts[followed]!.node
  const hostname = node.hostname === '' ? '' : `,${node.hostname}`
  const words = [
    node.id,
    `${hostOf(node, session)}:${node.port}@${node.busPort}${hostname}`,
    flagsOf(part, followed),
    followed === NOBODY ? '-' : primary.id,
    node.pingSentMs,
    node.pongReceivedMs,
    primary.upNumber,
    node.isSelf || node.isLinkUp ? 'connected' : 'disconnected',
  ]
  for (let i = 0; i < slots.length; i += 2) {
    words.push(slots[i] === slots[i + 1] ? slots[i]! : `${slots[i]}-${slots[i + 1]}`)
  }
  return words.join(' ')
}

function flagsOf(part: Part, followed: number): string {
  const flags: string[] = []
  if (part.node.isSelf) flags.push('myself')
  if (isNewcomer(part)) flags.push('handshake')
  else flags.push(followed === NOBODY ? 'master' : 'slave')
  if (part.node.health === 'suspect') flags.push('fail?')
  if (part.node.health === 'failed') flags.push('fail')
  return flags.join(',')
}

export function infoText(mesh: MeshFace): string {
  const nodes = mesh.nodes()
  const primaries = new Set<number>()
  let slotsAssigned = 0
  for (const { first, last, owners } of mesh.ranges()) {
    if (owners.length === 0) continue
    primaries.add(owners[0]!)
    slotsAssigned += last - first + 1
  }
  const lines = [
    `cluster_state:${mesh.state}`,
    `cluster_slots_assigned:${slotsAssigned}`,
    `cluster_slots_ok:${mesh.slotsServed}`,
    `cluster_slots_pfail:${mesh.slotsSuspect}`,
    `cluster_slots_fail:${mesh.slotsFailed}`,
    `cluster_known_nodes:${nodes.length}`,
    `cluster_size:${primaries.size}`,
    `cluster_current_epoch:${mesh.epoch}`,
    `cluster_my_epoch:${nodes.find((node) => node.isSelf)?.upNumber ?? 0}`,
    ...handOffLines(mesh),
    ...messageLines(mesh, 'sent'),
    ...messageLines(mesh, 'received'),
    'total_cluster_links_buffer_limit_exceeded:0',
  ]
  return lines.map((line) => `${line}\r\n`).join('')
}

/** Redis Cluster has no such lines; they stand there only while slots change hands. */
function handOffLines(mesh: MeshFace): string[] {
  const { figures, state } = mesh.handOff()
  if (state === 'idle') return []
  const shown = ['slots-planned', 'slots-done', 'keys', 'keys-per-second', 'eta-ms', 'slots-handing-over']
  const lines = figures.filter(([name]) => shown.includes(name))
  return [
    `cluster_rebalance_state:${state}`,
    ...lines.map(([name, value]) => `cluster_rebalance_${name.replaceAll('-', '_')}:${value}`),
  ]
}

/** Kinds that never occurred have no line; the total always has one. */
function messageLines(mesh: MeshFace, direction: 'sent' | 'received'): string[] {
  let total = 0
  const lines: string[] = []
  for (const counts of mesh.messageCounts()) {
    const count = counts[direction]
    if (count > 0) lines.push(`cluster_stats_messages_${counts.kind}_${direction}:${count}`)
    total += count
  }
  return [...lines, `cluster_stats_messages_${direction}:${total}`]
}
