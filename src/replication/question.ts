/**
 * Question [Machine]: one key that has to be known as well as a quorum (or all) of its owners know it, and what they
 * have said so far. A miss is an answer; "I have not seen all there is" is none.
 *
 *   asking -> somebody has something newer -> pulling -> asking
 *          -> too few hold the newest      -> spreading -> asking
 *          -> known | unavailable
 *
 * Before it is answered the newest must be held by as many owners as were asked for: else the next reader could find
 * an older one (the write-back of Attiya, Bar-Noy and Dolev). It asks nobody itself.
 */
import type { SlottedKey } from './peer-port.ts'
import { supersedes } from './resolve.ts'

export interface OwnersWord {
  readonly peerId: string
  isEntry: boolean
  version: number
  term: number
  /** It has been sent what is newer here, or will be. */
  isTold: boolean
}

/** What is known of the key on this node. */
export interface OwnWord {
  readonly here: 'nothing' | 'entry' | 'tombstone'
  readonly version: number
  readonly term: number
  isOlderThan(version: number, term: number): boolean
  isOverBy(version: number, term: number): boolean
}

export type NextStep =
  | { readonly kind: 'wait' | 'known' | 'unavailable' }
  | { readonly kind: 'pull'; readonly from: OwnersWord }
  | { readonly kind: 'spread'; readonly to: readonly OwnersWord[] }

const WAIT: NextStep = { kind: 'wait' }
const KNOWN: NextStep = { kind: 'known' }
const UNAVAILABLE: NextStep = { kind: 'unavailable' }

export class Question {
  readonly name: SlottedKey
  /** Answers of others that make enough with our own. */
  readonly needed: number
  readonly deadlineMs: number
  readonly words: OwnersWord[] = []
  /** Owners that have yet to answer. */
  outstanding: number
  /** Pulls and spreads under way. */
  busy = 0
  isOver = false

  constructor(name: SlottedKey, needed: number, peersCount: number, deadlineMs: number) {
    this.name = name
    this.needed = needed
    this.outstanding = peersCount
    this.deadlineMs = deadlineMs
  }

  /** Everybody has spoken: nothing more will come. */
  get isComplete(): boolean {
    return this.isOver && this.outstanding === 0 && this.busy === 0
  }

  onWord(word: OwnersWord): void {
    this.outstanding--
    this.words.push(word)
  }

  onSilence(): void {
    this.outstanding--
  }

  /** What this owner said cannot be had: it counts as if it had not answered. */
  discount(word: OwnersWord): void {
    const at = this.words.indexOf(word)
    if (at >= 0) this.words.splice(at, 1)
  }

  next(own: OwnWord): NextStep {
    if (this.busy > 0) return WAIT
    const { needed, words } = this
    if (words.length < needed) return words.length + this.outstanding < needed ? UNAVAILABLE : WAIT
    let newest: OwnersWord | undefined
    for (const word of words)
      if (supersedes(word.version, word.term, newest?.version ?? 0, newest?.term ?? 0)) newest = word
    if (newest !== undefined && own.isOlderThan(newest.version, newest.term))
      return { kind: 'pull', from: newest }
    const over = words.find(({ isEntry, term, version }) => !isEntry && own.isOverBy(version, term))
    if (over !== undefined) return { kind: 'pull', from: over }
    const behind = this.behind(own)
    if (words.length - behind.length >= needed) return KNOWN
    const untold = behind.filter(({ isTold }) => !isTold)
    if (untold.length > 0) return { kind: 'spread', to: untold }
    return words.length - behind.length + this.outstanding < needed ? UNAVAILABLE : WAIT
  }

  /** Those who have something older than what is here, or take for there what is over. Knowing nothing of a key that was removed is no fault. */
  behind(own: OwnWord): OwnersWord[] {
    return this.words.filter(({ isEntry, term, version }) => {
      if (version === own.version && term === own.term) return isEntry && own.here === 'tombstone'
      return own.here === 'entry' || isEntry
    })
  }
}
