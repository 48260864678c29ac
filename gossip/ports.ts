/*
 * What gossip asks of the world, as one small set of synchronous verbs.
 *
 * The idea: machines are given these at construction and never touch a clock, a socket or luck themselves, so that
 * the same code runs over UDP and in a simulator where one seed is one run. A port never calls back inside the call:
 * what it leads to arrives as a later event. Shape: data.
 */

/** Where a member is reached, as `host:port` (an IPv6 host in brackets): datagrams and streams share the number. */
export type Address = string

export interface Timing {
  /** Never goes back; its zero means nothing. */
  monotonicMs(): number
  /** The calendar's time, which may jump: for births, tombstones and replay windows only. */
  wallMs(): number
  /** Calls `run` once, later than this call. What is no longer wanted is ignored by whoever set it. */
  after(delayMs: number, run: () => void): void
}

export interface Luck {
  /** A number in 0 <= x < 1. */
  random(): number
  /** Fresh unpredictable bytes, for nonces. */
  randomBytes(count: number): Uint8Array
}

export interface Datagrams {
  /** May be lost, doubled or late. The bytes belong to the caller again after the call. */
  sendDatagram(to: Address, bytes: Uint8Array): void
}

export interface Streams {
  /**
   * Delivers whole, in order and unaltered, or not at all; a failed delivery comes back as an event to whoever owns the port.
   * The bytes belong to the caller again after the call.
   */
  sendStream(to: Address, bytes: Uint8Array): void
}

export interface GossipPorts extends Timing, Luck, Datagrams, Streams {}
