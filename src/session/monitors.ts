/**
 * Monitors [Machine]: sessions that asked to see every request (MONITOR), and the line they are sent for each.
 * Requests with secrets are shown with the secrets left out. Which commands are shown at all is their rows' business.
 */
import type { Args } from '../../resp/index.ts'
import { isSecretArgument, REDACTED } from './secret-arguments.ts'
import type { Session } from './session.ts'

export class Monitors {
  readonly #sessions = new Set<Session>()

  get count(): number {
    return this.#sessions.size
  }

  add(session: Session): void {
    session.isMonitor = true
    session.link.listens(true)
    this.#sessions.add(session)
  }

  remove(session: Session): void {
    if (!this.#sessions.delete(session)) return
    session.isMonitor = false
    session.link.listens(session.subscriptions !== null)
  }

  /** Shows a request that `session` has just run. `addressWord` replaces the address for requests of scripts. */
  feed(session: Session, args: Args, nowMs: number, addressWord = session.link.remoteAddress): void {
    if (this.#sessions.size === 0) return
    const line = monitorLine(session.database, addressWord, args, nowMs)
    for (const monitor of this.#sessions) {
      monitor.writer.status(line)
      monitor.link.markDirty()
    }
  }
}

/** `1700000000.123000 [0 127.0.0.1:5000] "SET" "k" "\x00"` */
export function monitorLine(database: number, address: string, args: Args, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
  const microseconds = Math.floor((nowMs - seconds * 1000) * 1000)
  let line = `${seconds}.${String(microseconds).padStart(6, '0')} [${database} ${address}]`
  for (let i = 0; i < args.count; i++) {
    line += ` "${isSecretArgument(args, i) ? REDACTED : escapeBytes(args.text(i))}"`
  }
  return line
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
}

/** Bytes as Redis prints them between double quotes (sdscatrepr). */
export function escapeBytes(text: string): string {
  return text.replace(/[^ !#-[\]-~]/g, (char) => {
    return ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
