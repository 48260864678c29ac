/*
 * The list: what is believed of every member, the order in which they are probed, and the digest of it all.
 *
 * The idea: SWIM 4.3. The others stand in a shuffled line that is walked from end to end, so each is probed
 * once per round; newcomers step in at a random place. Random picks are draws from that line, never a walk
 * through all. It changes what it is told to change and judges nothing. Shape: machine.
 */
import type { Liveness, MemberRecord } from '../member.ts'
import { BUCKET_COUNT, bucketOf, hashOfId, hashOfLife } from './digest.ts'
import { isGone } from './precedence.ts'

/** What outsiders see of a member. */
export interface MemberView {
  readonly record: MemberRecord
  readonly liveness: Liveness
  /** When it last spoke to us itself, and when its liveness last changed: monotonic. */
  readonly heardMs: number
  readonly changedMs: number
}

export class Member implements MemberView {
  record: MemberRecord
  liveness: Liveness = 'alive'
  heardMs: number
  changedMs: number
  /** When it was last sent the accusation that it has to answer. */
  accusedMs = -1
  /** Its place in the line; -1: ourselves. */
  place: number

  constructor(record: MemberRecord, place: number, nowMs: number) {
    this.record = record
    this.heardMs = nowMs
    this.changedMs = nowMs
    this.place = place
  }
}

/** Draws per member wanted, before the line is walked instead; and the steps of that walk. */
const DRAWS_PER_PICK = 4
const WALK_STEPS_MAX = 64
/** Members who left and are passed over in search of a dead one. */
const SKIPS_MAX = 8

export class Members {
  readonly self: Member
  readonly sums: number[] = new Array<number>(BUCKET_COUNT).fill(0)
  readonly #random: () => number
  readonly #byId = new Map<string, Member>()
  readonly #line: Member[] = []
  /** The dead and the left, in the order of their next knock. */
  readonly #gone = new Set<Member>()
  #cursor = 0

  constructor(self: MemberRecord, random: () => number, nowMs: number) {
    this.#random = random
    this.self = new Member(self, -1, nowMs)
    this.#byId.set(self.id, this.self)
    this.#count(self, 1)
  }

  get size(): number {
    return this.#byId.size
  }

  /** Alive or suspect, ourselves included. */
  get aliveCount(): number {
    return this.#byId.size - this.#gone.size
  }

  get(id: string): Member | undefined {
    return this.#byId.get(id)
  }

  all(): IterableIterator<Member> {
    return this.#byId.values()
  }

  gone(): IterableIterator<Member> {
    return this.#gone.values()
  }

  add(record: MemberRecord, nowMs: number): Member {
    const place = this.#line.length
    const member = new Member(record, place, nowMs)
    this.#byId.set(record.id, member)
    this.#line.push(member)
    this.#swap(place, this.#below(this.#line.length))
    this.#count(record, 1)
    return member
  }

  change(member: Member, record: MemberRecord, liveness: Liveness, nowMs: number): void {
    if (!isGone(member.liveness)) this.#count(member.record, -1)
    if (!isGone(liveness)) this.#count(record, 1)
    if (liveness !== member.liveness) {
      member.changedMs = nowMs
      if (isGone(liveness)) this.#gone.add(member)
      else this.#gone.delete(member)
    }
    member.record = record
    member.liveness = liveness
  }

  remove(member: Member): void {
    if (!isGone(member.liveness)) this.#count(member.record, -1)
    this.#gone.delete(member)
    this.#byId.delete(member.record.id)
    const last = this.#line.length - 1
    this.#swap(member.place, last)
    this.#line.pop()
  }

  /** The next in line that is not gone. At the end of the line everyone finds a new place. */
  nextToProbe(): Member | undefined {
    // Twice the line: the rest of this round, then a whole one.
    for (let steps = 2 * this.#line.length; steps > 0; steps--) {
      if (this.#cursor >= this.#line.length) this.#shuffle()
      const member = this.#line[this.#cursor++]!
      if (!isGone(member.liveness)) return member
    }
    return undefined
  }

  /** The dead take turns; who left is not called back. */
  nextDead(): Member | undefined {
    let skips = 0
    for (const member of this.#gone) {
      this.#gone.delete(member)
      this.#gone.add(member)
      if (member.liveness === 'dead') return member
      if (++skips > SKIPS_MAX) return undefined
    }
    return undefined
  }

  /** Up to `count` different members at random among those accepted; fewer where these are rare. */
  pick(count: number, accepts: (member: Member) => boolean): Member[] {
    const picked: Member[] = []
    const length = this.#line.length
    if (length === 0) return picked
    for (let draws = count * DRAWS_PER_PICK; draws > 0 && picked.length < count; draws--) {
      const member = this.#line[this.#below(length)]!
      if (accepts(member) && !picked.includes(member)) picked.push(member)
    }
    const start = this.#below(length)
    const steps = Math.min(length, WALK_STEPS_MAX)
    for (let step = 0; step < steps && picked.length < count; step++) {
      const member = this.#line[(start + step) % length]!
      if (accepts(member) && !picked.includes(member)) picked.push(member)
    }
    return picked
  }

  #count(record: MemberRecord, sign: 1 | -1): void {
    const idHash = hashOfId(record.id)
    const bucket = bucketOf(idHash)
    const hash = hashOfLife(idHash, record.birth, record.incarnation)
    this.sums[bucket] = (this.sums[bucket]! + sign * hash) >>> 0
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #swap(place: number, other: number): void {
    const a = this.#line[place]!
    const b = this.#line[other]!
    this.#line[place] = b
    this.#line[other] = a
    b.place = place
    a.place = other
  }

  #shuffle(): void {
    this.#cursor = 0
    for (let place = this.#line.length - 1; place > 0; place--) this.#swap(place, this.#below(place + 1))
  }
}
