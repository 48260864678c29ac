/**
 * Node items [Machine]: the item port of the node in this process. A client's order becomes the requests a Redis client
 * would send, at the level it asked for; a copy goes the way of everything that other owners send: by the one rule of
 * conflicts, so an older one changes nothing.
 */
import { Buffer } from 'node:buffer'
import type { Node } from '../node.ts'
import { writeRemoval, writeStringEntry } from '../replication/entry-transfer.ts'
import type { Verdict } from '../replication/replica.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import { slotOf } from '../store/hash-slot.ts'
import { Standing } from '../store/standing.ts'
import {
  badRequest,
  type Found,
  type GetOrder,
  type ItemPort,
  outcomeUnknown,
  type Problem,
  problem,
  type Removed,
  type RemoveOrder,
  type SetOrder,
  type Stamp,
  type Stored,
} from './item-port.ts'
import type { OwnClient, OwnReplies, OwnRequest } from './own-client.ts'

/** The way in for what other owners know. */
export interface CopiesPort {
  take(bytes: Buffer): Verdict
  /** The highest term this node knows of for the slot. */
  termOf(slot: number): number
}

/** By the first word of the error: what a program can do about it. */
const PROBLEMS: ReadonlyMap<string, readonly [status: number, code: string]> = new Map([
  ['TIMEOUT', [504, 'OUTCOME_UNKNOWN']],
  ['NOREPLICAS', [503, 'NOT_DONE']],
  ['CLUSTERDOWN', [503, 'NOT_DONE']],
  ['TRYAGAIN', [503, 'NOT_DONE']],
  ['LOADING', [503, 'NOT_DONE']],
  ['BUSY', [503, 'NOT_DONE']],
  ['MOVED', [503, 'NOT_DONE']],
  ['OOM', [507, 'OUT_OF_MEMORY']],
  ['WRONGTYPE', [409, 'WRONG_TYPE']],
])
const WRONG_TYPE = problem(409, 'WRONG_TYPE', 'the value under this key is no string')
const ALONE = problem(409, 'NO_MESH', 'this node stands alone and takes no copies')
const FOREIGN = problem(409, 'VERSION_REFUSED', 'this node knows of no such term')
const SKEWED = problem(409, 'VERSION_REFUSED', 'the version is too far ahead of the clock of this node')

export class NodeItems {
  readonly #node: Node
  readonly #client: OwnClient
  readonly #copies: CopiesPort | undefined
  readonly #bytes = new ByteWriter()
  readonly #standing: Standing

  /** `copies`: undefined in a node that stands alone. */
  constructor(node: Node, client: OwnClient, copies: CopiesPort | undefined) {
    this.#node = node
    this.#client = client
    this.#copies = copies
    this.#standing = new Standing(node.space)
  }

  /** `remote`: who asks, for CLIENT LIST and MONITOR. */
  portFor(remote: string): ItemPort {
    return {
      set: (order, done) => this.#set(remote, order, done),
      get: (order, done) => this.#get(remote, order, done),
      remove: (order, done) => this.#remove(remote, order, done),
    }
  }

  #set(remote: string, order: SetOrder, done: (outcome: Stored | Problem) => void): void {
    const { database, expiresAtMs, key, stamp, ttlMs, value } = order
    if (stamp !== undefined) {
      const standing = this.#takeCopy(order, stamp, (physical) => {
        writeStringEntry(physical, key, value, expiresAtMs, stamp.version, stamp.term, this.#bytes)
      })
      return this.#client.soon(() => done('kind' in standing ? standing : { kind: 'stored', standing }))
    }
    const words: (string | Buffer)[] = ['SET', key, value]
    if (ttlMs !== 0) words.push('PX', String(ttlMs))
    if (expiresAtMs !== 0) words.push('PXAT', String(expiresAtMs))
    this.#ask(remote, { ...order, database }, [words], (reply) => {
      done('kind' in reply ? reply : { kind: 'stored', standing: undefined })
    })
  }

  #get(remote: string, order: GetOrder, done: (outcome: Found | Problem) => void): void {
    const requests: OwnRequest[] = [['MESH', 'ITEM', order.key]]
    if (order.isOwnCopyEnough) requests.unshift(['READONLY'])
    this.#ask(remote, order, requests, (reply) => done('kind' in reply ? reply : foundIn(reply.value)))
  }

  #remove(remote: string, order: RemoveOrder, done: (outcome: Removed | Problem) => void): void {
    const { key, stamp } = order
    if (stamp !== undefined) {
      const standing = this.#takeCopy(order, stamp, (physical) => {
        writeRemoval(physical, key, 0, key.length, stamp.version, stamp.term, this.#bytes)
      })
      const outcome = 'kind' in standing ? standing : ({ kind: 'removed', count: 0, standing } as const)
      return this.#client.soon(() => done(outcome))
    }
    this.#ask(remote, order, [['DEL', key]], (reply) => {
      done('kind' in reply ? reply : { kind: 'removed', count: Number(reply.value), standing: undefined })
    })
  }

  /** Answers what stands under the key afterwards. */
  #takeCopy(
    { database, key }: { readonly database: number; readonly key: Buffer },
    stamp: Stamp,
    write: (physicalDatabase: number) => void,
  ): Stamp | Problem {
    if (this.#copies === undefined) return ALONE
    // What claims a term that nobody was granted would beat every later write.
    if (stamp.term > this.#copies.termOf(slotOf(key, 0, key.length))) return FOREIGN
    const physical = this.#node.space.databaseMap[database]
    if (physical === undefined) return badRequest('there is no such database')
    this.#bytes.clear()
    write(physical)
    const verdict = this.#copies.take(this.#bytes.copy())
    if (verdict.refusals.some(({ reason }) => reason === 'skewed')) return SKEWED
    this.#standing.look(physical, key, 0, key.length)
    const { term, version } = this.#standing
    return version === 0 ? stamp : { version, term }
  }

  /** Sends the requests at the order's level and database; answers the reply of the last one, or the first error. */
  #ask(
    remote: string,
    { database, level }: Pick<GetOrder, 'database' | 'level'>,
    requests: readonly OwnRequest[],
    done: (reply: { readonly value: unknown } | Problem) => void,
  ): void {
    const password = this.#node.state.config.text('requirepass')
    const manners: OwnRequest[] = []
    if (password !== '') manners.push(['AUTH', password])
    if (level !== undefined) manners.push(['MESH', 'CONSISTENCY', 'READ', level, 'WRITE', level])
    if (database !== 0) manners.push(['SELECT', String(database)])
    this.#client.ask(remote, [...manners, ...requests], (replies) => done(lastOf(replies)))
  }
}

function lastOf(replies: OwnReplies | undefined): { readonly value: unknown } | Problem {
  if (replies === undefined) return outcomeUnknown
  const error = replies.find((reply) => reply instanceof Error)
  if (error === undefined) return { value: replies.at(-1) }
  const [status, code] = PROBLEMS.get(error.message.split(' ', 1)[0]!) ?? [400, 'BAD_REQUEST']
  return problem(status, code, error.message)
}

/** The reply of MESH ITEM. */
function foundIn(reply: unknown): Found | Problem {
  if (!Array.isArray(reply)) return { kind: 'found', item: undefined }
  const figures = new Map<string, unknown>()
  for (let i = 0; i < reply.length; i += 2) figures.set(String(reply[i]), reply[i + 1])
  const value = figures.get('value')
  if (!Buffer.isBuffer(value)) return WRONG_TYPE
  const numberOf = (name: string): number => Number(figures.get(name))
  const item = {
    value,
    version: numberOf('version'),
    term: numberOf('term'),
    expiresAtMs: numberOf('expires-at'),
  }
  return { kind: 'found', item }
}
