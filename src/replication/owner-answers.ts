/**
 * Owner answers [Machine]: what this node tells other owners of its slots: summaries, lists of versions, what stands
 * under a key, whole entries, and which of what they offer it lacks.
 *
 * The first is also where claims are granted: from then on effects on the slot are refused to whoever claimed before, so
 * what is told with the grant is all that they will ever have confirmed with our help. Effects that still wait for a
 * whole entry could yet be confirmed: a claim of their slot is granted once they are in. It asks nobody anything.
 */
import { carriedBytesMax } from '../mesh/frame.ts'
import type { Arrival, Correspondent } from '../mesh/link-ports.ts'
import type { Verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { SLOT_COUNT, slotOf } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import type { Claims } from './claims.ts'
import { VersionList, writeStanding } from './entry-transfer.ts'
import { isLate } from './lateness.ts'
import { KeyNames } from './peer-port.ts'
import type { Replica } from './replica.ts'
import { SERVING, type SlotRoles } from './slot-roles.ts'
import { AnswerWriter, QuestionReader } from './slot-runs.ts'
import { BEREFT, GRANTED, HELD, OWNED, SlotSummary, takeMarks, WHOLE, writeMarks } from './slot-summary.ts'
import { writePage } from './version-page.ts'

/** Flags of a read. */
export const READ_STANDINGS = 0
export const READ_ENTRIES = 1
/** Only if all that was confirmed is known here: no answer means that there is no such key. */
export const READ_AUTHORITATIVE = 2
/** How each key stands, and behind it the term its slot is promised under. */
export const READ_FENCED = 8
/** How each key stands, and to whom its slot is promised. */
export const READ_PROMISES = 4

/** How a key stands, as answers say it. */
/** With the version up to which its database was flushed, or 0. */
export const STANDS_NOWHERE = 0
export const STANDS_AS_ENTRY = 1
export const STANDS_AS_TOMBSTONE = 2
/** This node has not seen all there is, and does not know. */
export const STANDS_UNKNOWN = 3

export interface AnswerPorts {
  wallMs(): number
  fingerprint(): number
  isWhole(slot: number): boolean
  /** This node owned the slot, knew all of it, and still does. */
  isHeld(slot: number): boolean
  /** Has it yet to hear of those who owned the slot before? */
  isBereft(slot: number): boolean
  /** The same of a slot it owned, as it was lost. */
  wasBereft(slot: number): boolean
  /** Do effects on this slot wait for a whole entry here? */
  hasPulls(slot: number): boolean
  /** This node acted for these slots until another owner claimed them. */
  onOutclaimed(slots: readonly number[]): void
}

export interface AnswerLimits {
  /** Whole entries in one answer; beyond, the asker asks again for the rest. */
  entriesBytes: number
  /** An entry longer than this counts as unknown: no frame could carry it. */
  entryBytesMax: number
}

export interface AnswerParts {
  readonly selfId: string
  readonly space: Keyspace
  readonly roles: SlotRoles
  readonly claims: Claims
  readonly replica: Replica
}

export interface PromisedStanding {
  readonly version: number
  readonly term: number
  /** The owner asked acts for the slot and is settled there. */
  readonly isServing: boolean
  /** Whom it has promised the slot to; itself, if it acts. */
  readonly holder: string
  /** Under which term. */
  readonly promisedTerm: number
}

/** The next of the answers to READ_PROMISES, or undefined: there is none. */
export function readPromisedStanding(input: ByteReader): PromisedStanding | undefined {
  if (input.isAtEnd) return undefined
  const version = input.f64()
  const term = input.u32()
  const isServing = input.u8() === 1
  const promisedTerm = input.u32()
  input.sized()
  if (input.isBroken) return undefined
  const holder = input.bytes.toString('latin1', input.start, input.stop)
  return { version, term, isServing, promisedTerm, holder }
}

export class OwnerAnswers {
  limits: AnswerLimits = { entriesBytes: 1024 * 1024, entryBytesMax: carriedBytesMax }
  readonly counters = { summaries: 0, grants: 0, outclaimed: 0, pages: 0, offers: 0, reads: 0, oversized: 0 }
  readonly #parts: AnswerParts
  readonly #ports: AnswerPorts
  readonly #standing: Standing
  readonly #summary = new SlotSummary()
  readonly #out = new ByteWriter()
  /** Owners who take effects of the present claimant, or do not, and which it is: neighbours mostly have the same. */
  #owners: readonly string[] | null = null
  #isAccepted = false

  constructor(parts: AnswerParts, ports: AnswerPorts) {
    this.#parts = parts
    this.#ports = ports
    this.#standing = new Standing(parts.space)
  }

  bind(verbs: Verbs): void {
    verbs.bind('digests', (from, arrival) => this.#onDigests(from, arrival))
    verbs.bind('versions', (from, arrival) => this.#onVersions(from, arrival))
    verbs.bind('offer', (from, arrival) => this.#onOffer(from, arrival))
    verbs.bind('read', (from, arrival) => this.#onRead(from, arrival))
  }

  #onDigests(from: Correspondent, { correlation, fields, bytes, start, end }: Arrival): void {
    if (fields[0] !== this.#ports.fingerprint()) return from.fail(correlation, 'another placement')
    const { claims, replica, space } = this.#parts
    const nowMs = this.#begin()
    const input = new ByteReader(bytes, start, end)
    const flush = (database: number, version: number) => replica.onFlush(database, version, nowMs)
    if (!takeMarks(input, space, flush)) return from.fail(correlation, 'impossible flush marks')
    writeMarks(space, this.#out)
    this.#owners = null
    const outclaimed: number[] = []
    const question = new QuestionReader(input)
    const answer = new AnswerWriter(this.#out)
    while (question.next()) {
      const { claimTerm, slot } = question
      let flags = this.#ownershipOf(slot)
      if (flags === 0) flags = this.#formerOwnershipOf(slot)
      else if (claimTerm !== 0) flags |= this.#grant(slot, from.peer.id, claimTerm, outclaimed)
      this.#summary.measure(space, slot)
      answer.add(flags, claims.termOf(slot), this.#summary)
      this.counters.summaries++
    }
    answer.end()
    if (question.isBroken) from.fail(correlation, 'not a list of slots')
    else from.answer(correlation, [], this.#out.bytes, 0, this.#out.length)
    if (outclaimed.length === 0) return
    this.counters.outclaimed += outclaimed.length
    this.#ports.onOutclaimed(outclaimed)
  }

  #ownershipOf(slot: number): number {
    if (!this.#parts.roles.owns(slot)) return 0
    const memory = this.#ports.isWhole(slot) ? OWNED | WHOLE : OWNED
    return this.#ports.isBereft(slot) ? memory | BEREFT : memory
  }

  #formerOwnershipOf(slot: number): number {
    if (!this.#ports.isHeld(slot)) return HELD
    return this.#ports.wasBereft(slot) ? HELD | WHOLE | BEREFT : HELD | WHOLE
  }

  /** Who is believed to act before the claimant is not deposed, so that claimants do not take turns for ever. */
  #grant(slot: number, claimant: string, term: number, outclaimed: number[]): number {
    const { claims, roles, selfId } = this.#parts
    if (term <= claims.termOf(slot) || !this.#accepts(slot, claimant)) return 0
    const isOurs = claims.holderOf(slot) === selfId
    claims.promise(slot, claimant, term)
    if (isOurs && roles.actingId(slot) === selfId) outclaimed.push(slot)
    if (this.#ports.hasPulls(slot)) return 0
    this.counters.grants++
    return GRANTED
  }

  #accepts(slot: number, claimant: string): boolean {
    const { roles } = this.#parts
    const owners = roles.ownersOf(slot)
    if (owners !== this.#owners) this.#isAccepted = roles.acceptsFrom(slot, claimant)
    this.#owners = owners
    return this.#isAccepted
  }

  #onVersions(from: Correspondent, { correlation, fields }: Arrival): void {
    const slot = fields[0] as number
    if (slot >= SLOT_COUNT) return from.fail(correlation, 'no such slot')
    const nowMs = this.#begin()
    this.counters.pages++
    const next = writePage(this.#parts.space, slot, fields[1] as number, nowMs, this.#out)
    from.answer(correlation, [next], this.#out.bytes, 0, this.#out.length)
  }

  #onOffer(from: Correspondent, { correlation, bytes, start, end }: Arrival): void {
    this.#begin()
    this.counters.offers++
    const list = new VersionList(new ByteReader(bytes, start, end))
    for (let index = 0; list.next(); index++) {
      const isNews = list.isNewerThanHere(this.#standing)
      if (isNews && this.#isWanted(list)) this.#out.u32(index)
    }
    if (list.isBroken) return from.fail(correlation, 'not a list of versions')
    from.answer(correlation, [], this.#out.bytes, 0, this.#out.length)
  }

  #isWanted({ bytes, end, start, isEntry, version }: VersionList): boolean {
    const { roles, space } = this.#parts
    const slot = slotOf(bytes, start, end)
    if (!roles.owns(slot)) return false
    return !isEntry || !isLate(space, this.#standing, version) || !this.#ports.isWhole(slot)
  }

  #onRead(from: Correspondent, { correlation, fields, bytes, start, end }: Arrival): void {
    this.#begin()
    this.counters.reads++
    const flags = fields[0] as number
    const names = new KeyNames(bytes, start, end)
    let count = 0
    for (; this.#out.length < this.limits.entriesBytes && names.next(); count++) {
      const isKnown = this.#isKnown(names)
      if (flags === READ_STANDINGS) this.#writeStandingOf(names, isKnown)
      else if (flags === READ_FENCED) this.#writeFencedOf(names, isKnown)
      else if (flags === READ_PROMISES) this.#writePromisedOf(names, isKnown)
      else if ((flags & READ_AUTHORITATIVE) !== 0 && !isKnown) return from.fail(correlation, 'not settled')
      else this.#writeEntryOf(names)
    }
    if (names.isBroken) return from.fail(correlation, 'not names of keys')
    from.answer(correlation, [count], this.#out.bytes, 0, this.#out.length)
  }

  #isKnown(names: KeyNames): boolean {
    const slot = slotOf(names.bytes, names.start, names.end)
    return (this.#ownershipOf(slot) & WHOLE) !== 0
  }

  #writeStandingOf(names: KeyNames, isKnown: boolean): void {
    const standing = this.#standing
    standing.look(names.database, names.bytes, names.start, names.end)
    let here = STANDS_UNKNOWN
    if (isKnown && standing.here === 'nothing') here = STANDS_NOWHERE
    else if (isKnown) here = standing.here === 'entry' ? STANDS_AS_ENTRY : STANDS_AS_TOMBSTONE
    this.#out.u8(here)
    this.#out.f64(here === STANDS_NOWHERE ? standing.flushed : standing.version)
    this.#out.u32(standing.term)
  }

  #writeFencedOf(names: KeyNames, isKnown: boolean): void {
    this.#writeStandingOf(names, isKnown)
    this.#out.u32(this.#parts.claims.termOf(slotOf(names.bytes, names.start, names.end)))
  }

  /** A key that is not known for certain stands nowhere: version 0. */
  #writePromisedOf(names: KeyNames, isKnown: boolean): void {
    const { claims, roles } = this.#parts
    const { bytes, database, end, start } = names
    const slot = slotOf(bytes, start, end)
    this.#standing.look(database, bytes, start, end)
    this.#out.f64(isKnown ? this.#standing.version : 0)
    this.#out.u32(isKnown ? this.#standing.term : 0)
    this.#out.u8(roles.roles[slot] === SERVING ? 1 : 0)
    this.#out.u32(claims.termOf(slot))
    this.#out.sizedText(claims.holderOf(slot))
  }

  #writeEntryOf(names: KeyNames): void {
    const { database, bytes, start, end } = names
    const before = this.#out.length
    this.#standing.look(database, bytes, start, end)
    writeStanding(this.#parts.space, this.#standing, database, bytes, start, end, this.#out)
    if (this.#out.length - before <= this.limits.entryBytesMax) return
    this.#out.length = before
    this.counters.oversized++
  }

  #begin(): number {
    const nowMs = this.#ports.wallMs()
    this.#parts.space.nowMs = nowMs
    this.#out.clear()
    return nowMs
  }
}
