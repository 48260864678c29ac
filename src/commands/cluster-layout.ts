/**
 * Cluster layout [Rule]: the mesh told as Redis Cluster tells it, where a node is a primary with its slots or the
 * replica of one primary. Here every node may be both, slot by slot: who is primary anywhere is told as a primary;
 * who only keeps copies, as the replica of the first primary it keeps any for.
 */
import type { MeshFace, MeshNode } from '../session/mesh-face.ts'
import type { Session } from '../session/session.ts'

export interface Part {
  readonly node: MeshNode
  /** The slots it is primary of: first, last, first, last ...; ranges that touch are one. */
  readonly slots: number[]
  /** The nodes that keep copies of any of these, as indices. */
  readonly replicas: number[]
  /** The primary it is told to be a replica of, as an index; NOBODY for a primary and for who keeps nothing. */
  followed: number
}

export const NOBODY = -1

/** One part a node, in the order of `mesh.nodes()`. */
export function layoutOf(mesh: MeshFace): Part[] {
  const parts = mesh.nodes().map((node): Part => ({ node, slots: [], replicas: [], followed: NOBODY }))
  for (const { first, last, owners } of mesh.ranges()) {
    const primary = owners[0]
    if (primary === undefined) continue
    const { slots, replicas } = parts[primary]!
    if (slots.at(-1) === first - 1) slots[slots.length - 1] = last
    else slots.push(first, last)
    for (const owner of owners) {
      if (owner === primary) continue
      if (!replicas.includes(owner)) replicas.push(owner)
      if (parts[owner]!.followed === NOBODY) parts[owner]!.followed = primary
    }
  }
  for (const part of parts) if (part.slots.length > 0) part.followed = NOBODY
  return parts
}

/** Known, but without a place among the others yet: clients shall not talk to it. */
export function isNewcomer(part: Part): boolean {
  const { node, slots, followed } = part
  return node.status === 'joining' && !node.isSelf && slots.length === 0 && followed === NOBODY
}

/** Where the client of this session reaches the node. */
export function hostOf(node: MeshNode, session: Session): string {
  if (node.host !== '') return node.host
  const { localAddress } = session.link
  return localAddress.slice(0, localAddress.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}
