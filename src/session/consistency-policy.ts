/**
 * Consistency policy [Machine]: the levels a request works at because of the keys it names: the first rule whose pattern
 * matches, else the node's own. Several keys work at the strictest of their levels. A connection that has chosen its
 * levels itself keeps them. Nobody asks it while there are no rules.
 */
import type { Args } from '../../resp/index.ts'
import type { PolicyRule } from '../config/index.ts'
import { matchesGlob } from '../store/glob.ts'
import { LEVELS } from './consistency.ts'
import type { Level, Session } from './session.ts'

interface Rule {
  readonly pattern: Buffer
  readonly read: number
  readonly write: number
}

export class ConsistencyPolicy {
  readonly #rules: readonly Rule[]
  readonly #read: number
  readonly #write: number

  /** `read` and `write`: the node's own levels. */
  constructor(rules: readonly PolicyRule[], read: Level, write: Level) {
    this.#read = LEVELS.indexOf(read)
    this.#write = LEVELS.indexOf(write)
    this.#rules = rules.map((rule) => ({
      pattern: Buffer.from(rule.pattern, 'latin1'),
      read: rule.read === undefined ? this.#read : LEVELS.indexOf(rule.read),
      write: rule.write === undefined ? this.#write : LEVELS.indexOf(rule.write),
    }))
  }

  /** The session's levels, for a request with these arguments as its keys. */
  use(session: Session, args: Args, positions: readonly number[]): void {
    if (session.hasOwnLevels) return
    let read = -1
    let write = -1
    for (const i of positions) {
      const rule = this.#ruleFor(args.bytes, args.starts[i]!, args.ends[i]!)
      read = Math.max(read, rule?.read ?? this.#read)
      write = Math.max(write, rule?.write ?? this.#write)
    }
    session.readLevel = LEVELS[read === -1 ? this.#read : read]!
    session.writeLevel = LEVELS[write === -1 ? this.#write : write]!
  }

  #ruleFor(bytes: Uint8Array, start: number, end: number): Rule | undefined {
    for (const rule of this.#rules) {
      if (matchesGlob(rule.pattern, 0, rule.pattern.length, bytes, start, end, false)) return rule
    }
    return undefined
  }
}

/** The stricter of two, where the first may not be known yet. */
export function stricter(known: Level | null, other: Level): Level {
  return known === null || LEVELS.indexOf(other) > LEVELS.indexOf(known) ? other : known
}
