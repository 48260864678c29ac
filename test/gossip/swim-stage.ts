/*
 * One Swim on a stage: virtual clock, seeded luck, a courier that writes down what is sent, a list of what is
 * told.
 *
 * The idea: a test says what arrives and how time goes by, then reads the letters and the events. Shape:
 * machine (tests only).
 */
import { LAN_CONFIG, type SwimConfig } from '../../gossip/swim/config.ts'
import type { SwimEvents } from '../../gossip/swim/events.ts'
import { ALIVE, type PackingCourier, SWIM_ROWS } from '../../gossip/swim/messages.ts'
import { Swim } from '../../gossip/swim/swim.ts'
import type { MemberRecord } from '../../gossip/member.ts'
import type { Message, Sender } from '../../gossip/messages.ts'
import { Prng } from '../support/prng.ts'

export function recordOf(id: string, changes: Partial<MemberRecord> = {}): MemberRecord {
  return {
    id,
    birth: 1000,
    incarnation: 0,
    address: `10.0.0.1:${7000 + Number(id.replace(/\D/g, ''))}`,
    roles: [],
    meta: new Uint8Array(0),
    ...changes,
  }
}

/** What the courier would have checked before a message comes to a machine. */
export function isWellFormed(message: Message): boolean {
  const row = SWIM_ROWS.find(({ kind }) => kind === message[0])
  if (row === undefined || message.length !== row.fields.length + 1) return false
  return row.fields.every((check, at) => check(message[at + 1]))
}

/** Every event as one line: its name, whom it is about, and what else there is to it. */
export function eventsInto(lines: string[]): SwimEvents {
  const life = (record: MemberRecord): string => `${record.id} ${record.birth}.${record.incarnation}`
  return {
    onJoined: (record) => lines.push(`joined ${life(record)}`),
    onAlive: (record) => lines.push(`alive ${life(record)}`),
    onSuspect: (record, accuserId) => lines.push(`suspect ${life(record)} by ${accuserId}`),
    onDead: (record) => lines.push(`dead ${life(record)}`),
    onLeft: (record) => lines.push(`left ${life(record)}`),
    onUpdated: (record, former) =>
      lines.push(`updated ${life(record)} from ${former.birth}.${former.incarnation}`),
    onEvicted: (record) => lines.push(`evicted ${life(record)}`),
    onUdpBlocked: (id) => lines.push(`udp-blocked ${id}`),
    onUdpRestored: (id) => lines.push(`udp-restored ${id}`),
    onIdConflict: (record) => lines.push(`id-conflict ${life(record)} at ${record.address}`),
    onSelfChanged: (record, _former, why) => lines.push(`self ${why} ${record.birth}.${record.incarnation}`),
    onSelfLeft: () => lines.push('self-left'),
  }
}

export interface Letter {
  readonly atMs: number
  readonly to: string
  readonly way: 'datagram' | 'packed' | 'stream'
  readonly messages: readonly Message[]
}

export class Stage {
  readonly swim: Swim
  readonly events: string[] = []
  letters: Letter[] = []
  nowMs = 5000
  readonly #timers: { readonly atMs: number; readonly run: () => void }[] = []
  readonly #prng: Prng

  constructor(changes: Partial<SwimConfig> = {}, self: MemberRecord = recordOf('n0'), seed = 1) {
    this.#prng = new Prng(seed)
    const write = (way: Letter['way'], to: string, messages: readonly Message[]): void => {
      for (const message of messages) {
        if (!isWellFormed(message)) throw new Error(`sent what nobody accepts: ${JSON.stringify(message)}`)
      }
      this.letters.push({ atMs: this.nowMs, to, way, messages })
    }
    const courier: PackingCourier = {
      send: (to, message) => write('datagram', to, [message]),
      sendReliably: (to, message) => write('stream', to, [message]),
      sendPacked: (to, messages) => write('packed', to, messages),
    }
    const ports = {
      monotonicMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      after: (delayMs: number, run: () => void) => {
        this.#timers.push({ atMs: this.nowMs + delayMs, run })
      },
      random: () => this.#prng.fraction(),
      randomBytes: (count: number) => this.#prng.bytes(count),
    }
    this.swim = new Swim(self, { ...LAN_CONFIG, ...changes }, ports, courier, eventsInto(this.events))
  }

  /** Started, knowing n1 to n<count>, with all letters and events so far thrown away. */
  static among(count: number, changes: Partial<SwimConfig> = {}, self: MemberRecord = recordOf('n0')): Stage {
    const stage = new Stage(changes, self)
    stage.swim.start()
    for (let each = 1; each <= count; each++) stage.hearAlive(recordOf(`n${each}`))
    while (stage.swim.takeBroadcasts(1e6).length > 0);
    stage.forget()
    return stage
  }

  get timersCount(): number {
    return this.#timers.length
  }

  forget(): void {
    this.letters = []
    this.events.length = 0
  }

  hear(senderId: string, message: Message, isStream = false): void {
    this.swim.onMessage(senderOf(senderId, isStream), message)
  }

  hearAlive(record: MemberRecord, sender: Sender = senderOf(record.id)): void {
    const { id, birth, incarnation, address, roles, meta } = record
    this.swim.onMessage(sender, [ALIVE, id, birth, incarnation, address, roles, meta])
  }

  /** Time goes by; each timer runs when it is due. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      const next = this.#nextTimer(untilMs)
      if (next === undefined) break
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.run()
    }
    this.nowMs = untilMs
  }

  /** The process stands still: afterwards what was due runs, late. */
  freeze(ms: number): void {
    const wakesMs = this.nowMs + ms
    this.nowMs = wakesMs
    for (;;) {
      const next = this.#nextTimer(wakesMs)
      if (next === undefined) break
      next.run()
    }
  }

  /** All messages of a kind sent so far, with where they went. */
  sent(kind: number): { to: string; way: string; atMs: number; message: Message }[] {
    return this.letters.flatMap(({ to, way, atMs, messages }) =>
      messages.filter((message) => message[0] === kind).map((message) => ({ to, way, atMs, message })),
    )
  }

  /** Lets time go by, step by step, until a message of the kind is sent. */
  passUntilSent(kind: number, limitMs = 60_000): { to: string; way: string; atMs: number; message: Message } {
    this.letters = []
    for (let waited = 0; waited < limitMs; waited += 10) {
      this.pass(10)
      const [first] = this.sent(kind)
      if (first !== undefined) return first
    }
    throw new Error(`no message of kind ${kind} in ${limitMs} ms`)
  }

  livenessOf(id: string): string | undefined {
    return this.swim.get(id)?.liveness
  }

  #nextTimer(untilMs: number): { atMs: number; run: () => void } | undefined {
    let first = -1
    for (const [at, timer] of this.#timers.entries()) {
      if (timer.atMs <= untilMs && (first < 0 || timer.atMs < this.#timers[first]!.atMs)) first = at
    }
    return first < 0 ? undefined : this.#timers.splice(first, 1)[0]
  }
}

export function senderOf(id: string, isStream = false): Sender {
  return { id, address: recordOf(id).address, isStream }
}
