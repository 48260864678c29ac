import assert from 'node:assert/strict'
import test from 'node:test'
import {
  Arena,
  CELL_BYTES_MAX,
  CLASS_UNITS,
  classOf,
  PAGE_BYTES,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
  UNIT_BYTES,
} from '../../src/store/arena.ts'
import { Prng } from '../support/prng.ts'

test('every size from 1 to 32768 bytes goes to the smallest class that holds it', () => {
  let smallest = 0
  for (let byteCount = 1; byteCount <= CELL_BYTES_MAX; byteCount++) {
    while (CLASS_UNITS[smallest]! * UNIT_BYTES < byteCount) smallest++
    assert.equal(classOf(byteCount), smallest)
  }
  assert.equal(smallest, CLASS_UNITS.length - 1)
  assert.equal(CLASS_UNITS[smallest]! * UNIT_BYTES, CELL_BYTES_MAX)
})

test('a class wastes at most an eighth of a cell above 512 bytes', () => {
  for (let at = 33; at < CLASS_UNITS.length; at++) {
    assert.ok(CLASS_UNITS[at]! - CLASS_UNITS[at - 1]! <= CLASS_UNITS[at - 1]! / 8)
  }
})

interface Cell {
  readonly ref: number
  readonly bytes: number
  readonly mark: number
}

function fill(arena: Arena, cell: Cell): void {
  const start = (cell.ref & SEGMENT_MASK) * UNIT_BYTES
  arena.bytes[cell.ref >>> SEGMENT_SHIFT]!.fill(cell.mark, start, start + cell.bytes)
}

function checkContent(arena: Arena, cell: Cell): void {
  const start = (cell.ref & SEGMENT_MASK) * UNIT_BYTES
  const bytes = arena.bytes[cell.ref >>> SEGMENT_SHIFT]!
  for (let at = start; at < start + cell.bytes; at++) {
    if (bytes[at] !== cell.mark) assert.fail(`byte ${at - start} of a cell of ${cell.bytes} was overwritten`)
  }
}

test('cells never overlap, whatever is allocated and freed, and usedBytes is the sum of their capacities', () => {
  const prng = new Prng(1)
  const arena = new Arena()
  const cells: Cell[] = []
  let used = 0
  for (let step = 0; step < 30_000; step++) {
    const isGrowing = Math.floor(step / 5000) % 2 === 0
    if (cells.length === 0 || prng.chance(isGrowing ? 0.6 : 0.35)) {
      const bytes = prng.chance(0.05) ? prng.between(1, CELL_BYTES_MAX) : prng.between(1, 300)
      const cell = { ref: arena.allocate(bytes), bytes, mark: prng.below(256) }
      assert.notEqual(cell.ref, 0)
      assert.ok(arena.capacityOf(cell.ref) >= bytes)
      used += arena.capacityOf(cell.ref)
      fill(arena, cell)
      cells.push(cell)
    } else {
      const at = prng.below(cells.length)
      const cell = cells[at]!
      checkContent(arena, cell)
      used -= arena.capacityOf(cell.ref)
      arena.free(cell.ref)
      cells[at] = cells.at(-1)!
      cells.pop()
    }
    assert.equal(arena.usedBytes, used)
  }
  const ranges = cells.map(({ ref }) => [ref, ref + arena.capacityOf(ref) / UNIT_BYTES] as const)
  ranges.sort((a, b) => a[0] - b[0])
  for (let i = 1; i < ranges.length; i++) assert.ok(ranges[i]![0] >= ranges[i - 1]![1])
  for (const cell of cells) {
    checkContent(arena, cell)
    arena.free(cell.ref)
  }
  assert.equal(arena.usedBytes, 0)
  assert.equal(arena.pagesInUse, 0)
})

test('pages that served one size serve another once they are empty', () => {
  const arena = new Arena()
  const refs: number[] = []
  for (let i = 0; i < 4096; i++) refs.push(arena.allocate(1024))
  const pages = arena.pagesInUse
  const highest = Math.max(...refs)
  for (const ref of refs) arena.free(ref)
  assert.equal(arena.pagesInUse, 0)
  const others: number[] = []
  for (let i = 0; i < 65_536; i++) others.push(arena.allocate(64))
  assert.equal(arena.pagesInUse, pages)
  assert.ok(others.every((ref) => ref < highest + PAGE_BYTES / UNIT_BYTES))
})

test('a cell just freed is the next one of its size to be given', () => {
  const arena = new Arena()
  const refs = Array.from({ length: 10_000 }, () => arena.allocate(48))
  arena.free(refs[5000]!)
  assert.equal(arena.allocate(48), refs[5000])
})

test('a second segment is opened when the first is full, and refs reach into it', () => {
  const arena = new Arena()
  const cellsPerSegment = 2 ** 28 / CELL_BYTES_MAX
  let last = 0
  for (let i = 0; i < cellsPerSegment + 4; i++) last = arena.allocate(CELL_BYTES_MAX)
  assert.equal(last >>> SEGMENT_SHIFT, 1)
  assert.equal(arena.bytes.length, 2)
  assert.equal(arena.u32.length, 2)
  assert.equal(arena.f64.length, 2)
  arena.reset()
  assert.equal(arena.bytes.length, 1)
  assert.equal(arena.usedBytes, 0)
  assert.equal(arena.allocate(CELL_BYTES_MAX) >>> SEGMENT_SHIFT, 0)
})

test('memory that was hardly used is kept by a reset, and used again', () => {
  const arena = new Arena()
  const take = (): number[] => Array.from({ length: 50 }, () => arena.allocate(CELL_BYTES_MAX))
  const first = take()
  const segments = [...arena.bytes]
  assert.equal(segments.length, 2)
  for (let i = 0; i < 3; i++) {
    arena.reset()
    assert.deepEqual(take(), first)
    assert.ok(arena.bytes.length === 2 && arena.bytes.every((bytes, at) => bytes === segments[at]))
  }
})

test('a run of pages lies within one segment, overlaps nothing and becomes ordinary pages when freed', () => {
  const prng = new Prng(2)
  const arena = new Arena()
  const small: Cell[] = []
  const runs: Cell[] = []
  for (let i = 0; i < 60; i++) {
    const bytes = prng.pick([65_536, PAGE_BYTES, PAGE_BYTES + 1, 9 * PAGE_BYTES, 300 * PAGE_BYTES])
    const ref = arena.allocateRun(bytes)
    const lastRef = ref + Math.ceil(bytes / UNIT_BYTES) - 1
    assert.equal(ref >>> SEGMENT_SHIFT, lastRef >>> SEGMENT_SHIFT)
    runs.push({ ref, bytes, mark: i })
    small.push({ ref: arena.allocate(100), bytes: 100, mark: 200 })
  }
  assert.ok(arena.bytes.length > 1)
  // Only the ends of runs are touched: whole runs would commit a gigabyte.
  const ends = runs.flatMap(({ ref, bytes, mark }) => [
    { ref, bytes: 16, mark },
    { ref: ref + bytes / 16 - (bytes % 16) / 16, bytes: bytes % 16, mark },
  ])
  for (const cell of [...ends, ...small]) fill(arena, cell)
  for (const cell of [...ends, ...small]) checkContent(arena, cell)
  for (const { ref, bytes } of runs) arena.freeRun(ref, bytes)
  for (const { ref } of small) arena.free(ref)
  assert.equal(arena.usedBytes, 0)
  assert.equal(arena.pagesInUse, 0)
  const segments = arena.bytes.length
  for (let i = 0; i < 4000; i++) arena.allocate(CELL_BYTES_MAX)
  assert.equal(arena.bytes.length, segments)
})

test('the emptiest pages are named, as many as fit into the holes of the others, and the fullest are filled first', () => {
  const arena = new Arena()
  const cellsPerPage = PAGE_BYTES / 64
  const pages = Array.from({ length: 8 }, () =>
    Array.from({ length: cellsPerPage }, () => arena.allocate(64)),
  )
  const pageOf = (ref: number): number => Math.floor(ref / (PAGE_BYTES / UNIT_BYTES))
  // Page i keeps so many eighths; page 0 stays full.
  for (const [i, refs] of pages.entries())
    for (const ref of refs.splice(cellsPerPage * (1 - i / 8))) arena.free(ref)
  const sparse: number[] = []
  arena.sparsePages(classOf(64), 100, sparse)
  assert.deepEqual(
    sparse,
    [7, 6, 5].map((i) => pageOf(pages[i]![0]!)),
  )
  assert.equal(pageOf(arena.allocate(64)), pageOf(pages[1]![0]!))
  const few: number[] = []
  arena.sparsePages(classOf(64), 2, few)
  assert.deepEqual(few, sparse.slice(0, 2))
})

test('a page set aside gets no new cell, names its live ones and closes with the last', () => {
  const prng = new Prng(3)
  const arena = new Arena()
  const refs = Array.from({ length: 9000 }, () => arena.allocate(48))
  const live = new Set(refs)
  for (const ref of refs) if (prng.chance(0.5) && live.delete(ref)) arena.free(ref)
  const sizeClass = classOf(48)
  const sparse: number[] = []
  arena.sparsePages(sizeClass, 1, sparse)
  const page = sparse[0]!
  const pageUnits = PAGE_BYTES / UNIT_BYTES
  const within = (ref: number): boolean => Math.floor(ref / pageUnits) === page
  assert.equal(arena.setAside(page, sizeClass + 1), false)
  assert.equal(arena.setAside(page, sizeClass), true)
  assert.equal(arena.isAside(page), true)
  for (let i = 0; i < 9000; i++) {
    const ref = arena.allocate(48)
    assert.ok(!within(ref) && !live.has(ref))
    live.add(ref)
  }
  const cells = new Uint32Array(PAGE_BYTES / UNIT_BYTES)
  const count = arena.cellsOf(page, cells)
  assert.deepEqual(
    [...cells.subarray(0, count)],
    [...live].filter(within).sort((a, b) => a - b),
  )
  const pagesBefore = arena.pagesInUse
  for (const ref of cells.subarray(0, count)) arena.free(ref)
  assert.equal(arena.isAside(page), false)
  assert.equal(arena.pagesInUse, pagesBefore - 1)
  assert.equal(within(arena.allocate(1000)), true)
})

test('a page put back is used again but not named again until it has been empty', () => {
  const arena = new Arena()
  const sizeClass = classOf(1024)
  const refs = Array.from({ length: 512 }, () => arena.allocate(1024))
  for (const [i, ref] of refs.entries()) if (i % 4 !== 0) arena.free(ref)
  const sparse: number[] = []
  arena.sparsePages(sizeClass, 9, sparse)
  assert.equal(sparse.length, 3)
  const page = sparse[0]!
  assert.equal(arena.setAside(page, sizeClass), true)
  arena.putBack(page)
  assert.equal(arena.isAside(page), false)
  const again: number[] = []
  arena.sparsePages(sizeClass, 9, again)
  assert.equal(again.length, 3)
  assert.ok(!again.includes(page))
  const pages = arena.pagesInUse
  for (let i = 0; i < 384; i++) arena.allocate(1024)
  assert.equal(arena.pagesInUse, pages)
  assert.equal(arena.setAside(page, sizeClass), false)
})

test('the only page of a class with room is not set aside: its cells would only come to another like it', () => {
  const arena = new Arena()
  const ref = arena.allocate(64)
  const page = Math.floor(ref / (PAGE_BYTES / UNIT_BYTES))
  assert.equal(arena.setAside(page, classOf(64)), false)
})
