/**
 * Connection link [Rule]: a connection (resp/) in the shape sessions know it by. Descriptors are not ours to see;
 * the connection's number stands in for it in CLIENT LIST.
 */
import type { Connection, OutputLimits } from '../../resp/index.ts'
import type { SessionLink } from './session.ts'

interface OutputClasses {
  readonly normal: OutputLimits
  readonly pubsub: OutputLimits
}

type Reason = Parameters<Connection['destroy']>[0]

export class ConnectionLink implements SessionLink {
  readonly connection: Connection
  readonly #limits: OutputClasses

  constructor(connection: Connection, limits: OutputClasses) {
    this.connection = connection
    this.#limits = limits
    connection.outputLimits = limits.normal
  }

  listens(isListening: boolean): void {
    this.connection.outputLimits = isListening ? this.#limits.pubsub : this.#limits.normal
    this.connection.isIdleExempt = isListening
  }

  block(): void {
    this.connection.block()
  }
  unblock(): void {
    this.connection.unblock()
  }
  markDirty(): void {
    this.connection.markDirty()
  }
  openSlot(length?: number): number {
    return length === undefined ? this.connection.openSlot() : this.connection.slots.open(length)
  }
  distanceFrom(slot: number, length: number): number {
    return this.connection.slots.distanceFrom(slot, length)
  }
  fillSlot(slot: number, reply: Buffer): void {
    this.connection.fillSlot(slot, reply)
  }
  fillSpan(slot: number, bytes: Buffer, start: number, end: number): void {
    this.connection.fillSlot(slot, bytes, start, end)
  }
  replaceReplies(slot: number, distances: readonly number[], error: Buffer): void {
    if (!this.connection.isClosed) this.connection.slots.replace(slot, distances, error)
  }
  closeAfterFlush(): void {
    this.connection.closeAfterFlush()
  }
  destroy(reason: string): void {
    this.connection.destroy(reason as Reason)
  }
  get queuedBytes(): number {
    return this.connection.queuedBytes
  }
  get pendingBytes(): number {
    return this.connection.pendingBytes
  }
  get bufferBytes(): number {
    return this.connection.bufferBytes
  }
  get remoteAddress(): string {
    return this.connection.remote
  }
  get localAddress(): string {
    return this.connection.local
  }
  get descriptor(): number {
    return this.connection.id + 7
  }
}
