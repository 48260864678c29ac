/**
 * Command row [Data]: a declared command in the one shape the hot path reads: every field present, names made up
 * once, a number for statistics. Impossible declarations are refused here, at start.
 */
import type { Call } from './call.ts'
import {
  BLOCKING,
  type Command,
  FAST,
  type Gather,
  type Group,
  type KeyFinder,
  type KeyRange,
  MOVABLE_KEYS,
  type NamedByValues,
  NO_KEYS,
  NO_MANDATORY_KEYS,
  type Spread,
  WRITE,
} from './command.ts'

export class CommandRow {
  readonly name: string
  readonly upperName: string
  /** `client|list` for sub-commands, the name itself otherwise. */
  readonly fullName: string
  readonly number: number
  readonly arity: number
  readonly flags: number
  readonly keys: KeyRange
  readonly findKeys: KeyFinder | undefined
  readonly namedByValues: NamedByValues | undefined
  readonly group: Group
  readonly categories: readonly string[]
  readonly effect: 'self' | 'declared' | undefined
  readonly spread: Spread | undefined
  readonly gather: Gather | undefined
  /** The argument that says how long to wait, negative from the end; 0: the row does not wait. */
  readonly timeout: number
  readonly run: ((call: Call) => void) | undefined
  readonly serve: ((call: Call) => void) | undefined
  readonly handler: (call: Call) => void
  readonly subrows: Map<string, CommandRow>
  readonly subcommands: readonly CommandRow[]
  readonly summary: string
  readonly since: string
  readonly complexity: string
  readonly syntax: string
  readonly isSelfEffect: boolean
  /** Cheap and constant: timed together with its neighbours of the same kind instead of one by one. */
  readonly isTimedInRuns: boolean

  constructor(command: Command, parent: string | undefined, numbers: { next: number }) {
    this.name = command.name
    this.upperName = command.name.toUpperCase()
    this.fullName = parent === undefined ? command.name : `${parent}|${command.name}`
    this.number = numbers.next++
    this.arity = command.arity
    this.flags = command.flags
    this.keys = command.keys ?? NO_KEYS
    this.findKeys = command.findKeys
    this.namedByValues = command.namedByValues
    this.group = command.group
    this.categories = command.categories ?? []
    this.effect = command.effect
    this.spread = command.spread
    this.gather = command.gather
    this.timeout = command.timeout ?? 0
    this.run = command.run
    this.serve = command.serve
    this.subcommands = (command.subcommands ?? []).map((sub) => new CommandRow(sub, command.name, numbers))
    this.subrows = new Map(this.subcommands.map((sub) => [sub.name, sub]))
    this.summary = command.summary
    this.since = command.since
    this.complexity = command.complexity
    this.syntax = command.syntax
    this.isSelfEffect = command.effect === 'self'
    this.isTimedInRuns = (command.flags & FAST) !== 0 || this.fullName === 'set' || this.fullName === 'mset'
    this.handler = command.run ?? command.serve ?? noHandler
    this.#refuseImpossible()
  }

  #refuseImpossible(): void {
    const refuse = (why: string): never => {
      throw new Error(`command row ${this.fullName}: ${why}`)
    }
    const handlers = (this.run ? 1 : 0) + (this.serve ? 1 : 0)
    if (handlers > 1) refuse('has both run and serve')
    if (handlers === 0 && this.subcommands.length === 0) refuse('has neither handler nor sub-commands')
    if (this.arity === 0) refuse('arity 0 covers no request')
    if (this.summary === '' || this.since === '' || this.complexity === '') refuse('lacks its documentation')
    const hasKeys = this.keys.first > 0 || this.findKeys !== undefined
    const mayHaveNone = this.keys.last === -1 && this.arity === -this.keys.first
    if (this.keys.first > 0 && !mayHaveNone && Math.abs(this.arity) <= this.keys.first)
      refuse('arity does not cover its first key')
    if (this.keys.last > 0 && Math.abs(this.arity) <= this.keys.last)
      refuse('arity does not cover its last key')
    if ((this.flags & WRITE) !== 0 && this.effect === undefined)
      refuse('writes without saying how it travels')
    if ((this.flags & WRITE) !== 0 && !hasKeys && this.spread !== 'all-nodes') refuse('writes without keys')
    if (this.isSelfEffect && (this.keys.first !== 1 || this.keys.last !== 1))
      refuse('effect self needs one key')
    if ((this.flags & MOVABLE_KEYS) !== 0 && this.findKeys === undefined)
      refuse('movable keys without a finder')
    if (((this.flags & BLOCKING) !== 0) !== (this.timeout !== 0)) refuse('waits without saying how long')
    if (this.flags & NO_MANDATORY_KEYS && !hasKeys) refuse('optional keys without a finder')
  }
}

/** A container called without a sub-command: the dispatcher answers arity errors before it comes to this. */
function noHandler(call: Call): void {
  call.reply.error(`ERR wrong number of arguments for '${call.row.name}' command`)
}
