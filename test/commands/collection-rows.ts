/*
 * Runs hash and set rows on a keyspace of their own, without a server: requests in, raw replies and events out. Every
 * effect is applied to a second keyspace at once, so that a test can ask whether the replica is the same. It checks
 * neither arity nor flags. Shape: machine, for tests only.
 */
import assert from 'node:assert/strict'
import { Args } from '../../resp/index.ts'
import { Call } from '../../src/commands/call.ts'
import type { Command } from '../../src/commands/command.ts'
import { hashCommands } from '../../src/commands/hashes.ts'
import { setCommands } from '../../src/commands/sets.ts'
import type { NodeState } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { EFFECT_PUT, EFFECT_REMOVE, EFFECT_RUN } from '../../src/store/effect-header.ts'
import { EffectLog } from '../../src/store/effect-log.ts'
import { readEntry, valueTypeOf, writeEntry } from '../../src/store/entry-codec.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { Prng } from '../support/prng.ts'

const rows = new Map<string, Command>([...hashCommands, ...setCommands].map((row) => [row.name, row]))

/** One keyspace with a call of its own. */
class Bench {
  readonly space: Keyspace
  readonly effects: EffectLog
  readonly events: string[] = []
  readonly session = ownSession()
  readonly call: Call

  constructor(seed: number) {
    this.space = new Keyspace(hashSecret(() => seed))
    this.effects = new EffectLog(this.space)
    const random = new Prng(seed)
    const node = {
      ports: { random32: () => random.bits() },
      notifyFlags: -1,
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
    const row = rows.get('hset') as Call['row']
    const table = rows as unknown as Call['table']
    this.call = new Call(node as unknown as NodeState, this.space, this.effects, this.session, row, table)
  }

  run(args: Args): string {
    const { call, space, effects } = this
    const row = rows.get(args.text(0).toLowerCase())!
    call.row = row as Call['row']
    call.args = args
    const before = space.changes
    row.run!(call)
    if (row.effect === 'self' && effects.isOn && space.changes !== before) {
      assert.equal(space.changes, before + 1, 'a self row makes exactly one change')
      effects.self(call.database, args)
    }
    const reply = call.reply.detach().toString('latin1')
    call.reply.reset(true)
    return reply
  }

  refOf(key: string): number {
    const bytes = Buffer.from(key, 'latin1')
    return this.space.peek(0, bytes, 0, bytes.length)
  }
}

export class CollectionRows {
  readonly #main = new Bench(12345)
  readonly #replica = new Bench(678)
  readonly #usedBefore = this.#main.space.usedBytes()

  constructor() {
    this.#main.effects.isOn = true
  }

  get space(): Keyspace {
    return this.#main.space
  }

  /** The raw reply of one request. */
  run(...parts: (string | Buffer | number)[]): string {
    const reply = this.#main.run(Args.from(...parts))
    this.#replicate()
    return reply
  }

  useProtocol(protocol: 2 | 3): void {
    this.#main.call.reply.protocol = protocol
  }

  takeEvents(): string[] {
    return this.#main.events.splice(0)
  }

  encoding(key: string): string {
    const ref = this.#main.refOf(key)
    return ref === 0 ? 'none' : valueTypeOf(this.space, ref).encoding(this.space, ref)
  }

  has(key: string): boolean {
    return this.#main.refOf(key) !== 0
  }

  /** Fails unless the replica holds the same value under the key. */
  assertReplicated(key: string): void {
    assert.deepEqual(contentOf(this.#replica, key), contentOf(this.#main, key), `replica of ${key}`)
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

/** Everything written about the entry, in an order that does not depend on the keyspace. */
function contentOf(bench: Bench, key: string): string[] {
  const ref = bench.refOf(key)
  if (ref === 0) return []
  const out = new ByteWriter()
  writeEntry(bench.space, ref, out)
  const input = new ByteReader(out.copy(), 0, out.length)
  const content = [`type ${input.u8()} expiry ${input.f64()}`]
  // Which form a value takes depends on each node's own limits; the number of elements does not.
  input.u8()
  content.push(`count ${input.u32()}`)
  const isHash = content[0]!.startsWith('type 4')
  while (!input.isAtEnd) {
    input.sized()
    let text = input.bytes.toString('latin1', input.start, input.stop)
    if (isHash) {
      input.sized()
      text += `=${input.bytes.toString('latin1', input.start, input.stop)}`
    }
    content.push(text)
  }
  return content.sort()
}
