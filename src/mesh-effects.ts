/**
 * Mesh effects [Machine]: effects on their way out and in: batches to the other owners, their acknowledgements, and this
 * node's replica with the acknowledgements it owes. The part of a mesh node's composition that is about writes.
 */
import type { Pool } from './mesh/pool.ts'
import { type Verbs, verbs } from './mesh/verbs.ts'
import type { Node } from './node.ts'
import { decodeAcknowledgement, encodeExceptions } from './replication/acknowledgement-codec.ts'
import type { Barrier } from './replication/barrier.ts'
import { Batches, type EffectFrame } from './replication/batches.ts'
import type { Refusal } from './replication/received.ts'
import { Replica } from './replication/replica.ts'
import { ByteWriter } from './store/byte-writer.ts'

export interface EffectsPorts {
  monotonicMs(): number
  wallMs(): number
  wake(): void
  pool(): Pool
  /** May this sender's effects on the slot, made under this term, be applied here? */
  mayApply(slot: number, senderId: string, term: number): boolean
  onMissed(peerId: string, bytes: Buffer, length: number): void
  onRefused(peerId: string, refusal: Refusal): void
  onDoubt(barriers: readonly Barrier[], bytes: Buffer, length: number, deadlineMs: number): void
  pull(owner: string, database: number, key: Buffer): void
  noteTerm(slot: number, term: number): boolean
  isWhole(slot: number): boolean
}

export class MeshEffects {
  readonly batches: Batches
  readonly replica: Replica
  readonly #ports: EffectsPorts
  readonly #exceptions = new ByteWriter()
  readonly #owed = new Set<string>()

  constructor(node: Node, ports: EffectsPorts) {
    this.#ports = ports
    this.batches = new Batches({
      monotonicMs: () => ports.monotonicMs(),
      sendEffects: (peerId, frame) => this.#send(peerId, frame),
      onRefused: (peerId, refusal) => ports.onRefused(peerId, refusal),
      onMissed: (peerId, bytes, length) => ports.onMissed(peerId, bytes, length),
      onDoubt: (barriers, bytes, length, deadlineMs) => ports.onDoubt(barriers, bytes, length, deadlineMs),
      wake: () => ports.wake(),
    })
    this.replica = new Replica(node.space, node.replay, {
      pull: (owner, _slot, database, key) => ports.pull(owner, database, key),
      noteTerm: (slot, term) => ports.noteTerm(slot, term),
      acknowledge: (sender) => this.#owe(sender),
      isWhole: (slot) => ports.isWhole(slot),
      isFull: () => node.eviction.isOverCeiling(),
    })
    node.effects.route = this.batches
  }

  bind(table: Verbs): void {
    table.bind('effects', (from, arrival) => {
      const [number, previous, floor] = arrival.fields as [number, number, number]
      const sender = from.peer.id
      const mayAct = (slot: number, term: number): boolean => this.#ports.mayApply(slot, sender, term)
      const batch = { sender, number, previous, floor, bytes: arrival.body }
      this.replica.onEffects(batch, mayAct, this.#ports.wallMs())
      this.#owe(sender)
    })
    table.bind('acknowledge', (from, { bytes, end, fields, start }) => {
      const acknowledgement = decodeAcknowledgement(fields[0] as number, bytes, start, end)
      if (acknowledgement !== undefined) this.batches.onAcknowledged(from.peer.id, acknowledgement)
    })
  }

  /** At the end of a round. */
  flush(): void {
    this.batches.flush()
    for (const sender of this.#owed) this.#acknowledge(sender)
    this.#owed.clear()
  }

  #send(peerId: string, { bytes, floor, length, number, previous }: EffectFrame): boolean {
    const link = this.#ports.pool().to(peerId)
    return link?.send(verbs.effects, [number, previous, floor], bytes, 0, length) ?? false
  }

  #owe(sender: string): void {
    this.#owed.add(sender)
    this.#ports.wake()
  }

  #acknowledge(sender: string): void {
    const acknowledgement = this.replica.acknowledgementFor(sender)
    encodeExceptions(acknowledgement, this.#exceptions)
    const { bytes, length } = this.#exceptions
    this.#ports.pool().send(sender, verbs.acknowledge, [acknowledgement.upTo], bytes, 0, length)
  }
}
