/*
 * What the mesh asks of the world: byte streams to peers, time and luck, as one small set of synchronous verbs.
 *
 * The idea: links and pools are given these at construction and never touch a socket or a clock, so that the same code
 * runs over TCP, inside one process and in a simulator. A port never calls back inside the call: what it leads to
 * arrives as a later event. It refuses to know frames. Shape: data.
 */
import type { Buffer } from 'node:buffer'

/** Where a peer listens, as `host:port`; an IPv6 host in brackets. */
export type Address = string

/** How a wire ended: `refused` nobody listens there, `reset` the other process is gone, `unreachable` no way there. */
export type WireEnd = 'closed' | 'refused' | 'reset' | 'unreachable'

export interface Wire {
  /**
   * Takes all the bytes. True: they belong to the caller again. False: they must be left alone, and nothing more be
   * written, until `onDrain`.
   */
  write(bytes: Buffer): boolean
  /** What was written before still leaves, within a short time; `onClosed` follows. */
  close(): void
  /** Nothing more is read until `resume`: the other side comes to a halt by itself. */
  pause(): void
  resume(): void
  /** Told once it is known who is at the other end, for wires that treat peers differently. */
  onNamed?(address: Address): void
}

export interface WireEvents {
  /** Only for wires that were dialled; accepted ones are open from the start. */
  onOpen(): void
  /** The chunk belongs to the wire again after the call. */
  onBytes(chunk: Buffer): void
  onDrain(): void
  /** Exactly once, also after `close`; nothing comes after it. */
  onClosed(end: WireEnd): void
}

export interface Wires {
  dial(address: Address, events: WireEvents): Wire
}

/** Gives the events of a wire that somebody else dialled; `remote` is for people to read. */
export type AcceptWire = (wire: Wire, remote: string) => WireEvents

export interface MeshPorts {
  /** Never goes back; its zero means nothing. */
  monotonicMs(): number
  /** The calendar's time: for people to read only. */
  wallMs(): number
  /** A number in 0 <= x < 1. */
  random(): number
  /** Fresh unpredictable bytes, for nonces. */
  randomBytes(count: number): Uint8Array
}

/** What the wires that are not sockets need to be late. */
export interface LaterPort {
  /** Calls `run` once, later than this call. */
  after(delayMs: number, run: () => void): void
}
