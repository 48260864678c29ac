/**
 * Peer beliefs [Machine]: what this node holds of each other one, joined from three sources: gossip (alive? what does it
 * say of itself?), links (up? refused?) and whatever arrived from it (when?).
 *
 * A node says of itself in its gossip meta where its clients reach it and whether it is ready: a node that has just
 * begun a life holds what it is sent, but neither acts nor votes before it has caught up. It decides nothing.
 */
import type { MemberRecord } from '../../gossip/index.ts'

export interface NodeSheet {
  readonly clientPort: number
  readonly httpPort: number
  readonly isReady: boolean
  readonly host: string
  readonly name: string
}

const NO_SHEET: NodeSheet = { clientPort: 0, httpPort: 0, isReady: false, host: '', name: '' }

/** Short names: it has to fit into a datagram with the rest of the record. */
export function encodeSheet({ clientPort, host, httpPort, isReady, name }: NodeSheet): Buffer {
  return Buffer.from(JSON.stringify([1, clientPort, httpPort, isReady ? 1 : 0, host, name]), 'utf8')
}

/** Of bytes that are no sheet nothing is believed. */
export function decodeSheet(meta: Uint8Array): NodeSheet {
  try {
    const fields: unknown = JSON.parse(Buffer.from(meta).toString('utf8'))
    if (!Array.isArray(fields) || fields[0] !== 1) return NO_SHEET
    const [, clientPort, httpPort, ready, host, name] = fields as unknown[]
    const isSound =
      isPort(clientPort) && isPort(httpPort) && typeof host === 'string' && typeof name === 'string'
    if (!isSound) return NO_SHEET
    return { clientPort, httpPort, isReady: ready === 1, host, name }
  } catch {
    return NO_SHEET
  }
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65535
}

export interface PeerBelief {
  readonly id: string
  record: MemberRecord
  sheet: NodeSheet
  isAlive: boolean
  isLinkUp: boolean
  /** It has fallen silent, or somebody at its address said that it is gone: true until a link to it is up again. */
  isLost: boolean
  heardMs: number
}

export class PeerBeliefs {
  readonly #byId = new Map<string, PeerBelief>()
  readonly #selfId: string
  readonly #isSelfReady: () => boolean
  readonly #beatMs: (id: string) => number | undefined

  /** `beatMs`: when the last heartbeat of a peer came, by the monotonic clock. */
  constructor(selfId: string, isSelfReady: () => boolean, beatMs: (id: string) => number | undefined) {
    this.#selfId = selfId
    this.#isSelfReady = isSelfReady
    this.#beatMs = beatMs
  }

  get(id: string): PeerBelief | undefined {
    return this.#byId.get(id)
  }

  all(): IterableIterator<PeerBelief> {
    return this.#byId.values()
  }

  /** Gossip's word: alive as this record, or silent. */
  onGossip(record: MemberRecord, isAlive: boolean): void {
    const known = this.#byId.get(record.id)
    const sheet = decodeSheet(record.meta)
    if (known === undefined) {
      const fresh = { isLinkUp: false, isLost: false, heardMs: Number.NEGATIVE_INFINITY }
      this.#byId.set(record.id, { id: record.id, record, sheet, isAlive, ...fresh })
      return
    }
    if (known.record.birth !== record.birth) known.isLost = false
    known.record = record
    known.sheet = sheet
    known.isAlive = isAlive
  }

  forget(id: string): void {
    this.#byId.delete(id)
  }

  onLinkUp(id: string, nowMs: number): void {
    const known = this.#byId.get(id)
    if (known === undefined) return
    known.isLinkUp = true
    known.isLost = false
    known.heardMs = nowMs
  }

  onLinkDown(id: string, isLost: boolean): void {
    const known = this.#byId.get(id)
    if (known === undefined) return
    known.isLinkUp = false
    known.isLost ||= isLost
  }

  onHeard(id: string, nowMs: number): void {
    const known = this.#byId.get(id)
    if (known !== undefined && nowMs > known.heardMs) known.heardMs = nowMs
  }

  mayHold(id: string): boolean {
    if (id === this.#selfId) return true
    const known = this.#byId.get(id)
    return known?.isAlive === true && !known.isLost
  }

  mayAct(id: string): boolean {
    if (id === this.#selfId) return this.#isSelfReady()
    return this.mayHold(id) && this.#byId.get(id)!.sheet.isReady
  }

  heardMs(id: string): number {
    const heardMs = this.#byId.get(id)?.heardMs ?? Number.NEGATIVE_INFINITY
    return Math.max(heardMs, this.#beatMs(id) ?? Number.NEGATIVE_INFINITY)
  }
}
