/*
 * Every word about any member, and what is believed after it.
 *
 * The idea: alive, suspect and dead come from gossip, push/pull and our own probes alike, and all pass here.
 * Precedence decides; what was news is told on, what was not is dropped, so that gossip ends. Words about
 * ourselves go to `Oneself`. It knows nothing of probes and packets. Shape: machine.
 */
import type { MemberRecord } from '../member.ts'
import { answer, type Message, type Sender, type Way } from '../messages.ts'
import type { Address } from '../ports.ts'
import type { SwimContext } from './context.ts'
import { Departed } from './departed.ts'
import type { Member } from './members.ts'
import { aliveOf, DEAD, deadOf, suspectOf } from './messages.ts'
import type { Oneself } from './oneself.ts'
import { isJump, supersedes } from './precedence.ts'
import { hasSameDetails, recordOf } from './records.ts'
import { Suspicions } from './suspicions.ts'

export class Rumours {
  readonly suspicions: Suspicions
  readonly departed = new Departed()
  /** While set, what is heard is believed but not told on: it is old news to everyone but us. */
  isQuiet = false
  /** The prober's: asks a suspect once more by relays and by stream, since it may not hear us directly. */
  lookAgain: (id: string) => void = () => {}
  readonly #context: SwimContext
  readonly #oneself: Oneself

  constructor(context: SwimContext, oneself: Oneself) {
    this.#context = context
    this.#oneself = oneself
    this.suspicions = new Suspicions(context, {
      onLastCall: (id, accuserId, isFirst) => this.#onLastCall(id, accuserId, isFirst),
      onExpired: (id) => this.#onSuspicionExpired(id),
    })
  }

  /** `bearer` is who brought the word in a message of its own; undefined: it stood in a push/pull. */
  hearAlive(
    id: string,
    birth: number,
    incarnation: number,
    address: string,
    roles: readonly string[],
    meta: Uint8Array,
    bearer: Sender | undefined,
  ): void {
    const { members, counters } = this.#context
    const known = members.get(id)
    if (known === undefined) {
      this.#meet(recordOf(id, birth, incarnation, address, roles, meta, members.self.record), bearer)
    } else if (known === members.self) {
      this.#oneself.onAlive(recordOf(id, birth, incarnation, address, roles, meta, known.record), bearer)
    } else if (isJump(birth, incarnation, known)) {
      counters.jumpsRefused++
    } else if (supersedes('alive', birth, incarnation, known)) {
      this.#believeAlive(known, recordOf(id, birth, incarnation, address, roles, meta, known.record))
    } else if (known.liveness === 'dead') {
      this.accuse(known, bearer?.id === id ? bearer : this.#wayTo(id, address))
    } else if (birth === known.record.birth && incarnation === known.record.incarnation) {
      if (address !== known.record.address) counters.idConflicts++
    }
  }

  /** `isIndependent`: the accuser found it out for itself, so that it may confirm another's suspicion. */
  hearSuspect(
    id: string,
    birth: number,
    incarnation: number,
    accuserId: string,
    isIndependent: boolean,
    bearer: Sender | undefined,
  ): void {
    const { members, counters } = this.#context
    const known = members.get(id)
    if (known === undefined || accuserId === id) return
    if (known === members.self) {
      this.#oneself.onAccused(true, birth, incarnation, bearer)
    } else if (isJump(birth, incarnation, known)) {
      counters.jumpsRefused++
    } else if (supersedes('suspect', birth, incarnation, known)) {
      this.#believeSuspect(known, birth, incarnation, accuserId)
    } else if (isIndependent && birth === known.record.birth && incarnation === known.record.incarnation) {
      this.#confirm(known, accuserId)
    }
  }

  /** The subject as its own accuser means that it left. */
  hearDead(
    id: string,
    birth: number,
    incarnation: number,
    accuserId: string,
    bearer: Sender | undefined,
  ): void {
    const { members, counters } = this.#context
    const known = members.get(id)
    if (known === undefined) return
    const liveness = accuserId === id ? 'left' : 'dead'
    if (known === members.self) {
      this.#oneself.onAccused(false, birth, incarnation, bearer)
    } else if (isJump(birth, incarnation, known)) {
      counters.jumpsRefused++
    } else if (supersedes(liveness, birth, incarnation, known)) {
      this.#believeGone(known, liveness, birth, incarnation, accuserId)
    }
  }

  /**
   * Tells a member believed dead what is said of it, so that it can refute: at most once per probe interval.
   * Unless it has just spoken to us itself, in the way that last led to it.
   */
  accuse(member: Member, way = this.#wayTo(member.record.id, member.record.address)): void {
    const { timers, config, counters, courier, members } = this.#context
    const nowMs = timers.nowMs()
    if (member.accusedMs >= 0 && nowMs - member.accusedMs < config.probeIntervalMs) return
    member.accusedMs = nowMs
    counters.accusationsSent++
    answer(courier, way, deadOf(member.record, members.self.record.id))
  }

  /** For good: nothing that this life says brings it back. */
  evict(id: string): void {
    const member = this.#context.members.get(id)
    if (member === undefined || member === this.#context.members.self) return
    this.#forget(member, true)
  }

  /** For an embedder without an agreement of its own: who has been gone for long enough is forgotten. */
  evictLongGone(): void {
    const { config, members, timers, events } = this.#context
    if (config.evictAfterMs === 0) return
    const nowMs = timers.nowMs()
    for (const member of members.gone()) {
      if (member === members.self || nowMs - member.changedMs < config.evictAfterMs) continue
      this.#forget(member, false)
      events.onEvicted(member.record)
    }
  }

  /** A member remembered from an earlier run: listed, but no news to anybody else. */
  assume(record: MemberRecord): void {
    const { members } = this.#context
    if (members.get(record.id) !== undefined || !this.#hasRoom(record)) return
    this.#add(record)
  }

  #meet(record: MemberRecord, bearer: Sender | undefined): void {
    const { counters } = this.#context
    if (this.departed.refuses(record.id, record.birth, record.incarnation)) {
      counters.departedRefused++
      this.#accuseDeparted(record, bearer)
    } else if (this.#hasRoom(record)) {
      this.departed.forget(record.id)
      this.#tell(record.id, aliveOf(record))
      this.#add(record)
    }
  }

  #hasRoom(record: MemberRecord): boolean {
    const { config, counters, members } = this.#context
    if (members.size < config.membersMax && record.id !== members.self.record.id) return true
    counters.membersRefused++
    return false
  }

  #add(record: MemberRecord): void {
    const { members, timers, events } = this.#context
    members.add(record, timers.nowMs())
    events.onJoined(record)
  }

  #accuseDeparted(record: MemberRecord, bearer: Sender | undefined): void {
    const { timers, config, counters, courier, members } = this.#context
    const { id, birth } = record
    const incarnation = this.departed.incarnationToRefute(id, birth, timers.nowMs(), config.probeIntervalMs)
    if (incarnation === undefined) return
    counters.accusationsSent++
    const way = bearer?.id === id ? bearer : this.#wayTo(id, record.address)
    answer(courier, way, [DEAD, id, birth, incarnation, members.self.record.id])
  }

  /** By stream where datagrams are known not to get through. */
  #wayTo(id: string, address: Address): Way {
    return { address, isStream: this.#context.udpPaths.isBlocked(id) }
  }

  #believeAlive(member: Member, record: MemberRecord): void {
    const { members, timers, events } = this.#context
    const { record: former, liveness } = member
    this.suspicions.end(record.id)
    members.change(member, record, 'alive', timers.nowMs())
    this.#tell(record.id, aliveOf(record))
    if (liveness === 'left') events.onJoined(record)
    else if (liveness !== 'alive' || record.birth !== former.birth) events.onAlive(record)
    if (liveness !== 'left' && !hasSameDetails(record, former)) events.onUpdated(record, former)
  }

  #believeSuspect(member: Member, birth: number, incarnation: number, accuserId: string): void {
    const { members, timers, events, counters } = this.#context
    const wasAlive = member.liveness === 'alive'
    const record = withLife(member.record, birth, incarnation)
    counters.suspicions++
    members.change(member, record, 'suspect', timers.nowMs())
    this.suspicions.begin(record.id, accuserId)
    this.#tell(record.id, suspectOf(record, accuserId))
    if (wasAlive) events.onSuspect(record, accuserId)
  }

  /** Each confirmation that counts is told on, as its own accuser's word. Strangers' do not count. */
  #confirm(member: Member, accuserId: string): void {
    const { record, liveness } = member
    if (liveness !== 'suspect' || this.#context.members.get(accuserId) === undefined) return
    if (!this.suspicions.confirm(record.id, accuserId)) return
    this.#context.counters.confirmations++
    this.#tell(record.id, suspectOf(record, accuserId))
  }

  #believeGone(
    member: Member,
    liveness: 'dead' | 'left',
    birth: number,
    incarnation: number,
    accuserId: string,
  ): void {
    const { members, timers, events, counters } = this.#context
    const former = member.liveness
    const record = withLife(member.record, birth, incarnation)
    this.suspicions.end(record.id)
    members.change(member, record, liveness, timers.nowMs())
    this.#tell(record.id, deadOf(record, accuserId))
    if (liveness === former) return
    if (liveness === 'left') events.onLeft(record)
    else if (former !== 'left') {
      counters.deaths++
      events.onDead(record)
    }
  }

  #onLastCall(id: string, accuserId: string, isFirst: boolean): void {
    const { members, courier, counters } = this.#context
    const { record } = members.get(id)!
    counters.lastCalls++
    if (isFirst) this.lookAgain(id)
    answer(courier, this.#wayTo(id, record.address), suspectOf(record, accuserId))
  }

  #onSuspicionExpired(id: string): void {
    const { members } = this.#context
    const member = members.get(id)!
    const { birth, incarnation } = member.record
    this.#believeGone(member, 'dead', birth, incarnation, members.self.record.id)
  }

  #forget(member: Member, isForGood: boolean): void {
    const { members, broadcasts, udpPaths, counters, config } = this.#context
    const { record } = member
    counters.evictions++
    this.suspicions.end(record.id)
    broadcasts.drop(record.id)
    udpPaths.forget(record.id)
    members.remove(member)
    if (!this.departed.remember(record, isForGood, config.departedMax)) counters.departedForgotten++
  }

  #tell(subjectId: string, message: Message): void {
    if (this.isQuiet) return this.#context.broadcasts.drop(subjectId)
    const { broadcasts, config, counters } = this.#context
    if (!broadcasts.add(subjectId, message, config.broadcastsMax)) counters.broadcastsDropped++
  }
}

function withLife(record: MemberRecord, birth: number, incarnation: number): MemberRecord {
  if (birth === record.birth && incarnation === record.incarnation) return record
  return { ...record, birth, incarnation }
}
