/*
 * The differential fuzzer: the same random commands to the real server and to ours, every reply compared,
 * then everything that is stored (table B-3).
 *
 * The idea: a sequence is made from its own seed and starts from nothing, so it can be run alone. Many
 * sequences go in one write. A sequence that differs is run alone again and made smaller, command by
 * command, for as long as it still differs. Shape: machine (tests only).
 */
import { type Comparison, difference, EXACT } from '../support/comparison.ts'
import { Prng, seedOf } from '../support/prng.ts'
import { type Argument, encodeRequest, type Reply, showCommand } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { ALLOWED } from './allowed.ts'
import { KEYS_STORED, LEX_KEYS } from './generators.ts'
import { GRAMMAR, type Row } from './grammar.ts'

export interface Command {
  readonly argv: readonly Argument[]
  readonly comparison: Comparison
}

export interface Finding {
  readonly seed: number
  readonly protocol: 2 | 3
  readonly commands: readonly Command[]
  readonly text: string
}

const COMMANDS_MIN = 20
const COMMANDS_MAX = 60
const MUTATION_CHANCE = 0.03

/**
 * Set on both servers: encoding limits low enough for short sequences to cross them, and a clock that
 * ticks often, because redis-server notices the end of a wait only when it ticks.
 */
export const DIRECTIVES: readonly (readonly [name: string, value: string])[] = [
  ['hz', '500'],
  ['hash-max-listpack-entries', '8'],
  ['hash-max-listpack-value', '16'],
  ['set-max-intset-entries', '8'],
  ['zset-max-listpack-entries', '8'],
  ['zset-max-listpack-value', '16'],
  ['list-max-listpack-size', '4'],
]

/**
 * SORT of redis-server fails when an earlier command, of whatever client, left ERANGE in errno: it does not clear it
 * before strtod. This one changes nothing and clears it.
 */
const FORGET_RANGE_ERROR: Command = { argv: ['ZADD', 'no-such-key', 'XX', '1', 'm'], comparison: EXACT }

const totalWeight = GRAMMAR.reduce((sum, row) => sum + row.weight, 0)

function pickRow(random: Prng): Row {
  let left = random.fraction() * totalWeight
  for (const row of GRAMMAR) {
    left -= row.weight
    if (left < 0) return row
  }
  return GRAMMAR.at(-1)!
}

/** The commands of one sequence: a pure function of its seed. */
export function sequenceOf(seed: number): Command[] {
  const random = new Prng(seed)
  const commands: Command[] = []
  for (let left = random.between(COMMANDS_MIN, COMMANDS_MAX); left > 0; left--) {
    const row = pickRow(random)
    const argv = row.template.draw(random)
    if (/^SORT/.test(String(argv[0]))) commands.push(FORGET_RANGE_ERROR)
    const isMutated = random.chance(MUTATION_CHANCE) && isBreakable(argv, row.comparison)
    commands.push({ argv: isMutated ? mutate(argv, random) : argv, comparison: row.comparison })
  }
  return commands
}

/** A random choice must not come to decide what is stored, and nothing may come to wait for ever. */
function isBreakable(argv: readonly Argument[], comparison: Comparison): boolean {
  const name = String(argv[0])
  const isLex = LEX_KEYS.includes(String(argv[1]))
  return comparison.how === 'exact' && !isLex && name !== 'SPOP' && !/^B[LRZ]/.test(name)
}

const JUNK: readonly Argument[] = [
  '',
  '0',
  '-1',
  'NX',
  'x',
  'LIMIT',
  'COUNT',
  '\x00',
  '99999999999999999999',
  'GET',
]

/** Breaks the rest of the command: wrong number of arguments, wrong options, wrong order. */
function mutate(argv: readonly Argument[], random: Prng): Argument[] {
  const broken = [...argv]
  const at = random.between(1, broken.length)
  const how = random.below(4)
  if (how === 0) broken.splice(at, 1)
  else if (how === 1) broken.splice(at, 0, random.pick(JUNK))
  else if (how === 2 && at < broken.length) broken[at] = random.pick(JUNK)
  else broken.push(broken[at] ?? random.pick(JUNK))
  return broken
}

/** From nothing, whatever came before. The replies are compared too, except HELLO's. */
function opening(protocol: 2 | 3): Command[] {
  return [
    { argv: ['DISCARD'], comparison: { how: 'ignore' } },
    { argv: ['UNWATCH'], comparison: EXACT },
    { argv: ['HELLO', String(protocol)], comparison: { how: 'type' } },
    { argv: ['SELECT', '0'], comparison: EXACT },
    { argv: ['FLUSHALL'], comparison: EXACT },
  ]
}

/** Everything stored, read back. Commands that do not fit the type answer the same error on both. */
function closing(): Command[] {
  const commands: Command[] = [
    { argv: ['DISCARD'], comparison: EXACT },
    { argv: ['DBSIZE'], comparison: EXACT },
    { argv: ['KEYS', '*'], comparison: { how: 'unordered' } },
  ]
  for (const key of KEYS_STORED) {
    commands.push(
      { argv: ['TYPE', key], comparison: EXACT },
      { argv: ['OBJECT', 'ENCODING', key], comparison: EXACT },
      { argv: ['PTTL', key], comparison: { how: 'near', tolerance: 5000 } },
      { argv: ['GET', key], comparison: EXACT },
      { argv: ['LRANGE', key, '0', '-1'], comparison: EXACT },
      { argv: ['HGETALL', key], comparison: { how: 'pairs' } },
      { argv: ['SMEMBERS', key], comparison: { how: 'unordered' } },
      { argv: ['ZRANGE', key, '0', '-1', 'WITHSCORES'], comparison: EXACT },
    )
  }
  commands.push({ argv: ['SELECT', '1'], comparison: EXACT }, { argv: ['DBSIZE'], comparison: EXACT })
  return commands
}

export function encode(commands: readonly Command[]): Buffer {
  return Buffer.concat(commands.map((command) => encodeRequest(command.argv)))
}

/** The first difference in a run of replies, told with its command; undefined when there is none. */
export function compareReplies(
  commands: readonly Command[],
  ours: readonly Reply[],
  theirs: readonly Reply[],
): string | undefined {
  let queued: Command[] = []
  for (const [at, command] of commands.entries()) {
    const [mine, other] = [ours[at], theirs[at]]
    if (mine === undefined || other === undefined) {
      return mine === other
        ? undefined
        : `${showCommand(command.argv)}\n  no answer from ${mine === undefined ? 'ours' : 'theirs'}`
    }
    const isExec = /^exec$/i.test(String(command.argv[0])) && typeof mine.value !== 'string'
    const found = isExec ? compareExec(queued, mine, other) : differs(command, mine, other)
    if (found !== undefined) return `${showCommand(command.argv)}   (command ${at + 1})\n  ${found}`
    if (other.type === 'status' && other.value === 'QUEUED') queued.push(command)
    else if (/^(exec|discard)$/i.test(String(command.argv[0]))) queued = []
  }
  return undefined
}

function compareExec(queued: readonly Command[], ours: Reply, theirs: Reply): string | undefined {
  if (ours.type !== theirs.type || ours.value.length !== theirs.value.length) return difference(ours, theirs)
  for (const [at, command] of queued.entries()) {
    const found = differs(command, ours.value[at] as Reply, theirs.value[at] as Reply)
    if (found !== undefined) return `queued: ${showCommand(command.argv)}\n  ${found}`
  }
  return undefined
}

function differs(command: Command, ours: Reply, theirs: Reply): string | undefined {
  const isQueued = ours.value === 'QUEUED' || theirs.value === 'QUEUED'
  const found = difference(ours, theirs, isQueued ? EXACT : command.comparison)
  if (found === undefined) return undefined
  return ALLOWED.some((one) => one.covers(command.argv, ours, theirs)) ? undefined : found
}

export class Differential {
  private readonly ours: RespSocket
  private readonly theirs: RespSocket

  constructor(ours: RespSocket, theirs: RespSocket) {
    this.ours = ours
    this.theirs = theirs
  }

  async prepare(): Promise<void> {
    for (const socket of [this.ours, this.theirs]) {
      for (const [name, value] of DIRECTIVES) {
        const reply = await socket.call('CONFIG', 'SET', name, value)
        if (reply.type !== 'status') throw new Error(`CONFIG SET ${name}: ${String(reply.value)}`)
      }
    }
  }

  /** Runs sequences [first, last) in one write; answers the first that differs, made small. */
  async runBatch(seedOfAll: number, first: number, last: number): Promise<Finding | undefined> {
    const sequences: { seed: number; protocol: 2 | 3; commands: Command[]; whole: Command[] }[] = []
    for (let index = first; index < last; index++) {
      const seed = seedOf(seedOfAll, index)
      const protocol = index % 2 === 0 ? 2 : 3
      const commands = sequenceOf(seed)
      sequences.push({ seed, protocol, commands, whole: [...opening(protocol), ...commands, ...closing()] })
    }
    const [ours, theirs] = await this.exchange(sequences.flatMap((sequence) => sequence.whole))
    let at = 0
    for (const { seed, protocol, commands, whole } of sequences) {
      const end = at + whole.length
      const text = compareReplies(whole, ours.slice(at, end), theirs.slice(at, end))
      if (text !== undefined) return this.shrink({ seed, protocol, commands, text })
      at = end
    }
    return undefined
  }

  /** Runs one list of commands from nothing: what differs, or undefined. */
  async runAlone(commands: readonly Command[], protocol: 2 | 3): Promise<string | undefined> {
    const whole = [...opening(protocol), ...commands, ...closing()]
    const [ours, theirs] = await this.exchange(whole)
    return compareReplies(whole, ours, theirs)
  }

  private async exchange(commands: readonly Command[]): Promise<[Reply[], Reply[]]> {
    const bytes = encode(commands)
    this.ours.send(bytes)
    this.theirs.send(bytes)
    return Promise.all([this.ours.take(commands.length), this.theirs.take(commands.length)])
  }

  /** Leaves commands out, halves first, then one by one, for as long as what is left still differs. */
  private async shrink(found: Finding): Promise<Finding> {
    let { commands, text } = found
    const again = await this.runAlone(commands, found.protocol)
    if (again === undefined) return { ...found, text: `${text}\n  (not seen again when run alone)` }
    for (let size = Math.ceil(commands.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < commands.length; ) {
        const fewer = [...commands.slice(0, at), ...commands.slice(at + size)]
        const still = await this.runAlone(fewer, found.protocol)
        if (still === undefined) at += size
        else {
          commands = fewer
          text = still
        }
        if (this.ours.isClosed || this.theirs.isClosed) return { ...found, commands, text }
      }
    }
    return { ...found, commands, text }
  }
}

/** A finding as a person wants to read it: paste the lines into redis-cli. */
export function report(found: Finding): string {
  const lines = found.commands.map((command) => `    ${showCommand(command.argv)}`)
  return `sequence ${found.seed} (RESP${found.protocol})\n  ${found.text}\n  smallest sequence that differs:\n${lines.join('\n')}`
}
