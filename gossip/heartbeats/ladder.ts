/*
 * Membership by heartbeats alone: who beats is alive, who falls silent goes down the ladder and is evicted.
 *
 * The idea: every node beats on a channel of its own and keeps, for each peer, when it last heard it by its own
 * clock - never by the sender's. One scan after each beat walks every silent peer down rung by rung, so that even a
 * scan after a long pause tells suspect, dead and evicted in this order; a beat brings a peer back up and says so.
 * It needs no probes and no agreement, and refuses to know how a beat travels. Shape: machine.
 */
import { EventBus, type MembershipEvent, type MembershipEventType, type Subscription } from '../events.ts'
import { ADDRESS_BYTES_MAX } from '../member.ts'
import { isId } from '../messages.ts'
import type { Luck, Timing } from '../ports.ts'
import { BeatRounds, type Rounded } from './beat-rounds.ts'
import { beatsInRound, type LadderConfig, ladderProblem, type Rung, rungOf, stepDown } from './rung.ts'

export interface LadderSelf {
  readonly clusterName: string
  readonly nodeId: string
}

export interface LadderPeer {
  readonly id: string
  /** Where it is reached; empty while only its beats are known. */
  readonly endpoint: string
  /** By the own monotonic clock. */
  readonly heardMs: number
  readonly rung: Rung
}

export interface LadderPorts extends Timing, Pick<Luck, 'random'> {
  /** Publishes one beat of this node. `to` is valid during the call only. */
  beat(channel: string, to: readonly LadderPeer[]): void
}

/** The data side's view of the peers. */
export interface ReplicaPort {
  markAlive(id: string, isAlive: boolean): void
  remove(id: string): void
}

export type HeartbeatOutcome = 'joined' | 'refreshed' | 'revived' | 'ignored' | 'refused'

const NO_REPLICA: ReplicaPort = { markAlive() {}, remove() {} }

/** Where the beats of a node are published, and where Redis clients may listen to them. */
export function heartbeatChannel(clusterName: string, nodeId: string): string {
  return `__system.membership.${clusterName}.${nodeId}`
}

export class HeartbeatLadder {
  readonly counters = {
    heartbeatsSent: 0,
    /** Of this cluster's other nodes; what is ignored or refused is not in here. */
    heartbeatsReceived: 0,
    /** This node's own, or another cluster's. */
    heartbeatsIgnored: 0,
    /** Malformed, or of a stranger when there is no room. */
    heartbeatsRefused: 0,
    peersJoined: 0,
    peersSuspected: 0,
    peersDead: 0,
    peersEvicted: 0,
    peersRevived: 0,
    peersRemoved: 0,
  }
  readonly channel: string
  readonly events: EventBus<MembershipEvent>
  private readonly self: LadderSelf
  private readonly ports: LadderPorts
  private readonly replica: ReplicaPort
  private current: LadderConfig
  private readonly entries = new Map<string, Entry>()
  private readonly rounds: BeatRounds<Entry>
  private readonly callbacks = new Map<number, Subscription>()
  private callbackIdLast = 0
  /** Which start the timer belongs to; 0 while stopped. */
  private run = 0
  private runLast = 0

  /** `config` has no ladderProblem. */
  constructor(self: LadderSelf, config: LadderConfig, ports: LadderPorts, replica: ReplicaPort = NO_REPLICA) {
    const problem = ladderProblem(config)
    if (problem !== undefined) throw new Error(problem)
    this.self = self
    this.current = config
    this.ports = ports
    this.replica = replica
    this.channel = heartbeatChannel(self.clusterName, self.nodeId)
    this.events = new EventBus()
    this.rounds = new BeatRounds(() => ports.random())
  }

  get config(): LadderConfig {
    return this.current
  }

  get isRunning(): boolean {
    return this.run !== 0
  }

  get peersCount(): number {
    return this.entries.size
  }

  peer(id: string): LadderPeer | undefined {
    return this.entries.get(id)
  }

  peers(): IterableIterator<LadderPeer> {
    return this.entries.values()
  }

  /** Beats at once and from then on every heartbeatMs. Again while running: does nothing. */
  start(): void {
    if (this.isRunning) return
    this.run = ++this.runLast
    this.onBeatDue(this.run)
  }

  /** Peers stay as they are. Again while stopped: does nothing. */
  stop(): void {
    this.run = 0
  }

  /** Takes effect at once. Answers what is wrong, and then nothing has changed. */
  configure(changes: Partial<LadderConfig>): string | undefined {
    const next = { ...this.current, ...changes }
    const problem = ladderProblem(next)
    if (problem !== undefined) return problem
    const isNewRhythm = next.heartbeatMs !== this.current.heartbeatMs
    this.current = next
    if (isNewRhythm && this.isRunning) {
      this.run = ++this.runLast
      this.awaitNextBeat()
    }
    return undefined
  }

  /** Ids count from 1 and are not used twice. */
  addCallback(callback: (event: MembershipEvent) => void): number {
    const subscription = this.events.subscribe(callback)
    this.callbackIdLast++
    this.callbacks.set(this.callbackIdLast, subscription)
    return this.callbackIdLast
  }

  /** False when there is no such callback. */
  removeCallback(callbackId: number): boolean {
    this.callbacks.get(callbackId)?.dispose()
    return this.callbacks.delete(callbackId)
  }

  /** Makes a peer known before its first beat. False when it is known already, or cannot be. */
  registerPeer(id: string, endpoint: string): boolean {
    return !this.entries.has(id) && this.join(id, endpoint)
  }

  /** The peer leaves by someone's will: told as peer_left, not as an eviction. */
  removePeer(id: string): boolean {
    const entry = this.entries.get(id)
    if (entry === undefined) return false
    this.forget(entry)
    this.counters.peersRemoved++
    this.tell('peer_left', id)
    return true
  }

  onHeartbeat(clusterName: string, nodeId: string, endpoint: string): HeartbeatOutcome {
    if (clusterName !== this.self.clusterName || nodeId === this.self.nodeId) {
      this.counters.heartbeatsIgnored++
      return 'ignored'
    }
    const entry = this.entries.get(nodeId)
    const isTaken = entry === undefined ? this.join(nodeId, endpoint) : isEndpoint(endpoint)
    if (!isTaken) {
      this.counters.heartbeatsRefused++
      return 'refused'
    }
    this.counters.heartbeatsReceived++
    if (entry === undefined) return 'joined'
    entry.heardMs = this.ports.monotonicMs()
    if (endpoint !== '') entry.endpoint = endpoint
    const wasSilent = entry.rung !== 'alive'
    entry.rung = 'alive'
    this.replica.markAlive(nodeId, true)
    if (!wasSilent) return 'refreshed'
    this.counters.peersRevived++
    this.tell('peer_alive', nodeId)
    return 'revived'
  }

  /** One pass over all peers: each goes down as far as its silence leads, one event for each rung. */
  scan(nowMs: number): void {
    const rounds = beatsInRound(this.entries.size, this.current.sampleCount)
    for (const entry of this.entries.values()) {
      // A callback may revive or remove the peer, so each step asks anew; there are only three rungs to go down.
      for (let step = 0; step < 3; step++) {
        const ageMs = Math.max(0, nowMs - entry.heardMs) / rounds
        const next = stepDown(entry.rung, rungOf(ageMs, this.current))
        if (next === undefined || this.entries.get(entry.id) !== entry) break
        this.goDown(entry, next)
      }
    }
  }

  private onBeatDue(run: number): void {
    if (run !== this.run) return
    const count = this.current.sampleCount
    this.counters.heartbeatsSent++
    this.ports.beat(this.channel, count === 0 ? this.rounds.all : this.rounds.next(count))
    this.scan(this.ports.monotonicMs())
    if (run === this.run) this.awaitNextBeat()
  }

  private awaitNextBeat(): void {
    const run = this.run
    this.ports.after(this.current.heartbeatMs, () => this.onBeatDue(run))
  }

  private goDown(entry: Entry, rung: Rung): void {
    entry.rung = rung
    if (rung === 'suspect') {
      this.counters.peersSuspected++
      this.tell('peer_suspect', entry.id)
    } else if (rung === 'dead') {
      this.counters.peersDead++
      this.tell('peer_dead', entry.id)
    } else {
      this.forget(entry)
      this.counters.peersEvicted++
      this.tell('peer_evicted', entry.id)
    }
  }

  private join(id: string, endpoint: string): boolean {
    if (id === this.self.nodeId || !isId(id) || !isEndpoint(endpoint)) return false
    if (this.entries.size >= this.current.peersCountMax) return false
    const entry = new Entry(id, endpoint, this.ports.monotonicMs())
    this.entries.set(id, entry)
    this.rounds.add(entry)
    this.counters.peersJoined++
    this.replica.markAlive(id, true)
    this.tell('peer_joined', id)
    return true
  }

  private forget(entry: Entry): void {
    this.entries.delete(entry.id)
    this.rounds.remove(entry)
    this.replica.markAlive(entry.id, false)
    this.replica.remove(entry.id)
  }

  private tell(type: MembershipEventType, id: string): void {
    this.events.emit({ type, id, wallMs: this.ports.wallMs() })
  }
}

class Entry implements LadderPeer, Rounded {
  readonly id: string
  endpoint: string
  heardMs: number
  rung: Rung = 'alive'
  at = 0

  constructor(id: string, endpoint: string, heardMs: number) {
    this.id = id
    this.endpoint = endpoint
    this.heardMs = heardMs
  }
}

function isEndpoint(endpoint: string): boolean {
  return endpoint.length <= ADDRESS_BYTES_MAX
}
