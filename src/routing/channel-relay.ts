/**
 * Channel relay [Machine]: messages for listeners at other nodes, as many of them as one round of the event loop has brought
 * in one frame to each linked node. Who gets such a frame tells its own listeners and passes nothing on, so that a
 * message arrives once; frames keep their order, and so do the messages of a publisher.
 *
 *   frame    { u32 | channel | u32 | message }*
 *   answer   { u32 receivers }*, of shard channels only; nothing at all: nobody listens
 *
 * A channel's PUBLISH answers with the listeners of this node, as in Redis Cluster. A shard channel has all of its
 * listeners at one node there, so SPUBLISH counts those of all nodes. A message arrives at most once: what a link does
 * not take is counted and forgotten. It knows no links.
 */
import type { Args } from '../../resp/index.ts'
import type { Channels } from '../session/channels.ts'
import type { MessageRelay } from '../session/message-relay.ts'
import type { Session } from '../session/session.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { HeldPlace } from './held-place.ts'

/** Where an answer to `count` messages lies; undefined: there is none. */
export type Counted = (bytes: Buffer | undefined, start: number, end: number) => void

export interface RelayPorts {
  /** Other nodes that are alive, in reach or not. */
  peers(): Iterable<string>
  /** The body is used during the call only. False: the link has not taken it, or there is none. */
  send(peerId: string, count: number, body: Buffer, length: number): boolean
  /** The same; if taken, `counted` is called once, and not within the call. */
  ask(peerId: string, count: number, body: Buffer, length: number, counted: Counted): boolean
  wake(): void
}

/** A round that brings more than this leaves in several frames. */
export const FRAME_BYTES = 256 * 1024
const LENGTHS_BYTES = 8
const COUNT_BYTES = 4

export class ChannelRelay implements MessageRelay {
  /** Messages, once for each node they were sent to, came from, or could not be sent to. */
  readonly counters = { sent: 0, shardSent: 0, received: 0, shardReceived: 0, dropped: 0 }
  readonly #channels: Channels
  readonly #ports: RelayPorts
  readonly #messages = new ByteWriter()
  readonly #shardMessages = new ByteWriter()
  #count = 0
  #counts: ShardCounts | null = null

  constructor(channels: Channels, ports: RelayPorts) {
    this.#channels = channels
    this.#ports = ports
  }

  publish(args: Args): void {
    const messages = this.#messages
    if (messages.length > 0 && messages.length + bytesOf(args) > FRAME_BYTES) this.#send()
    if (this.#count === 0) this.#ports.wake()
    writeMessage(messages, args)
    this.#count++
  }

  publishToShard(session: Session, args: Args, receivers: number): void {
    this.#addToShard(args).add(new HeldPlace(session), receivers)
  }

  publishToShardUncounted(args: Args): void {
    this.#addToShard(args).add(null, 0)
  }

  /** The end of a round. */
  flush(): void {
    if (this.#count > 0) this.#send()
    if (this.#counts !== null) this.#ask(this.#counts)
  }

  /** Another node's frame. Of a broken one, what came before is told. */
  onMessages(count: number, bytes: Buffer, start: number, end: number): void {
    this.counters.received += count
    if (!this.#channels.hasListeners) return
    const input = new ByteReader(bytes, start, end)
    while (!input.isAtEnd) {
      const channel = readChannel(input)
      input.sized()
      if (!input.isBroken) this.#channels.publish(channel, bytes, input.start, input.stop)
    }
  }

  /** The answer to another node's frame; undefined: it is broken. */
  onShardMessages(count: number, bytes: Buffer, start: number, end: number): ByteWriter | undefined {
    this.counters.shardReceived += count
    const answer = new ByteWriter()
    if (this.#channels.shardChannelCount === 0) return answer
    const input = new ByteReader(bytes, start, end)
    while (!input.isAtEnd) {
      const channel = readChannel(input)
      input.sized()
      if (input.isBroken) return undefined
      answer.u32(this.#channels.publishToShard(channel, bytes, input.start, input.stop))
    }
    return answer
  }

  #addToShard(args: Args): ShardCounts {
    const messages = this.#shardMessages
    if (this.#counts !== null && messages.length + bytesOf(args) > FRAME_BYTES) this.#ask(this.#counts)
    if (this.#counts === null) {
      this.#counts = new ShardCounts()
      this.#ports.wake()
    }
    writeMessage(messages, args)
    return this.#counts
  }

  #send(): void {
    const { bytes, length } = this.#messages
    const count = this.#count
    this.#count = 0
    for (const peerId of this.#ports.peers()) {
      if (this.#ports.send(peerId, count, bytes, length)) this.counters.sent += count
      else this.counters.dropped += count
    }
    this.#messages.clear()
  }

  #ask(counts: ShardCounts): void {
    const { bytes, length } = this.#shardMessages
    const { count } = counts
    this.#counts = null
    for (const peerId of this.#ports.peers()) {
      const isTaken = this.#ports.ask(peerId, count, bytes, length, (answer, start, end) => {
        if (answer === undefined) this.counters.dropped += count
        counts.onAnswer(answer, start, end)
      })
      if (isTaken) this.counters.shardSent += count
      else this.counters.dropped += count
      if (isTaken) counts.awaitedCount++
    }
    this.#shardMessages.clear()
    counts.fillIfDone()
  }
}

/** The messages of one frame to shard channels: whom each has reached, and the places of their replies. */
class ShardCounts {
  awaitedCount = 0
  readonly #places: (HeldPlace | null)[] = []
  readonly #receivers: number[] = []

  get count(): number {
    return this.#places.length
  }

  add(place: HeldPlace | null, receivers: number): void {
    this.#places.push(place)
    this.#receivers.push(receivers)
  }

  onAnswer(bytes: Buffer | undefined, start: number, end: number): void {
    this.awaitedCount--
    if (bytes !== undefined && end - start === this.count * COUNT_BYTES) {
      for (let i = 0; i < this.count; i++) this.#receivers[i]! += bytes.readUInt32LE(start + i * COUNT_BYTES)
    }
    this.fillIfDone()
  }

  fillIfDone(): void {
    if (this.awaitedCount > 0) return
    for (const [i, place] of this.#places.entries()) {
      place?.fill(Buffer.from(`:${this.#receivers[i]!}\r\n`, 'latin1'))
    }
  }
}

function bytesOf(args: Args): number {
  return LENGTHS_BYTES + args.ends[1]! - args.starts[1]! + args.ends[2]! - args.starts[2]!
}

function writeMessage(out: ByteWriter, args: Args): void {
  out.sized(args.bytes, args.starts[1]!, args.ends[1]!)
  out.sized(args.bytes, args.starts[2]!, args.ends[2]!)
}

function readChannel(input: ByteReader): string {
  input.sized()
  return input.bytes.toString('latin1', input.start, input.stop)
}
