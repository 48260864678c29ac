/*
 * The first frame on a gossip connection: which mesh, and where the one who dialled listens.
 *
 *   'HMG1' | label length 1 | label | address length 2 | address
 *
 * The idea: frames go one way, so an answer is a connection of its own and needs an address. The hello proves nothing; what
 * the frames behind it are worth is the courier's business. Shape: rule.
 */
import { Buffer } from 'node:buffer'
import { ADDRESS_BYTES_MAX } from '../member.ts'
import { isAddress } from '../messages.ts'
import type { Address } from '../ports.ts'
import { LABEL_BYTES_MAX } from './packet-header.ts'

const MAGIC = Buffer.from('HMG1', 'latin1')
const LABEL_AT = MAGIC.length + 1
const ADDRESS_LENGTH_BYTES = 2

export const HELLO_BYTES_MAX = LABEL_AT + LABEL_BYTES_MAX + ADDRESS_LENGTH_BYTES + ADDRESS_BYTES_MAX

export function encodeHello(label: string, listening: Address): Buffer {
  const labelBytes = Buffer.from(label)
  const addressBytes = Buffer.from(listening, 'latin1')
  const lengths = Buffer.alloc(1 + ADDRESS_LENGTH_BYTES)
  lengths[0] = labelBytes.length
  lengths.writeUInt16BE(addressBytes.length, 1)
  return Buffer.concat([MAGIC, lengths.subarray(0, 1), labelBytes, lengths.subarray(1), addressBytes])
}

/** The address of whoever says hello to this mesh, else undefined. */
export function decodeHello(frame: Buffer, label: string): Address | undefined {
  const labelBytes = Buffer.from(label)
  const addressAt = LABEL_AT + labelBytes.length + ADDRESS_LENGTH_BYTES
  if (frame.length <= addressAt || !frame.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  if (frame[MAGIC.length] !== labelBytes.length) return undefined
  if (!frame.subarray(LABEL_AT, LABEL_AT + labelBytes.length).equals(labelBytes)) return undefined
  if (frame.readUInt16BE(addressAt - ADDRESS_LENGTH_BYTES) !== frame.length - addressAt) return undefined
  const address = frame.toString('latin1', addressAt)
  return isAddress(address) ? address : undefined
}
