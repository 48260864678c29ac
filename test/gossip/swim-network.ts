/*
 * Many Swims in virtual time: a heap of events, latency, loss, cuts, blocked UDP, frozen and crashed
 * processes.
 *
 * The idea: one seed is one run. Datagrams carry broadcasts in the room they have left, as the real courier's
 * do; every message is checked against its row on the way in. Streams arrive whole or fail at the sender.
 * Shape: machine (tests only).
 */
import { LAN_CONFIG, type SwimConfig } from '../../gossip/swim/config.ts'
import { bytesOf, type PackingCourier } from '../../gossip/swim/messages.ts'
import { Swim } from '../../gossip/swim/swim.ts'
import type { MemberRecord } from '../../gossip/member.ts'
import type { Message } from '../../gossip/messages.ts'
import { Prng } from '../support/prng.ts'
import { eventsInto, isWellFormed, recordOf } from './swim-stage.ts'

const DATAGRAM_BYTES = 1400
const HEADER_BYTES = 100
/** The head of a list of more than 15 messages. */
const LIST_BYTES = 3

interface Happening {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class Node {
  readonly id: string
  readonly address: string
  readonly swim: Swim
  readonly events: string[] = []
  isCrashed = false
  frozenUntilMs = 0
  datagramBytes = 0
  streamBytes = 0

  constructor(network: Network, record: MemberRecord, config: SwimConfig) {
    this.id = record.id
    this.address = record.address
    this.swim = new Swim(
      record,
      config,
      network.portsOf(this),
      network.courierOf(this),
      eventsInto(this.events),
    )
  }

  believes(id: string): string | undefined {
    return this.swim.get(id)?.liveness
  }
}

export class Network {
  nowMs = 0
  lossShare = 0
  latencyMinMs = 1
  latencyMaxMs = 20
  readonly udpBlocked = new Set<string>()
  areStreamsBlocked = false
  /** Whether nothing passes from one address to another. */
  isCut: (from: string, to: string) => boolean = () => false
  readonly nodes = new Map<string, Node>()
  readonly prng: Prng
  readonly #config: SwimConfig
  readonly #heap: Happening[] = []
  #order = 0

  constructor(seed: number, changes: Partial<SwimConfig> = {}) {
    this.prng = new Prng(seed)
    this.#config = { ...LAN_CONFIG, ...changes }
  }

  /** A started node; whoever was at its address has crashed. */
  add(id: string, seeds: readonly string[] = [], changes: Partial<MemberRecord> = {}): Node {
    const record = recordOf(id, { birth: 1_700_000_000_000 + this.nowMs, ...changes })
    const former = this.nodes.get(record.address)
    if (former !== undefined) former.isCrashed = true
    const node = new Node(this, record, this.#config)
    this.nodes.set(record.address, node)
    node.swim.start()
    node.swim.join(seeds)
    return node
  }

  /** n0 to n<count - 1>, each joined by way of n0, and time enough that all know all. */
  static grown(
    seed: number,
    count: number,
    changes: Partial<SwimConfig> = {},
  ): { network: Network; nodes: Node[] } {
    const network = new Network(seed, changes)
    const nodes: Node[] = []
    for (let at = 0; at < count; at++) {
      nodes.push(network.add(`n${at}`, at === 0 ? [] : [nodes[0]!.address]))
      network.run(50)
    }
    const allKnowAll = (): boolean => nodes.every((node) => node.swim.aliveCount === count)
    if (!network.runUntil(allKnowAll, 60_000)) throw new Error('the mesh did not come together')
    for (const node of nodes) node.events.length = 0
    return { network, nodes }
  }

  crash(node: Node): void {
    node.isCrashed = true
  }

  freeze(node: Node, ms: number): void {
    node.frozenUntilMs = this.nowMs + ms
  }

  run(ms: number): void {
    const untilMs = this.nowMs + ms
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs) this.#step()
    this.nowMs = untilMs
  }

  runUntil(isTrue: () => boolean, limitMs: number): boolean {
    const untilMs = this.nowMs + limitMs
    while (this.nowMs < untilMs) {
      if (isTrue()) return true
      this.run(100)
    }
    return isTrue()
  }

  portsOf(node: Node) {
    return {
      monotonicMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      random: () => this.prng.fraction(),
      randomBytes: (count: number) => this.prng.bytes(count),
      after: (delayMs: number, run: () => void) => this.#happen(delayMs, () => this.#whenAwake(node, run)),
    }
  }

  courierOf(node: Node): PackingCourier {
    return {
      send: (to, message) => {
        const left = DATAGRAM_BYTES - HEADER_BYTES - LIST_BYTES - bytesOf(message)
        this.#sendDatagram(node, to, [message, ...node.swim.takeBroadcasts(left)])
      },
      sendPacked: (to, messages) => this.#sendDatagram(node, to, messages),
      sendReliably: (to, message) => this.#sendStream(node, to, message),
    }
  }

  #sendDatagram(from: Node, to: string, messages: readonly Message[]): void {
    const bytes = HEADER_BYTES + bytesOf(messages)
    if (bytes > DATAGRAM_BYTES) throw new Error(`a datagram of ${bytes} bytes`)
    from.datagramBytes += bytes
    const isLost = this.prng.chance(this.lossShare) || this.isCut(from.address, to)
    if (isLost || this.udpBlocked.has(from.address) || this.udpBlocked.has(to)) return
    this.#happen(this.#latency(), () => {
      const target = this.nodes.get(to)
      if (target !== undefined) this.#whenAwake(target, () => this.#deliver(from, target, messages, false))
    })
  }

  #sendStream(from: Node, to: string, message: Message): void {
    from.streamBytes += HEADER_BYTES + bytesOf(message)
    this.#happen(2 * this.#latency(), () => {
      const target = this.nodes.get(to)
      const isPassable = !this.areStreamsBlocked && !this.isCut(from.address, to)
      if (target === undefined || target.isCrashed || !isPassable) {
        this.#whenAwake(from, () => from.swim.onStreamFailed(to))
      } else {
        this.#whenAwake(target, () => this.#deliver(from, target, [message], true))
      }
    })
  }

  #deliver(from: Node, to: Node, messages: readonly Message[], isStream: boolean): void {
    for (const message of messages) {
      if (!isWellFormed(message)) throw new Error(`from ${from.id}: ${JSON.stringify(message)}`)
      to.swim.onMessage({ id: from.id, address: from.address, isStream }, message)
    }
  }

  #whenAwake(node: Node, run: () => void): void {
    if (node.isCrashed) return
    if (node.frozenUntilMs > this.nowMs)
      this.#happen(node.frozenUntilMs - this.nowMs, () => this.#whenAwake(node, run))
    else run()
  }

  #latency(): number {
    return this.prng.between(this.latencyMinMs, this.latencyMaxMs)
  }

  #happen(delayMs: number, run: () => void): void {
    const heap = this.#heap
    const happening: Happening = { atMs: this.nowMs + delayMs, order: this.#order++, run }
    let at = heap.push(happening) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(happening, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = happening
  }

  #step(): void {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
        if (!isBefore(heap[child]!, last)) break
        heap[at] = heap[child]!
        at = child
      }
      heap[at] = last
    }
    this.nowMs = first.atMs
    first.run()
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
