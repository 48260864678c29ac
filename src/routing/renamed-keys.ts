/**
 * Renamed keys [Machine]: RENAME and RENAMENX from one node to another: the value is stored under its new key, then, when
 * the old one has not changed meanwhile, that is removed. When it has, its new value follows.
 *
 * Others may see the value under both keys for a moment, and never under neither. When the removal is not known to have
 * come about, the outcome is open (-TIMEOUT) and the value may stay under both.
 */
import { askPart } from './asked-part.ts'
import type { ClientErrand } from './client-errand.ts'
import { ABSENT, ANY, STORE } from './distant-writes.ts'
import type { KeyEvent } from './bench.ts'
import { isError, isNil, textOf } from './joined-replies.ts'
import { BROUGHT_BYTES_MAX, TOO_LARGE } from './named-keys.ts'
import { bringSources, type SourcesParts } from './sources.ts'

const TRIES_MAX = 8
const KEPT = Buffer.from(':0\r\n', 'latin1')
export const AT_BOTH =
  'TIMEOUT moved, but its removal from where it was is not confirmed: it may be in both places'

export class RenamedKey {
  readonly #parts: SourcesParts
  readonly #errand: ClientErrand
  /** What must hold for the new key to be written. */
  #condition: string
  #tries = 0

  constructor(parts: SourcesParts, errand: ClientErrand) {
    this.#parts = parts
    this.#errand = errand
    this.#condition = errand.row.name === 'renamenx' ? ABSENT : ANY
    this.#begin()
  }

  #begin(): void {
    const errand = this.#errand
    if (this.#tries++ === TRIES_MAX) return errand.refuse(AT_BOTH)
    const [source] = errand.keys
    bringSources(this.#parts, errand, [source!], (error, entries) => {
      if (error === undefined) this.#store(entries)
      else if (this.#tries > 1) errand.refuse(AT_BOTH)
      else errand.reply(error)
    })
  }

  #store(entries: readonly Buffer[]): void {
    const { bench } = this.#parts
    const { args, database, protocol, row } = this.#errand
    const [source, target] = [this.#errand.keyAt(0), this.#errand.keyAt(1)]
    const standing = bench.standingOf(entries, source)
    const reply = bench.run({ row, args, entries, database, protocol })
    const entry = bench.entryOf(target)
    const events = [bench.eventsOf(source), bench.eventsOf(target)] as const
    bench.clear()
    if (isError(reply)) return this.#gone(reply)
    if (entry.length > BROUGHT_BYTES_MAX) return this.#errand.refuse(TOO_LARGE)
    this.#write(target.key, this.#condition, entry, events[1], (outcome) => {
      if (isError(outcome)) this.#errand.reply(outcome)
      else if (!isNil(outcome)) this.#remove(source.key, standing, events[0], textOf(outcome), reply)
      else if (this.#tries > 1) this.#errand.refuse(AT_BOTH)
      else this.#errand.reply(KEPT)
    })
  }

  /** There is nothing under the old key. After the first time somebody else has removed what is under the new one by now. */
  #gone(reply: Buffer): void {
    const isRenamed = this.#tries > 1
    const { row } = this.#errand
    if (!isRenamed) this.#errand.reply(reply)
    else this.#errand.reply(Buffer.from(row.name === 'rename' ? '+OK\r\n' : ':1\r\n', 'latin1'))
  }

  #remove(
    source: Buffer,
    standing: string,
    events: readonly KeyEvent[],
    stored: string,
    reply: Buffer,
  ): void {
    this.#write(source, standing, Buffer.alloc(0), events, (outcome) => {
      if (isError(outcome)) return this.#errand.refuse(AT_BOTH)
      if (!isNil(outcome)) return this.#errand.reply(reply)
      if (this.#condition !== ANY) this.#condition = stored
      this.#begin()
    })
  }

  #write(
    key: Buffer,
    condition: string,
    entry: Buffer,
    events: readonly KeyEvent[],
    replied: (outcome: Buffer) => void,
  ): void {
    const words = [STORE, key, condition, entry]
    for (const { eventClass, name } of events) words.push(String(eventClass), name)
    askPart(this.#parts, this.#errand, true, key, words, replied)
  }
}
