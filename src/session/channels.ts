/**
 * Channels [Machine]: who listens to which channel, shard channel and pattern, and the delivery of messages straight
 * into the listeners' writers. Names are latin1 strings, one character a byte, so binary names need no encoding.
 * It knows nothing of commands' replies; acknowledgements of (un)subscribing are written by their commands.
 */
import { matchesGlob } from '../store/glob.ts'
import type { Session } from './session.ts'

/** How much one client may subscribe to, all three kinds together. */
export const SUBSCRIPTIONS_MAX = 262144
export const SUBSCRIPTION_BYTES_MAX = 64 * 1024 * 1024
const TOO_MANY = 'ERR too many subscriptions for one client'
const TOO_LONG = 'ERR the names of all subscriptions of one client are too long'

export type Kind = 'channel' | 'pattern' | 'shard'

/** What one session listens to; a session without any has null instead. Sets keep the order of subscribing. */
export class Subscriptions {
  readonly channel = new Set<string>()
  readonly pattern = new Set<string>()
  readonly shard = new Set<string>()
  nameBytes = 0

  get count(): number {
    return this.channel.size + this.pattern.size + this.shard.size
  }
}

interface Listeners {
  readonly text: string
  readonly name: Buffer
  readonly sessions: Set<Session>
}

export class Channels {
  readonly #listeners: Readonly<Record<Kind, Map<string, Listeners>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  }

  get channelCount(): number {
    return this.#listeners.channel.size
  }
  get patternCount(): number {
    return this.#listeners.pattern.size
  }
  get shardChannelCount(): number {
    return this.#listeners.shard.size
  }

  /** False while a message could reach nobody: then publishers need not even name the channel. */
  get hasListeners(): boolean {
    return this.#listeners.channel.size !== 0 || this.#listeners.pattern.size !== 0
  }

  /** Why a session may not subscribe to this much more, or undefined. */
  refusal(session: Session, count: number, nameBytes: number): string | undefined {
    const subscriptions = session.subscriptions
    if (count + (subscriptions === null ? 0 : subscriptions.count) > SUBSCRIPTIONS_MAX) return TOO_MANY
    const bytes = nameBytes + (subscriptions === null ? 0 : subscriptions.nameBytes)
    return bytes > SUBSCRIPTION_BYTES_MAX ? TOO_LONG : undefined
  }

  subscribe(session: Session, kind: Kind, name: string): void {
    if (session.subscriptions === null) {
      session.subscriptions = new Subscriptions()
      session.link.listens(true)
    }
    const subscriptions = session.subscriptions
    if (subscriptions[kind].has(name)) return
    subscriptions[kind].add(name)
    subscriptions.nameBytes += name.length
    const listeners = this.#listeners[kind].get(name)
    if (listeners !== undefined) {
      listeners.sessions.add(session)
      return
    }
    const bytes = Buffer.from(name, 'latin1')
    this.#listeners[kind].set(name, { text: name, name: bytes, sessions: new Set([session]) })
  }

  unsubscribe(session: Session, kind: Kind, name: string): void {
    const subscriptions = session.subscriptions
    if (subscriptions === null || !subscriptions[kind].delete(name)) return
    subscriptions.nameBytes -= name.length
    const listeners = this.#listeners[kind].get(name)!
    listeners.sessions.delete(session)
    if (listeners.sessions.size === 0) this.#listeners[kind].delete(name)
    if (subscriptions.count !== 0) return
    session.subscriptions = null
    session.link.listens(session.isMonitor)
  }

  /** The session has gone or was reset. */
  forget(session: Session): void {
    const subscriptions = session.subscriptions
    if (subscriptions === null) return
    for (const kind of ['channel', 'pattern', 'shard'] as const) {
      for (const name of subscriptions[kind]) this.unsubscribe(session, kind, name)
    }
  }

  /**
   * Sends a message to the channel's listeners and to those of matching patterns; answers how many it reached. What a
   * node says of itself nobody hears by chance: patterns have to begin with `prefix`.
   */
  publish(channel: string, message: Uint8Array, start: number, end: number, prefix = ''): number {
    let receivers = this.#deliver('message', this.#listeners.channel.get(channel), message, start, end)
    if (this.#listeners.pattern.size === 0) return receivers
    const name = Buffer.from(channel, 'latin1')
    for (const pattern of this.#listeners.pattern.values()) {
      if (!pattern.text.startsWith(prefix)) continue
      if (!matchesGlob(pattern.name, 0, pattern.name.length, name, 0, name.length, false)) continue
      for (const session of pattern.sessions) {
        const writer = session.writer
        writer.push(4)
        writer.bulkText('pmessage')
        writer.bulkBuffer(pattern.name)
        writer.bulkBuffer(name)
        writer.bulk(message, start, end)
        session.link.markDirty()
      }
      receivers += pattern.sessions.size
    }
    return receivers
  }

  publishToShard(channel: string, message: Uint8Array, start: number, end: number): number {
    return this.#deliver('smessage', this.#listeners.shard.get(channel), message, start, end)
  }

  /** Names somebody listens to, those matching the pattern when one is given. */
  active(kind: Kind, pattern: Uint8Array | undefined): Buffer[] {
    const names: Buffer[] = []
    for (const { name } of this.#listeners[kind].values()) {
      const isWanted =
        pattern === undefined || matchesGlob(pattern, 0, pattern.length, name, 0, name.length, false)
      if (isWanted) names.push(name)
    }
    return names
  }

  listenerCount(kind: Kind, name: string): number {
    const listeners = this.#listeners[kind].get(name)
    return listeners === undefined ? 0 : listeners.sessions.size
  }

  #deliver(word: string, to: Listeners | undefined, message: Uint8Array, start: number, end: number): number {
    if (to === undefined) return 0
    for (const session of to.sessions) {
      const writer = session.writer
      writer.push(3)
      writer.bulkText(word)
      writer.bulkBuffer(to.name)
      writer.bulk(message, start, end)
      session.link.markDirty()
    }
    return to.sessions.size
  }
}

const ALLOWED_WHILE_SUBSCRIBED = new Set([
  'subscribe',
  'unsubscribe',
  'psubscribe',
  'punsubscribe',
  'ssubscribe',
  'sunsubscribe',
  'ping',
  'quit',
  'reset',
])

/**
 * The error for a command that a subscribed RESP2 client may not run, or undefined. In RESP2 nothing tells a message
 * from a reply, so only commands whose answers can be told apart are allowed.
 */
export function refusesWhileSubscribed(session: Session, commandName: string): string | undefined {
  if (session.subscriptions === null || session.protocol === 3) return undefined
  if (ALLOWED_WHILE_SUBSCRIBED.has(commandName)) return undefined
  return (
    `ERR Can't execute '${commandName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET ` +
    'are allowed in this context'
  )
}
