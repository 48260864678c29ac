/*
 * Packets in and out of their seal, for one node: which key, which sender, how fresh.
 *
 * The idea: the counter inside every packet starts at the calendar's time (64 counts a millisecond), so that a restarted
 * process goes on above its former life and no one has to remember across restarts. Datagrams and streams have
 * replay windows apart, since one that waits for a connection may be overtaken by thousands of the other.
 * Shape: machine.
 */
import { Buffer } from 'node:buffer'
import type { Luck, Timing } from '../ports.ts'
import type { GossipKey, Keyring } from './keyring.ts'
import { headerBytes, keyHintOf, type PacketLabel } from './packet-header.ts'
import { type Freshness, ReplayGuard } from './replay-window.ts'
import {
  NONCE_BYTES,
  STAMP_BYTES,
  seal,
  stampCounter,
  stampWallMs,
  TAG_BYTES,
  unseal,
  writeStamp,
} from './sealed-packet.ts'

/** With one datagram a second from each, a mesh of 16,384 members is remembered whole. */
export const SENDERS_COUNT_MAX = 32_768
const COUNTS_PER_MS = 64

export type SealFault = 'sealed' | Exclude<Freshness, 'fresh'>

export class Sealing {
  readonly #keyring: Keyring
  readonly #label: PacketLabel
  readonly #ports: Timing & Luck
  readonly #datagrams: ReplayGuard
  readonly #streams: ReplayGuard
  #counter: number

  constructor(
    keyring: Keyring,
    label: PacketLabel,
    ports: Timing & Luck,
    sendersCountMax = SENDERS_COUNT_MAX,
  ) {
    this.#keyring = keyring
    this.#label = label
    this.#ports = ports
    this.#datagrams = new ReplayGuard(sendersCountMax)
    this.#streams = new ReplayGuard(sendersCountMax)
    this.#counter = Math.floor(ports.wallMs()) * COUNTS_PER_MS
  }

  get sendersForgottenEarlyCount(): number {
    return this.#datagrams.sendersForgottenEarlyCount + this.#streams.sendersForgottenEarlyCount
  }

  /** The sealed packet, from one whose header is written and that has `SEAL_FRONT_BYTES` free behind it. */
  seal(packet: Buffer, senderId: string, key: GossipKey): Buffer {
    const bodyAt = headerBytes(senderId)
    const nowMs = this.#ports.monotonicMs()
    let senderKey = key.senderKeys.get(senderId, nowMs)
    if (senderKey === undefined) {
      senderKey = key.senderKey(this.#label.bytes, senderId, nowMs)
      key.senderKeys.set(senderId, senderKey, nowMs)
    }
    writeStamp(packet, bodyAt + NONCE_BYTES, this.#ports.wallMs(), this.#counter++)
    const sealed = Buffer.allocUnsafe(packet.length + TAG_BYTES)
    packet.copy(sealed, 0, 0, bodyAt)
    const nonce = this.#ports.randomBytes(NONCE_BYTES)
    const stampAndMessages = packet.subarray(bodyAt + NONCE_BYTES)
    seal(sealed, bodyAt, senderKey, this.#additionalData(packet, bodyAt), nonce, stampAndMessages)
    this.#keyring.onSealed(key)
    return sealed
  }

  /** The messages' bytes, or why not. */
  open(packet: Buffer, bodyAt: number, senderId: string, isStream: boolean): Uint8Array | SealFault {
    const nowMs = this.#ports.monotonicMs()
    const hint = keyHintOf(packet)
    for (const key of this.#keyring.keys) {
      if (key.hint !== hint) continue
      const senderKey = key.senderKey(this.#label.bytes, senderId, nowMs)
      const opened = unseal(packet, bodyAt, senderKey, this.#additionalData(packet, bodyAt))
      if (opened === undefined) continue
      key.senderKeys.set(senderId, senderKey, nowMs)
      const guard = isStream ? this.#streams : this.#datagrams
      const wallMs = this.#ports.wallMs()
      const freshness = guard.judge(senderId, stampWallMs(opened), stampCounter(opened), wallMs, nowMs)
      if (freshness !== 'fresh') return freshness
      key.openedCount++
      return opened.subarray(STAMP_BYTES)
    }
    return 'sealed'
  }

  #additionalData(packet: Buffer, bodyAt: number): Uint8Array {
    const { bytes } = this.#label
    const data = new Uint8Array(bytes.length + bodyAt)
    data.set(bytes)
    data.set(packet.subarray(0, bodyAt), bytes.length)
    return data
  }
}
