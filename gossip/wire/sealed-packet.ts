/*
 * How a packet is sealed: AES-256-GCM over stamp and messages, behind the clear header.
 *
 *   header | nonce 12 | ( coarse wall seconds 4 | counter 6 | messages ) encrypted | tag 16
 *
 * The idea: the header (version, flags, label fingerprint, sender's id) and the whole cluster label are additional data, so
 * nobody without the key can move a packet to another sender, mesh or path. Each sender has a key of its own, derived
 * from the shared one: then the bound of 2^32 random nonces per key counts one sender's packets, not the mesh's.
 * Which key, whose packet, how fresh: not its business. Shape: rule.
 */
import type { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'

const CIPHER = 'aes-256-gcm'

export const NONCE_BYTES = 12
export const TAG_BYTES = 16
const SECONDS_BYTES = 4
const COUNTER_BYTES = 6
export const STAMP_BYTES = SECONDS_BYTES + COUNTER_BYTES
/** What has to stay free between the header and the messages of a packet that is going to be sealed. */
export const SEAL_FRONT_BYTES = NONCE_BYTES + STAMP_BYTES
export const SEAL_BYTES = NONCE_BYTES + STAMP_BYTES + TAG_BYTES
const OPTIONS = { authTagLength: TAG_BYTES }

/** 32 bytes for one sender, from a shared key of any length. */
export function deriveSenderKey(sharedKey: Uint8Array, label: Uint8Array, senderId: string): Buffer {
  const hmac = createHmac('sha256', sharedKey)
  return hmac.update('gossip seal 1\0').update(label).update('\0').update(senderId, 'latin1').digest()
}

export function writeStamp(packet: Buffer, at: number, wallMs: number, counter: number): void {
  packet.writeUInt32BE(Math.floor(wallMs / 1000) >>> 0, at)
  packet.writeUIntBE(counter, at + SECONDS_BYTES, COUNTER_BYTES)
}

export function stampWallMs(opened: Buffer): number {
  return opened.readUInt32BE(0) * 1000
}

export function stampCounter(opened: Buffer): number {
  return opened.readUIntBE(SECONDS_BYTES, COUNTER_BYTES)
}

/** Writes nonce, encryption and tag into `packet`, which holds the header and is `SEAL_BYTES` larger than header and messages. */
export function seal(
  packet: Buffer,
  headerBytes: number,
  senderKey: Uint8Array,
  additionalData: Uint8Array,
  nonce: Uint8Array,
  stampAndMessages: Uint8Array,
): void {
  const cipher = createCipheriv(CIPHER, senderKey, nonce, OPTIONS)
  cipher.setAAD(additionalData)
  packet.set(nonce, headerBytes)
  packet.set(cipher.update(stampAndMessages), headerBytes + NONCE_BYTES)
  cipher.final()
  packet.set(cipher.getAuthTag(), headerBytes + NONCE_BYTES + stampAndMessages.length)
}

/** Stamp and messages, or undefined when this key and these additional data did not seal them. */
export function unseal(
  packet: Buffer,
  headerBytes: number,
  senderKey: Uint8Array,
  additionalData: Uint8Array,
): Buffer | undefined {
  const encryptedAt = headerBytes + NONCE_BYTES
  const tagAt = packet.length - TAG_BYTES
  if (tagAt <= encryptedAt + STAMP_BYTES) return undefined
  const decipher = createDecipheriv(CIPHER, senderKey, packet.subarray(headerBytes, encryptedAt), OPTIONS)
  decipher.setAAD(additionalData)
  decipher.setAuthTag(packet.subarray(tagAt))
  const opened = decipher.update(packet.subarray(encryptedAt, tagAt))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return opened
}
