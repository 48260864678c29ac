/*
 * One node's dealings with the lease: ask for it, keep it, give it back.
 *
 * The idea: a grant is believed only from the moment of asking until its time is up, by this node's own
 * clock, so neither a late answer nor a long sleep makes two holders. An answer that comes after this node
 * gave up waiting is handed straight back. The lease is kept until the downed members are gone, and some time
 * longer: the other side may still be on its way to ask. Why it is wanted is not known here. Shape: machine.
 */
import type { LeaseAnswer, LeasePort } from './lease.ts'

export interface LeaseCounters {
  leasesAsked: number
  leasesHeld: number
  leasesDenied: number
  /** Counted as denied, too. */
  leasesUnanswered: number
  /** Granted after this node had given up waiting, and handed back. */
  leasesLate: number
  leasesLost: number
  leasesReleased: number
}

export type LeaseOutcome = 'waiting' | 'held' | 'denied'

interface Question {
  readonly askedMs: number
  readonly ttlMs: number
  answer: LeaseAnswer | undefined
}

interface Holding {
  readonly epoch: number
  readonly ttlMs: number
  endsMs: number
  renewAtMs: number
  /** Lives that were downed under it and are still members, by id. */
  awaited: Map<string, number>
  releaseAfterMs: number
  /** Set once nobody is awaited any more. */
  releaseAtMs: number | undefined
}

/** A lease is renewed when this part of its time is over: two renewals may fail. */
const RENEW_PART = 1 / 3

export class LeaseHolder {
  private readonly port: LeasePort
  private readonly counters: LeaseCounters
  private question: Question | undefined
  private holding: Holding | undefined

  constructor(port: LeasePort, counters: LeaseCounters) {
    this.port = port
    this.counters = counters
    this.question = undefined
    this.holding = undefined
  }

  /** The epoch of the lease while it is held. */
  heldEpoch(nowMs: number): number | undefined {
    return this.holding !== undefined && nowMs < this.holding.endsMs ? this.holding.epoch : undefined
  }

  ask(holderId: string, nowMs: number, ttlMs: number): void {
    if (this.question !== undefined) throw new Error('the lease has been asked for already')
    const question: Question = { askedMs: nowMs, ttlMs, answer: undefined }
    this.question = question
    this.counters.leasesAsked++
    this.port.acquire(holderId, ttlMs, (answer) => {
      if (this.question === question) question.answer = answer
      else this.onLateAnswer(answer)
    })
  }

  /** What has become of the question; anything but `waiting` ends it. */
  outcome(nowMs: number, answerMsMax: number): LeaseOutcome {
    const { question } = this
    if (question === undefined) throw new Error('the lease has not been asked for')
    const { askedMs, ttlMs, answer } = question
    if (answer === undefined) {
      if (nowMs - askedMs < answerMsMax) return 'waiting'
      this.question = undefined
      this.counters.leasesUnanswered++
      this.counters.leasesDenied++
      return 'denied'
    }
    this.question = undefined
    if (!answer.isHeld || nowMs >= askedMs + ttlMs) {
      if (answer.isHeld) this.port.release(answer.epoch)
      this.counters.leasesDenied++
      return 'denied'
    }
    this.counters.leasesHeld++
    this.holding = {
      epoch: answer.epoch,
      ttlMs,
      endsMs: askedMs + ttlMs,
      renewAtMs: askedMs + ttlMs * RENEW_PART,
      awaited: new Map(),
      releaseAfterMs: 0,
      releaseAtMs: undefined,
    }
    return 'held'
  }

  /** Given up before an answer: should it be a grant, it goes back at once. */
  forgetQuestion(): void {
    this.question = undefined
  }

  /**
   * Keeps the lease until these lives (births by id) are no longer members, and for `releaseAfterMs` from
   * then on.
   */
  keepFor(lives: ReadonlyMap<string, number>, releaseAfterMs: number): void {
    if (this.holding === undefined) throw new Error('the lease is not held')
    for (const [id, birth] of lives) this.holding.awaited.set(id, birth)
    this.holding.releaseAfterMs = releaseAfterMs
    this.holding.releaseAtMs = undefined
  }

  onTick(nowMs: number, isMember: (id: string, birth: number) => boolean): void {
    const { holding } = this
    if (holding === undefined) return
    if (nowMs >= holding.endsMs) {
      this.lose(holding)
      return
    }
    for (const [id, birth] of holding.awaited) if (!isMember(id, birth)) holding.awaited.delete(id)
    if (holding.awaited.size === 0) {
      holding.releaseAtMs ??= nowMs + holding.releaseAfterMs
      if (nowMs >= holding.releaseAtMs) {
        this.release()
        return
      }
    }
    if (nowMs >= holding.renewAtMs) this.renew(holding, nowMs)
  }

  release(): void {
    if (this.holding === undefined) return
    this.counters.leasesReleased++
    this.port.release(this.holding.epoch)
    this.holding = undefined
  }

  /** A later question got, or will get, the very same grant: then it stays. */
  private onLateAnswer(answer: LeaseAnswer): void {
    if (!answer.isHeld) return
    this.counters.leasesLate++
    if (this.question === undefined && this.holding?.epoch !== answer.epoch) this.port.release(answer.epoch)
  }

  private renew(holding: Holding, nowMs: number): void {
    holding.renewAtMs = nowMs + holding.ttlMs * RENEW_PART
    this.port.renew(holding.epoch, (answer) => {
      if (this.holding !== holding) return
      if (!answer.isHeld || answer.epoch !== holding.epoch) this.lose(holding)
      else holding.endsMs = Math.max(holding.endsMs, nowMs + holding.ttlMs)
    })
  }

  private lose(holding: Holding): void {
    if (this.holding !== holding) return
    this.counters.leasesLost++
    this.holding = undefined
  }
}
