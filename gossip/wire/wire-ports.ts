/*
 * What the courier asks of its owner, where its limits stand, and what it counts.
 *
 * The idea: every packet that arrives ends in exactly one counter - opened or one of the reasons why not - so that the
 * figures add up, and nothing is lost in silence. Shape: data.
 */
import type { Message, Sender } from '../messages.ts'
import type { Address } from '../ports.ts'
import { RATE_LIMITS, type RateLimits } from './rate-limit.ts'

/** Everything included: below every common MTU. */
export const DATAGRAM_BYTES_MAX = 1400
/** What is still looked at when it comes from elsewhere. */
export const DATAGRAM_BYTES_ACCEPTED_MAX = 1500
export const STREAM_BYTES_MAX = 16 * 1024 * 1024

export interface CourierHooks {
  receive(sender: Sender, message: Message): void
  /** What else should travel, at most `bytesLeft` by `sizeOf`. Called once for each datagram with room. */
  takeBroadcasts(bytesLeft: number, sizeOf: (message: Message) => number): readonly Message[]
  /** Whether a member is known to live there. */
  isKnownAddress(address: Address): boolean
}

export interface CourierLimits {
  readonly rates: RateLimits
  /** After this much work in one turn of the event loop, the rest of the turn's datagrams is dropped. */
  readonly turnBudgetMs: number
  /** Strangers that asked without a key and are still owed an answer. */
  readonly strangersCountMax: number
}

export const COURIER_LIMITS: CourierLimits = { rates: RATE_LIMITS, turnBudgetMs: 2, strangersCountMax: 4096 }

export type DropReason =
  | 'oversize'
  | 'magic'
  | 'rate'
  | 'budget'
  | 'label'
  | 'header'
  | 'own'
  | 'plain'
  | 'sealed'
  | 'stale'
  | 'replayed'
  | 'decode'

export interface CourierCounters {
  datagramsReceived: number
  datagramBytesReceived: number
  streamsReceived: number
  streamBytesReceived: number
  /** Packets whose messages were handed on; together with `dropped` they are all that were received. */
  packetsOpened: number
  messagesReceived: number
  readonly dropped: Record<DropReason, number>
  datagramsSent: number
  datagramBytesSent: number
  streamsSent: number
  streamBytesSent: number
  messagesSent: number
  /** Of these, the ones that filled up a datagram. */
  broadcastsSent: number
  /** Messages that would have made the answers to a stranger longer than its questions. */
  answersWithheld: number
  /** Messages that not even a stream can carry. */
  messagesTooLong: number
}

export function freshCounters(): CourierCounters {
  return {
    datagramsReceived: 0,
    datagramBytesReceived: 0,
    streamsReceived: 0,
    streamBytesReceived: 0,
    packetsOpened: 0,
    messagesReceived: 0,
    dropped: {
      oversize: 0,
      magic: 0,
      rate: 0,
      budget: 0,
      label: 0,
      header: 0,
      own: 0,
      plain: 0,
      sealed: 0,
      stale: 0,
      replayed: 0,
      decode: 0,
    },
    datagramsSent: 0,
    datagramBytesSent: 0,
    streamsSent: 0,
    streamBytesSent: 0,
    messagesSent: 0,
    broadcastsSent: 0,
    answersWithheld: 0,
    messagesTooLong: 0,
  }
}
