/**
 * Slow log [Machine]: the latest requests that took longer than a threshold, shortened to what a person reads, as
 * SLOWLOG GET shows them. Numbers of entries go up for as long as the node lives, also over a reset.
 *
 * The common case, a request below the threshold, costs two comparisons. Passwords never get in. Knows no replies.
 */
import type { Args } from '../../resp/index.ts'
import { isSecretArgument, REDACTED } from './secret-arguments.ts'
import type { Session } from './session.ts'

const WORDS_MAX = 32
const WORD_BYTES_MAX = 128
/** Below this a threshold is about commands so cheap that they are otherwise not timed one by one. */
const CHEAP_US = 1000

export interface SlowLogEntry {
  readonly id: number
  readonly unixSeconds: number
  readonly elapsedUs: number
  /** latin1: one character a byte. */
  readonly words: readonly string[]
  readonly address: string
  readonly clientName: string
}

export class SlowLog {
  /** Negative: nothing is logged; 0: everything is. */
  thresholdUs = 10_000
  entriesMax = 128
  readonly #entries = new Map<number, SlowLogEntry>()
  #oldestId = 0
  #nextId = 0

  get length(): number {
    return this.#entries.size
  }

  /** Is the threshold so low that even the cheapest commands have to be timed one by one? */
  get wantsCheapCommands(): boolean {
    return this.thresholdUs >= 0 && this.thresholdUs < CHEAP_US
  }

  consider(elapsedUs: number, session: Session, args: Args, nowMs: number): void {
    if (this.thresholdUs < 0 || elapsedUs < this.thresholdUs) return
    const id = this.#nextId++
    this.#entries.set(id, {
      id,
      unixSeconds: Math.floor(nowMs / 1000),
      elapsedUs: Math.floor(elapsedUs),
      words: shortened(args),
      address: session.link.remoteAddress,
      clientName: session.name,
    })
    while (this.#entries.size > this.entriesMax) this.#entries.delete(this.#oldestId++)
  }

  /** At most `count`, newest first. */
  latest(count: number): SlowLogEntry[] {
    const found: SlowLogEntry[] = []
    for (let id = this.#nextId - 1; id >= this.#oldestId && found.length < count; id--) {
      found.push(this.#entries.get(id)!)
    }
    return found
  }

  reset(): void {
    this.#entries.clear()
    this.#oldestId = this.#nextId
  }
}

function shortened(args: Args): string[] {
  const words: string[] = []
  const isCut = args.count > WORDS_MAX
  const shown = isCut ? WORDS_MAX - 1 : args.count
  for (let i = 0; i < shown; i++) words.push(isSecretArgument(args, i) ? REDACTED : shortWord(args, i))
  if (isCut) words.push(`... (${args.count - shown} more arguments)`)
  return words
}

function shortWord(args: Args, i: number): string {
  const length = args.length(i)
  if (length <= WORD_BYTES_MAX) return args.text(i)
  const start = args.starts[i]!
  const head = args.bytes.toString('latin1', start, start + WORD_BYTES_MAX)
  return `${head}... (${length - WORD_BYTES_MAX} more bytes)`
}
