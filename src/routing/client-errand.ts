/**
 * Client errand [Data]: one client's request that is done in several steps at several nodes: on whose behalf, and where
 * its reply goes. Nothing else of the client's runs meanwhile.
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { keepArgs } from '../session/kept-args.ts'
import type { Session } from '../session/session.ts'
import type { BenchKey } from './bench.ts'
import { mannersByte } from './forward-body.ts'
import { HeldPlace } from './held-place.ts'
import { errorReply } from './joined-replies.ts'

export class ClientErrand {
  readonly row: CommandRow
  readonly args: Args
  readonly database: number
  readonly manners: number
  readonly protocol: 2 | 3
  /** Its keys, as they are named. */
  readonly keys: readonly Buffer[]
  readonly #place: HeldPlace

  constructor(session: Session, row: CommandRow, args: Args, positions: readonly number[]) {
    this.row = row
    this.args = keepArgs(args)
    this.database = session.database
    this.manners = mannersByte(session)
    this.protocol = session.protocol
    this.keys = positions.map((i) => args.copy(i))
    this.#place = new HeldPlace(session)
    this.#place.hold()
  }

  keyAt(i: number): BenchKey {
    return { database: this.database, key: this.keys.at(i)! }
  }

  reply(reply: Buffer): void {
    this.#place.fill(reply)
  }

  refuse(error: string): void {
    this.reply(errorReply(error))
  }
}
