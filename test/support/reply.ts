/*
 * Replies as comparable values: every RESP2 and RESP3 type keeps its tag, so that a map is not an array
 * and a nil bulk is not a nil array.
 *
 * The idea: bytes are kept as latin1 text, aggregates as lists of replies (a map is its flat list of keys
 * and values). Shares no code with the server's own protocol room: it is the judge. Shape: rule.
 */
export type ReplyType =
  | 'status'
  | 'error'
  | 'integer'
  | 'bulk'
  | 'nil'
  | 'nil-array'
  | 'array'
  | 'null'
  | 'double'
  | 'boolean'
  | 'big-number'
  | 'blob-error'
  | 'verbatim'
  | 'map'
  | 'set'
  | 'push'
  | 'attribute'
  | 'closed'
  | 'silence'

export interface Reply {
  readonly type: ReplyType
  readonly value: string | readonly Reply[]
}

/** What a socket answers once the peer has closed it, and what stands for no answer in time. */
export const CLOSED: Reply = { type: 'closed', value: '' }
export const SILENCE: Reply = { type: 'silence', value: '' }

const LINES: Record<string, ReplyType> = {
  '+': 'status',
  '-': 'error',
  ':': 'integer',
  ',': 'double',
  '#': 'boolean',
  '(': 'big-number',
  _: 'null',
}
const BULKS: Record<string, ReplyType> = { $: 'bulk', '=': 'verbatim', '!': 'blob-error' }
const AGGREGATES: Record<string, ReplyType> = {
  '*': 'array',
  '%': 'map',
  '~': 'set',
  '>': 'push',
  '|': 'attribute',
}

export class ReplyParser {
  private pending: Buffer = Buffer.alloc(0)
  private at = 0

  feed(chunk: Buffer): void {
    this.pending =
      this.at === this.pending.length ? chunk : Buffer.concat([this.pending.subarray(this.at), chunk])
    this.at = 0
  }

  /** The next whole reply, or undefined when more bytes are needed. Throws on what is not RESP. */
  next(): Reply | undefined {
    const start = this.at
    const reply = this.read()
    if (reply === undefined) this.at = start
    return reply
  }

  get bytesLeft(): number {
    return this.pending.length - this.at
  }

  private read(): Reply | undefined {
    const lineEnd = this.pending.indexOf('\r\n', this.at, 'latin1')
    if (lineEnd < 0) return undefined
    const tag = String.fromCharCode(this.pending[this.at]!)
    const text = this.pending.toString('latin1', this.at + 1, lineEnd)
    const line = LINES[tag]
    if (line !== undefined) {
      this.at = lineEnd + 2
      return { type: line, value: text }
    }
    const bulk = BULKS[tag]
    if (bulk !== undefined) return this.readBulk(bulk, lineEnd + 2, Number(text))
    const aggregate = AGGREGATES[tag]
    if (aggregate !== undefined) return this.readAggregate(aggregate, lineEnd + 2, Number(text))
    throw new Error(`not RESP: ${JSON.stringify(this.pending.toString('latin1', this.at, this.at + 60))}`)
  }

  private readBulk(type: ReplyType, start: number, length: number): Reply | undefined {
    if (!Number.isInteger(length)) throw new Error(`not RESP: bulk length ${length}`)
    if (length < 0) {
      this.at = start
      return { type: 'nil', value: '' }
    }
    const end = start + length
    if (this.pending.length < end + 2) return undefined
    if (this.pending[end] !== 13 || this.pending[end + 1] !== 10)
      throw new Error('not RESP: bulk without CRLF')
    this.at = end + 2
    return { type, value: this.pending.toString('latin1', start, end) }
  }

  private readAggregate(type: ReplyType, start: number, count: number): Reply | undefined {
    if (!Number.isInteger(count)) throw new Error(`not RESP: aggregate length ${count}`)
    this.at = start
    if (count < 0) return { type: 'nil-array', value: '' }
    const members: Reply[] = []
    const total = type === 'map' || type === 'attribute' ? count * 2 : count
    for (let index = 0; index < total; index++) {
      const member = this.read()
      if (member === undefined) return undefined
      members.push(member)
    }
    return { type, value: members }
  }
}

export type Argument = string | Buffer

/** A request as clients send it. Strings are latin1, so that '\xff' is one byte. */
export function encodeRequest(argv: readonly Argument[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${argv.length}\r\n`, 'latin1')]
  for (const argument of argv) {
    const bytes = typeof argument === 'string' ? Buffer.from(argument, 'latin1') : argument
    parts.push(Buffer.from(`$${bytes.length}\r\n`, 'latin1'), bytes, Buffer.from('\r\n', 'latin1'))
  }
  return Buffer.concat(parts)
}

/** One line for people: short, quoted, with the type where it is not obvious. */
export function show(reply: Reply | undefined, limit = 300): string {
  const text = reply === undefined ? '(nothing)' : render(reply)
  return text.length > limit ? `${text.slice(0, limit)}... (${text.length} characters)` : text
}

function render(reply: Reply): string {
  const { type, value } = reply
  if (typeof value !== 'string') return `${type === 'array' ? '' : type}[${value.map(render).join(', ')}]`
  if (type === 'bulk') return quote(value)
  if (type === 'integer') return `:${value}`
  if (type === 'status') return `+${value}`
  if (type === 'error') return `-${value}`
  return value === '' ? `(${type})` : `(${type} ${quote(value)})`
}

export function quote(text: string): string {
  let quoted = '"'
  for (const char of text) {
    const code = char.charCodeAt(0)
    if (char === '"' || char === '\\') quoted += `\\${char}`
    else if (code < 32 || code > 126) quoted += `\\x${code.toString(16).padStart(2, '0')}`
    else quoted += char
  }
  return `${quoted}"`
}

/** A command as redis-cli would take it. */
export function showCommand(argv: readonly Argument[], limit = 400): string {
  const words = argv.map((argument) => {
    const text = typeof argument === 'string' ? argument : argument.toString('latin1')
    return /^[!#-&(-[\]-~]+$/.test(text) ? text : quote(text)
  })
  const line = words.join(' ')
  return line.length > limit ? `${line.slice(0, limit)}...` : line
}
