/*
 * The clear front of every packet, plain or sealed, datagram or stream frame:
 *
 *   magic 1 | version 1 | flags 1 | key hint 1 | label fingerprint 8 | id length 1 | sender id 1-64 | body
 *
 * The idea: a stranger's packet is told apart by fixed offsets before anything is allocated, and two meshes that meet by
 * accident do not mix. The fingerprint is no secret; in a sealed packet the whole label is authenticated beside it.
 * Shape: rule.
 */
import type { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { ID_BYTES_MAX } from '../member.ts'

/** The one byte that no MessagePack value begins with. */
export const MAGIC = 0xc1
export const VERSION = 1

export const FLAG_SEALED = 1
/** What was sent as a datagram cannot be played back as a stream, nor the other way round. */
export const FLAG_STREAM = 2
const FLAGS_KNOWN = FLAG_SEALED | FLAG_STREAM

const FLAGS_AT = 2
const HINT_AT = 3
const FINGERPRINT_AT = 4
const ID_LENGTH_AT = 12
const ID_AT = 13

export const HEADER_BYTES_MIN = ID_AT + 1
export const HEADER_BYTES_MAX = ID_AT + ID_BYTES_MAX
export const LABEL_BYTES_MAX = 255

/** The name of the mesh, as packets carry it. */
export interface PacketLabel {
  readonly bytes: Uint8Array
  readonly fingerprint: Uint8Array
}

export function packetLabel(name: string): PacketLabel {
  const bytes = new TextEncoder().encode(name)
  if (bytes.length === 0 || bytes.length > LABEL_BYTES_MAX)
    throw new Error(`a cluster label has 1 to ${LABEL_BYTES_MAX} bytes, not ${bytes.length}`)
  const fingerprint = new Uint8Array(createHash('sha256').update(bytes).digest().subarray(0, 8))
  return { bytes, fingerprint }
}

export function headerBytes(senderId: string): number {
  return ID_AT + senderId.length
}

export function writeHeader(
  packet: Uint8Array,
  flags: number,
  keyHint: number,
  label: PacketLabel,
  senderId: string,
): void {
  packet[0] = MAGIC
  packet[1] = VERSION
  packet[FLAGS_AT] = flags
  packet[HINT_AT] = keyHint
  packet.set(label.fingerprint, FINGERPRINT_AT)
  packet[ID_LENGTH_AT] = senderId.length
  for (let at = 0; at < senderId.length; at++) packet[ID_AT + at] = senderId.charCodeAt(at)
}

/** Whether this could be a packet of any mesh of this version. */
export function hasMagic(packet: Uint8Array): boolean {
  return packet.length > HEADER_BYTES_MIN && packet[0] === MAGIC && packet[1] === VERSION
}

export function isSealedPacket(packet: Uint8Array): boolean {
  return (packet[FLAGS_AT]! & FLAG_SEALED) !== 0
}

export function keyHintOf(packet: Uint8Array): number {
  return packet[HINT_AT]!
}

export type HeaderFault = 'label' | 'header'

/** What is wrong with the header of a packet that has the magic and came as a datagram or over a stream. */
export function headerFault(
  packet: Uint8Array,
  label: PacketLabel,
  isStream: boolean,
): HeaderFault | undefined {
  for (let at = 0; at < 8; at++) {
    if (packet[FINGERPRINT_AT + at] !== label.fingerprint[at]) return 'label'
  }
  const flags = packet[FLAGS_AT]!
  if ((flags & ~FLAGS_KNOWN) !== 0 || ((flags & FLAG_STREAM) !== 0) !== isStream) return 'header'
  if ((flags & FLAG_SEALED) === 0 && packet[HINT_AT] !== 0) return 'header'
  const idBytes = packet[ID_LENGTH_AT]!
  if (idBytes === 0 || idBytes > ID_BYTES_MAX || ID_AT + idBytes >= packet.length) return 'header'
  for (let at = ID_AT; at < ID_AT + idBytes; at++) {
    const byte = packet[at]!
    if (byte < 0x21 || byte > 0x7e) return 'header'
  }
  return undefined
}

/** The remaining readers are for packets without a fault. */
export function senderIdOf(packet: Buffer): string {
  return packet.toString('latin1', ID_AT, bodyAt(packet))
}

export function bodyAt(packet: Uint8Array): number {
  return ID_AT + packet[ID_LENGTH_AT]!
}
