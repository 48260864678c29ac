/**
 * Replay [Machine]: applies effects (effect-log.ts) to a store, so that it ends up with the same values, versions and
 * expiries as the store they were recorded on. Whether one may be applied is decided by resolve.ts; of the rest,
 *
 *   applied         done, or done before
 *   base-mismatch   not done: `refusal` says whether what it builds on is missing or something newer is here
 *   broken          no effect at all; nothing was touched, and what follows in these bytes cannot be trusted
 *
 * Nothing is answered, announced or counted on the way, and nobody who waits for a key is woken: only who watches one
 * is told. It does not know where effects come from or who is right.
 */
import { Args } from '../../resp/index.ts'
import { wallMsOf } from '../hlc.ts'
import { decide, type Incoming } from '../replication/resolve.ts'
import type { NodeState } from '../session/node-state.ts'
import { ownSession } from '../session/own-session.ts'
import { ByteReader } from '../store/byte-writer.ts'
import {
  EFFECT_EXPIRE,
  EFFECT_HEADER_BYTES,
  EFFECT_PUT,
  EFFECT_REMOVE,
  EFFECT_RUN,
  EffectHeader,
  keyArgumentOf,
} from '../store/effect-header.ts'
import { EffectLog } from '../store/effect-log.ts'
import { TYPE_STRING } from '../store/entry.ts'
import { readEntry } from '../store/entry-codec.ts'
import { DATABASE_COUNT, type Keyspace } from '../store/keyspace.ts'
import type { KeyspaceObserver } from '../store/keyspace-observer.ts'
import { bearPlain, takePlain } from '../store/plain-string.ts'
import { Standing } from '../store/standing.ts'
import { STRING_FLAGS, writeString } from '../store/string.ts'
import { Call } from './call.ts'
import { DENYOOM, WRITE } from './command.ts'
import type { CommandTable } from './command-table.ts'

export type ReplayOutcome = 'applied' | 'base-mismatch' | 'broken'

/** Gap: only the whole entry helps. Ahead: the sender does not know what is here. */
export type ReplayRefusal = 'gap' | 'ahead'

/** Bytes of the fixed parts of an entry's body: type, expiry; a string has flags and length beside them. */
const HEAD_BYTES = 9
const STRING_HEAD_BYTES = 14
/** Behind the key while a value is read that may yet prove to be broken. */
const STAGING_MARK = Buffer.from('\0staging', 'latin1')

/** By verb. */
const INCOMING: Incoming[] = []
INCOMING[EFFECT_RUN] = 'run'
INCOMING[EFFECT_PUT] = 'put'
INCOMING[EFFECT_REMOVE] = 'remove'
INCOMING[EFFECT_EXPIRE] = 'expire'

export class Replay {
  /** Why the last outcome was a base mismatch. */
  refusal: ReplayRefusal = 'gap'
  /** What the effect read last is about; the key lies in the bytes it was read from. */
  verb = 0
  database = 0
  version = 0
  term = 0
  keyStart = 0
  keyEnd = 0
  /** The effect applied last was built on the very version that was here. */
  hasFitted = false
  readonly #node: NodeState
  readonly #space: Keyspace
  readonly #table: CommandTable
  readonly #call: Call
  readonly #args = new Args()
  readonly #head = new EffectHeader()
  readonly #standing: Standing
  readonly #discreet: KeyspaceObserver
  #base = 0
  #baseTerm = 0
  #keyArgument = 0

  constructor(node: NodeState, table: CommandTable) {
    this.#node = node
    this.#space = node.space
    this.#table = table
    this.#standing = new Standing(node.space)
    // An effect log of its own, never switched on: what is replayed here has been recorded elsewhere.
    const silent = new EffectLog(node.space)
    this.#call = new Call(node, node.space, silent, ownSession(), table.rows[0]!, table)
    const touch = (database: number, ref: number): void => {
      if (node.watches.keyCount !== 0) node.watches.onEntryTouched(database, ref)
    }
    this.#discreet = { onCreated: null, onChanged: touch, onRemoved: touch }
  }

  /** Applies the one effect at the reader's position and moves behind it. */
  apply(input: ByteReader, nowMs: number): ReplayOutcome {
    return this.read(input) ? this.applyRead(nowMs) : 'broken'
  }

  /** Reads the effect at the reader's position and moves behind it; false: these bytes are none. */
  read(input: ByteReader): boolean {
    this.verb = this.#readEffect(input)
    if (this.verb === 0) return false
    this.keyStart = this.#args.starts[this.#keyArgument]!
    this.keyEnd = this.#args.ends[this.#keyArgument]!
    return true
  }

  /** May the effect read last take more room than there was? */
  get isGrowth(): boolean {
    if (this.verb === EFFECT_RUN) return ((this.#table.find(this.#args)?.flags ?? 0) & DENYOOM) !== 0
    return this.verb === EFFECT_PUT
  }

  /** Applies the effect read last, once. */
  applyRead(nowMs: number): ReplayOutcome {
    if (this.verb === EFFECT_PUT && this.#takesPlain()) return 'applied'
    const space = this.#space
    const hits = space.stats.hits
    const misses = space.stats.misses
    const touchesAccess = space.touchesAccess
    const notifyFlags = this.#node.notifyFlags
    const observer = space.observer
    space.nowMs = nowMs
    space.forcedVersion = this.version
    space.forcedTerm = this.term
    space.ignoresExpiry = true
    space.touchesAccess = false
    space.observer = observer === null ? null : this.#discreet
    this.#node.notifyFlags = 0
    try {
      return this.#applyVerb(this.verb)
    } finally {
      space.forcedVersion = 0
      space.forcedTerm = 0
      space.ignoresExpiry = false
      space.touchesAccess = touchesAccess
      space.observer = observer
      space.stats.hits = hits
      space.stats.misses = misses
      this.#node.notifyFlags = notifyFlags
      this.#args.clear()
    }
  }

  /** Most of what is replicated: a plain string in place of another of the same length, or under a new key. */
  #takesPlain(): boolean {
    const args = this.#args
    const { bytes } = args
    const start = args.starts[1]!
    const length = args.length(1) - STRING_HEAD_BYTES
    if (length < 0 || bytes[start] !== TYPE_STRING || bytes[start + 9] !== 0) return false
    if (bytes.readUInt32LE(start + 10) !== length || this.#expiryAt(1) !== 0) return false
    const space = this.#space
    const valueStart = start + STRING_HEAD_BYTES
    const isThere = takePlain(space, this, bytes, valueStart, args.ends[1]!)
    if (!isThere && !bearPlain(space, this, bytes, valueStart, args.ends[1]!)) return false
    this.hasFitted = isThere && this.#base === space.baseVersion && this.#baseTerm === space.baseTerm
    args.clear()
    return true
  }

  /** Reads header and words; answers the verb, or 0 when the bytes are no effect. */
  #readEffect(input: ByteReader): number {
    const head = this.#head
    const at = input.position
    const args = this.#args
    args.clear()
    if (!input.skip(EFFECT_HEADER_BYTES)) return 0
    head.read(input.bytes, at)
    const verb = head.verb
    const count = head.argumentCount
    this.database = head.database
    this.#base = head.base
    this.#baseTerm = head.baseTerm
    this.version = head.version
    this.term = head.term
    args.bytes = input.bytes
    for (let i = 0; i < count && !input.isBroken; i++) {
      input.sized()
      args.push(input.start, input.stop)
    }
    const isSound =
      !input.isBroken &&
      this.database < DATABASE_COUNT &&
      this.version > 0 &&
      this.#base >= 0 &&
      Number.isSafeInteger(this.version) &&
      Number.isSafeInteger(this.#base)
    if (!isSound) return 0
    this.#keyArgument = keyArgumentOf(verb)
    if (verb === EFFECT_RUN) return count >= 2 ? verb : 0
    if (verb === EFFECT_PUT || verb === EFFECT_EXPIRE) return count === 2 ? verb : 0
    return verb === EFFECT_REMOVE && count === 1 ? verb : 0
  }

  #applyVerb(verb: number): ReplayOutcome {
    if (verb === EFFECT_RUN && !this.#isRunnable()) return 'broken'
    if (verb === EFFECT_EXPIRE && (this.#args.length(1) !== 8 || !this.#isExpirySound(0))) return 'broken'
    if (verb === EFFECT_PUT && (this.#args.length(1) < HEAD_BYTES || !this.#isExpirySound(1))) return 'broken'
    const ref = this.#peekLiving()
    const standing = this.#standing
    standing.take(ref, this.database, this.#args.bytes, this.keyStart, this.keyEnd)
    const { here, version, term } = standing
    const [base, baseTerm] = [this.#base, this.#baseTerm]
    if (this.version <= standing.flushed) return this.#refuse('ahead')
    this.hasFitted = version !== 0 && base === version && baseTerm === term
    const incoming = INCOMING[verb]!
    const decision = decide(incoming, base, baseTerm, this.version, this.term, here, version, term)
    if (decision === 'done') return 'applied'
    if (decision !== 'apply') return this.#refuse(decision)
    if (verb === EFFECT_PUT) return this.#put(ref)
    if (verb === EFFECT_RUN) return this.#run()
    if (verb === EFFECT_EXPIRE) this.#space.setExpiry(ref, this.#expiryAt(0))
    else if (ref === 0) this.#bury()
    else if (this.version !== version || this.term !== term) this.#space.remove(ref)
    else if (this.#space.entries.expiryOf(ref) !== 0) this.#space.vanish(ref, 'expired')
    return 'applied'
  }

  #refuse(refusal: ReplayRefusal): ReplayOutcome {
    this.refusal = refusal
    return 'base-mismatch'
  }

  /** The removal of a key that is not here (any more). */
  #bury(): void {
    const { database, keyStart, keyEnd, version, term } = this
    const removedMs = wallMsOf(version)
    this.#space.tombstones?.bury(database, this.#args.bytes, keyStart, keyEnd, version, term, removedMs)
  }

  /** The key's entry. One that was over when the effect was made counts as gone, as it did there. */
  #peekLiving(): number {
    const space = this.#space
    const ref = space.peek(this.database, this.#args.bytes, this.keyStart, this.keyEnd)
    if (ref === 0 || this.#base !== 0) return ref
    const expiryMs = space.entries.expiryOf(ref)
    if (expiryMs === 0 || expiryMs > wallMsOf(this.version) || space.entries.versionOf(ref) >= this.version)
      return ref
    space.vanish(ref, 'expired')
    return 0
  }

  /** Only requests that are about one key are ever recorded. */
  #isRunnable(): boolean {
    const args = this.#args
    const row = this.#table.find(args)
    if (row === undefined || (row.flags & WRITE) === 0 || row.run === undefined || row.keys.first !== 1)
      return false
    if (row.arity > 0 ? args.count !== row.arity : args.count < -row.arity) return false
    const last = row.keys.last < 0 ? args.count + row.keys.last : row.keys.last
    for (let i = 1 + row.keys.step; i <= last; i += row.keys.step) {
      if (!args.equals(i, args.bytes, args.starts[1]!, args.ends[1]!)) return false
    }
    this.#call.row = row
    return true
  }

  #run(): ReplayOutcome {
    const call = this.#call
    const changes = this.#space.changes
    call.args = this.#args
    call.database = this.database
    call.nowMs = this.#space.nowMs
    call.mayBlock = false
    call.row.handler(call)
    call.reply.reset(true)
    return this.#space.changes === changes ? this.#refuse('gap') : 'applied'
  }

  #put(ref: number): ReplayOutcome {
    const args = this.#args
    const start = args.starts[1]!
    if (args.bytes[start] === TYPE_STRING && args.length(1) >= STRING_HEAD_BYTES) return this.#putString(ref)
    const space = this.#space
    const keyStart = args.starts[0]!
    const keyEnd = args.ends[0]!
    if (ref === 0) {
      const made = this.#readValue(args.bytes, keyStart, keyEnd)
      if (made === 0) return 'broken'
      space.changed(made)
      return 'applied'
    }
    // What is there must survive a broken value: the new one is read under another key first.
    let staging = args.bytes.subarray(keyStart, keyEnd)
    do staging = Buffer.concat([staging, STAGING_MARK])
    while (space.peek(this.database, staging, 0, staging.length) !== 0)
    const made = this.#readValue(staging, 0, staging.length)
    if (made === 0) return 'broken'
    space.remove(ref)
    const moved = space.transfer(made, this.database, args.bytes, keyStart, keyEnd)
    space.remove(made)
    space.changed(moved)
    return 'applied'
  }

  /** Makes the entry the effect holds under a key that has none; 0 and nothing made when it is broken. */
  #readValue(key: Uint8Array, keyStart: number, keyEnd: number): number {
    const args = this.#args
    const input = new ByteReader(args.bytes, args.starts[1]!, args.ends[1]!)
    const made = readEntry(this.#space, this.database, key, keyStart, keyEnd, input)
    if (made === 0 || (input.isAtEnd && !input.isBroken)) return made
    this.#space.remove(made)
    return 0
  }

  /** Strings are most of what is replicated: written in place. */
  #putString(ref: number): ReplayOutcome {
    const space = this.#space
    const args = this.#args
    const bytes = args.bytes
    const start = args.starts[1]!
    const expiryMs = this.#expiryAt(1)
    const flags = bytes[start + 9]!
    const length = bytes.readUInt32LE(start + 10)
    if ((flags & ~STRING_FLAGS) !== 0 || length !== args.length(1) - STRING_HEAD_BYTES) return 'broken'
    let to = ref
    if (ref !== 0) to = space.makeString(ref, length, false)
    else to = space.create(this.database, TYPE_STRING, bytes, args.starts[0]!, args.ends[0]!, length)
    writeString(space, to, 0, bytes, start + STRING_HEAD_BYTES, args.ends[1]!)
    space.entries.setFlags(to, flags)
    if (expiryMs !== 0) space.setExpiryUnstamped(to, expiryMs)
    space.changed(to)
    return 'applied'
  }

  #isExpirySound(offset: number): boolean {
    const expiryMs = this.#expiryAt(offset)
    return expiryMs >= 0 && Number.isFinite(expiryMs)
  }

  /** The time at an offset of the second word. */
  #expiryAt(offset: number): number {
    return this.#args.bytes.readDoubleLE(this.#args.starts[1]! + offset)
  }
}
