/*
 * Our own record: the only one that we may better.
 *
 * The idea: whoever speaks ill of us is answered with a higher incarnation, whoever remembers a later life of
 * ours with a higher birth. An answer goes to everyone, and at once to the bearer of the rumour. Two
 * processes with one id must not outbid each other for ever: the higher birth wins, at equal births the lower
 * address; the other falls silent about itself and tells its embedder. Shape: machine.
 */
import { compareAddresses, type MemberRecord } from '../member.ts'
import { answer, type Sender } from '../messages.ts'
import type { SwimContext } from './context.ts'
import type { SelfChange } from './events.ts'
import { aliveOf, deadOf } from './messages.ts'
import { BIRTH_MAX, INCARNATION_MAX, isJump } from './precedence.ts'

/** What a member may change of itself while it lives. */
export type SelfUpdate = Partial<Pick<MemberRecord, 'roles' | 'meta' | 'address'>>

export class Oneself {
  isLeaving = false
  /** Another process has the better right to our id. */
  isSuperseded = false
  readonly #context: SwimContext
  #rival = ''

  constructor(context: SwimContext) {
    this.#context = context
  }

  get record(): MemberRecord {
    return this.#context.members.self.record
  }

  announce(): void {
    if (this.isSuperseded || this.isLeaving) return
    this.#broadcast(aliveOf(this.record))
  }

  update(update: SelfUpdate): void {
    this.#change({ ...this.record, ...update, ...this.#lifeAbove(this.record.incarnation) }, 'updated')
  }

  leave(): void {
    this.isLeaving = true
    const { members, timers } = this.#context
    members.change(members.self, this.record, 'left', timers.nowMs())
    this.#broadcast(deadOf(this.record, this.record.id))
  }

  /** After a pause others will have begun to doubt us: answer before we are asked. */
  reassure(): void {
    if (this.isLeaving || this.isSuperseded) return
    this.#refute(this.record.incarnation)
  }

  /**
   * Somebody knows us under this birth, which is not below ours: our own clock went back between two lives.
   */
  outlive(birth: number): void {
    if (this.isLeaving) return
    if (birth >= BIRTH_MAX) {
      this.#context.counters.jumpsRefused++
      return
    }
    this.isSuperseded = false
    this.#context.counters.rebirths++
    this.#change({ ...this.record, birth: birth + 1, incarnation: 0 }, 'reborn')
  }

  /** Suspect or dead, they say. `bearer` is answered directly. */
  onAccused(isSuspicion: boolean, birth: number, incarnation: number, bearer: Sender | undefined): void {
    if (this.isLeaving) return
    const { counters, courier } = this.#context
    const { record } = this
    // A suspect of a later birth may be a rival that still lives; its death would make the id ours.
    if (birth > record.birth && isSuspicion) return
    if (isJump(birth, incarnation, this.#context.members.self)) {
      counters.jumpsRefused++
      return
    }
    if (birth > record.birth) this.outlive(birth)
    else if (this.isSuperseded) return
    else if (birth === record.birth && incarnation >= record.incarnation) this.#refuteRumour(incarnation)
    else counters.rumoursStale++
    if (bearer !== undefined) answer(courier, bearer, aliveOf(this.record))
  }

  /** An alive word about our id that may not be our own echo. */
  onAlive(heard: MemberRecord, bearer: Sender | undefined): void {
    if (this.isLeaving) return
    const { record } = this
    const isHere = heard.address === record.address
    if (heard.birth > record.birth) {
      if (isHere) this.outlive(heard.birth)
      else this.#yield(heard)
    } else if (heard.birth === record.birth) {
      this.#onAliveInThisLife(heard, isHere)
    } else if (bearer !== undefined && !this.isSuperseded && bearer.id !== record.id) {
      answer(this.#context.courier, bearer, aliveOf(record))
    }
  }

  /**
   * A packet under our id from elsewhere: its sender learns from our record which of us has the better right.
   */
  onTwin(twin: Sender): void {
    this.#context.counters.idConflicts++
    if (this.isSuperseded || this.isLeaving) return
    answer(this.#context.courier, twin, aliveOf(this.record))
  }

  #onAliveInThisLife(heard: MemberRecord, isHere: boolean): void {
    const { record } = this
    if (isJump(heard.birth, heard.incarnation, this.#context.members.self)) {
      this.#context.counters.jumpsRefused++
    } else if (!isHere && heard.incarnation >= record.incarnation) {
      if (compareAddresses(record.address, heard.address) > 0) this.#yield(heard)
      else this.#refuteRumour(heard.incarnation)
    } else if (heard.incarnation > record.incarnation) {
      this.#refuteRumour(heard.incarnation)
    }
  }

  #refuteRumour(incarnation: number): void {
    if (this.isSuperseded) return
    const { awareness, config } = this.#context
    awareness.add(1, config.awarenessMax)
    this.#refute(incarnation)
  }

  #refute(incarnation: number): void {
    this.#context.counters.refutations++
    this.#change({ ...this.record, ...this.#lifeAbove(incarnation) }, 'refuted')
  }

  /** The next pair above. Incarnations are 32 bits on the wire; when they are used up a new life begins. */
  #lifeAbove(incarnation: number): { birth: number; incarnation: number } {
    const { birth } = this.record
    return incarnation < INCARNATION_MAX
      ? { birth, incarnation: incarnation + 1 }
      : { birth: birth + 1, incarnation: 0 }
  }

  #yield(rival: MemberRecord): void {
    const { counters, broadcasts, events } = this.#context
    const name = `${rival.birth} ${rival.address}`
    if (this.isSuperseded && name === this.#rival) return
    this.#rival = name
    this.isSuperseded = true
    counters.idConflicts++
    broadcasts.drop(rival.id)
    events.onIdConflict(rival)
  }

  #change(record: MemberRecord, why: SelfChange): void {
    const { members, timers, events } = this.#context
    const former = this.record
    members.change(members.self, record, members.self.liveness, timers.nowMs())
    this.announce()
    events.onSelfChanged(record, former, why)
  }

  #broadcast(message: ReturnType<typeof aliveOf> | ReturnType<typeof deadOf>): void {
    const { broadcasts, config, counters } = this.#context
    if (!broadcasts.add(this.record.id, message, config.broadcastsMax)) counters.broadcastsDropped++
  }
}
