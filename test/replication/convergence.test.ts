import assert from 'node:assert/strict'
import test from 'node:test'
import { supersedes } from '../../src/replication/resolve.ts'
import { dump } from '../commands/effect-pair.ts'
import { Prng, seedOf, seedOfRun } from '../support/prng.ts'
import { type Owner, Stage } from './replica-stage.ts'

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'l', 's']
const STEPS = 250
const RUNS = 12

/** Everything that may happen to a key; `k`, `K` and `v` are drawn. */
const REQUESTS = [
  ...['SET k v', 'SET k v', 'SET k v PX 40', 'SET k v EX 100', 'GETDEL k', 'DEL k', 'DEL k', 'DEL k K'],
  ...['INCR k', 'APPEND k v', 'SETRANGE k 3 v', 'SETBIT k 7 1', 'GETEX k PX 30', 'MSET k v K v'],
  ...['RPUSH k v w x', 'LPOP k', 'LPOP k 9', 'LREM k 0 v', 'LMOVE k K LEFT RIGHT', 'LTRIM k 5 6'],
  ...['SADD k v w 1', 'SREM k v w', 'SPOP k', 'SPOP k 9', 'SMOVE k K v', 'SINTERSTORE k K'],
  ...['HSET k v w', 'HDEL k v', 'HINCRBY k n 1', 'ZADD k 1 v 2 w', 'ZREM k v', 'ZPOPMIN k 5'],
  ...['PEXPIRE k 25', 'EXPIRE k 100', 'EXPIRE k -1', 'PERSIST k', 'RENAME k K', 'COPY k K REPLACE'],
  ...['SORT k ALPHA STORE K'],
]
/** Where two owners may write in the same millisecond, only effects that build on nothing. */
const WHOLE = [
  'SET k v',
  'SET k v EX 100',
  'DEL k',
  'DEL k K',
  'MSET k v K v',
  'RENAME k K',
  'COPY k K REPLACE',
]

interface Sent {
  to: Owner
  sender: Owner
  number: number
  bytes: Buffer
}

interface Latest {
  version: number
  term: number
  isEntry: boolean
}

/** One run: writes anywhere, effects in any order, twice or not at all; then everybody pulls what is newer. */
class Run {
  readonly stage: Stage
  readonly random: Prng
  readonly latest = new Map<string, Latest>()
  readonly told: string[] = []
  #sent: Sent[] = []
  #number = 0

  constructor(count: number, seed: number) {
    this.stage = new Stage(count, seed)
    this.random = new Prng(seed)
    // Effects are lost here: what expired may have an older value elsewhere.
    for (const { tombstones } of this.stage.owners) tombstones.keepsExpired = true
  }

  write(request: string): void {
    const { random } = this
    const sender = random.pick(this.stage.owners)
    const line = request
      .replace(/\bk\b/, random.pick(KEYS))
      .replace(/\bK\b/, random.pick(KEYS))
      .replaceAll(/\bv\b/g, random.pick(['v', 'w', '5', 'long'.repeat(30)]))
    this.told.push(`${sender.id} ${line}`)
    const bytes = sender.effectsOf(line)
    this.note(sender)
    if (bytes.length === 0) return
    this.#number++
    for (const to of this.stage.owners) {
      if (to === sender || random.chance(0.15)) continue
      this.#sent.push({ to, sender, number: this.#number, bytes })
      if (random.chance(0.1)) this.#sent.push({ to, sender, number: this.#number, bytes })
    }
  }

  /** The latest write of every key is the one that must be everywhere in the end. */
  note(owner: Owner): void {
    for (const key of KEYS) {
      const { here, version, term } = owner.look(key)
      const before = this.latest.get(key) ?? { version: 0, term: 0, isEntry: false }
      const isSameAndOver = version === before.version && term === before.term && here === 'tombstone'
      if (supersedes(version, term, before.version, before.term) || isSameAndOver)
        this.latest.set(key, { version, term, isEntry: here === 'entry' })
    }
  }

  /** Lets some of what is on its way arrive, and some pulls be answered, fail, or find their owner gone. */
  deliver(isAll: boolean): void {
    const { random } = this
    while (this.#sent.length > 0 && (isAll || random.chance(0.7))) {
      const at = random.chance(0.6) ? 0 : random.below(this.#sent.length)
      const [{ to, sender, number, bytes }] = this.#sent.splice(at, 1) as [Sent]
      to.take({ sender: sender.id, number, previous: number - 1, bytes })
    }
    for (const owner of this.stage.owners) {
      while (owner.asked.length > 0 && (isAll || random.chance(0.5))) {
        const { owner: id, key } = owner.asked[0]!
        const other = this.stage.owners.find((candidate) => candidate.id === id)!
        owner.onPulled(random.chance(0.2) ? null : other.entryOf(key.toString('latin1')))
      }
    }
  }

  /** Everybody has run its expiry cycle before. */
  heal(): void {
    for (const owner of this.stage.owners) owner.expireAll()
    for (let left = 1; left > 0; ) {
      left = 0
      for (const to of this.stage.owners)
        for (const from of this.stage.owners) if (to !== from) left += to.pullNewerFrom(from)
    }
  }

  check(): void {
    const { owners } = this.stage
    const why = this.told.slice(-40).join('\n')
    for (const owner of owners) owner.expireAll()
    for (const owner of owners) {
      assert.deepEqual(dump(owner.space), dump(owners[0]!.space), why)
      assert.deepEqual(owner.space.digest.sums, owners[0]!.space.digest.sums, why)
      assert.deepEqual([owner.replica.pulls.size, owner.replica.pulls.waitCount], [0, 0])
      for (const [key, latest] of this.latest) {
        const { here, version, term } = owner.look(key)
        assert.deepEqual([version, term], [latest.version, latest.term], `${key} ${owner.id}\n${why}`)
        if (!latest.isEntry) assert.notEqual(here, 'entry', `${key} came back\n${why}`)
      }
    }
  }
}

for (const count of [2, 3]) {
  test(`whatever is lost, repeated or late, ${count} owners end equal once they pull what is newer`, () => {
    const seed = seedOfRun()
    for (let round = 0; round < RUNS; round++) {
      const run = new Run(count, seedOf(seed, round))
      try {
        for (let step = 0; step < STEPS; step++) {
          run.stage.nowMs += 1 + run.random.below(3)
          run.write(run.random.pick(REQUESTS))
          run.deliver(false)
        }
        run.deliver(true)
        run.heal()
        run.check()
      } catch (error) {
        throw new Error(`SEED=${seed} round ${round}: ${String(error)}`)
      }
    }
  })

  test(`${count} owners end equal though their clocks are off, step back, and make the same version twice`, () => {
    const seed = seedOfRun()
    for (let round = 0; round < RUNS; round++) {
      const run = new Run(count, seedOf(seed, round))
      const { random, stage } = run
      try {
        for (let step = 0; step < STEPS; step++) {
          stage.nowMs += random.below(2)
          if (random.chance(0.05)) random.pick(stage.owners).skewMs = random.between(-30_000, 30_000)
          run.write(random.pick(WHOLE))
          run.deliver(false)
        }
        run.deliver(true)
        for (const owner of stage.owners) owner.skewMs = 0
        run.heal()
        run.check()
        for (const { replica } of stage.owners) assert.equal(replica.counters.refused.skewed, 0)
      } catch (error) {
        throw new Error(`SEED=${seed} round ${round}: ${String(error)}`)
      }
    }
  })
}
