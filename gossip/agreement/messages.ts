/*
 * What agreements say to each other.
 *
 * The idea: a status is two numbers and is what is sent all the time; everything else is an answer to it
 * and is sent only when numbers differ. Lists are checked here for their length only: what is in them is
 * checked where it is read, once, because a state of a thousand members has to be read anyway.
 * Shape: table.
 */
import { type FieldCheck, isFlag, isListOf, type MessageRow } from '../messages.ts'
import { DIGEST_LIMIT } from './state-digest.ts'
import { CLOCK_COUNT_MAX } from './vector-clock.ts'

export const STATUS = 20
export const CLOCK = 21
export const MERGE = 22
export const ENVELOPE = 23
export const SEEN = 24

/** Members, tombstones and observers an envelope may hold of each. */
export const ENVELOPE_COUNT_MAX = 16_384

/** `id, birth, counter` for each life. */
export type WireClock = readonly (string | number)[]
export type WireMember = readonly [
  id: string,
  birth: number,
  address: string,
  roles: readonly string[],
  rank: number,
  upNumber: number,
]
export type WireTombstone = readonly [id: string, birth: number, removedWallMs: number]
/** The subjects out of reach: `id, is it terminated` for each. */
export type WireRow = readonly [observerId: string, version: number, subjects: readonly (string | boolean)[]]

/** "This is what I hold, and this is who has seen it." */
export type StatusMessage = readonly [
  kind: typeof STATUS,
  digest: number,
  seenDigest: number,
  isReply: boolean,
]

/** "We do not know each other's version: this is mine." */
export type ClockMessage = readonly [kind: typeof CLOCK, digest: number, clock: WireClock]

/** "Send me what this lacks." */
export type MergeMessage = readonly [kind: typeof MERGE, digest: number, clock: WireClock]

/** "On top of `base`, which you told me you hold, this makes `digest`." */
export type EnvelopeMessage = readonly [
  kind: typeof ENVELOPE,
  base: number,
  digest: number,
  clock: WireClock,
  members: readonly WireMember[],
  tombstones: readonly WireTombstone[],
  rows: readonly WireRow[],
  seen: Uint8Array,
]

/** "Of the version we both hold I know that these have seen it." */
export type SeenMessage = readonly [kind: typeof SEEN, digest: number, seen: Uint8Array, isReply: boolean]

export type AgreementMessage = StatusMessage | ClockMessage | MergeMessage | EnvelopeMessage | SeenMessage

const isDigest: FieldCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < DIGEST_LIMIT

const anything: FieldCheck = () => true
const isClock = isListOf(anything, 3 * CLOCK_COUNT_MAX)
const isLongList = isListOf(anything, ENVELOPE_COUNT_MAX)
const isSeen: FieldCheck = (value) => value instanceof Uint8Array && value.length <= ENVELOPE_COUNT_MAX / 8

export const AGREEMENT_ROWS: readonly MessageRow[] = [
  { kind: STATUS, name: 'status', fields: [isDigest, isDigest, isFlag] },
  { kind: CLOCK, name: 'clock', fields: [isDigest, isClock] },
  { kind: MERGE, name: 'merge', fields: [isDigest, isClock] },
  {
    kind: ENVELOPE,
    name: 'envelope',
    fields: [isDigest, isDigest, isClock, isLongList, isLongList, isLongList, isSeen],
  },
  { kind: SEEN, name: 'seen', fields: [isDigest, isSeen, isFlag] },
]
