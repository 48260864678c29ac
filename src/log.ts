/**
 * Log [Machine]: one line per event, JSON for machines or short for people, handed to a sink.
 *
 * The idea: a message is a constant sentence and what varies goes into fields, so the message itself is the key of
 * the rate limit and a partition cannot flood the disk: ten lines a second for a message, then a count of the rest.
 * Levels bear Redis' names and pino's numbers. Refuses to know where lines go, what time it is, and secrets: a field
 * whose name sounds like one is never printed.
 */
export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning'
export type LogFormat = 'json' | 'pretty'
export type LogFields = Readonly<Record<string, unknown>>

export interface LogOptions {
  /** Gets each line without its newline. */
  readonly sink: (line: string) => void
  readonly nowMs: () => number
  readonly node?: string
  readonly level?: LogLevel
  readonly format?: LogFormat
}

const NUMBERS: Readonly<Record<LogLevel, number>> = { debug: 10, verbose: 20, notice: 30, warning: 40 }

const LINES_PER_SECOND_MAX = 10
const WINDOW_MS = 1000
/** Messages are constants, so there are few; more than this are counted as one. */
const MESSAGES_MAX = 1024
const MESSAGE_LENGTH_MAX = 2000
const FIELD_LENGTH_MAX = 1000
const OTHER_MESSAGES = 'further messages'

const SECRET_NAME = /pass|secret|token|credential|auth$/i
const RESERVED: ReadonlySet<string> = new Set(['level', 'time', 'node', 'comp', 'msg'])

interface Window {
  readonly component: string
  readonly message: string
  readonly level: LogLevel
  startMs: number
  count: number
  suppressedCount: number
}

/** What a log and its children share. */
interface Output {
  readonly sink: (line: string) => void
  readonly nowMs: () => number
  readonly format: LogFormat
  readonly windows: Map<string, Window>
  node: string
  threshold: number
}

export class Log {
  private readonly output: Output
  private readonly component: string

  constructor(options: LogOptions, component = 'server', shared?: Output) {
    this.component = component
    this.output = shared ?? {
      sink: options.sink,
      nowMs: options.nowMs,
      format: options.format ?? 'json',
      windows: new Map(),
      node: options.node ?? '',
      threshold: NUMBERS[options.level ?? 'notice'],
    }
  }

  /** The same log under another name; level, node and limits stay common. */
  child(component: string): Log {
    return new Log(this.output, component, this.output)
  }

  setLevel(level: LogLevel): void {
    this.output.threshold = NUMBERS[level]
  }

  /** The id of the node, once it is known. */
  setNode(node: string): void {
    this.output.node = node
  }

  /** Would a line of this level be printed? Ask before gathering costly fields. */
  isOn(level: LogLevel): boolean {
    return NUMBERS[level] >= this.output.threshold
  }

  debug(message: string, fields?: LogFields): void {
    this.write('debug', message, fields)
  }

  verbose(message: string, fields?: LogFields): void {
    this.write('verbose', message, fields)
  }

  notice(message: string, fields?: LogFields): void {
    this.write('notice', message, fields)
  }

  warning(message: string, fields?: LogFields): void {
    this.write('warning', message, fields)
  }

  /** Call every second or so, and before the end: tells how much was suppressed in windows that are over. */
  onTick(): void {
    const now = this.output.nowMs()
    for (const [key, window] of this.output.windows) {
      if (isOver(window, now)) {
        this.output.windows.delete(key)
        this.reportSuppressed(window, now)
      }
    }
  }

  private write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (NUMBERS[level] < this.output.threshold) return
    const now = this.output.nowMs()
    if (this.admits(level, message, now)) this.print(level, this.component, now, message, fields)
  }

  private admits(level: LogLevel, message: string, now: number): boolean {
    const { windows } = this.output
    let key = `${this.component} ${message}`
    let window = windows.get(key)
    if (window === undefined && windows.size >= MESSAGES_MAX) {
      this.onTick()
      key = OTHER_MESSAGES
      window = windows.get(key)
    }
    if (window === undefined) {
      const named = key === OTHER_MESSAGES ? OTHER_MESSAGES : message
      window = {
        component: this.component,
        message: named,
        level,
        startMs: now,
        count: 0,
        suppressedCount: 0,
      }
      windows.set(key, window)
    } else if (isOver(window, now)) {
      this.reportSuppressed(window, now)
      window.startMs = now
      window.count = 0
      window.suppressedCount = 0
    }
    if (window.count < LINES_PER_SECOND_MAX) {
      window.count++
      return true
    }
    window.suppressedCount++
    return false
  }

  private reportSuppressed(window: Window, now: number): void {
    if (window.suppressedCount === 0) return
    const of = { of: window.message }
    this.print(window.level, window.component, now, `suppressed ${window.suppressedCount}`, of)
  }

  private print(level: LogLevel, component: string, now: number, message: string, fields?: LogFields): void {
    const shown = shorten(message, MESSAGE_LENGTH_MAX)
    const safe = readable(fields ?? {})
    const { format, node, sink } = this.output
    sink(
      format === 'json'
        ? formatJson(level, now, node, component, shown, safe)
        : formatPretty(level, now, component, shown, safe),
    )
  }
}

/** Also when the clock was set back. */
function isOver(window: Window, now: number): boolean {
  return now - window.startMs >= WINDOW_MS || now < window.startMs
}

function shorten(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}...`
}

/** Fields as plain printable values under names that are free. */
function readable(fields: LogFields): [name: string, value: string | number | boolean | null][] {
  const pairs: [string, string | number | boolean | null][] = []
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    const freeName = RESERVED.has(name) ? `${name}_` : name
    pairs.push([freeName, SECRET_NAME.test(name) ? '(hidden)' : printable(value)])
  }
  return pairs
}

function printable(value: unknown): string | number | boolean | null {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
  if (value instanceof Error) return shorten(value.stack ?? value.message, FIELD_LENGTH_MAX)
  if (value instanceof Uint8Array) return `(${value.length} bytes)`
  if (Array.isArray(value)) return shorten(value.map(printable).join(','), FIELD_LENGTH_MAX)
  return shorten(typeof value === 'object' ? '(object)' : String(value), FIELD_LENGTH_MAX)
}

type Pairs = readonly (readonly [name: string, value: string | number | boolean | null])[]

function formatJson(
  level: LogLevel,
  now: number,
  node: string,
  component: string,
  message: string,
  pairs: Pairs,
): string {
  let line = `{"level":${NUMBERS[level]},"time":${now}`
  if (node !== '') line += `,"node":${JSON.stringify(node)}`
  line += `,"comp":${JSON.stringify(component)},"msg":${JSON.stringify(message)}`
  for (const [name, value] of pairs) line += `,${JSON.stringify(name)}:${JSON.stringify(value)}`
  return `${line}}`
}

/** `12:34:56.789 notice  server   ready port=6379`; control characters cannot break out of the line. */
function formatPretty(
  level: LogLevel,
  now: number,
  component: string,
  message: string,
  pairs: Pairs,
): string {
  const clock = new Date(now).toISOString().slice(11, 23)
  let line = `${clock} ${level.padEnd(7)} ${component.padEnd(8)} ${withoutControls(message)}`
  for (const [name, value] of pairs) {
    const text = String(value)
    line += ` ${withoutControls(name)}=${/^[^\s"=]+$/.test(text) ? withoutControls(text) : JSON.stringify(text)}`
  }
  return line
}

function withoutControls(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')
}
