/**
 * Hash [Door]: xxHash for everything two nodes must compute alike: ring points, fingerprints, Merkle nodes.
 * The WebAssembly module is compiled once, while this file is loaded; what is handed out are plain functions.
 * Not keyed: it tells apart what differs by chance, and authenticates nothing.
 */
import xxhash from 'xxhash-wasm'

const { h32, h32Raw, create32 } = await xxhash()

/** The module's memory grows to the largest input and stays so; longer inputs go through in chunks. */
const CHUNK_BYTES = 65536
const LOW_SEED = 0x9e3779b1
const HIGH_SEED = 0x85ebca77
const HIGH_BITS = 0x1fffff

/** 32 bits, unsigned. */
export function hashBytes(bytes: Uint8Array, seed: number): number {
  if (bytes.length <= CHUNK_BYTES) return h32Raw(bytes, seed)
  const running = create32(seed)
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) running.update(bytes.subarray(at, at + CHUNK_BYTES))
  return running.digest()
}

/** 32 bits, unsigned, of the UTF-8 form of a short text such as a member's id. */
export function hashText(text: string, seed: number): number {
  return h32(text, seed)
}

/** 53 bits: as many as a number carries exactly. */
export function fingerprintOf(bytes: Uint8Array): number {
  return (hashBytes(bytes, HIGH_SEED) & HIGH_BITS) * 4294967296 + hashBytes(bytes, LOW_SEED)
}
