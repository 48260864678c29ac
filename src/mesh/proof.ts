/*
 * The proof that a peer knows the mesh's secret, without saying it.
 *
 * The idea: HMAC-SHA256 over both introductions as they went over the wire - nonces, ids, births, addresses, names,
 * features - under a label that names the side. Fresh nonces make a recorded proof worthless, the label makes an echoed
 * one worthless, and nobody can alter a word of the introductions. The comparison takes the same time however wrong
 * a proof is. Shape: rule.
 */
import { Buffer } from 'node:buffer'
import { createHmac, timingSafeEqual } from 'node:crypto'

export type Side = 'dialler' | 'acceptor'

export function proofOf(secret: string, side: Side, hello: Uint8Array, challenge: Uint8Array): Buffer {
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32BE(hello.length, 0)
  lengths.writeUInt32BE(challenge.length, 4)
  return createHmac('sha256', Buffer.from(secret, 'utf8'))
    .update(`hypercache-mesh link 1 ${side}\0`)
    .update(lengths)
    .update(hello)
    .update(challenge)
    .digest()
}

export function isProof(expected: Uint8Array, given: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(expected, given)
}
