/*
 * The hash index at its seams: pairs that come in order of their hashes, regions that split many times over,
 * hashes that agree in all their upper bits. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Arena } from '../../src/store/arena.ts'
import { HashIndex } from '../../src/store/hash-index.ts'

function assertHolds(index: HashIndex, table: number, hashes: readonly number[]): void {
  assert.equal(index.countOf(table), hashes.length)
  for (const [at, hash] of hashes.entries()) assert.equal(index.seek(table, hash), at + 1, `hash ${hash}`)
  const walked: number[] = []
  for (let from = index.walk(table, 1, 1000, walked); from !== 0; )
    from = index.walk(table, from, 1000, walked)
  assert.equal(new Set(walked).size, hashes.length, 'a walk meets all')
}

test('pairs that come in ascending or descending order of their hashes are all found again', () => {
  for (const isAscending of [true, false]) {
    const arena = new Arena()
    const index = new HashIndex(arena, 2)
    const count = 100_000
    const step = Math.floor(0xffffffff / count)
    const hashes = Array.from({ length: count }, (_, at) => 1 + step * (isAscending ? at : count - 1 - at))
    for (const [at, hash] of hashes.entries()) index.insert(1, hash, at + 1)
    assertHolds(index, 1, hashes)
    for (const [at, hash] of hashes.entries()) {
      index.locate(1, hash, at + 1)
      index.removeFound()
    }
    assert.equal(index.countOf(1), 0)
    assert.equal(arena.usedBytes, 0)
  }
})

test('hashes that differ only in their lower half are split until regions fit a cell', () => {
  const index = new HashIndex(new Arena(), 2)
  const hashes = Array.from({ length: 20_000 }, (_, at) => 0x40000000 + at * 3)
  for (const [at, hash] of hashes.entries()) index.insert(1, hash, at + 1)
  assertHolds(index, 1, hashes)
})
