/*
 * A little mesh of agreements in virtual time, for tests.
 *
 * The idea: messages wait in one heap ordered by time, luck is one seeded source, and liveness is an oracle
 * with a delay: whoever cannot be reached for a while is believed silent, whoever can is announced alive.
 * So the agreement is tested without the machinery that finds liveness out. Messages travel packed, as on
 * the wire.
 */
import { Packr } from 'msgpackr'
import { Agreement, type AgreementHooks } from '../../gossip/agreement/agreement.ts'
import type { AgreementConfig } from '../../gossip/agreement/config.ts'
import type { AgreementEvent } from '../../gossip/agreement/events.ts'
import { isActingLeader } from '../../gossip/agreement/leader-actions.ts'
import type { MemberRecord } from '../../gossip/member.ts'
import type { Message } from '../../gossip/messages.ts'
import { memberDc } from '../../gossip/datacenter.ts'
import { Prng } from '../support/prng.ts'

const packr = new Packr({ useRecords: false, int64AsType: 'number' })

export interface MeshNode {
  readonly record: MemberRecord
  readonly agreement: Agreement
  readonly events: AgreementEvent[]
  /** Since when each peer cannot be reached. */
  readonly silentSinceMs: Map<string, number>
  isRunning: boolean
  /** This life was downed or removed. */
  isOver: boolean
}

interface Delivery {
  readonly atMs: number
  readonly order: number
  readonly from: MeshNode
  readonly to: string
  readonly bytes: Uint8Array
  readonly isStream: boolean
}

const WALL_ZERO_MS = 1_700_000_000_000
const TICK_MS = 1000
const DETECTION_MS = 3000

export class AgreementMesh {
  readonly nodes = new Map<string, MeshNode>()
  /** Envelopes as they were sent, to be sent again. */
  readonly recorded: { from: string; bytes: Uint8Array }[] = []
  /** Which member acted on which version of which data centre: one each, or `violations` tells. */
  readonly actors = new Map<string, string>()
  readonly violations: string[] = []
  readonly luck: Prng
  nowMs = 0
  lossShare = 0
  /** Whoever's life is over begins a new one, as the composition does. */
  isReborn = false
  bytesSent = 0
  messagesSent = 0
  readonly #config: Partial<AgreementConfig>
  #queue: Delivery[] = []
  #timers: { readonly atMs: number; readonly node: MeshNode; readonly run: () => void }[] = []
  #order = 0
  #sides: readonly ReadonlySet<string>[] = []
  #isRecording = false

  constructor(seed: number, config: Partial<AgreementConfig> = {}) {
    this.luck = new Prng(seed)
    this.#config = config
  }

  get wallMs(): number {
    return WALL_ZERO_MS + this.nowMs
  }

  /** A node, or a new life of one; `a3` listens on host a, port 1003. */
  start(
    id: string,
    roles = this.nodes.get(id)?.record.roles ?? [],
    address = `${id[0]}:${1000 + Number(id.slice(1))}`,
  ): MeshNode {
    const birth = Math.max(this.wallMs, (this.nodes.get(id)?.record.birth ?? 0) + 1)
    const record: MemberRecord = { id, birth, incarnation: 0, address, roles, meta: new Uint8Array(0) }
    const events: AgreementEvent[] = []
    const ports = {
      monotonicMs: () => this.nowMs,
      wallMs: () => this.wallMs,
      after: (delayMs: number, run: () => void) => {
        this.#timers.push({ atMs: this.nowMs + delayMs, node, run })
      },
      random: () => this.luck.fraction(),
      randomBytes: (count: number) => this.luck.bytes(count),
    }
    const courier = {
      send: (to: string, message: Message) => this.#send(node, to, message, false),
      sendReliably: (to: string, message: Message) => this.#send(node, to, message, true),
    }
    const hooks: AgreementHooks = {
      emit: (event) => {
        events.push(event)
        if (event.type === 'self_downed' || event.type === 'self_removed') node.isOver = true
      },
      isReachable: (peer) => this.#believesReachable(node, peer),
      pickPeer: () => this.#pickPeer(node),
    }
    const agreement = new Agreement(record, this.#config, ports, courier, hooks)
    const node: MeshNode = {
      record,
      agreement,
      events,
      silentSinceMs: new Map(),
      isRunning: true,
      isOver: false,
    }
    this.nodes.set(id, node)
    return node
  }

  crash(id: string): void {
    this.nodes.get(id)!.isRunning = false
  }

  /** Cuts the mesh into sides; nodes in none of them are cut off from everyone. No sides: healed. */
  partition(...sides: readonly (readonly string[])[]): void {
    this.#sides = sides.map((side) => new Set(side))
  }

  record(): void {
    this.#isRecording = true
  }

  /** Everything recorded arrives again at everyone. */
  replay(): void {
    this.#isRecording = false
    for (const { from, bytes } of this.recorded) {
      const sender = { id: from, address: this.nodes.get(from)!.record.address, isStream: true }
      for (const node of this.running()) {
        if (node.record.id !== from) node.agreement.onMessage(sender, packr.unpack(bytes) as Message)
      }
    }
  }

  running(): MeshNode[] {
    return [...this.nodes.values()].filter((node) => node.isRunning)
  }

  agreementOf(id: string): Agreement {
    return this.nodes.get(id)!.agreement
  }

  run(durationMs: number): void {
    const untilMs = this.nowMs + durationMs
    while (this.nowMs < untilMs) {
      this.nowMs += TICK_MS / 10
      this.#deliver()
      this.#runTimers()
      if (this.nowMs % TICK_MS === 0) this.#tick()
    }
  }

  /** Runs until it holds; false when it does not within the time. */
  runUntil(holds: () => boolean, limitMs: number): boolean {
    const untilMs = this.nowMs + limitMs
    while (this.nowMs < untilMs) {
      if (holds()) return true
      this.run(TICK_MS)
    }
    return holds()
  }

  /** Do all that run hold one converged state in which exactly these members are up? */
  isAgreedOn(ids: readonly string[]): boolean {
    const wanted = [...ids].sort().join()
    let digest: number | undefined
    for (const node of this.running()) {
      const snapshot = node.agreement.snapshot()
      const up = snapshot.members.filter((member) => member.status === 'up').map((member) => member.id)
      if (!snapshot.isConverged || up.sort().join() !== wanted) return false
      if (snapshot.members.length !== ids.length) return false
      digest ??= snapshot.digest
      if (digest !== snapshot.digest) return false
    }
    return true
  }

  #tick(): void {
    for (const node of this.running()) {
      if (this.isReborn && node.isOver) this.start(node.record.id)
    }
    for (const node of this.running()) this.#watch(node)
    for (const node of this.running()) {
      this.#noteActor(node)
      node.agreement.onTick()
    }
  }

  #noteActor(node: MeshNode): void {
    const { id } = node.record
    const dc = memberDc(node.record)
    const settings = { dc, book: 'pekko' as const, membersCountMin: 1 }
    if (!node.agreement.isMember || !isActingLeader(node.agreement.state, id, settings)) return
    const key = `${dc} ${node.agreement.snapshot().digest}`
    const actor = this.actors.get(key)
    if (actor === undefined) this.actors.set(key, id)
    else if (actor !== id) this.violations.push(`${actor} and ${id} at ${this.nowMs} ms`)
  }

  #runTimers(): void {
    const due = this.#timers.filter((one) => one.atMs <= this.nowMs)
    this.#timers = this.#timers.filter((one) => one.atMs > this.nowMs)
    for (const { node, run } of due) if (node.isRunning && this.nodes.get(node.record.id) === node) run()
  }

  /** The oracle of liveness. */
  #watch(node: MeshNode): void {
    for (const peer of this.nodes.values()) {
      const { id } = peer.record
      if (id === node.record.id) continue
      if (this.#isLinked(node, peer)) {
        node.silentSinceMs.delete(id)
        node.agreement.onAlive(peer.record)
      } else if (!node.silentSinceMs.has(id)) node.silentSinceMs.set(id, this.nowMs)
      else if (this.nowMs - node.silentSinceMs.get(id)! === DETECTION_MS) node.agreement.onUnreachable(id)
    }
  }

  #believesReachable(node: MeshNode, id: string): boolean {
    const sinceMs = node.silentSinceMs.get(id)
    return sinceMs === undefined || this.nowMs - sinceMs < DETECTION_MS
  }

  #pickPeer(node: MeshNode): { id: string; address: string } | undefined {
    const peers = [...this.nodes.values()].filter(
      (peer) => peer !== node && this.#believesReachable(node, peer.record.id),
    )
    return peers.length === 0 ? undefined : this.luck.pick(peers).record
  }

  #isLinked(a: MeshNode, b: MeshNode): boolean {
    if (!a.isRunning || !b.isRunning) return false
    if (this.#sides.length === 0) return true
    return this.#sides.some((side) => side.has(a.record.id) && side.has(b.record.id))
  }

  #send(from: MeshNode, to: string, message: Message, isStream: boolean): void {
    const bytes = Uint8Array.from(packr.pack(message))
    this.messagesSent++
    this.bytesSent += bytes.length
    if (this.#isRecording && message[0] === 23) this.recorded.push({ from: from.record.id, bytes })
    if (!isStream && this.luck.chance(this.lossShare)) return
    const atMs = this.nowMs + this.luck.between(1, 80)
    this.#queue.push({ atMs, order: this.#order++, from, to, bytes, isStream })
  }

  #deliver(): void {
    while (true) {
      const due = this.#queue.filter((one) => one.atMs <= this.nowMs)
      if (due.length === 0) return
      this.#queue = this.#queue.filter((one) => one.atMs > this.nowMs)
      due.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
      for (const { from, to, bytes, isStream } of due) {
        const node = this.running().find((one) => one.record.address === to)
        if (node === undefined || !this.#isLinked(from, node)) continue
        const sender = { id: from.record.id, address: from.record.address, isStream }
        node.agreement.onMessage(sender, packr.unpack(bytes) as Message)
      }
    }
  }
}
