import assert from 'node:assert/strict'
import test from 'node:test'
import { Arena } from '../../src/store/arena.ts'
import { HashIndex } from '../../src/store/hash-index.ts'
import { Prng } from '../support/prng.ts'

/** A hash index beside the simplest thing that could be right: refs with their hashes in a Map. */
class Pair {
  readonly index = new HashIndex(new Arena(), 4)
  readonly table: number
  readonly model = new Map<number, number>()

  constructor(table = 1) {
    this.table = table
  }

  insert(hash: number, ref: number): void {
    this.index.insert(this.table, hash, ref)
    this.model.set(ref, hash)
  }

  remove(ref: number): void {
    this.index.locate(this.table, this.model.get(ref)!, ref)
    this.index.removeFound()
    this.model.delete(ref)
  }

  /** Every ref is found under its hash, and nothing else is there. */
  check(): void {
    assert.equal(this.index.countOf(this.table), this.model.size)
    const refsOfHash = new Map<number, Set<number>>()
    for (const [ref, hash] of this.model) {
      refsOfHash.set(hash, (refsOfHash.get(hash) ?? new Set()).add(ref))
    }
    for (const [hash, refs] of refsOfHash) {
      const found: number[] = []
      for (let ref = this.index.seek(this.table, hash); ref !== 0; ref = this.index.seekNext())
        found.push(ref)
      assert.deepEqual(new Set(found), refs)
      assert.equal(found.length, refs.size)
    }
    let visits = 0
    this.index.each(this.table, (hash, ref) => {
      visits++
      assert.equal(this.model.get(ref), hash)
    })
    assert.equal(visits, this.model.size)
  }

  walkAll(count: number, betweenCalls: () => void = () => {}): Map<number, number> {
    const seen = new Map<number, number>()
    let from = 0
    do {
      const refs: number[] = []
      const next = this.index.walk(this.table, from, count, refs)
      let last = 0
      for (const ref of refs) {
        const hash = this.model.get(ref)!
        assert.ok(hash >= from && hash >= last, 'ascending, and never below the cursor')
        assert.ok(next === 0 || hash < next, 'pairs of equal hash are never torn apart')
        last = hash
        seen.set(ref, (seen.get(ref) ?? 0) + 1)
      }
      from = next
      betweenCalls()
    } while (from !== 0)
    return seen
  }
}

const anyHash = (prng: Prng): number => prng.bits() || 1

test('random inserts, moves and removes agree with a Map through growth and shrink, and all bytes come back', () => {
  const prng = new Prng(1)
  const pair = new Pair()
  const emptyBytes = pair.index.arena.usedBytes
  let nextRef = 1
  for (const target of [40, 5, 3000, 20_000, 900, 12_000, 0]) {
    while (pair.model.size !== target) {
      const isGrowing = pair.model.size < target ? prng.chance(0.9) : prng.chance(0.1)
      if (isGrowing) pair.insert(anyHash(prng), nextRef++)
      else if (pair.model.size > 0) {
        // A ref inserted some time ago: the first one of a Map is its oldest.
        pair.remove(pair.model.keys().next().value!)
      }
    }
    pair.check()
  }
  assert.equal(pair.index.arena.usedBytes, emptyBytes)
})

test('hashes that collide wholly or in their low bits are told apart by their refs', () => {
  const prng = new Prng(2)
  const pair = new Pair()
  const hashes = [1, 9, 0x80000001, 0xffffffff, 4097, 8193]
  const refs: number[] = []
  for (let ref = 1; ref <= 600; ref++) {
    pair.insert(prng.pick(hashes), ref)
    refs.push(ref)
  }
  pair.check()
  while (refs.length > 0) {
    pair.remove(refs.splice(prng.below(refs.length), 1)[0]!)
    if (refs.length % 50 === 0) pair.check()
  }
  assert.equal(pair.index.arena.usedBytes, 0)
})

test('thousands of pairs of one single hash, which no split can part, are kept and given back', () => {
  const pair = new Pair()
  const crowded = 0xabcdef01
  for (let ref = 1; ref <= 5000; ref++) pair.insert(crowded, ref)
  for (let ref = 5001; ref <= 6000; ref++) pair.insert((crowded ^ (ref << 4)) >>> 0, ref)
  assert.equal(pair.index.countOf(pair.table), 6000)
  pair.check()
  const seen = pair.walkAll(10)
  assert.equal(seen.size, 6000)
  for (let ref = 1; ref <= 6000; ref++) pair.remove(ref)
  assert.equal(pair.index.arena.usedBytes, 0)
})

test('a found pair can be pointed at another ref, in a small table and in a large one', () => {
  const prng = new Prng(3)
  for (const count of [5, 9000]) {
    const pair = new Pair()
    for (let ref = 1; ref <= count; ref++) pair.insert(anyHash(prng), ref)
    for (let ref = 1; ref <= count; ref += 3) {
      const hash = pair.model.get(ref)!
      pair.index.locate(pair.table, hash, ref)
      pair.index.moveFound(ref + 1_000_000)
      pair.model.delete(ref)
      pair.model.set(ref + 1_000_000, hash)
    }
    pair.check()
  }
})

test('locating a pair that is not there is refused', () => {
  const pair = new Pair()
  pair.insert(77, 1)
  assert.throws(() => pair.index.locate(pair.table, 77, 2), /not in its table/)
})

test('walking visits every pair once in ascending order of hash, whatever the portion', () => {
  const prng = new Prng(4)
  for (const count of [0, 1, 7, 300, 3072, 3073, 15_000]) {
    const pair = new Pair()
    // Few distinct hashes, so that many pairs share one.
    for (let ref = 1; ref <= count; ref++)
      pair.insert(Math.imul(prng.below(count) + 1, 0x9e3779b1) >>> 0 || 1, ref)
    for (const portion of [1, 10, 100, 5000, 1_000_000]) {
      if (portion === 1 && count > 3073) continue
      const seen = pair.walkAll(portion)
      assert.equal(seen.size, count)
      assert.ok([...seen.values()].every((times) => times === 1))
    }
  }
})

test('a portion is as large as asked for, give or take the pairs that share the last hash', () => {
  const prng = new Prng(5)
  const pair = new Pair()
  for (let ref = 1; ref <= 9000; ref++) pair.insert(anyHash(prng), ref)
  let from = 0
  do {
    const refs: number[] = []
    from = pair.index.walk(pair.table, from, 10, refs)
    assert.ok(from === 0 || refs.length >= 10)
    assert.ok(refs.length <= 12)
  } while (from !== 0)
})

test('a walk shows each pair that stays exactly once while the table grows from a few pairs to a directory', () => {
  const prng = new Prng(6)
  const pair = new Pair()
  for (let ref = 1; ref <= 1500; ref++) pair.insert(anyHash(prng), ref)
  let nextRef = 1_000_000
  const seen = pair.walkAll(20, () => {
    for (let i = 0; i < 150; i++) pair.insert(anyHash(prng), nextRef++)
  })
  assert.ok(pair.model.size > 10_000)
  for (let ref = 1; ref <= 1500; ref++) assert.equal(seen.get(ref), 1)
})

test('a walk shows each pair that stays exactly once while the table shrinks from a directory to a few pairs', () => {
  const prng = new Prng(7)
  const pair = new Pair()
  const doomed: number[] = []
  for (let ref = 1; ref <= 20_000; ref++) {
    pair.insert(anyHash(prng), ref)
    if (ref > 200) doomed.push(ref)
  }
  const stays = new Map(pair.model)
  const seen = pair.walkAll(40, () => {
    for (let i = 0; i < 120 && doomed.length > 0; i++)
      pair.remove(doomed.splice(prng.below(doomed.length), 1)[0]!)
  })
  assert.ok(pair.model.size < 2000)
  for (const ref of stays.keys()) {
    if (ref <= 200) assert.equal(seen.get(ref), 1)
    else assert.ok((seen.get(ref) ?? 0) <= 1)
  }
  pair.check()
})

test('a table that was large costs no more than a small one once it is small again', () => {
  const prng = new Prng(8)
  const grown = new Pair()
  const small = new Pair()
  for (let ref = 1; ref <= 50_000; ref++) grown.insert(anyHash(prng), ref)
  for (let ref = 301; ref <= 50_000; ref++) grown.remove(ref)
  for (const [ref, hash] of grown.model) small.insert(hash, ref)
  assert.ok(grown.index.arena.usedBytes <= small.index.arena.usedBytes * 4)
})

/** Draws many times; answers Pearson's statistic divided by its expectation (about 1 when draws are fair). */
function unfairness(pair: Pair, prng: Prng, drawsPerPair: number): number {
  const times = new Map<number, number>()
  for (let i = 0; i < pair.model.size * drawsPerPair; i++) {
    const ref = pair.index.sample(pair.table, prng.bits())
    times.set(ref, (times.get(ref) ?? 0) + 1)
  }
  let sum = 0
  for (const ref of pair.model.keys()) sum += ((times.get(ref) ?? 0) - drawsPerPair) ** 2 / drawsPerPair
  for (const ref of times.keys()) assert.ok(pair.model.has(ref))
  return sum / Math.max(pair.model.size - 1, 1)
}

test('sampling gives every pair about the same chance, in small tables, large ones and ones that have shrunk', () => {
  const prng = new Prng(9)
  for (const count of [1, 2, 7, 100, 2000]) {
    const pair = new Pair()
    for (let ref = 1; ref <= count; ref++) pair.insert(anyHash(prng), ref)
    assert.ok(unfairness(pair, prng, 100) < (count > 50 ? 1.3 : 2.5))
  }
  const large = new Pair()
  for (let ref = 1; ref <= 30_000; ref++) large.insert(anyHash(prng), ref)
  assert.ok(unfairness(large, prng, 20) < 1.5)
  for (let ref = 31; ref <= 30_000; ref++) large.remove(ref)
  assert.ok(unfairness(large, prng, 200) < 2.5)
})

test('an empty table has nothing to sample, seek or walk', () => {
  const pair = new Pair()
  assert.equal(pair.index.sample(pair.table, 12345), 0)
  assert.equal(pair.index.seek(pair.table, 12345), 0)
  assert.equal(pair.walkAll(10).size, 0)
})

test('clearing and dropping tables gives back every byte, and table numbers are used again', () => {
  const prng = new Prng(10)
  const index = new HashIndex(new Arena(), 4)
  const tables = Array.from({ length: 40 }, () => index.createTable())
  assert.equal(new Set(tables).size, 40)
  for (const table of tables) {
    const count = prng.pick([0, 3, 500, 8000])
    for (let ref = 1; ref <= count; ref++) index.insert(table, anyHash(prng), ref)
  }
  const survivor = tables.pop()!
  index.insert(survivor, 99, 7)
  for (const table of tables) index.dropTable(table)
  assert.equal(index.seek(survivor, 99), 7)
  const reused = Array.from({ length: 39 }, () => index.createTable())
  assert.equal(new Set([...reused, survivor]).size, 40)
  for (const table of reused) assert.equal(index.countOf(table), 0)
  index.clear(survivor)
  assert.equal(index.arena.usedBytes, 0)
  index.insert(survivor, 5, 6)
  assert.equal(index.seek(survivor, 5), 6)
})

test('reset forgets all tables, and they can be filled anew', () => {
  const prng = new Prng(11)
  const pair = new Pair()
  for (let round = 0; round < 3; round++) {
    for (let ref = 1; ref <= 9000; ref++) pair.insert(anyHash(prng), ref)
    pair.check()
    pair.index.reset()
    pair.model.clear()
    pair.check()
    assert.equal(pair.index.arena.usedBytes, 0)
  }
})
