/*
 * The lease in etcd, by its JSON gateway (etcd 3.4 and later).
 *
 * The idea: a key that exists only while an etcd lease lives, made by a transaction that demands that there
 * is none. The key's create revision is the epoch: etcd raises revisions for ever. Every question has a
 * deadline; what is refused, late, torn or odd is `not held`, and a grant that this door cannot be sure of is
 * revoked. It never throws, and decides nothing. Shape: door.
 */
import type { LeaseAnswer, LeasePort } from './lease.ts'

export interface EtcdLeaseOptions {
  /**
   * `http://host:2379`, tried in turn, beginning with the last that answered; at most ENDPOINTS_COUNT_MAX.
   */
  readonly endpoints: readonly string[]
  /** One key for one mesh. */
  readonly key: string
  /** For each request; a question takes up to five. */
  readonly requestMsMax?: number
  /** Such as an authorization token. */
  readonly headers?: Readonly<Record<string, string>>
}

export const ENDPOINTS_COUNT_MAX = 9
export const ANSWER_BYTES_MAX = 64 * 1024
/** More questions than this at a time are answered `not held` unasked. */
export const QUESTIONS_COUNT_MAX = 8

const REQUEST_MS_MAX = 1500
const NOT_HELD: LeaseAnswer = { isHeld: false, epoch: 0 }

type Json = Readonly<Record<string, unknown>>

/** A grant of ours, as etcd knows it. */
interface Grant {
  readonly leaseId: string
  readonly epoch: number
}

/** What the key holds: whose it is, since which revision, under which lease. */
interface Entry {
  readonly holderId: string
  readonly epoch: number
  readonly leaseId: string
}

export class EtcdLease implements LeasePort {
  readonly counters: { requests: number; requestsFailed: number; granted: number; denied: number }

  /** One question after the other: a release must not overtake the question after it. */
  private queue: Promise<unknown>
  private queuedCount: number
  private readonly endpoints: readonly string[]
  private readonly key: string
  private readonly requestMsMax: number
  private readonly headers: Readonly<Record<string, string>>
  private endpointIndex: number
  private grant: Grant | undefined

  constructor(options: EtcdLeaseOptions) {
    const { endpoints } = options
    if (endpoints.length === 0 || endpoints.length > ENDPOINTS_COUNT_MAX) {
      throw new Error(`1 to ${ENDPOINTS_COUNT_MAX} endpoints, not ${endpoints.length}`)
    }
    this.counters = { requests: 0, requestsFailed: 0, granted: 0, denied: 0 }
    this.queue = Promise.resolve()
    this.queuedCount = 0
    this.endpoints = endpoints.map((endpoint) => endpoint.replace(/\/+$/, ''))
    this.key = base64(options.key)
    this.requestMsMax = options.requestMsMax ?? REQUEST_MS_MAX
    this.headers = { 'content-type': 'application/json', ...options.headers }
    this.endpointIndex = 0
    this.grant = undefined
  }

  acquire(holderId: string, ttlMs: number, answered: (answer: LeaseAnswer) => void): void {
    void this.inTurn(() => this.tryAcquire(holderId, ttlMs)).then((answer) => {
      if (answer.isHeld) this.counters.granted++
      else this.counters.denied++
      answered(answer)
    })
  }

  renew(epoch: number, answered: (answer: LeaseAnswer) => void): void {
    void this.inTurn(() => this.tryRenew(epoch)).then(answered)
  }

  release(epoch: number): void {
    void this.inTurn(() => this.revoke(epoch))
  }

  private inTurn(ask: () => Promise<LeaseAnswer>): Promise<LeaseAnswer> {
    if (this.queuedCount >= QUESTIONS_COUNT_MAX) return Promise.resolve(NOT_HELD)
    this.queuedCount++
    const turn = this.queue.then(ask).finally(() => this.queuedCount--)
    this.queue = turn
    return turn
  }

  private async tryAcquire(holderId: string, ttlMs: number): Promise<LeaseAnswer> {
    const granted = await this.post('/v3/lease/grant', { TTL: String(Math.ceil(ttlMs / 1000)) })
    const leaseId = textOf(granted?.ID)
    if (leaseId === undefined || granted?.error !== undefined) return NOT_HELD
    const answer = await this.post('/v3/kv/txn', {
      compare: [{ key: this.key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
      success: [{ request_put: { key: this.key, value: base64(holderId), lease: leaseId } }],
      failure: [{ request_range: { key: this.key } }],
    })
    const epoch = revisionOf(objectOf(answer?.header)?.revision)
    if (answer?.succeeded === true && epoch !== undefined) {
      this.grant = { leaseId, epoch }
      return { isHeld: true, epoch }
    }
    const entry = entryOf(objectOf(objectOf(listOf(answer?.responses)?.[0])?.response_range))
    if (entry?.leaseId !== leaseId) await this.post('/v3/lease/revoke', { ID: leaseId })
    if (entry === undefined || entry.holderId !== holderId) return NOT_HELD
    // Ours already, by a request whose answer was lost: its time runs anew.
    this.grant = { leaseId: entry.leaseId, epoch: entry.epoch }
    return this.tryRenew(entry.epoch)
  }

  private async revoke(epoch: number): Promise<LeaseAnswer> {
    const { grant } = this
    if (grant === undefined || grant.epoch !== epoch) return NOT_HELD
    this.grant = undefined
    await this.post('/v3/lease/revoke', { ID: grant.leaseId })
    return NOT_HELD
  }

  /** The etcd lease may live while somebody took the key away: both are looked at. */
  private async tryRenew(epoch: number): Promise<LeaseAnswer> {
    const { grant } = this
    if (grant === undefined || grant.epoch !== epoch) return NOT_HELD
    const alive = objectOf((await this.post('/v3/lease/keepalive', { ID: grant.leaseId }))?.result)
    if (Number(alive?.TTL ?? 0) <= 0 || alive?.ID !== grant.leaseId) return NOT_HELD
    const entry = entryOf(await this.post('/v3/kv/range', { key: this.key }))
    return entry?.epoch === epoch && entry.leaseId === grant.leaseId ? { isHeld: true, epoch } : NOT_HELD
  }

  /** The answer of the first endpoint that has one; undefined when none has. */
  private async post(path: string, body: Json): Promise<Json | undefined> {
    for (let tries = 0; tries < this.endpoints.length; tries++) {
      const answer = await this.postTo(this.endpoints[this.endpointIndex]!, path, body)
      if (answer !== undefined) return answer
      this.endpointIndex = (this.endpointIndex + 1) % this.endpoints.length
    }
    return undefined
  }

  private async postTo(endpoint: string, path: string, body: Json): Promise<Json | undefined> {
    this.counters.requests++
    try {
      const response = await fetch(endpoint + path, {
        method: 'POST',
        headers: this.headers,
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(this.requestMsMax),
      })
      const text = await textWithin(response, ANSWER_BYTES_MAX)
      const answer = response.ok && text !== undefined ? objectOf(JSON.parse(text)) : undefined
      if (answer !== undefined) return answer
    } catch {
      // Refused, late, torn or not JSON: all the same to whoever asks.
    }
    this.counters.requestsFailed++
    return undefined
  }
}

/** Undefined when it is longer. */
async function textWithin(response: Response, bytesMax: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length
    if (bytes > bytesMax) return undefined
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** int64 comes as text in JSON. */
function revisionOf(value: unknown): number | undefined {
  const revision = typeof value === 'string' ? Number(value) : value
  return typeof revision === 'number' && Number.isSafeInteger(revision) && revision > 0 ? revision : undefined
}

function entryOf(range: Json | undefined): Entry | undefined {
  const entry = objectOf(listOf(range?.kvs)?.[0])
  const epoch = revisionOf(entry?.create_revision)
  const leaseId = textOf(entry?.lease)
  const value = textOf(entry?.value)
  if (epoch === undefined || leaseId === undefined || value === undefined) return undefined
  return { holderId: Buffer.from(value, 'base64').toString('utf8'), epoch, leaseId }
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
