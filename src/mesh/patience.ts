/*
 * How long a link waits for a peer that says nothing.
 *
 * The idea: silence counts from the last byte that came, or from when the peer had taken the last long frame of ours, as
 * until then it had enough to do; and behind what is still queued for it, it may be silent for as long as that takes on
 * a slow network. A long frame that is coming in is waited for whatever was due before. It refuses to know what is
 * said. Shape: machine.
 */
import { slowestBytesPerMs } from './frame.ts'

/** More than what lies in the kernels between two nodes. */
const longFrameBytes = 16 * 1024 * 1024

export class Patience {
  /** When the last byte of the peer came. */
  heardAtMs: number
  #takenAtMs: number

  constructor(nowMs: number) {
    this.heardAtMs = nowMs
    this.#takenAtMs = nowMs
  }

  /** The wire has let go of so many bytes of ours. */
  onTaken(bytes: number, nowMs: number): void {
    if (bytes >= longFrameBytes) this.#takenAtMs = nowMs
  }

  /** This process stood still for so long, which is not held against the peer. */
  onPause(gapMs: number): void {
    this.heardAtMs += gapMs
  }

  quietMs(nowMs: number): number {
    return nowMs - Math.max(this.heardAtMs, this.#takenAtMs)
  }

  isTooQuiet(nowMs: number, silenceMs: number, queuedBytes: number): boolean {
    return this.quietMs(nowMs) >= silenceMs + queuedBytes / slowestBytesPerMs
  }

  /** `pendingBytes` of a frame are here, and the rest is still coming. */
  isReceivingLong(nowMs: number, pendingBytes: number, pauseMs: number): boolean {
    return pendingBytes >= longFrameBytes && nowMs - this.heardAtMs < pauseMs
  }
}
