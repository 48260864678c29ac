/**
 * Data digest [Rule]: DEBUG DIGEST and DIGEST-VALUE: a fingerprint of keys with their values, by Redis' own reckoning,
 * so that equal data has equal digests here and there, whatever the order it came in or the way it is kept. Order
 * counts within lists only: what has no order is joined by exclusive or.
 */
import { createHash } from 'node:crypto'
import { formatDouble } from '../../resp/index.ts'
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_SORTED_SET } from '../store/entry.ts'
import { hashEach } from '../store/hash.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { DATABASE_COUNT, type Keyspace } from '../store/keyspace.ts'
import { ListCursor, listLength } from '../store/list.ts'
import { setEach } from '../store/set.ts'
import { eachMember, sourceOf } from './sorted-set-sources.ts'

const DIGEST_BYTES = 20
const EXPIRES = Buffer.from('!!expire!!', 'latin1')

export function digestOfAll(space: Keyspace): string {
  const total = Buffer.alloc(DIGEST_BYTES)
  for (let database = 0; database < DATABASE_COUNT; database++) {
    const physical = space.databaseMap[database]!
    if (space.keyCount[physical] === 0) continue
    mix(total, bigEndian(database))
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      space.index.each(slot, (_hash, ref) => {
        if (space.entries.databaseOf(ref) === physical) fold(total, digestOfEntry(space, ref))
      })
    }
  }
  return total.toString('hex')
}

/** Of the value alone, its type and whether it expires; all zeros when there is none. */
export function digestOfValue(space: Keyspace, ref: number): string {
  const digest = Buffer.alloc(DIGEST_BYTES)
  if (ref !== 0) mixValue(digest, space, ref)
  return digest.toString('hex')
}

function digestOfEntry(space: Keyspace, ref: number): Buffer {
  const digest = Buffer.alloc(DIGEST_BYTES)
  const start = space.entries.keyStart(ref)
  mix(digest, space.entries.keyBuffer(ref).subarray(start, start + space.entries.keyLength(ref)))
  mixValue(digest, space, ref)
  return digest
}

function mixValue(digest: Buffer, space: Keyspace, ref: number): void {
  const type = space.entries.typeOf(ref)
  mix(digest, bigEndian(type))
  if (type === TYPE_LIST) mixList(digest, space, ref)
  else if (type === TYPE_SET)
    setEach(space, ref, (bytes, start, end) => fold(digest, bytes.subarray(start, end)))
  else if (type === TYPE_SORTED_SET) mixSortedSet(digest, space, ref)
  else if (type === TYPE_HASH) {
    hashEach(space, ref, (bytes, fieldStart, fieldEnd, valueStart, valueEnd) => {
      foldPair(digest, bytes.subarray(fieldStart, fieldEnd), bytes.subarray(valueStart, valueEnd))
    })
  } else {
    const start = space.entries.valueStart(ref)
    mix(digest, space.entries.valueBuffer(ref).subarray(start, start + space.entries.valueLength(ref)))
  }
  if (space.entries.expiryOf(ref) !== 0) fold(digest, EXPIRES)
}

function mixList(digest: Buffer, space: Keyspace, ref: number): void {
  const cursor = new ListCursor()
  const count = listLength(space, ref)
  for (let i = 0; i < count; i++) {
    if (i === 0) cursor.seek(space, ref, 0)
    else cursor.next()
    mix(digest, cursor.buffer.subarray(cursor.start, cursor.end))
  }
}

function mixSortedSet(digest: Buffer, space: Keyspace, ref: number): void {
  eachMember(space, sourceOf(space, ref)!, (score, bytes, start, end) => {
    foldPair(digest, bytes.subarray(start, end), Buffer.from(formatDouble(score), 'latin1'))
  })
}

function foldPair(digest: Buffer, first: Uint8Array, second: Uint8Array): void {
  const pair = Buffer.alloc(DIGEST_BYTES)
  mix(pair, first)
  mix(pair, second)
  fold(digest, pair)
}

/** Adds bytes whose order does not matter. */
function fold(digest: Buffer, bytes: Uint8Array): void {
  const hash = createHash('sha1').update(bytes).digest()
  for (let i = 0; i < DIGEST_BYTES; i++) digest[i]! ^= hash[i]!
}

/** Adds bytes whose order matters. */
function mix(digest: Buffer, bytes: Uint8Array): void {
  fold(digest, bytes)
  createHash('sha1').update(digest).digest().copy(digest)
}

function bigEndian(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}
