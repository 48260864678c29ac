/*
 * What goes in and out of a link: who the peer is, what arrives, how asks end, what it may cost and what it counts.
 *
 * The idea: handlers and askers see one frame at a time through an object that is used again for the next one, so a
 * frame costs no allocation beyond its fields. Shape: data.
 */
import { Buffer } from 'node:buffer'
import type { BreakerLimits } from './breaker.ts'
import { bodyBytesMax } from './frame.ts'
import type { VerbRow } from './verbs.ts'
import type { Address } from './wires.ts'

/** What this node says of itself in every handshake. */
export interface MeshIdentity {
  readonly cluster: string
  readonly id: string
  /** When this life of the node began: tells a restarted one from its former self. */
  readonly birth: number
  /** Where it listens for peers. */
  readonly address: Address
  readonly features: readonly string[]
  /** Empty: peers are taken at their word. */
  readonly secret: string
}

export interface PeerIdentity {
  readonly id: string
  readonly birth: number
  readonly address: Address
  /** The peer's own number of this link: of two links it has dialled, the higher is the later. */
  readonly linkSerial: number
  /** What both sides know how to do. */
  readonly features: ReadonlySet<string>
}

export const nobody: PeerIdentity = { id: '', birth: 0, address: '', linkSerial: 0, features: new Set() }

export const nothing: Buffer = Buffer.alloc(0)

/** One frame as its handler sees it; valid during the call. */
export class Arrival {
  correlation: number
  fields: readonly unknown[]
  /** The body is `bytes` from `start` to `end`; copy what must live on. */
  bytes: Buffer
  start: number
  end: number

  constructor() {
    this.correlation = 0
    this.fields = []
    this.bytes = nothing
    this.start = 0
    this.end = 0
  }

  get body(): Buffer {
    return this.bytes.subarray(this.start, this.end)
  }

  set(correlation: number, fields: readonly unknown[], bytes: Buffer, start: number, end: number): void {
    this.correlation = correlation
    this.fields = fields
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  clear(): void {
    this.set(0, [], nothing, 0, 0)
  }
}

/** An answer as the asker sees it; valid during the call. */
export class Answer extends Arrival {
  readonly kind = 'answer'
}

/** `deadline` and `closed` leave open whether the peer has acted; `refused` and `overload` say that it has not. */
/** Refused and overload: nothing was done. The others leave open what was: unanswered means that the answer cannot come. */
export type FailReason = 'deadline' | 'closed' | 'refused' | 'overload' | 'unanswered'

export interface Failed {
  readonly kind: 'failed'
  readonly reason: FailReason
  readonly detail: string
}

export type Outcome = Answer | Failed

/** Called exactly once for every ask, never inside the call that asks. */
export type Answered = (outcome: Outcome) => void

/** The other end, as handlers see it. */
export interface Correspondent {
  readonly peer: PeerIdentity
  /** False: not sent, and counted. */
  send(verb: VerbRow, fields: readonly unknown[], body?: Buffer, start?: number, end?: number): boolean
  ask(
    verb: VerbRow,
    fields: readonly unknown[],
    body: Buffer,
    deadlineMs: number,
    answered: Answered,
    start?: number,
    end?: number,
  ): void
  /** Once for every ask that arrived; without effect when the link is gone. */
  answer(correlation: number, fields: readonly unknown[], body?: Buffer, start?: number, end?: number): void
  /** `isOpen`: something of what was asked may have been done. */
  fail(correlation: number, detail: string, isOpen?: boolean): void
}

/** Who a link reports to. */
export interface LinkOwner<Link> {
  /** The last word on a peer whose introduction is in order; undefined lets it in. */
  admits(link: Link, peer: PeerIdentity): Refusal | undefined
  onReady(link: Link): void
  /** The peer starts nothing more on this link. */
  onGoodbye(link: Link, reason: FarewellReason): void
  /** The peer has served all that was sent before our goodbye. */
  onGoodbyeAnswered(link: Link): void
  /** Once, and nothing comes after it. */
  onClosed(link: Link, reason: CloseReason): void
}

/** Why a peer was not let in, as it is told. */
export type Refusal = 'version' | 'cluster' | 'identity' | 'secret' | 'capacity' | 'malformed'

export type CloseReason =
  | Refusal
  /** The other side turned us away. */
  | 'turned-away'
  /** The handshake took too long. */
  | 'deadline'
  | 'silent'
  | 'overload'
  | 'bad-frame'
  | 'fault'
  /** Drained: another link has taken over, or a side has left. */
  | 'retired'
  /** A later life of the peer has taken over. */
  | 'replaced'
  /** The owner wants it no more. */
  | 'dropped'
  /** The wire ended. */
  | 'closed'
  | 'refused'
  | 'reset'
  | 'unreachable'

export type FarewellReason = 'duplicate' | 'leaving'

export interface LinkLimits {
  /** Longest frame before the peer has proven who it is. */
  greetingFrameBytesMax: number
  /** Dialling and handshake together. */
  greetingMs: number
  /** Asks waiting for an answer; more fail with `overload`. One ask alone may be longer than the bytes. */
  asksCountMax: number
  asksBytesMax: number
  /** Output that the peer has not taken: above it, new frames fail or are dropped, and new asks of the peer are refused. */
  outputBytesMax: number
  /** Above this, answers are replaced by failures. */
  answersBytesMax: number
  /** Asks of the peer that wait for an answer of ours; more are refused. */
  owedCountMax: number
  /** When a peer that is heard but does not answer is asked no more. */
  breaker: BreakerLimits
  /** Having heard nothing for this long, a link pings. */
  pingIdleMs: number
  /** Having heard nothing for this long while an answer is due, it is closed. Must exceed `pingIdleMs`. */
  silenceMs: number
  /** How long a goodbye may wait for its answer. */
  farewellMs: number
  /** A pause between two ticks beyond this was our own, and is not held against the peer. */
  tickGapMs: number
}

export function defaultLinkLimits(): LinkLimits {
  return {
    greetingFrameBytesMax: 4096,
    greetingMs: 5000,
    asksCountMax: 4096,
    asksBytesMax: bodyBytesMax / 2,
    outputBytesMax: bodyBytesMax,
    answersBytesMax: 4 * bodyBytesMax,
    owedCountMax: 8192,
    breaker: { deadlinesMax: 5, quietMs: 2000, backoff: { firstMs: 500, maxMs: 10_000 } },
    pingIdleMs: 300,
    silenceMs: 2000,
    farewellMs: 5000,
    tickGapMs: 500,
  }
}

/** Of all links of a node together. */
export interface LinkCounters {
  framesIn: number
  framesOut: number
  bytesIn: number
  bytesOut: number
  linksReady: number
  linksClosed: number
  /** Peers that were not let in, by reason. */
  refusals: Record<Refusal, number>
  /** Times we were not let in. */
  turnedAway: number
  greetingsLate: number
  silentLinks: number
  badFrames: number
  faults: number
  /** Frames of unknown or unbound verbs. */
  unknownVerbs: number
  asks: number
  asksFailed: Record<FailReason, number>
  /** Times that a peer was asked no more because it did not answer. */
  circuitsOpened: number
  /** Answers to asks that had failed before. */
  lateAnswers: number
  /** Asks of peers that were refused for want of room. */
  asksRefused: number
  /** Answers that were replaced by a failure because the peer does not read. */
  answersWithheld: number
  /** One-way frames that were not taken, and frames of either kind that were queued on a link that closed. */
  framesDropped: number
}

export function newLinkCounters(): LinkCounters {
  return {
    framesIn: 0,
    framesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    linksReady: 0,
    linksClosed: 0,
    refusals: { version: 0, cluster: 0, identity: 0, secret: 0, capacity: 0, malformed: 0 },
    turnedAway: 0,
    greetingsLate: 0,
    silentLinks: 0,
    badFrames: 0,
    faults: 0,
    unknownVerbs: 0,
    asks: 0,
    asksFailed: { deadline: 0, closed: 0, refused: 0, overload: 0, unanswered: 0 },
    circuitsOpened: 0,
    lateAnswers: 0,
    asksRefused: 0,
    answersWithheld: 0,
    framesDropped: 0,
  }
}
