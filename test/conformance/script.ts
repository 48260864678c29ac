/*
 * The language of the conformance scripts: what is run, never what is expected.
 *
 * The idea: a case is a sentence and a list of commands; the real server says what is right. A command is
 * a line split as redis-cli splits it (quotes, \n, \xHH), or a list of arguments. `c2> ...` runs it on a
 * second connection without waiting for the answer; `await c2` takes that answer (else it is taken at the
 * end); `close c2` hangs up; an argument `@c2` is the id of that connection. Wrappers say what may differ: unordered('SMEMBERS s'). Shape: data and rule.
 */
import type { Comparison } from '../support/comparison.ts'
import { EXACT } from '../support/comparison.ts'
import type { Argument } from '../support/reply.ts'

export interface Case {
  readonly name: string
  readonly run: readonly Step[]
  /** Directives for this case only; set on both servers before it, put back afterwards. */
  readonly config?: Readonly<Record<string, string>>
  /** Only this protocol, for cases about the protocol itself (the script sends its own HELLO). */
  readonly protocol?: 2 | 3
}

export type Command = string | readonly Argument[]
export type Step = Command | Compared

export interface Compared {
  readonly command: Command
  readonly comparison: Comparison
  readonly client?: string
}

export const unordered = (command: Command): Compared => ({ command, comparison: { how: 'unordered' } })
export const pairs = (command: Command): Compared => ({ command, comparison: { how: 'pairs' } })
export const scan = (command: Command): Compared => ({ command, comparison: { how: 'scan' } })
export const scanPairs = (command: Command): Compared => ({ command, comparison: { how: 'scan-pairs' } })
export const typeOnly = (command: Command): Compared => ({ command, comparison: { how: 'type' } })
export const shape = (command: Command): Compared => ({ command, comparison: { how: 'shape' } })
export const masked = (command: Command): Compared => ({ command, comparison: { how: 'masked' } })
export const errorCode = (command: Command): Compared => ({ command, comparison: { how: 'error-code' } })
export const ignore = (command: Command): Compared => ({ command, comparison: { how: 'ignore' } })
export const near = (command: Command, tolerance: number): Compared => ({
  command,
  comparison: { how: 'near', tolerance },
})
export const round = (command: Command, digits: number): Compared => ({
  command,
  comparison: { how: 'round', digits },
})
export const head = (command: Command, count: number): Compared => ({
  command,
  comparison: { how: 'head', count },
})
export const fields = (command: Command, ...names: string[]): Compared => ({
  command,
  comparison: { how: 'fields', fields: names },
})
/** Runs a list-of-arguments command on another connection. */
export const on = (client: string, command: Command): Compared => ({ command, comparison: EXACT, client })

/** A step, ready to run: send a command, take the next answer of a connection, or hang it up. */
export interface Action {
  readonly kind: 'send' | 'await' | 'close'
  readonly client: string
  readonly argv: readonly Argument[]
  readonly comparison: Comparison
}

export const MAIN = 'c1'

/** Reads a step. Throws on a line with unbalanced quotes: a script is our own code. */
export function actionOf(step: Step): Action {
  const isBare = typeof step === 'string' || Array.isArray(step)
  const { command, comparison, client } = isBare
    ? { command: step as Command, comparison: EXACT, client: MAIN }
    : { client: MAIN, ...(step as Compared) }
  if (typeof command !== 'string') return { kind: 'send', client, argv: command, comparison }
  const other = /^(await|close) (c\d)$/.exec(command)
  if (other !== null) return { kind: other[1] as 'await' | 'close', client: other[2]!, argv: [], comparison }
  const elsewhere = /^(c\d)> ?(.*)$/s.exec(command)
  const line = elsewhere === null ? command : elsewhere[2]!
  return { kind: 'send', client: elsewhere?.[1] ?? client, argv: splitLine(line), comparison }
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }

/** Splits a line as redis-cli does (sdssplitargs). */
export function splitLine(line: string): string[] {
  const words: string[] = []
  let at = 0
  while (at < line.length) {
    while (line[at] === ' ') at++
    if (at >= line.length) break
    let word = ''
    while (at < line.length && line[at] !== ' ') {
      const char = line[at++]!
      if (char !== '"' && char !== "'") {
        word += char
        continue
      }
      while (line[at] !== char) {
        if (at >= line.length) throw new Error(`unbalanced quotes: ${line}`)
        if (char === '"' && line[at] === '\\') {
          const [text, length] = escapeAt(line, at + 1)
          word += text
          at += 1 + length
        } else word += line[at++]
      }
      at++
    }
    words.push(word)
  }
  return words
}

function escapeAt(line: string, at: number): [text: string, length: number] {
  const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at, at + 3))
  if (hex !== null) return [String.fromCharCode(Number.parseInt(hex[1]!, 16)), 3]
  const char = line[at]!
  return [ESCAPES[char] ?? char, 1]
}

/** A list of words from `first` to `last`: many('m', 0, 3) = ['m0', 'm1', 'm2', 'm3']. */
export function many(prefix: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${prefix}${first + index}`)
}

/** Like `many`, each word followed by its own number: fields and values, scores come first with `flip`. */
export function manyPairs(prefix: string, first: number, last: number, flip = false): string[] {
  return many(prefix, first, last).flatMap((word, index) =>
    flip ? [String(first + index), word] : [word, String(first + index)],
  )
}
