/**
 * Idle writes [Machine]: commands that would have written and found nothing to do, SREM of what is not there or SET NX of
 * what is. Their reply tells how the key stands, so it must not leave before that lasts:
 *
 *   SREM s x -> 1, on its way to the owners          SREM s x -> 0: x is gone, says the write before
 *               (they may never get it)                         -> held back until a quorum is known to have that write
 *
 * In slots where nothing is unconfirmed, which is nearly always, nobody waits. It knows no replies.
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Barrier } from '../replication/barrier.ts'
import type { Batches } from '../replication/batches.ts'
import type { Doubts } from '../replication/doubts.ts'
import type { SlottedKey } from '../replication/peer-port.ts'
import type { Session } from '../session/session.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { RequestKeys } from './request-keys.ts'

export interface IdleWritesParts {
  readonly space: Keyspace
  readonly call: Call
  readonly batches: Batches
  readonly doubts: Pick<Doubts, 'openKeys'>
}

export class IdleWrites {
  readonly #space: Keyspace
  readonly #batches: Batches
  readonly #doubts: Pick<Doubts, 'openKeys'>
  readonly #keys: RequestKeys
  /** Of the requests since the last join: their keys in slots that are not sure. */
  #noted: SlottedKey[] = []

  constructor(parts: IdleWritesParts) {
    this.#space = parts.space
    this.#batches = parts.batches
    this.#doubts = parts.doubts
    this.#keys = new RequestKeys(parts.space, parts.call)
  }

  get hasNoted(): boolean {
    return this.#noted.length > 0
  }

  note(session: Session, row: CommandRow, args: Args): void {
    const keys = this.#keys
    keys.read(row, args)
    for (let i = 0; i < keys.count; i++) {
      const slot = keys.slots[i]!
      if (this.#batches.unsure.isSure(slot)) continue
      const at = keys.positions[i]!
      const key = Buffer.from(args.bytes.subarray(args.starts[at]!, args.ends[at]!))
      this.#noted.push({ database: this.#space.databaseMap[session.database]!, key, slot })
    }
  }

  /** The barrier stands for what was noted since. */
  join(barrier: Barrier, nowMs: number): void {
    if (this.#noted.length === 0) return
    this.#doubts.openKeys(barrier, this.#noted, nowMs + this.#batches.limits.confirmMs)
    this.#noted = []
  }

  forget(): void {
    if (this.#noted.length > 0) this.#noted = []
  }
}
