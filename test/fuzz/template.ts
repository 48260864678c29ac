/*
 * The little language of the fuzzer's grammar: one line makes any number of commands.
 *
 * The idea: words are taken as they stand; `:name` is drawn from a generator; `[x]` may be left out;
 * `(x|y)` is one of several; `{x}` is there one to four times. They nest. Shape: rule.
 */
import type { Prng } from '../support/prng.ts'
import type { Argument } from '../support/reply.ts'

export type Generator = (random: Prng) => readonly Argument[]
type Piece = (random: Prng, into: Argument[]) => void

export interface Template {
  /** The command's own name, the first word. */
  readonly name: string
  draw(random: Prng): Argument[]
}

const OPTIONAL_CHANCE = 0.4

export function compile(text: string, generators: Readonly<Record<string, Generator>>): Template {
  const tokens = text.match(/[[\](){}|]|[^\s[\](){}|]+/g) ?? []
  let at = 0

  const sequence = (end: string): Piece => {
    const choices: Piece[][] = [[]]
    while (at < tokens.length && tokens[at] !== end) {
      const token = tokens[at++]!
      if (token === '|') choices.push([])
      else choices.at(-1)!.push(piece(token))
    }
    if (end !== '' && tokens[at++] !== end) throw new Error(`no ${end} in ${text}`)
    const run = (pieces: readonly Piece[]): Piece => {
      return (random, into) => {
        for (const one of pieces) one(random, into)
      }
    }
    const runs = choices.map(run)
    return runs.length === 1 ? runs[0]! : (random, into) => random.pick(runs)(random, into)
  }

  const piece = (token: string): Piece => {
    if (token === '(') return sequence(')')
    if (token === '[') {
      const inner = sequence(']')
      return (random, into) => {
        if (random.chance(OPTIONAL_CHANCE)) inner(random, into)
      }
    }
    if (token === '{') {
      const inner = sequence('}')
      return (random, into) => {
        for (let left = random.between(1, 4); left > 0; left--) inner(random, into)
      }
    }
    if (!token.startsWith(':')) return (_random, into) => into.push(token)
    const generator = generators[token.slice(1)]
    if (generator === undefined) throw new Error(`no generator ${token} for ${text}`)
    return (random, into) => into.push(...generator(random))
  }

  const whole = sequence('')
  return {
    name: tokens[0]!,
    draw: (random) => {
      const argv: Argument[] = []
      whole(random, argv)
      return argv
    },
  }
}
