/*
 * Anti-entropy: now and then two members make sure that they hold the same list.
 *
 * The idea: the asker streams its digest. Equal digests end it; else the other side answers with all it holds
 * in the buckets that differ, and the asker returns what was not in there or was older. A join is the same
 * exchange with a seed. Deaths learnt so are only suspicions (the other list may be old), and nothing learnt
 * so counts as a confirmation. Who has learnt something asks again soon, the others more seldom in a large
 * mesh. Shape: machine.
 */
import type { Message, Sender } from '../messages.ts'
import type { Address } from '../ports.ts'
import type { SwimContext } from './context.ts'
import { BUCKET_COUNT, bucketOf, hashOfId } from './digest.ts'
import { pushPullScale } from './lifeguard.ts'
import type { Member } from './members.ts'
import { type Entry, PUSH_PULL, type PushPull, SYNC, type Sync } from './messages.ts'
import { isGone, LIVENESS_BY_RANK, LIVENESS_RANK, supersedes } from './precedence.ts'
import type { Rumours } from './rumours.ts'

/** Whole buckets are put into one message until it has this many entries: no message stalls its reader. */
const ENTRIES_PER_MESSAGE = 512

export const SEEDS_MAX = 64

const isAlive = (member: Member): boolean => member.liveness === 'alive'

export class PushPullExchange {
  /** Somebody has answered us with its list. */
  hasJoined = false
  readonly #context: SwimContext
  readonly #rumours: Rumours
  #seeds: readonly Address[] = []
  #windowStartMs = Number.NEGATIVE_INFINITY
  #answersInWindow = 0
  #hasNews = false
  #ticksWaited = 0

  constructor(context: SwimContext, rumours: Rumours) {
    this.#context = context
    this.#rumours = rumours
  }

  get hasSeeds(): boolean {
    return this.#seeds.length > 0
  }

  /** Later calls replace the seeds. */
  join(addresses: readonly Address[]): void {
    const own = this.#context.members.self.record.address
    this.#seeds = [...new Set(addresses)].filter((address) => address !== own).slice(0, SEEDS_MAX)
    this.callSeeds()
  }

  callSeeds(): void {
    for (const seed of this.#seeds) this.#ask(seed)
  }

  /** Once per interval; without news only every so many intervals. */
  onTick(): void {
    this.#ticksWaited++
    if (!this.#hasNews && this.#ticksWaited < pushPullScale(this.#context.members.aliveCount)) return
    this.askAround()
  }

  /**
   * One random member, and one seed at which no living member of ours is: it may be a mesh split from this
   * one.
   */
  askAround(): void {
    const { members, luck } = this.#context
    this.#ticksWaited = 0
    this.#hasNews = false
    const [partner] = members.pick(1, isAlive)
    if (partner !== undefined) this.#ask(partner.record.address)
    if (this.#seeds.length === 0) return
    const seed = this.#seeds[Math.floor(luck.random() * this.#seeds.length)]!
    for (const member of members.all()) {
      if (member.record.address === seed && !isGone(member.liveness)) return
    }
    this.#ask(seed)
  }

  /** One that knows more than we do: us though we do not know it, or news of itself that we have missed. */
  askSender(sender: Sender): void {
    this.#ask(sender.address)
  }

  onSync(sender: Sender, [, isJoin, sums]: Sync): void {
    const { members, counters } = this.#context
    const wanted = new Uint8Array(BUCKET_COUNT)
    let differing = 0
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      if (sums[bucket] === members.sums[bucket]) continue
      wanted[bucket] = 1
      differing++
    }
    if (differing === 0) {
      counters.syncsEqual++
    } else if (!this.#mayAnswer()) {
      counters.syncsRefused++
    } else {
      counters.syncsAnswered++
      this.#sendBuckets(sender.address, wanted, isJoin)
    }
  }

  onPushPull(sender: Sender, message: PushPull): void {
    const [, isReply, isJoin, buckets, entries] = message
    this.#context.counters.entriesReceived += entries.length
    if (!isReply) {
      this.hasJoined = true
      this.#sendMissing(sender.address, buckets, entries)
    }
    this.#rumours.isQuiet = isJoin
    for (const entry of entries) this.#merge(entry, sender)
    this.#rumours.isQuiet = false
  }

  #ask(address: Address): void {
    const { courier, members, counters } = this.#context
    const isLonely = members.aliveCount <= 1
    if (isLonely) counters.joinsTried++
    courier.sendReliably(address, [SYNC, isLonely, [...members.sums]])
  }

  /** Nothing is allocated for an entry that says what is known. */
  #merge(entry: Entry, sender: Sender): void {
    const [id, birth, incarnation, address, roles, meta, rank] = entry
    const liveness = LIVENESS_BY_RANK[rank]!
    const { members } = this.#context
    const known = members.get(id)
    const isNews =
      known === undefined
        ? !isGone(liveness)
        : known === members.self || supersedes(liveness, birth, incarnation, known)
    if (!isNews) return
    if (known !== members.self) this.#hasNews = true
    if (liveness === 'left') {
      this.#rumours.hearDead(id, birth, incarnation, id, undefined)
      return
    }
    if (liveness === 'dead' && known === members.self) {
      this.#rumours.hearDead(id, birth, incarnation, sender.id, undefined)
      return
    }
    if (liveness !== 'dead' && (liveness === 'alive' || known === undefined)) {
      this.#rumours.hearAlive(id, birth, incarnation, address, roles, meta, undefined)
    }
    if (liveness !== 'alive') this.#rumours.hearSuspect(id, birth, incarnation, sender.id, false, undefined)
  }

  #sendBuckets(to: Address, wanted: Uint8Array, isJoin: boolean): void {
    const grouped: Entry[][] = Array.from({ length: BUCKET_COUNT }, () => [])
    for (const member of this.#context.members.all()) {
      const bucket = bucketOf(hashOfId(member.record.id))
      if (wanted[bucket] === 1) grouped[bucket]!.push(entryOf(member))
    }
    let buckets: number[] = []
    let entries: Entry[] = []
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      if (wanted[bucket] !== 1) continue
      buckets.push(bucket)
      entries.push(...grouped[bucket]!)
      if (entries.length < ENTRIES_PER_MESSAGE) continue
      this.#send(to, [PUSH_PULL, false, isJoin, buckets, entries])
      buckets = []
      entries = []
    }
    if (buckets.length > 0) this.#send(to, [PUSH_PULL, false, isJoin, buckets, entries])
  }

  /** What the other side lacks, judged before its words change ours. */
  #sendMissing(to: Address, buckets: readonly number[], entries: readonly Entry[]): void {
    const wanted = new Uint8Array(BUCKET_COUNT)
    for (const bucket of buckets) wanted[bucket] = 1
    const theirs = new Map<string, Entry>()
    for (const entry of entries) theirs.set(entry[0], entry)
    const missing: Entry[] = []
    for (const member of this.#context.members.all()) {
      if (wanted[bucketOf(hashOfId(member.record.id))] !== 1) continue
      if (isMissing(member, theirs.get(member.record.id))) missing.push(entryOf(member))
    }
    for (let at = 0; at < missing.length; at += ENTRIES_PER_MESSAGE) {
      this.#send(to, [PUSH_PULL, true, false, [], missing.slice(at, at + ENTRIES_PER_MESSAGE)])
    }
  }

  #send(to: Address, message: Message): void {
    this.#context.courier.sendReliably(to, message)
  }

  /** So many answers a second; who gets none asks again. */
  #mayAnswer(): boolean {
    const { timers, config } = this.#context
    const nowMs = timers.nowMs()
    if (nowMs - this.#windowStartMs >= 1000) {
      this.#windowStartMs = nowMs
      this.#answersInWindow = 0
    }
    return ++this.#answersInWindow <= config.syncAnswersPerSecond
  }
}

function entryOf(member: Member): Entry {
  const { id, birth, incarnation, address, roles, meta } = member.record
  return [id, birth, incarnation, address, roles, meta, LIVENESS_RANK[member.liveness]]
}

/** Of those who are gone only what corrects the other side is worth sending. */
function isMissing(member: Member, theirs: Entry | undefined): boolean {
  if (theirs === undefined) return !isGone(member.liveness)
  const known = {
    record: { birth: theirs[1], incarnation: theirs[2] },
    liveness: LIVENESS_BY_RANK[theirs[6]]!,
  }
  return supersedes(member.liveness, member.record.birth, member.record.incarnation, known)
}
