/**
 * Idle writes [Machine]: commands that would have written and found nothing to do, SREM of what is not there or SET NX of
 * what is. Their reply tells how the key stands, and nobody confirms it as owners confirm what is written. So it leaves when
 * a quorum is known to have nothing newer, as the reply of a read at that level would:
 *
 *   SREM s x -> 0     x was never there, says this node       -> held back until a quorum says the same: another may
 *                     or it was removed, not yet confirmed       act for the slot by now, unheard of here
 *
 * It knows no replies.
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Barrier } from '../replication/barrier.ts'
import type { Confirming } from '../replication/confirming.ts'
import type { SlottedKey } from '../replication/peer-port.ts'
import type { Session } from '../session/session.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { RequestKeys } from './request-keys.ts'

export interface IdleWritesParts {
  readonly space: Keyspace
  readonly call: Call
  readonly confirming: Pick<Confirming, 'confirm'>
}

/** How a key stood when its command found nothing to do. */
interface Found extends SlottedKey {
  readonly version: number
  readonly term: number
}

export class IdleWrites {
  readonly #space: Keyspace
  readonly #confirming: Pick<Confirming, 'confirm'>
  readonly #keys: RequestKeys
  readonly #standing: Standing
  /** By the requests since the last join. */
  #found: Found[] = []

  constructor(parts: IdleWritesParts) {
    this.#space = parts.space
    this.#confirming = parts.confirming
    this.#keys = new RequestKeys(parts.space, parts.call)
    this.#standing = new Standing(parts.space)
  }

  get hasNoted(): boolean {
    return this.#found.length > 0
  }

  note(session: Session, row: CommandRow, args: Args): void {
    const keys = this.#keys
    keys.read(row, args)
    const database = this.#space.databaseMap[session.database]!
    for (let i = 0; i < keys.count; i++) {
      const at = keys.positions[i]!
      const key = Buffer.from(args.bytes.subarray(args.starts[at]!, args.ends[at]!))
      this.#standing.look(database, key, 0, key.length)
      const { term, version } = this.#standing
      this.#found.push({ database, key, slot: keys.slots[i]!, version, term })
    }
  }

  /** The barrier stands for what was noted since. */
  join(barrier: Barrier): void {
    if (this.#found.length === 0) return
    const found = this.#found
    this.#found = []
    barrier.expectOneMore()
    this.#confirming.confirm(found, barrier.wantsAll ? 'all' : 'quorum', (outcome) => {
      if (outcome === 'ok' && found.every((one) => this.#hasLasted(one))) barrier.onBatchConfirmed()
      else barrier.onBatchFailed()
    })
  }

  forget(): void {
    if (this.#found.length > 0) this.#found = []
  }

  /** Nobody else knew better: what is there else was made here since, and is confirmed on its own account. */
  #hasLasted({ database, key, slot, term, version }: Found): boolean {
    const now = this.#standing
    now.look(database, key, 0, key.length)
    if (now.here === 'nothing' || (now.version === version && now.term === term)) return true
    return now.term === this.#space.terms[slot]
  }
}
