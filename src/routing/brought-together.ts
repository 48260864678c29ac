/**
 * Brought together [Machine]: reads over keys of several nodes that cannot be split (SINTER, ZUNION, LCS and their
 * like). The whole entries are fetched from the nodes that act for them, and the command runs on a bench of its own.
 *
 * Each entry is as its node had it when it was asked; the entries together are of no single moment. It is made for
 * values that fit a frame.
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { keepArgs } from '../session/kept-args.ts'
import type { Session } from '../session/session.ts'
import type { Bench } from './bench.ts'
import { ENTRIES } from './distant-requests.ts'
import { mannersByte } from './forward-body.ts'
import { HeldPlace } from './held-place.ts'
import type { KeyQuestionParts } from './key-question.ts'
import { bringAll } from './named-keys.ts'
import type { RequestKeys } from './request-keys.ts'

export interface BroughtTogetherParts extends KeyQuestionParts {
  readonly bench: Bench
}

export class BroughtTogether {
  readonly #parts: BroughtTogetherParts

  constructor(parts: BroughtTogetherParts) {
    this.#parts = parts
  }

  read(session: Session, row: CommandRow, args: Args, requestKeys: RequestKeys): void {
    const { bench } = this.#parts
    const place = new HeldPlace(session)
    const { database, protocol } = session
    const kept = keepArgs(args)
    const names = new Set(requestKeys.positions.map((i) => args.text(i)))
    const keys = [...names].map((name) => Buffer.from(name, 'latin1'))
    const question = { name: ENTRIES, keys, database, manners: mannersByte(session) }
    const work = { row, args: kept, database, protocol }
    // Who asks twice must not be overtaken in between.
    if (row.namedByValues !== undefined) place.hold()
    const asked = bringAll(this.#parts, question, work, (error, entries) => {
      if (error !== undefined) return place.fill(error)
      place.fill(bench.run({ ...work, entries }))
      bench.clear()
    })
    if (asked.isWaiting) place.hold()
  }
}
