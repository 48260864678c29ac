/*
 * How two nodes come to hold the same state.
 *
 *   status  --->   same numbers: silence                        (the steady state)
 *           --->   same version, others have seen it: seen <-> seen
 *           --->   a version held here before: envelope with what has changed since
 *           --->   unknown: status back, which the other side may know;
 *                  if it does not either: clock, then envelope, merge request or both
 *
 * The idea: most of the time one side's version is part of the other's history, so a number of eight bytes
 * finds out what is missing, and clocks travel only between sides that both changed something. Everything
 * may be lost: the next status finds the same difference again. Every answer goes the way its question came:
 * a stream proves where it comes from and a datagram does not, so whoever asks for a state asks by stream, and
 * who is reached by streams alone speaks by stream. It refuses to know what is done with a state it received.
 * Shape: machine.
 */
import { answer, type Courier, type Message, type Sender, type Way } from '../messages.ts'
import type { AgreementCounters } from './counters.ts'
import { gossipDecide } from './gossip-decision.ts'
import type { History, Lack } from './history.ts'
import type { MeshState, StateMember, Tombstone, VectorClock } from './mesh-state.ts'
import {
  AGREEMENT_ROWS,
  type AgreementMessage,
  CLOCK,
  type EnvelopeMessage,
  ENVELOPE,
  MERGE,
  SEEN,
  type SeenMessage,
  STATUS,
  type StatusMessage,
  type WireClock,
} from './messages.ts'
import { type Records, rowOf } from './reachability.ts'
import { SeenSet } from './seen-set.ts'
import { decodeClock, decodeEnvelope, encodeClock, encodeEnvelope, type Envelope } from './state-codec.ts'
import { EMPTY_DIGEST } from './state-digest.ts'
import { EMPTY_CLOCK } from './vector-clock.ts'

const ROW_OF_KIND = new Map(AGREEMENT_ROWS.map((row) => [row.kind, row]))

export class Exchange {
  readonly #counters: AgreementCounters
  readonly #selfId: string
  readonly #history: History
  readonly #courier: Courier
  readonly #adopt: (envelope: Envelope) => void
  /** Envelopes made for the version held now, by what they build on. */
  readonly #envelopes: Map<number, EnvelopeMessage>
  #envelopesDigest: number

  constructor(
    selfId: string,
    history: History,
    courier: Courier,
    counters: AgreementCounters,
    adopt: (envelope: Envelope) => void,
  ) {
    this.#counters = counters
    this.#selfId = selfId
    this.#history = history
    this.#courier = courier
    this.#adopt = adopt
    this.#envelopes = new Map()
    this.#envelopesDigest = EMPTY_DIGEST
  }

  sendStatus(to: string): void {
    const message = this.#status(false)
    if (message[1] === EMPTY_DIGEST) this.#courier.sendReliably(to, message)
    else this.#courier.send(to, message)
  }

  onMessage(sender: Sender, message: Message): void {
    if (sender.id === this.#selfId) return
    if (!isWellFormed(message)) {
      this.#counters.messagesRefused++
      return
    }
    const typed = message as unknown as AgreementMessage
    switch (typed[0]) {
      case STATUS:
        return this.#onStatus(sender, typed)
      case CLOCK:
        return this.#onClock(sender.address, typed[1], typed[2])
      case MERGE:
        return this.#onMerge(sender.address, typed[1], typed[2])
      case ENVELOPE:
        return this.#onEnvelope(typed)
      case SEEN:
        return this.#onSeen(sender, typed)
    }
  }

  #status(isReply: boolean): StatusMessage {
    const { digest, seen } = this.#history
    this.#counters.statusesSent++
    return [STATUS, digest, seen.digest, isReply]
  }

  #onStatus(from: Sender, [, digest, seenDigest, isReply]: StatusMessage): void {
    const history = this.#history
    if (digest === history.digest) {
      if (seenDigest !== history.seen.digest) this.#sendSeen(from, false)
      return
    }
    const lack = history.lackSince(digest)
    if (digest === EMPTY_DIGEST) this.#sendWhole(from.address)
    else if (lack !== undefined) this.#sendLack(from, digest, lack)
    else if (!isReply) answer(this.#courier, from, this.#status(true))
    else {
      this.#counters.clocksSent++
      this.#courier.sendReliably(from.address, [CLOCK, history.digest, encodeClock(history.state.version)])
    }
  }

  #onClock(from: string, digest: number, wireClock: WireClock): void {
    const history = this.#history
    const remote = decodeClock(wireClock)
    if (remote === undefined) {
      this.#counters.messagesRefused++
      return
    }
    if (digest === history.digest) return
    switch (gossipDecide(history.state.version, remote)) {
      case 'send-envelope':
        return this.#sendBehind(from, digest, remote)
      case 'request-merge':
        return this.#askMerge(from, history.state.version)
      case 'merge-both':
        this.#sendBehind(from, digest, remote)
        return this.#askMerge(from, history.state.version)
      case 'same':
        // One clock, two contents: only the whole of both sides settles that.
        this.#sendWhole(from)
        return this.#askMerge(from, EMPTY_CLOCK)
    }
  }

  #onMerge(from: string, digest: number, wireClock: WireClock): void {
    const remote = decodeClock(wireClock)
    if (remote === undefined) this.#counters.messagesRefused++
    else if (digest !== this.#history.digest) this.#sendBehind(from, digest, remote)
  }

  #onEnvelope(message: EnvelopeMessage): void {
    if (!this.#history.hasHeld(message[1])) {
      this.#counters.envelopesUnbased++
      return
    }
    const envelope = decodeEnvelope(message)
    if (envelope === undefined) {
      this.#counters.messagesRefused++
      return
    }
    this.#counters.envelopesReceived++
    this.#adopt(envelope)
  }

  #onSeen(from: Sender, [, digest, bits, isReply]: SeenMessage): void {
    const history = this.#history
    if (digest !== history.digest) return
    const remote = SeenSet.ofBits(history.state.members, bits)
    if (remote === undefined) {
      this.#counters.messagesRefused++
      return
    }
    history.seen = history.seen.union(remote)
    if (!isReply && history.seen.size > remote.size) this.#sendSeen(from, true)
  }

  #sendSeen(to: Sender, isReply: boolean): void {
    this.#counters.seenSent++
    answer(this.#courier, to, [SEEN, this.#history.digest, this.#history.seen.bits, isReply])
  }

  #askMerge(to: string, clock: VectorClock): void {
    this.#counters.mergesAsked++
    this.#courier.sendReliably(to, [MERGE, this.#history.digest, encodeClock(clock)])
  }

  #sendBehind(to: string, digest: number, clock: VectorClock): void {
    const lack = clock.size === 0 ? undefined : this.#history.lackBehind(clock)
    if (lack === undefined) this.#sendWhole(to)
    else this.#sendLack({ address: to, isStream: true }, digest, lack)
  }

  #sendLack(to: Way, base: number, lack: Lack): void {
    const { state } = this.#history
    if (lack.touched.members.length * 2 > state.members.size) return this.#sendWhole(to.address)
    let envelope = this.#envelopesNow().get(base)
    if (envelope === undefined) {
      envelope = encodeEnvelope(base, this.#history.digest, partOf(state, lack), this.#history.seen)
      this.#envelopes.set(base, envelope)
    }
    this.#counters.envelopesSent++
    answer(this.#courier, to, envelope)
  }

  /**
   * A newcomer's whole state goes over a stream: it does not fit a datagram, and must not be lost in
   * pieces.
   */
  #sendWhole(to: string): void {
    let envelope = this.#envelopesNow().get(EMPTY_DIGEST)
    if (envelope === undefined) {
      envelope = encodeEnvelope(EMPTY_DIGEST, this.#history.digest, this.#history.state, this.#history.seen)
      this.#envelopes.set(EMPTY_DIGEST, envelope)
    }
    this.#counters.envelopesSent++
    this.#counters.wholesSent++
    this.#courier.sendReliably(to, envelope)
  }

  #envelopesNow(): Map<number, EnvelopeMessage> {
    if (this.#envelopesDigest !== this.#history.digest || this.#envelopes.size >= ENVELOPES_COUNT_MAX) {
      this.#envelopes.clear()
      this.#envelopesDigest = this.#history.digest
    }
    return this.#envelopes
  }
}

const ENVELOPES_COUNT_MAX = 64

function isWellFormed(message: Message): boolean {
  const row = ROW_OF_KIND.get(message[0])
  if (row === undefined || message.length !== row.fields.length + 1) return false
  return row.fields.every((check, at) => check(message[at + 1]))
}

/**
 * What was touched, every member the touched rows speak of, and what the clock counts beyond what is known.
 */
function partOf(state: MeshState, { touched, known }: Lack): Omit<MeshState, 'seen'> {
  const ids = new Set(touched.members)
  const reachability: Records[number][] = []
  for (const observerId of [...touched.observers].sort()) {
    for (const record of rowOf(state.reachability, observerId)) {
      reachability.push(record)
      ids.add(record.observerId)
      ids.add(record.subjectId)
    }
  }
  const members = new Map<string, StateMember>()
  for (const id of ids) {
    const member = state.members.get(id)
    if (member !== undefined) members.set(id, member)
  }
  const tombstones = new Map<string, Tombstone>()
  for (const id of touched.tombstones) {
    const stone = state.tombstones.get(id)
    if (stone !== undefined) tombstones.set(id, stone)
  }
  const version = new Map<string, number>()
  for (const [key, counter] of state.version) if (counter > (known.get(key) ?? 0)) version.set(key, counter)
  return { members, tombstones, reachability, version }
}
