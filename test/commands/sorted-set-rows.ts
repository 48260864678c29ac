/*
 * Runs sorted set rows (and sets and strings beside them) on a keyspace of their own, without a server: requests in,
 * raw replies and events out. Every effect is applied to a second keyspace at once, so that a test can ask whether
 * the replica is the same. Shape: machine, for tests only.
 */
import assert from 'node:assert/strict'
import { Args } from '../../resp/index.ts'
import { Call, NOTIFY_GENERIC, NOTIFY_SORTED_SET } from '../../src/commands/call.ts'
import type { Command } from '../../src/commands/command.ts'
import type { CommandTable } from '../../src/commands/command-table.ts'
import { hashCommands } from '../../src/commands/hashes.ts'
import { setCommands } from '../../src/commands/sets.ts'
import { sortedSetCommands } from '../../src/commands/sorted-sets.ts'
import { stringCommands } from '../../src/commands/strings.ts'
import type { NodeState } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { ByteReader } from '../../src/store/byte-writer.ts'
import { EFFECT_PUT, EFFECT_REMOVE, EFFECT_RUN } from '../../src/store/effect-header.ts'
import { EffectLog } from '../../src/store/effect-log.ts'
import { readEntry, valueTypeOf } from '../../src/store/entry-codec.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { countMembers } from '../../src/store/sorted-set.ts'
import { SortedSetWalk } from '../../src/store/sorted-set-walk.ts'
import { Prng } from '../support/prng.ts'

const rows = new Map<string, Command>(
  [...sortedSetCommands, ...setCommands, ...stringCommands, ...hashCommands].map((row) => [row.name, row]),
)
const BLOCKED = '(blocked)'

/** One keyspace with a call of its own. */
class Bench {
  readonly space: Keyspace
  readonly effects: EffectLog
  readonly events: string[] = []
  readonly call: Call

  constructor(seed: number) {
    this.space = new Keyspace(hashSecret(() => seed))
    this.effects = new EffectLog(this.space)
    const random = new Prng(seed)
    const node = {
      config: { number: () => 2 ** 29 },
      ports: { random32: () => random.bits() },
      waiters: { offers: () => true, park: () => {} },
      notifyFlags: NOTIFY_GENERIC | NOTIFY_SORTED_SET,
      notifyKeyspace: (
        _class: number,
        event: string,
        _database: number,
        key: Buffer,
        start: number,
        end: number,
      ) => {
        this.events.push(`${event} ${key.toString('latin1', start, end)}`)
      },
    }
    const row = rows.get('zadd') as Call['row']
    const table = { find: () => undefined } as unknown as CommandTable
    this.call = new Call(node as unknown as NodeState, this.space, this.effects, ownSession(), row, table)
  }

  run(args: Args): Buffer {
    const { call, space, effects } = this
    const row = rows.get(args.text(0).toLowerCase())
    if (row === undefined) throw new Error(`no row for ${args.text(0)}`)
    call.row = row as Call['row']
    call.args = args
    call.isBlocked = false
    const before = space.changes
    const isEnough = row.arity < 0 ? args.count >= -row.arity : args.count === row.arity
    if (isEnough) row.run!(call)
    else call.reply.error(`ERR wrong number of arguments for '${row.name}' command`)
    if (row.effect === 'self' && effects.isOn && space.changes !== before) {
      assert.equal(space.changes, before + 1, 'a self row makes exactly one change')
      effects.self(call.database, args)
    }
    if (call.isBlocked) return Buffer.from(BLOCKED)
    const reply = Buffer.from(call.reply.detach())
    call.reply.reset(true)
    return reply
  }

  refOf(key: string): number {
    const bytes = Buffer.from(key, 'latin1')
    return this.space.peek(0, bytes, 0, bytes.length)
  }

  /** The sorted set's members and scores in order; nothing when the key is missing. */
  contentOf(key: string): (string | number)[] {
    const ref = this.refOf(key)
    if (ref === 0) return []
    const walk = new SortedSetWalk()
    walk.open(this.space, ref, 0, countMembers(this.space, ref), false)
    const content: (string | number)[] = []
    while (walk.next()) content.push(walk.buffer.toString('latin1', walk.start, walk.end), walk.score)
    return content
  }
}

export class SortedSetRows {
  readonly #main = new Bench(12345)
  readonly #replica = new Bench(678)
  readonly #usedBefore = this.#main.space.usedBytes()

  constructor() {
    this.#main.effects.isOn = true
  }

  get space(): Keyspace {
    return this.#main.space
  }

  useProtocol(protocol: 2 | 3): void {
    this.#main.call.reply.protocol = protocol
  }

  /** The raw reply of one request; its effects are on the replica when this returns. */
  run(...parts: (string | Buffer | number)[]): Buffer {
    const reply = this.#main.run(Args.from(...parts))
    this.#replicate()
    return reply
  }

  /** The same for a request without quotes, and with the reply in one line. */
  line(request: string): string {
    return this.run(...request.split(' '))
      .toString('latin1')
      .trimEnd()
      .replaceAll('\r\n', ' ')
  }

  takeEvents(): string[] {
    return this.#main.events.splice(0)
  }

  encoding(key: string): string {
    const ref = this.#main.refOf(key)
    return ref === 0 ? 'none' : valueTypeOf(this.space, ref).encoding(this.space, ref)
  }

  /** Fails unless the replica holds the same sorted set, and the same version of it. */
  assertReplicated(key: string): void {
    const ref = this.#main.refOf(key)
    const copy = this.#replica.refOf(key)
    assert.deepEqual(this.#replica.contentOf(key), this.#main.contentOf(key), `replica of ${key}`)
    const versions = [ref, copy].map((entry, i) =>
      entry === 0 ? 0 : [this.#main, this.#replica][i]!.space.entries.versionOf(entry),
    )
    assert.equal(versions[1], versions[0], `version of ${key}`)
  }

  assertNothingHeld(): void {
    assert.equal(this.space.usedBytes(), this.#usedBefore)
    assert.equal(this.#replica.space.usedBytes(), this.#usedBefore)
  }

  #replicate(): void {
    const out = this.#main.effects.out
    const input = new ByteReader(out.copy(), 0, out.length)
    while (!input.isAtEnd) this.#apply(input)
    assert.ok(!input.isBroken)
    out.clear()
  }

  #apply(input: ByteReader): void {
    const { space } = this.#replica
    const verb = input.u8()
    const database = input.u8()
    const count = input.u32()
    const base = input.f64()
    input.u32()
    space.forcedVersion = input.f64()
    space.forcedTerm = input.u32()
    const words: Buffer[] = []
    for (let i = 0; i < count; i++) {
      input.sized()
      words.push(Buffer.from(input.bytes.subarray(input.start, input.stop)))
    }
    const key = words[verb === EFFECT_RUN ? 1 : 0]!
    const ref = space.peek(database, key, 0, key.length)
    if (verb !== EFFECT_PUT)
      assert.equal(ref === 0 ? 0 : space.entries.versionOf(ref), base, 'builds on what is there')
    if (verb === EFFECT_RUN) this.#replica.run(Args.from(...words))
    else if (ref !== 0) space.remove(ref)
    if (verb === EFFECT_PUT) {
      space.changed(
        readEntry(space, database, key, 0, key.length, new ByteReader(words[1]!, 0, words[1]!.length)),
      )
    } else assert.ok(verb === EFFECT_RUN || verb === EFFECT_REMOVE)
  }
}
