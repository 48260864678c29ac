/*
 * The courier: messages out as packets, packets in as messages.
 *
 * The idea: everything that stands between a stranger's bytes and a machine stands here, in the order of its price -
 * size, magic, rate, budget, header, seal, freshness, fields - and each stage drops and counts. On the way out a message
 * goes by datagram when it fits, with broadcasts in the room left, else by stream. Without a key the label is all the
 * trust there is, so strangers are answered with no more bytes than they sent. It knows no kind of message.
 * Shape: machine.
 */
import { Buffer } from 'node:buffer'
import { type Courier, isId, type Message } from '../messages.ts'
import type { Address, GossipPorts } from '../ports.ts'
import { type Codec, ENVELOPE_BYTES_MAX } from './codec.ts'
import type { Keyring } from './keyring.ts'
import {
  bodyAt,
  FLAG_SEALED,
  FLAG_STREAM,
  hasMagic,
  headerBytes,
  headerFault,
  isSealedPacket,
  type PacketLabel,
  packetLabel,
  senderIdOf,
  writeHeader,
} from './packet-header.ts'
import { RateLimit } from './rate-limit.ts'
import { SEAL_BYTES, SEAL_FRONT_BYTES } from './sealed-packet.ts'
import { Sealing } from './sealing.ts'
import { StrangerCredit } from './stranger-credit.ts'
import {
  COURIER_LIMITS,
  type CourierCounters,
  type CourierHooks,
  type CourierLimits,
  DATAGRAM_BYTES_ACCEPTED_MAX,
  DATAGRAM_BYTES_MAX,
  type DropReason,
  freshCounters,
  STREAM_BYTES_MAX,
} from './wire-ports.ts'

export interface CourierIdentity {
  readonly selfId: string
  /** The name of the mesh: packets of another one are dropped. */
  readonly label: string
}

/** Which side of a running mesh already uses its keys: encryption is switched on by two rolling changes. */
export interface Verification {
  /** Plain packets are dropped as soon as there is a key. */
  readonly verifyIncoming: boolean
  /** Packets are sealed as soon as there is a key. */
  readonly verifyOutgoing: boolean
}

const NO_MESSAGES: readonly Message[] = []

export class WireCourier implements Courier {
  readonly counters: CourierCounters
  readonly rateLimit: RateLimit
  readonly #selfId: string
  readonly #label: PacketLabel
  readonly #ports: GossipPorts
  readonly #keyring: Keyring
  readonly #hooks: CourierHooks
  readonly #limits: CourierLimits
  readonly #codec: Codec
  readonly #sealing: Sealing
  readonly #strangers: StrangerCredit
  #verification: Verification
  /** Until somebody announces turns, all time is one turn without a budget. */
  #turnStartedMs: number
  /** The stranger whose datagram is being handed on, else empty. */
  #questioner: Address | ''

  constructor(
    identity: CourierIdentity,
    codec: Codec,
    ports: GossipPorts,
    keyring: Keyring,
    hooks: CourierHooks,
    limits: CourierLimits = COURIER_LIMITS,
  ) {
    if (!isId(identity.selfId)) throw new Error(`${identity.selfId} is no id for a member`)
    this.counters = freshCounters()
    this.rateLimit = new RateLimit(limits.rates, ports.monotonicMs())
    this.#selfId = identity.selfId
    this.#label = packetLabel(identity.label)
    this.#ports = ports
    this.#keyring = keyring
    this.#hooks = hooks
    this.#limits = limits
    this.#codec = codec
    this.#sealing = new Sealing(keyring, this.#label, ports)
    this.#strangers = new StrangerCredit(limits.strangersCountMax)
    this.#verification = { verifyIncoming: true, verifyOutgoing: true }
    this.#turnStartedMs = Number.POSITIVE_INFINITY
    this.#questioner = ''
  }

  verify(verification: Verification): void {
    this.#verification = verification
  }

  get verification(): Verification {
    return this.#verification
  }

  /** What one message may take to travel by datagram; less is left to it when packets are sealed. */
  get messageBytesMax(): number {
    const sealBytes = this.#isSealing ? SEAL_BYTES : 0
    return DATAGRAM_BYTES_MAX - headerBytes(this.#selfId) - sealBytes - ENVELOPE_BYTES_MAX
  }

  get #isSealing(): boolean {
    return this.#verification.verifyOutgoing && this.#keyring.primary !== undefined
  }

  /** Whether every packet that is opened proves that its sender holds a key. */
  get #isProven(): boolean {
    return this.#verification.verifyIncoming && this.#keyring.primary !== undefined
  }

  /** Senders whose replay windows had to go before their time. */
  get sendersForgottenEarlyCount(): number {
    return this.#sealing.sendersForgottenEarlyCount
  }

  /** While nobody unknown has asked, nothing that is sent can be an answer to a stranger. */
  #isStranger(to: Address): boolean {
    if (this.#isProven || this.#strangers.strangersCount === 0) return false
    return !this.#hooks.isKnownAddress(to)
  }

  send(to: Address, message: Message): void {
    const roomBytes = this.messageBytesMax - this.#codec.sizeOf(message)
    if (roomBytes < 0) {
      this.sendReliably(to, message)
      return
    }
    const isStranger = this.#isStranger(to)
    const broadcasts =
      isStranger || roomBytes === 0 ? NO_MESSAGES : this.#hooks.takeBroadcasts(roomBytes, this.#codec.sizeOf)
    if (broadcasts.length === 0) {
      this.#sendDatagram(to, [message], isStranger)
      return
    }
    this.counters.broadcastsSent += broadcasts.length
    this.#sendDatagram(to, [message, ...broadcasts], isStranger)
  }

  /** Several messages in as few datagrams as they fit in, in their order, and nothing else. */
  sendPacked(to: Address, messages: readonly Message[]): void {
    const isStranger = this.#isStranger(to)
    let batch: Message[] = []
    let leftBytes = this.messageBytesMax
    for (const message of messages) {
      const bytes = this.#codec.sizeOf(message)
      if (bytes > this.messageBytesMax) {
        this.sendReliably(to, message)
        continue
      }
      if (bytes > leftBytes) {
        this.#sendDatagram(to, batch, isStranger)
        batch = []
        leftBytes = this.messageBytesMax
      }
      batch.push(message)
      leftBytes -= bytes
    }
    if (batch.length > 0) this.#sendDatagram(to, batch, isStranger)
  }

  sendReliably(to: Address, message: Message): void {
    if (to === this.#questioner) {
      this.counters.answersWithheld++
      return
    }
    const overheadBytes = headerBytes(this.#selfId) + SEAL_BYTES + ENVELOPE_BYTES_MAX
    if (this.#codec.sizeOf(message) + overheadBytes > STREAM_BYTES_MAX) {
      this.counters.messagesTooLong++
      return
    }
    const packet = this.#pack([message], FLAG_STREAM)
    this.counters.streamsSent++
    this.counters.streamBytesSent += packet.length
    this.counters.messagesSent++
    this.#ports.sendStream(to, packet)
  }

  #sendDatagram(to: Address, messages: readonly Message[], isStranger: boolean): void {
    const packet = this.#pack(messages, 0)
    if (packet.length > DATAGRAM_BYTES_MAX) throw new Error(`a datagram of ${packet.length} bytes was packed`)
    if (isStranger) {
      const nowMs = this.#ports.monotonicMs()
      const leftBytes = this.#strangers.leftFor(to, nowMs)
      if (leftBytes !== undefined && packet.length > leftBytes) {
        this.counters.answersWithheld += messages.length
        return
      }
      this.#strangers.spend(to, packet.length, nowMs)
    }
    this.counters.datagramsSent++
    this.counters.datagramBytesSent += packet.length
    this.counters.messagesSent += messages.length
    this.#ports.sendDatagram(to, packet)
  }

  /** The packet may lie in the codec's buffer: it is good until the next one. */
  #pack(messages: readonly Message[], flags: number): Uint8Array {
    const key = this.#isSealing ? this.#keyring.primary : undefined
    const frontBytes = headerBytes(this.#selfId) + (key === undefined ? 0 : SEAL_FRONT_BYTES)
    const packet = bufferOver(this.#codec.encode(messages, frontBytes))
    const sealFlag = key === undefined ? 0 : FLAG_SEALED
    writeHeader(packet, flags | sealFlag, key?.hint ?? 0, this.#label, this.#selfId)
    return plainOver(key === undefined ? packet : this.#sealing.seal(packet, this.#selfId, key))
  }

  /** A new turn of the event loop has begun: the budget is fresh. */
  onTurn(): void {
    this.#turnStartedMs = this.#ports.monotonicMs()
  }

  onDatagram(from: Address, bytes: Uint8Array): void {
    this.counters.datagramsReceived++
    this.counters.datagramBytesReceived += bytes.length
    if (bytes.length > DATAGRAM_BYTES_ACCEPTED_MAX) return this.#drop('oversize')
    if (!hasMagic(bytes)) return this.#drop('magic')
    const nowMs = this.#ports.monotonicMs()
    const isKnown = this.#hooks.isKnownAddress(from)
    if (!this.rateLimit.admit(from, isKnown, nowMs)) return this.#drop('rate')
    if (nowMs - this.#turnStartedMs > this.#limits.turnBudgetMs) return this.#drop('budget')
    this.#open(from, bytes, false, isKnown, nowMs)
  }

  onStream(from: Address, bytes: Uint8Array): void {
    this.counters.streamsReceived++
    this.counters.streamBytesReceived += bytes.length
    if (bytes.length > STREAM_BYTES_MAX) return this.#drop('oversize')
    if (!hasMagic(bytes)) return this.#drop('magic')
    const nowMs = this.#ports.monotonicMs()
    const isKnown = this.#hooks.isKnownAddress(from)
    // A member's streams are paced by their connection; nothing of them may be dropped in between.
    if (!isKnown && !this.rateLimit.admit(from, false, nowMs)) return this.#drop('rate')
    this.#open(from, bytes, true, isKnown, nowMs)
  }

  #open(from: Address, bytes: Uint8Array, isStream: boolean, isKnown: boolean, nowMs: number): void {
    const packet = bufferOver(bytes)
    const fault = headerFault(packet, this.#label, isStream)
    if (fault !== undefined) return this.#drop(fault)
    const senderId = senderIdOf(packet)
    if (senderId === this.#selfId) return this.#drop('own')
    const isSealed = isSealedPacket(packet)
    if (!isSealed && this.#isProven) return this.#drop('plain')
    const opened = isSealed
      ? this.#sealing.open(packet, bodyAt(packet), senderId, isStream)
      : packet.subarray(bodyAt(packet))
    if (typeof opened === 'string') return this.#drop(opened)
    const messages = this.#codec.decode(opened)
    if (messages === undefined) return this.#drop('decode')
    this.counters.packetsOpened++
    this.counters.messagesReceived += messages.length
    const isQuestion = !isSealed && !isKnown && !isStream
    if (isQuestion) this.#strangers.onQuestion(from, bytes.length, nowMs)
    this.#handOn(from, senderId, isStream, messages, isQuestion)
  }

  #handOn(
    address: Address,
    id: string,
    isStream: boolean,
    messages: readonly Message[],
    isQuestion: boolean,
  ): void {
    const sender = { id, address, isStream }
    this.#questioner = isQuestion ? address : ''
    try {
      for (const message of messages) this.#hooks.receive(sender, message)
    } finally {
      this.#questioner = ''
    }
  }

  #drop(reason: DropReason): void {
    this.counters.dropped[reason]++
  }
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** What leaves is a plain array, whose `slice` copies, not a Buffer, whose `slice` does not. */
function plainOver(packet: Buffer): Uint8Array {
  return new Uint8Array(packet.buffer, packet.byteOffset, packet.length)
}
