/**
 * Syntax docs [Rule]: a row's syntax line, `key [NX|XX] [EX seconds|PX milliseconds] value [value ...]`, read into
 * the tree of arguments that COMMAND DOCS answers. Each argument's type follows from its word.
 */
export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block'

export interface ArgumentDocs {
  readonly name: string
  readonly type: ArgumentType
  readonly token: string | undefined
  readonly isOptional: boolean
  readonly isMultiple: boolean
  /** The token is repeated with each value, as in `GET pattern [GET pattern ...]`. */
  readonly isTokenMultiple: boolean
  readonly parts: readonly ArgumentDocs[]
}

const KEYS = new Set(['key', 'key1', 'key2', 'newkey', 'source', 'destination', 'destkey', 'dst', 'src'])
const INTEGERS = new Set([
  'seconds',
  'milliseconds',
  'decrement',
  'count',
  'index',
  'index1',
  'index2',
  'start',
  'stop',
  'end',
  'offset',
  'numkeys',
  'cursor',
  'db',
  'destination-db',
  'limit',
  'len',
  'rank',
  'num-matches',
  'client-id',
  'protover',
  'bit',
  'numreplicas',
  'slot',
  'start-slot',
  'end-slot',
  'port',
  'cluster-bus-port',
  'config-epoch',
  'columns',
  'rows',
  'version',
])
const DOUBLES = new Set(['score', 'weight', 'timeout'])
const TIMES = new Set(['unix-time-seconds', 'unix-time-milliseconds'])

/** Words that mean something else in some commands: `command word`. */
const EXCEPTIONS: ReadonlyMap<string, ArgumentType> = new Map([
  ...exceptions('integer', 'increment', 'incrby hincrby zincrby bitfield'),
  ...exceptions('double', 'increment', 'incrbyfloat hincrbyfloat'),
  ...exceptions('integer', 'value', 'setbit bitfield'),
  ...exceptions('double', 'min', 'zrangebyscore zrevrangebyscore zcount zremrangebyscore'),
  ...exceptions('double', 'max', 'zrangebyscore zrevrangebyscore zcount zremrangebyscore'),
  ...exceptions('string', 'start', 'zrange'),
  ...exceptions('string', 'stop', 'zrange'),
  ...exceptions('integer', 'timeout', 'wait client|pause'),
])

function exceptions(type: ArgumentType, word: string, commands: string): [string, ArgumentType][] {
  return commands.split(' ').map((command) => [`${command} ${word}`, type])
}

/** `command` is the full name of the row the line belongs to. */
export function parseSyntax(syntax: string, command: string): ArgumentDocs[] {
  const pieces = syntax.match(/\.\.\.|[[\]|]|[^\s[\]|]+/g) ?? []
  return new SyntaxReader(pieces, syntax).sequence(false).map((one) => asIn(command, one))
}

function asIn(command: string, one: ArgumentDocs): ArgumentDocs {
  const type = EXCEPTIONS.get(`${command} ${one.name}`)
  if (type !== undefined) return { ...one, type }
  return one.parts.length === 0 ? one : { ...one, parts: one.parts.map((part) => asIn(command, part)) }
}

class SyntaxReader {
  readonly #pieces: readonly string[]
  readonly #syntax: string
  #at = 0

  constructor(pieces: readonly string[], syntax: string) {
    this.#pieces = pieces
    this.#syntax = syntax
  }

  /** Arguments up to the end of the line or the closing bracket, which is taken too. */
  sequence(isBracketed: boolean): ArgumentDocs[] {
    const found: ArgumentDocs[] = []
    for (;;) {
      const piece = this.#pieces[this.#at]
      if (piece === undefined || piece === ']') {
        if ((piece === ']') !== isBracketed) throw new Error(`brackets of '${this.#syntax}' do not match`)
        this.#at++
        return found
      }
      if (piece === '[') this.#bracket(found)
      else found.push(this.#alternatives(isBracketed))
    }
  }

  /** `[...]`: a repetition of what came before it when it ends in dots, else something optional. */
  #bracket(found: ArgumentDocs[]): void {
    const end = this.#closing(this.#at)
    if (this.#pieces[end - 1] !== '...') {
      this.#at++
      found.push(optional(grouped(this.sequence(true))))
      return
    }
    const repeated = this.#pieces.slice(this.#at + 1, end - 1)
    const isRepetition = this.#endsWith(repeated)
    this.#at++
    const inner = new SyntaxReader(repeated, this.#syntax).sequence(false)
    this.#at = end + 1
    if (!isRepetition) {
      found.push({ ...optional(grouped(inner)), isMultiple: true })
      return
    }
    const before = found.splice(found.length - inner.length)
    const one = grouped(before)
    found.push({
      ...one,
      isMultiple: true,
      isTokenMultiple: one.token !== undefined && repeated[0] === one.token,
    })
  }

  /** Do the pieces just before this bracket say what is repeated in it? */
  #endsWith(repeated: readonly string[]): boolean {
    const start = this.#at - repeated.length
    return start >= 0 && repeated.every((piece, i) => this.#pieces[start + i] === piece)
  }

  #closing(from: number): number {
    let depth = 0
    for (let at = from; at < this.#pieces.length; at++) {
      if (this.#pieces[at] === '[') depth++
      else if (this.#pieces[at] === ']' && --depth === 0) return at
    }
    throw new Error(`brackets of '${this.#syntax}' do not match`)
  }

  /** `a`, `TOKEN a b`, `A|B` or `TOKEN A|B`. */
  #alternatives(isBracketed: boolean): ArgumentDocs {
    const words = this.#words()
    if (this.#pieces[this.#at] !== '|') return choice(words)
    const isAlone = !isBracketed && words.length === 1
    const hasToken = words.length > 1 && isToken(words[0]!) && isToken(words[1]!)
    const choices = [choice(hasToken ? words.slice(1) : words)]
    while (this.#pieces[this.#at] === '|') {
      this.#at++
      choices.push(this.#alternative(isAlone))
    }
    const name = choices.map((one) => one.name).join('-or-')
    return argument(name, 'oneof', hasToken ? words[0] : undefined, choices)
  }

  /** What follows a `|`: words, optional parts before them, or optional parts alone. */
  #alternative(isAlone: boolean): ArgumentDocs {
    const parts: ArgumentDocs[] = []
    while (this.#pieces[this.#at] === '[') this.#bracket(parts)
    if (parts.length === 0 || isWord(this.#pieces[this.#at])) parts.push(choice(this.#words(isAlone)))
    return grouped(parts)
  }

  /** Words that belong together: a token with its values, or one word; up to the next `|` or bracket. */
  #words(isAlone = false): string[] {
    const words = [this.#pieces[this.#at++]!]
    if (isAlone || !isToken(words[0]!)) return words
    if (this.#isChoiceAfterNext()) words.push(this.#pieces[this.#at++]!)
    while (isValue(this.#pieces[this.#at])) words.push(this.#pieces[this.#at++]!)
    return words
  }

  /** `TYPE NORMAL|MASTER`: the token is followed by a choice between tokens. */
  #isChoiceAfterNext(): boolean {
    const next = this.#pieces[this.#at]
    if (next === undefined || !isToken(next)) return false
    return this.#pieces[this.#at + 1] === '|' || isValue(this.#pieces[this.#at + 1])
  }
}

function choice(words: readonly string[]): ArgumentDocs {
  const first = words[0]!
  if (!isToken(first)) return value(first, undefined)
  const name = first.toLowerCase()
  if (words.length === 1) return argument(name, 'pure-token', first, [])
  if (words.length === 2) return value(words[1]!, first)
  return argument(
    name,
    'block',
    first,
    words.slice(1).map((word) => value(word, undefined)),
  )
}

function value(word: string, token: string | undefined): ArgumentDocs {
  return argument(word, typeOfWord(word), token, [])
}

function typeOfWord(word: string): ArgumentType {
  if (KEYS.has(word)) return 'key'
  if (INTEGERS.has(word)) return 'integer'
  if (DOUBLES.has(word)) return 'double'
  if (TIMES.has(word)) return 'unix-time'
  return word === 'pattern' ? 'pattern' : 'string'
}

/** One argument out of several that come and go together. */
function grouped(parts: readonly ArgumentDocs[]): ArgumentDocs {
  if (parts.length === 1) return parts[0]!
  return argument(parts.map((part) => part.name).join('_'), 'block', undefined, parts)
}

function argument(
  name: string,
  type: ArgumentType,
  token: string | undefined,
  parts: readonly ArgumentDocs[],
): ArgumentDocs {
  return { name, type, token, isOptional: false, isMultiple: false, isTokenMultiple: false, parts }
}

function optional(one: ArgumentDocs): ArgumentDocs {
  return { ...one, isOptional: true }
}

function isToken(piece: string): boolean {
  return /^[A-Z][A-Z0-9_-]*$/.test(piece)
}

function isWord(piece: string | undefined): boolean {
  return piece !== undefined && piece !== '...' && !/^[[\]|]$/.test(piece)
}

function isValue(piece: string | undefined): boolean {
  return isWord(piece) && !isToken(piece!)
}
