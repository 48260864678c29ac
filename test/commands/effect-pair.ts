/*
 * Two nodes side by side: the first runs requests and records effects, the second only replays them. Time and luck
 * are given, so one seed is one run. Shape: machine, for tests only.
 */
import { Args } from '../../resp/index.ts'
import type { ReplayOutcome } from '../../src/commands/replay.ts'
import { Config } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import { Node } from '../../src/node.ts'
import type { NodePorts } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { ByteReader } from '../../src/store/byte-writer.ts'
import {
  TYPE_HASH,
  TYPE_LIST,
  TYPE_NAMES,
  TYPE_SET,
  TYPE_SORTED_SET,
  TYPE_STRING,
} from '../../src/store/entry.ts'
import { valueTypeOf } from '../../src/store/entry-codec.ts'
import { hashEach } from '../../src/store/hash.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import { ListCursor, listLength } from '../../src/store/list.ts'
import { setEach } from '../../src/store/set.ts'
import { countMembers } from '../../src/store/sorted-set.ts'
import { SortedSetWalk } from '../../src/store/sorted-set-walk.ts'
import { Prng } from '../support/prng.ts'

export class EffectPair {
  nowMs = 1_800_000_000_000
  readonly a: Node
  readonly b: Node
  readonly session = ownSession()
  readonly #sessionB = ownSession()

  constructor(seed: number) {
    this.a = this.#makeNode(seed)
    this.b = this.#makeNode(seed + 1)
    this.a.space.terms.fill(11)
    this.b.space.terms.fill(22)
    this.a.effects.isOn = true
  }

  /** Runs a request on the first node; answers the raw reply. Effects wait in `a.effects.out`. */
  run(...parts: (string | Buffer | number)[]): string {
    const { a, session } = this
    a.executor.beginTurn(this.nowMs)
    a.dispatch.onRequest(session, Args.from(...parts))
    a.executor.endTurn()
    if (session.isBlocked) {
      this.nowMs += 10
      a.state.waiters.onTick(this.nowMs)
    }
    const reply = session.writer.detach().toString('latin1')
    session.writer.reset(true)
    return reply
  }

  /** Runs a request on the second node as well (rows that every node runs for itself); answers the raw reply. */
  runOnB(...parts: (string | Buffer | number)[]): string {
    this.#sessionB.database = this.session.database
    this.b.executor.beginTurn(this.nowMs)
    this.b.dispatch.onRequest(this.#sessionB, Args.from(...parts))
    this.b.executor.endTurn()
    const reply = this.#sessionB.writer.detach().toString('latin1')
    this.#sessionB.writer.reset(true)
    return reply
  }

  takeEffects(): Buffer {
    const bytes = this.a.effects.out.copy()
    this.a.effects.out.clear()
    return bytes
  }

  /** Replays effects on the second node; ends at the first that is broken. */
  replay(bytes: Buffer): ReplayOutcome[] {
    const input = new ByteReader(bytes, 0, bytes.length)
    const outcomes: ReplayOutcome[] = []
    while (!input.isAtEnd && outcomes.at(-1) !== 'broken')
      outcomes.push(this.b.replay.apply(input, this.nowMs))
    return outcomes
  }

  /** Lets everything whose time has come vanish on both. */
  expireAll(): void {
    for (const { space } of [this.a, this.b]) {
      space.nowMs = this.nowMs
      for (const ref of refsOf(space)) {
        const expiryMs = space.entries.expiryOf(ref)
        if (expiryMs !== 0 && expiryMs <= this.nowMs) space.vanish(ref, 'expired')
      }
    }
  }

  #makeNode(seed: number): Node {
    const random = new Prng(seed)
    const ports = {
      wallMs: () => this.nowMs,
      monotonicUs: () => this.nowMs * 1000,
      random32: () => random.bits(),
      every: () => {},
    }
    const log = new Log({ sink: () => {}, nowMs: () => this.nowMs })
    return new Node(new Config(), log, ports as unknown as NodePorts, '0'.repeat(40))
  }
}

function refsOf(space: Keyspace): number[] {
  const refs: number[] = []
  for (let slot = 0; slot < SLOT_COUNT; slot++) space.index.each(slot, (_hash, ref) => refs.push(ref))
  return refs
}

/** Everything there is to know of every key, as lines in a fixed order. */
export function dump(space: Keyspace): string[] {
  const entries = space.entries
  return refsOf(space)
    .map((ref) => {
      const start = entries.keyStart(ref)
      const key = entries.keyBuffer(ref).toString('latin1', start, start + entries.keyLength(ref))
      const facts = [
        entries.databaseOf(ref),
        JSON.stringify(key),
        TYPE_NAMES[entries.typeOf(ref)],
        encodingOf(space, ref),
        entries.expiryOf(ref),
        entries.versionOf(ref),
        entries.termOf(ref),
      ]
      return `${facts.join(' ')} ${JSON.stringify(wordsOf(space, ref))}`
    })
    .sort()
}

/**
 * Strings may change their name for themselves without a change of the value (SETBIT of a bit that is set), and so do
 * small sorted sets that SORT has read.
 */
function encodingOf(space: Keyspace, ref: number): string {
  const type = space.entries.typeOf(ref)
  if (type === TYPE_STRING || type === TYPE_SORTED_SET) return '-'
  return valueTypeOf(space, ref).encoding(space, ref)
}

function wordsOf(space: Keyspace, ref: number): string[] {
  const entries = space.entries
  const type = entries.typeOf(ref)
  const words: string[] = []
  const text = (bytes: Buffer, start: number, end: number): string => bytes.toString('latin1', start, end)
  if (type === TYPE_STRING) {
    const start = entries.valueStart(ref)
    words.push(text(entries.valueBuffer(ref), start, start + entries.valueLength(ref)))
  } else if (type === TYPE_LIST) {
    const cursor = new ListCursor()
    cursor.seek(space, ref, 0)
    for (let left = listLength(space, ref); left > 0; left--) {
      words.push(text(cursor.buffer, cursor.start, cursor.end))
      cursor.next()
    }
  } else if (type === TYPE_SET) {
    setEach(space, ref, (bytes, start, end) => words.push(text(bytes, start, end)))
    words.sort()
  } else if (type === TYPE_HASH) {
    hashEach(space, ref, (bytes, start, end, valueStart, valueEnd) => {
      words.push(`${text(bytes, start, end)}=${text(bytes, valueStart, valueEnd)}`)
    })
    words.sort()
  } else {
    const walk = new SortedSetWalk()
    walk.open(space, ref, 0, countMembers(space, ref), false)
    while (walk.next()) words.push(`${walk.score} ${text(walk.buffer, walk.start, walk.end)}`)
  }
  return words
}
