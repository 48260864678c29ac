/*
 * What peers say to each other: a row per verb, and who listens to it.
 *
 * The idea: a row declares everything a link must know of a frame before a handler sees it - its fields, how long its
 * body may be and what an answer looks like. Whoever owns a verb binds a handler to its name, and a link serves
 * rows it was never told about. To add a verb: a row with a fresh number, and one `bind`. A number is never used for
 * another meaning; old peers answer a new verb with a failure. Shape: table.
 */
import {
  type FieldCheck,
  isAddress,
  isBytes,
  isCount,
  isFlag,
  isId,
  isListOf,
  isName,
  isText,
  isU32,
} from './fields.ts'
import { bodyBytesMax, longBodyBytesMax } from './frame.ts'
import type { Arrival, Correspondent } from './link-ports.ts'

export interface AnswerShape {
  readonly fields: readonly FieldCheck[]
  readonly bodyBytesMax: number
}

export interface VerbRow {
  /** Unique and below 128: 1 to 15 are the link's own. */
  readonly number: number
  readonly name: string
  readonly fields: readonly FieldCheck[]
  readonly bodyBytesMax: number
  /** What an answer to it looks like; undefined: nobody answers it. */
  readonly answer: AnswerShape | undefined
}

export const verbNumberMax = 127
/** Up to this number verbs are understood by the link itself. */
export const ownNumberMax = 15

/** Changes with every change that old peers cannot understand; those with another one are refused. */
export const protocolMajor = 1
/** Changes with every change that they can ignore. */
export const protocolMinor = 0

export const nonceBytes = 16
export const proofBytes = 32
export const featuresCountMax = 32
export const detailLengthMax = 200

const isNonce: FieldCheck = (value) => value instanceof Uint8Array && value.length === nonceBytes
const isFingerprint = isCount
const empty: AnswerShape = { fields: [], bodyBytesMax: 0 }
const bytesOnly: AnswerShape = { fields: [], bodyBytesMax }
const values: AnswerShape = { fields: [], bodyBytesMax: longBodyBytesMax }

/** Who somebody is; `major` stays the first field for ever, so that later protocols can be told from broken ones. */
const introduction: readonly FieldCheck[] = [
  isU32, // major
  isU32, // minor
  isListOf(isName(32), featuresCountMax),
  isName(64), // name of the mesh
  isId,
  isCount, // birth
  isAddress, // where it listens
  isCount, // its number of this link
  isFlag, // whether it has a secret
  isNonce,
]

export const verbs = {
  hello: { number: 1, name: 'hello', fields: introduction, bodyBytesMax: 0, answer: undefined },
  challenge: { number: 2, name: 'challenge', fields: introduction, bodyBytesMax: 0, answer: undefined },
  /** The dialler's proof; empty in a mesh without a secret. */
  proof: { number: 3, name: 'proof', fields: [isBytes(proofBytes)], bodyBytesMax: 0, answer: undefined },
  /** The acceptor's proof. */
  welcome: { number: 4, name: 'welcome', fields: [isBytes(proofBytes)], bodyBytesMax: 0, answer: undefined },
  /** Why the conversation ends before it has begun. */
  refusal: { number: 5, name: 'refusal', fields: [isName(32)], bodyBytesMax: 0, answer: undefined },
  /** The sender starts nothing more on this link; its answer says that all before it has been served. */
  goodbye: { number: 6, name: 'goodbye', fields: [isName(32)], bodyBytesMax: 0, answer: empty },
  /** Fields and body are those that the row of the ask declares. */
  answer: { number: 7, name: 'answer', fields: [], bodyBytesMax: longBodyBytesMax, answer: undefined },
  /** Instead of an answer: why (FAILURES), and what is the matter. */
  failure: {
    number: 8,
    name: 'failure',
    fields: [isU32, isText(detailLengthMax)],
    bodyBytesMax: 0,
    answer: undefined,
  },
  ping: { number: 9, name: 'ping', fields: [], bodyBytesMax: 0, answer: empty },

  /** Body: one packet of gossip's own. */
  gossip: { number: 16, name: 'gossip', fields: [], bodyBytesMax, answer: undefined },
  /** Raw requests for the primary of their slots: fingerprint of the placement. Answer: raw replies. */
  forward: {
    number: 17,
    name: 'forward',
    fields: [isFingerprint],
    bodyBytesMax: longBodyBytesMax,
    answer: values,
  },
  /** What commands did: the batch, the one sent before it on this link, the oldest still awaited. */
  effects: {
    number: 18,
    name: 'effects',
    fields: [isCount, isCount, isCount],
    bodyBytesMax: longBodyBytesMax,
    answer: undefined,
  },
  /** All batches up to this number are applied. Body: the exceptions. */
  acknowledge: { number: 19, name: 'acknowledge', fields: [isCount], bodyBytesMax, answer: undefined },
  /** Body: keys. Flags: 0 for what stands under them, else for whole entries. The answer says how many keys it covers. */
  read: {
    number: 20,
    name: 'read',
    fields: [isU32],
    bodyBytesMax,
    answer: { fields: [isU32], bodyBytesMax: longBodyBytesMax },
  },
  /** Whole entries: slot, flags. The answer says whether there are more. */
  pull: {
    number: 21,
    name: 'pull',
    fields: [isU32, isU32],
    bodyBytesMax,
    answer: { fields: [isFlag], bodyBytesMax },
  },
  /** Summaries of the slots in the body: fingerprint of the placement. */
  digests: { number: 22, name: 'digests', fields: [isFingerprint], bodyBytesMax, answer: bytesOnly },
  /**
   * All that is known of the slots in the body, from a cursor within the first: whole entries and removals. The answer
   * says how many of the slots are told to the end, and where in the next one to go on.
   */
  stream: {
    number: 50,
    name: 'stream',
    fields: [isCount],
    bodyBytesMax,
    answer: { fields: [isU32, isCount], bodyBytesMax },
  },
  /**
   * To who acts for these slots: the asker has promised them to somebody else. Fingerprint of the placement. Body:
   * { u16 slot | u32 term }*.
   */
  dissent: { number: 51, name: 'dissent', fields: [isFingerprint], bodyBytesMax, answer: empty },
  /** Messages for whoever listens over there: how many. */
  publish: {
    number: 23,
    name: 'publish',
    fields: [isU32],
    bodyBytesMax: longBodyBytesMax,
    answer: undefined,
  },
  /** One node's part of a command that all nodes serve: database, flags. */
  gather: { number: 24, name: 'gather', fields: [isU32, isU32], bodyBytesMax, answer: bytesOnly },
  /** A page of a slot's versions: slot, cursor. The answer says where the next begins, 0 for nowhere. */
  versions: {
    number: 25,
    name: 'versions',
    fields: [isU32, isCount],
    bodyBytesMax: 0,
    answer: { fields: [isCount], bodyBytesMax },
  },
  /** Body: a page of versions the sender has. The answer says which of them are news, by number. */
  offer: { number: 26, name: 'offer', fields: [], bodyBytesMax, answer: bytesOnly },
  /** Whole entries and removals for whoever missed them. Answer: how many are here now, were outdated, were refused. */
  transfer: {
    number: 27,
    name: 'transfer',
    fields: [isU32],
    bodyBytesMax: longBodyBytesMax,
    answer: { fields: [isU32, isU32, isU32, isU32], bodyBytesMax: 0 },
  },
  /** The same of entries that a quorum of their owners holds. */
  confirmed: {
    number: 28,
    name: 'confirmed',
    fields: [isU32],
    bodyBytesMax,
    answer: { fields: [isU32, isU32, isU32, isU32], bodyBytesMax: 0 },
  },
  /** Nodes of the tree over the slots two owners share: fingerprint of the placement, level. Body: their parents. */
  tree: { number: 29, name: 'tree', fields: [isFingerprint, isU32], bodyBytesMax, answer: bytesOnly },
  /** Sums of the buckets of slots, as of a moment: fingerprint. */
  sketch: { number: 30, name: 'sketch', fields: [isFingerprint], bodyBytesMax, answer: bytesOnly },
  /** Versions in some buckets. The answer says which of them are news, and what stands in those buckets over there. */
  compare: { number: 31, name: 'compare', fields: [isFingerprint], bodyBytesMax, answer: bytesOnly },
  /**
   * A database is emptied: its physical number above 0, or 0 for all; the version up to which everything is gone, 0 for
   * what is there now. The answer says up to which version everything is gone over there.
   */
  flush: {
    number: 32,
    name: 'flush',
    fields: [isU32, isCount],
    bodyBytesMax: 0,
    answer: { fields: [isCount], bodyBytesMax: 0 },
  },
  /** Which logical database is which physical one, a byte each: the version of this order. */
  order: { number: 33, name: 'order', fields: [isCount], bodyBytesMax: 16, answer: empty },
  /** Answered as soon as everything written over there before has been confirmed, or will not be. */
  drain: { number: 34, name: 'drain', fields: [], bodyBytesMax: 0, answer: empty },
  /** The same as `publish` for shard channels. The answer says how many listeners each message has reached. */
  shardPublish: {
    number: 40,
    name: 'shard-publish',
    fields: [isU32],
    bodyBytesMax: longBodyBytesMax,
    answer: bytesOnly,
  },
  /**
   * A blocking request that waits for ever: the asker's number of it, above all before it, its database, the manners of
   * its client. The answer says whether there was room for it; its reply follows as `woken`.
   */
  wait: {
    number: 44,
    name: 'wait',
    fields: [isCount, isU32, isU32],
    bodyBytesMax: longBodyBytesMax,
    answer: { fields: [isFlag], bodyBytesMax: 0 },
  },
  /** Waits of the sender are over, from one number to another, both included. Those that still wait are answered nil. */
  unwait: { number: 45, name: 'unwait', fields: [isCount, isCount], bodyBytesMax: 0, answer: empty },
  /** What became of a wait: its number (0: of all) and its reply, or first, without one, that that is being confirmed. */
  woken: {
    number: 46,
    name: 'woken',
    fields: [isCount, isFlag],
    bodyBytesMax: longBodyBytesMax,
    answer: empty,
  },
} as const satisfies Record<string, VerbRow>

export type VerbName = keyof typeof verbs

/** The arrival is valid during the call; who answers later keeps its `correlation` and copies what it needs. */
export type VerbHandler = (from: Correspondent, arrival: Arrival) => void

/** Which handler serves which verb, on all links of a node. */
export class Verbs {
  readonly #rows: (VerbRow | undefined)[]
  readonly #handlers: (VerbHandler | undefined)[]
  readonly #byName: Map<string, VerbRow>

  constructor(rows: readonly VerbRow[] = Object.values(verbs)) {
    this.#rows = new Array<VerbRow | undefined>(verbNumberMax + 1).fill(undefined)
    this.#handlers = new Array<VerbHandler | undefined>(verbNumberMax + 1).fill(undefined)
    this.#byName = new Map()
    for (const row of rows) {
      const { number, name } = row
      if (!Number.isInteger(number) || number < 1 || number > verbNumberMax)
        throw new Error(`verb ${name} has the number ${number}`)
      if (this.#rows[number] !== undefined || this.#byName.has(name))
        throw new Error(`verb ${name} (${number}) is declared twice`)
      this.#rows[number] = row
      this.#byName.set(name, row)
    }
  }

  bind(name: string, handler: VerbHandler): void {
    const row = this.#byName.get(name)
    if (row === undefined || row.number <= ownNumberMax) throw new Error(`no verb ${name} can be bound`)
    if (this.#handlers[row.number] !== undefined) throw new Error(`verb ${name} is bound twice`)
    this.#handlers[row.number] = handler
  }

  rowOf(number: number): VerbRow | undefined {
    return number <= verbNumberMax ? this.#rows[number] : undefined
  }

  handlerOf(number: number): VerbHandler | undefined {
    return number <= verbNumberMax ? this.#handlers[number] : undefined
  }
}
