/*
 * The shared keys of the mesh: the first seals, every one opens.
 *
 * The idea: rotation without a gap is three steps - install everywhere, use everywhere, remove everywhere - and at each
 * step all members can read each other. Keys are named by a piece of their hash and never shown. Each key counts what it
 * sealed here, and says once when it has sealed as much as random nonces allow. Shape: machine.
 */
import { Buffer } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import { Generations } from './generations.ts'
import { deriveSenderKey } from './sealed-packet.ts'

export const KEYS_COUNT_MAX = 8
/** NIST SP 800-38D 8.3: random 96-bit nonces are safe for this many packets under one key. */
export const PACKETS_PER_KEY_MAX = 2 ** 32
/** Derived keys at hand, for each shared key; more are derived again when needed. */
const SENDER_KEYS_COUNT_MAX = 16_384
const SENDER_KEY_LIFE_MS = 120_000

/** A key as others may see it. */
export interface KeyInfo {
  readonly id: string
  readonly isPrimary: boolean
  readonly sealedCount: number
  readonly openedCount: number
  /** It has sealed as many packets as is safe: time to rotate. */
  readonly isWorn: boolean
}

export type KeyringAnswer =
  | { readonly isDone: true; readonly id: string }
  | { readonly isDone: false; readonly why: string }

export interface KeyringEvents {
  onKeyWorn(keyId: string): void
}

export class GossipKey {
  readonly id: string
  /** The first byte of the id: packets carry it, so that a receiver tries one key and not eight. */
  readonly hint: number
  readonly bytes: Buffer
  readonly senderKeys: Generations<Buffer>
  sealedCount: number
  openedCount: number

  constructor(bytes: Uint8Array) {
    const hash = createHash('sha256').update('gossip key 1\0').update(bytes).digest()
    this.id = hash.toString('hex', 0, 8)
    this.hint = hash[0]!
    this.bytes = Buffer.from(bytes)
    this.senderKeys = new Generations(SENDER_KEY_LIFE_MS, SENDER_KEYS_COUNT_MAX)
    this.sealedCount = 0
    this.openedCount = 0
  }

  /** Kept by whoever found it to be right: made-up senders must not push out real ones. */
  senderKey(label: Uint8Array, senderId: string, nowMs: number): Buffer {
    return this.senderKeys.get(senderId, nowMs) ?? deriveSenderKey(this.bytes, label, senderId)
  }
}

export class Keyring {
  /** The primary stands first. */
  #keys: readonly GossipKey[]
  readonly #events: KeyringEvents
  readonly #packetsPerKeyMax: number

  constructor(events: KeyringEvents, packetsPerKeyMax = PACKETS_PER_KEY_MAX) {
    this.#keys = []
    this.#events = events
    this.#packetsPerKeyMax = packetsPerKeyMax
  }

  get keys(): readonly GossipKey[] {
    return this.#keys
  }

  get primary(): GossipKey | undefined {
    return this.#keys[0]
  }

  list(): KeyInfo[] {
    return this.#keys.map((key, at) => ({
      id: key.id,
      isPrimary: at === 0,
      sealedCount: key.sealedCount,
      openedCount: key.openedCount,
      isWorn: key.sealedCount >= this.#packetsPerKeyMax,
    }))
  }

  /** The first key installed is the primary one; a key that is there already is fine. */
  install(bytes: Uint8Array): KeyringAnswer {
    if (bytes.length !== 16 && bytes.length !== 24 && bytes.length !== 32)
      return refused(`a gossip key has 16, 24 or 32 bytes, not ${bytes.length}`)
    const key = new GossipKey(bytes)
    const former = this.#find(key.id)
    if (former !== undefined) {
      const isSame = former.bytes.length === bytes.length && timingSafeEqual(former.bytes, bytes)
      return isSame ? done(key.id) : refused(`another key goes by the id ${key.id}`)
    }
    if (this.#keys.length >= KEYS_COUNT_MAX)
      return refused(`the keyring holds ${KEYS_COUNT_MAX} keys already: remove one first`)
    this.#keys = [...this.#keys, key]
    return done(key.id)
  }

  use(keyId: string): KeyringAnswer {
    const key = this.#find(keyId)
    if (key === undefined) return refused(`no key with the id ${keyId} is installed`)
    this.#keys = [key, ...this.#keys.filter((other) => other !== key)]
    return done(keyId)
  }

  remove(keyId: string): KeyringAnswer {
    const key = this.#find(keyId)
    if (key === undefined) return refused(`no key with the id ${keyId} is installed`)
    if (key === this.#keys[0]) return refused('the primary key cannot be removed: use another one first')
    this.#keys = this.#keys.filter((other) => other !== key)
    key.bytes.fill(0)
    return done(keyId)
  }

  /** To be told for every packet that is sealed. */
  onSealed(key: GossipKey): void {
    key.sealedCount++
    if (key.sealedCount === this.#packetsPerKeyMax) this.#events.onKeyWorn(key.id)
  }

  #find(keyId: string): GossipKey | undefined {
    return this.#keys.find(({ id }) => id === keyId)
  }
}

function done(id: string): KeyringAnswer {
  return { isDone: true, id }
}

function refused(why: string): KeyringAnswer {
  return { isDone: false, why }
}
