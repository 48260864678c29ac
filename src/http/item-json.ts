/**
 * Item JSON [Rule]: orders and outcomes of the item port as JSON and queries, both ways, so that the node that serves
 * them and the one that asks cannot differ. What it does not know it refuses: a misspelt expiry must not be lost.
 *
 *   POST   /internal/set   {key, value, expiration_ms | expires_at, consistency, database, replicate, version, term}
 *   GET    /internal/get   ?key&consistency&database&local
 *   DELETE /internal/del   ?key&consistency&database&replicate&version&term
 *
 * `replicate: false` with `version` and `term` is a copy that somebody else has stamped.
 */
import { Buffer } from 'node:buffer'
import type { Level } from '../session/session.ts'
import {
  badRequest,
  type Found,
  type GetOrder,
  type Problem,
  problem,
  type Removed,
  type RemoveOrder,
  type SetOrder,
  type Stamp,
  type Stored,
} from './item-port.ts'
import { decodeBytes, encodeBytes, isEncoding, percentEncoded } from './json-bytes.ts'

export type Json = Readonly<Record<string, unknown>>

const LEVELS: readonly unknown[] = ['one', 'quorum', 'all']
const U32_MAX = 4294967295
const DATABASE_MAX = 15
const COMMON = ['key', 'key_encoding', 'database', 'consistency']
const STAMP = ['replicate', 'version', 'term']
const SET_FIELDS: readonly string[] = [
  ...COMMON,
  ...STAMP,
  ...['value', 'value_encoding', 'expiration_ms', 'expires_at'],
]
const GET_FIELDS: readonly string[] = [...COMMON, 'local']
const REMOVE_FIELDS: readonly string[] = [...COMMON, ...STAMP]
const BAD_ANSWER = problem(502, 'BAD_ANSWER', 'the node has answered something else')

export function readSet(json: unknown): SetOrder | Problem {
  if (!isJson(json)) return badRequest('the body must be a JSON object')
  const stranger = strangerIn(Object.keys(json), SET_FIELDS)
  if (stranger !== undefined) return stranger
  const common = readCommon(json)
  const value = readBytes(json, 'value')
  const stamp = readStamp(json)
  const ttlMs = readCount(json, 'expiration_ms')
  const expiresAtMs = readCount(json, 'expires_at')
  for (const read of [common, value, stamp, ttlMs, expiresAtMs]) if (isProblem(read)) return read
  if (ttlMs !== 0 && expiresAtMs !== 0) return badRequest('expiration_ms and expires_at exclude each other')
  if (stamp !== undefined && ttlMs !== 0) return badRequest('a copy expires at a point in time: expires_at')
  return { ...common, value, stamp, ttlMs, expiresAtMs } as SetOrder
}

export function readGet(query: ReadonlyMap<string, string>): GetOrder | Problem {
  const json = jsonOf(query)
  const stranger = strangerIn([...query.keys()], GET_FIELDS)
  if (stranger !== undefined) return stranger
  const common = readCommon(json, query)
  const isOwnCopyEnough = readClaim(json, 'local', false)
  for (const read of [common, isOwnCopyEnough]) if (isProblem(read)) return read
  return { ...common, isOwnCopyEnough } as GetOrder
}

export function readRemove(query: ReadonlyMap<string, string>): RemoveOrder | Problem {
  const json = jsonOf(query)
  const stranger = strangerIn([...query.keys()], REMOVE_FIELDS)
  if (stranger !== undefined) return stranger
  const common = readCommon(json, query)
  const stamp = readStamp(json)
  for (const read of [common, stamp]) if (isProblem(read)) return read
  return { ...common, stamp } as RemoveOrder
}

export function setJson(order: SetOrder): Json {
  const { database, expiresAtMs, level, stamp, ttlMs } = order
  return {
    ...bytesJson('key', order.key),
    ...bytesJson('value', order.value),
    ...(ttlMs === 0 ? {} : { expiration_ms: ttlMs }),
    ...(expiresAtMs === 0 ? {} : { expires_at: expiresAtMs }),
    ...(level === undefined ? {} : { consistency: level }),
    ...(stamp === undefined ? {} : { replicate: false, version: stamp.version, term: stamp.term }),
    database,
  }
}

export function getQuery({ database, isOwnCopyEnough, key, level }: GetOrder): string {
  return `key=${percentEncoded(key)}&database=${database}${levelQuery(level)}&local=${isOwnCopyEnough}`
}

export function removeQuery({ database, key, level, stamp }: RemoveOrder): string {
  const stamped = stamp === undefined ? '' : `&replicate=false&version=${stamp.version}&term=${stamp.term}`
  return `key=${percentEncoded(key)}&database=${database}${levelQuery(level)}${stamped}`
}

export function outcomeJson(outcome: Stored | Found | Removed | Problem, order: { key: Buffer }): Json {
  switch (outcome.kind) {
    case 'problem':
      return { error: outcome.error, code: outcome.code }
    case 'stored':
      return { ...outcome.standing }
    case 'removed':
      return { removed: outcome.count, ...outcome.standing }
    case 'found': {
      if (outcome.item === undefined) return { found: false }
      const { expiresAtMs, term, value, version } = outcome.item
      const expiry = expiresAtMs === 0 ? {} : { expires_at: expiresAtMs }
      const bytes = { ...bytesJson('key', order.key), ...bytesJson('value', value) }
      return { found: true, item: { ...bytes, ...expiry, version, term } }
    }
  }
}

export function problemOf(status: number, json: unknown): Problem {
  if (!isJson(json) || typeof json.error !== 'string' || typeof json.code !== 'string') return BAD_ANSWER
  return problem(status, json.code, json.error)
}

export function storedOf(json: unknown): Stored | Problem {
  return isJson(json) ? { kind: 'stored', standing: standingOf(json) } : BAD_ANSWER
}

export function removedOf(json: unknown): Removed | Problem {
  if (!isJson(json) || typeof json.removed !== 'number') return BAD_ANSWER
  return { kind: 'removed', count: json.removed, standing: standingOf(json) }
}

export function foundOf(json: unknown): Found | Problem {
  if (!isJson(json) || typeof json.found !== 'boolean') return BAD_ANSWER
  if (!json.found) return { kind: 'found', item: undefined }
  const { item } = json
  if (!isJson(item)) return BAD_ANSWER
  const value = readBytes(item, 'value')
  const standing = standingOf(item)
  const expiresAtMs = readCount(item, 'expires_at')
  if (isProblem(value) || isProblem(expiresAtMs) || standing === undefined) return BAD_ANSWER
  return { kind: 'found', item: { value, expiresAtMs, ...standing } }
}

function bytesJson(name: string, bytes: Buffer): Json {
  const { text, encoding } = encodeBytes(bytes)
  return { [name]: text, [`${name}_encoding`]: encoding }
}

function levelQuery(level: Level | undefined): string {
  return level === undefined ? '' : `&consistency=${level}`
}

function standingOf({ term, version }: Json): Stamp | undefined {
  return isCount(version) && isCount(term) ? { version, term } : undefined
}

function isJson(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

export function isProblem(value: unknown): value is Problem {
  return isJson(value) && value.kind === 'problem'
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** A query has only text: what looks like a number or a claim is one. */
function jsonOf(query: ReadonlyMap<string, string>): Json {
  const json: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [name, text] of query) {
    const isNumber = /^(0|[1-9][0-9]{0,15})$/.test(text) && name !== 'key'
    json[name] = isNumber ? Number(text) : text
    if (name !== 'key' && (text === 'true' || text === 'false')) json[name] = text === 'true'
  }
  return json
}

function strangerIn(names: readonly string[], known: readonly string[]): Problem | undefined {
  const stranger = names.find((name) => !known.includes(name))
  return stranger === undefined ? undefined : badRequest(`unknown field '${stranger.slice(0, 64)}'`)
}

/** `query`: the key's characters are bytes already. */
function readCommon(
  json: Json,
  query?: ReadonlyMap<string, string>,
): { key: Buffer; database: number; level: Level | undefined } | Problem {
  const isRaw = query !== undefined && json.key_encoding === undefined
  const key = isRaw && query.has('key') ? Buffer.from(query.get('key')!, 'latin1') : readBytes(json, 'key')
  if (isProblem(key)) return key
  const database = readCount(json, 'database')
  if (isProblem(database)) return database
  if (database > DATABASE_MAX) return badRequest(`database must be at most ${DATABASE_MAX}`)
  const { consistency } = json
  if (consistency === undefined) return { key, database, level: undefined }
  if (!LEVELS.includes(consistency)) return badRequest('consistency must be one, quorum or all')
  return { key, database, level: consistency as Level }
}

function readBytes(json: Json, name: string): Buffer | Problem {
  const text = json[name]
  const encoding = json[`${name}_encoding`] ?? 'utf8'
  if (text === undefined) return badRequest(`${name} is missing`)
  if (typeof text !== 'string') return badRequest(`${name} must be text`)
  if (!isEncoding(encoding)) return badRequest(`${name}_encoding must be utf8 or base64`)
  return decodeBytes(text, encoding) ?? badRequest(`${name} is not ${encoding}`)
}

function readCount(json: Json, name: string): number | Problem {
  const value = json[name] ?? 0
  return isCount(value) ? value : badRequest(`${name} must be a whole number`)
}

function readClaim(json: Json, name: string, otherwise: boolean): boolean | Problem {
  const value = json[name] ?? otherwise
  return typeof value === 'boolean' ? value : badRequest(`${name} must be true or false`)
}

function readStamp(json: Json): Stamp | undefined | Problem {
  const replicates = readClaim(json, 'replicate', true)
  if (isProblem(replicates)) return replicates
  const { term, version } = json
  const isStamped = version !== undefined || term !== undefined
  if (replicates) {
    return isStamped ? badRequest('a version is given by the node, unless replicate is false') : undefined
  }
  const isSound = isCount(version) && version > 0 && isCount(term) && term <= U32_MAX
  return isSound ? { version, term } : badRequest('a copy needs its version and term')
}
