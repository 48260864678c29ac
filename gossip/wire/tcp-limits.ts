/*
 * The limits and the figures of the TCP door.
 *
 * The idea: a stranger may cost a socket and a few hundred bytes, for seconds; whoever said hello may cost what one frame
 * needs; all half frames together may cost no more than a fixed sum. Shape: data.
 */
import { STREAM_BYTES_MAX } from './wire-ports.ts'

export interface TcpLimits {
  readonly inboundCountMax: number
  /** Of these from one host, so that one cannot take them all. */
  readonly inboundPerHostMax: number
  /** From being accepted to the end of the hello. */
  readonly helloMs: number
  /** From the first byte of a frame to its last. */
  readonly frameMs: number
  readonly frameBytesMax: number
  /** Half frames of all connections together; must exceed `frameBytesMax`. The connection that passes it is closed. */
  readonly halfFramesBytesMax: number
  /** Must exceed `outboundIdleMs`: the side that writes closes first, and knows that nothing is lost. */
  readonly inboundIdleMs: number
  readonly outboundCountMax: number
  readonly outboundIdleMs: number
  readonly dialMs: number
  /** From being sent to being taken by the kernel; must stay below the 30 s that make a sealed frame stale. */
  readonly deliveryMs: number
  /** Frames that wait for one peer. */
  readonly queueCountMax: number
  /** Their bytes; must exceed `frameBytesMax`. */
  readonly queueBytesMax: number
  /** After a failed dial nothing is tried for this long, doubled with each failure up to the maximum. */
  readonly backOffMinMs: number
  readonly backOffMaxMs: number
  /** One timer looks after every deadline above, this often. */
  readonly sweepMs: number
}

export const TCP_LIMITS: TcpLimits = {
  inboundCountMax: 2048,
  inboundPerHostMax: 512,
  helloMs: 5000,
  frameMs: 10_000,
  frameBytesMax: STREAM_BYTES_MAX,
  halfFramesBytesMax: 4 * STREAM_BYTES_MAX,
  inboundIdleMs: 90_000,
  outboundCountMax: 1024,
  outboundIdleMs: 30_000,
  dialMs: 5000,
  deliveryMs: 10_000,
  queueCountMax: 1024,
  queueBytesMax: 2 * STREAM_BYTES_MAX,
  backOffMinMs: 100,
  backOffMaxMs: 5000,
  sweepMs: 250,
}

export interface TcpCounters {
  accepted: number
  refusedFull: number
  refusedHost: number
  closedNoHello: number
  closedBadHello: number
  closedBadFrame: number
  closedSlowFrame: number
  closedHalfFrames: number
  closedIdle: number
  framesReceived: number
  bytesReceived: number
  dialled: number
  dialsFailed: number
  framesSent: number
  bytesSent: number
  /** Refused at once: the queue or the table of peers is full, the peer rests after a failure, the door is closed. */
  framesRefused: number
  /** Lost with a connection, or too old. */
  framesFailed: number
  handlerErrors: number
}

export function freshTcpCounters(): TcpCounters {
  return {
    accepted: 0,
    refusedFull: 0,
    refusedHost: 0,
    closedNoHello: 0,
    closedBadHello: 0,
    closedBadFrame: 0,
    closedSlowFrame: 0,
    closedHalfFrames: 0,
    closedIdle: 0,
    framesReceived: 0,
    bytesReceived: 0,
    dialled: 0,
    dialsFailed: 0,
    framesSent: 0,
    bytesSent: 0,
    framesRefused: 0,
    framesFailed: 0,
    handlerErrors: 0,
  }
}
