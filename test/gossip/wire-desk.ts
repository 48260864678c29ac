/*
 * A courier on a desk: its ports are lists, its clock is a field, its luck is a small generator with a seed.
 *
 * The idea: what a courier sends is kept as packets that a test can look at, alter and hand to another desk.
 */
import {
  type Message,
  type MessageRow,
  isBytes,
  isCount,
  isId,
  isListOf,
  isName,
  isU32,
  type Sender,
} from '../../gossip/messages.ts'
import type { GossipPorts } from '../../gossip/ports.ts'
import { Codec } from '../../gossip/wire/codec.ts'
import { WireCourier } from '../../gossip/wire/courier.ts'
import { Keyring } from '../../gossip/wire/keyring.ts'
import { COURIER_LIMITS, type CourierCounters, type CourierLimits } from '../../gossip/wire/wire-ports.ts'

export const ASK = 1
export const SAY = 2
export const NOTE = 3
export const LIST = 4

export const ROWS: readonly MessageRow[] = [
  { kind: ASK, name: 'ask', fields: [isU32, isId] },
  { kind: SAY, name: 'say', fields: [isBytes(20_000_000)] },
  { kind: NOTE, name: 'note', fields: [isName(64), isCount] },
  { kind: LIST, name: 'list', fields: [isListOf(isU32, 100_000)] },
]

export const codec = new Codec(ROWS)

export function keyOf(byte: number, length = 32): Uint8Array {
  return new Uint8Array(length).fill(byte)
}

/** A small fast generator: xorshift32. */
export function luckOf(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

export interface Packet {
  readonly to: string
  readonly bytes: Uint8Array
  readonly isStream: boolean
}

export class Desk implements GossipPorts {
  readonly id: string
  readonly address: string
  readonly keyring: Keyring
  readonly courier: WireCourier
  readonly packets: Packet[] = []
  readonly heard: { sender: Sender; message: Message }[] = []
  readonly wornKeys: string[] = []
  readonly #luck: () => number
  broadcasts: Message[] = []
  knownAddresses: Set<string> | undefined
  onMessage: ((sender: Sender, message: Message) => void) | undefined
  nowMs = 0
  wallNowMs: number

  constructor(id: string, options: DeskOptions = {}) {
    this.id = id
    this.address = `${id}.example:7946`
    this.wallNowMs = options.wallMs ?? 1_700_000_000_000
    this.keyring = new Keyring({ onKeyWorn: (keyId) => this.wornKeys.push(keyId) }, options.packetsPerKeyMax)
    for (const key of options.keys ?? []) this.keyring.install(key)
    this.#luck = luckOf(id.length * 7919 + id.charCodeAt(0))
    this.courier = new WireCourier(
      { selfId: id, label: options.label ?? 'mesh' },
      codec,
      this,
      this.keyring,
      {
        receive: (sender, message) => {
          this.heard.push({ sender, message })
          this.onMessage?.(sender, message)
        },
        takeBroadcasts: (bytesLeft, sizeOf) => this.#take(bytesLeft, sizeOf),
        isKnownAddress: (address) => this.knownAddresses?.has(address) ?? true,
      },
      { ...COURIER_LIMITS, ...options.limits },
    )
  }

  #take(bytesLeft: number, sizeOf: (message: Message) => number): Message[] {
    let left = bytesLeft
    const taken = this.broadcasts.filter((message) => {
      const fits = sizeOf(message) <= left
      if (fits) left -= sizeOf(message)
      return fits
    })
    this.broadcasts = this.broadcasts.filter((message) => !taken.includes(message))
    return taken
  }

  monotonicMs(): number {
    return this.nowMs
  }

  wallMs(): number {
    return this.wallNowMs
  }

  after(): void {
    throw new Error('the courier needs no timers')
  }

  random(): number {
    return this.#luck() / 2 ** 32
  }

  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#luck() & 0xff)
  }

  sendDatagram(to: string, bytes: Uint8Array): void {
    this.packets.push({ to, bytes: bytes.slice(), isStream: false })
  }

  sendStream(to: string, bytes: Uint8Array): void {
    this.packets.push({ to, bytes: bytes.slice(), isStream: true })
  }

  /** Takes the packets off the desk. */
  sent(): Packet[] {
    return this.packets.splice(0)
  }

  /** What one send made: exactly one packet. */
  packetOf(message: Message): Packet {
    this.courier.send('elsewhere.example:1', message)
    const packets = this.sent()
    if (packets.length !== 1) throw new Error(`${packets.length} packets instead of one`)
    return packets[0]!
  }

  take(from: string, { bytes, isStream }: Packet): void {
    if (isStream) this.courier.onStream(from, bytes)
    else this.courier.onDatagram(from, bytes)
  }

  /** What was heard since the last time, as messages. */
  messages(): Message[] {
    return this.heard.splice(0).map(({ message }) => message)
  }
}

export interface DeskOptions {
  readonly label?: string
  readonly keys?: readonly Uint8Array[]
  readonly limits?: Partial<CourierLimits>
  readonly wallMs?: number
  readonly packetsPerKeyMax?: number
}

export function droppedCount(counters: CourierCounters): number {
  return Object.values(counters.dropped).reduce((sum, count) => sum + count, 0)
}

/** Only the reasons that happened. */
export function dropsOf(desk: Desk): Record<string, number> {
  return Object.fromEntries(Object.entries(desk.courier.counters.dropped).filter(([, count]) => count > 0))
}
