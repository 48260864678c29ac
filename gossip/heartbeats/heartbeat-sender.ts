/*
 * Beats along the watch ring, judged by phi: the third document's heartbeat sender.
 *
 * The idea: this node asks each peer that it watches for a beat in every interval, each answer feeds that peer's own
 * detector, and the sender tells when a peer's suspicion crosses the threshold, either way. A peer that never
 * answered is judged from the first question on. It refuses to know who is to be watched and what a verdict leads to.
 * Shape: machine.
 */
import { PHI_DEFAULTS, type PhiConfig, PhiDetector } from './phi.ts'

export interface HeartbeatSenderPorts {
  /** Asks a peer for a beat; the answer comes in as onAnswer with the same number. */
  askBeat(id: string, sequence: number): void
  onUnavailable(id: string): void
  onAvailable(id: string): void
}

/** What is known of the beats of one peer. */
export interface PeerHeartbeat {
  readonly id: string
  readonly detector: PhiDetector
  readonly askedCount: number
  readonly answeredCount: number
  /** The last verdict that was told. */
  readonly isAvailable: boolean
}

export class HeartbeatSender {
  readonly counters = { asked: 0, answered: 0, answersIgnored: 0, unavailable: 0, available: 0 }
  private readonly config: PhiConfig
  private readonly ports: HeartbeatSenderPorts
  private readonly watched = new Map<string, Watched>()

  constructor(ports: HeartbeatSenderPorts, config: PhiConfig = PHI_DEFAULTS) {
    this.ports = ports
    this.config = config
  }

  /** Whom to watch from now on (see watch-ring): histories of those that stay are kept, the others forgotten. */
  watch(ids: readonly string[]): void {
    const wanted = new Set(ids)
    for (const id of this.watched.keys()) if (!wanted.has(id)) this.watched.delete(id)
    for (const id of ids) if (!this.watched.has(id)) this.watched.set(id, new Watched(id, this.config))
  }

  peer(id: string): PeerHeartbeat | undefined {
    return this.watched.get(id)
  }

  peers(): IterableIterator<PeerHeartbeat> {
    return this.watched.values()
  }

  /** Once in each heartbeat interval: verdicts first, then the next questions. */
  onTick(nowMs: number): void {
    // Verdicts may change what is watched, so they are spoken over a copy.
    for (const peer of [...this.watched.values()]) {
      if (this.watched.get(peer.id) !== peer) continue
      if (peer.isAvailable && !peer.detector.isAvailable(nowMs)) {
        peer.isAvailable = false
        this.counters.unavailable++
        this.ports.onUnavailable(peer.id)
      }
    }
    for (const peer of this.watched.values()) {
      peer.detector.expect(nowMs)
      peer.askedCount++
      this.counters.asked++
      this.ports.askBeat(peer.id, peer.askedCount)
    }
  }

  /** Answers of strangers, and to questions that were not asked, are ignored and counted. */
  onAnswer(id: string, sequence: number, nowMs: number): void {
    const peer = this.watched.get(id)
    // Each question is answered once at most, and late answers to earlier ones say no more than the latest did.
    if (peer === undefined || sequence <= peer.answeredSequence || sequence > peer.askedCount) {
      this.counters.answersIgnored++
      return
    }
    this.counters.answered++
    peer.answeredCount++
    peer.answeredSequence = sequence
    peer.detector.onBeat(nowMs)
    if (peer.isAvailable) return
    peer.isAvailable = true
    this.counters.available++
    this.ports.onAvailable(id)
  }
}

class Watched implements PeerHeartbeat {
  readonly id: string
  readonly detector: PhiDetector
  askedCount = 0
  answeredCount = 0
  answeredSequence = 0
  isAvailable = true

  constructor(id: string, config: PhiConfig) {
    this.id = id
    this.detector = new PhiDetector(config)
  }
}
