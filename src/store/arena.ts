/**
 * Arena [Machine]: memory off the V8 heap, handed out in cells of fixed size classes.
 *
 * A reference (`ref`) is a number of 16-byte units, so 31 bits reach 32 GiB; 0 means "none". Segments of 256 MiB
 * (the first, which may be all that is ever needed, of half of one) are reserved whole and committed by the kernel only where they
 * are touched. A segment is cut into pages of 128 KiB; a page serves one size class while any of its cells lives and goes back to the common pool when the
 * last one is freed, so a change of value sizes does not strand memory.
 *
 *   segment 256 MiB |page|page|page|...      page of class 48 B |cell|cell|free->cell|...|untouched|
 *
 * What is larger than a cell takes whole pages side by side (a run). For defragmentation it names the emptiest pages
 * of a class and sets one aside: no new cell goes there while its owner moves the old ones elsewhere. It knows nothing
 * of keys or values.
 */
export const UNIT_BYTES = 16
export const PAGE_BYTES = 1 << 17
export const CELL_BYTES_MAX = 1 << 15
export const SEGMENT_SHIFT = 24
export const SEGMENT_MASK = (1 << SEGMENT_SHIFT) - 1
export const ARENA_BYTES_MAX = 2 ** 35

const PAGE_SHIFT = 13
const PAGES_MAX = ARENA_BYTES_MAX / PAGE_BYTES
const SEGMENT_BYTES = (1 << SEGMENT_SHIFT) * UNIT_BYTES
const PAGES_PER_SEGMENT = SEGMENT_BYTES / PAGE_BYTES
const FIRST_SEGMENT_BYTES = SEGMENT_BYTES / 512
const CACHE_LINE_BYTES = 64
/** Allocators put memory this large 16 bytes behind a page: this far on, cells begin where cache lines begin. */
const ALIGNING_BYTES = 48
const FREE_PAGE = 255
/** A page with a larger share of live cells is as good as full: moving them would gain too little. */
const SPARSE_SHARE_MAX = 7 / 8
/** After `reset`, memory that more pages than this had been using is let go of; less is kept for what comes next. */
const RESET_PAGES_KEPT = 512

/** Units of a cell per class: every unit up to 512 B, then eight steps per doubling up to 32 KiB. */
export const CLASS_UNITS: Uint32Array = buildClasses()
export const CLASS_COUNT = CLASS_UNITS.length
/** Cells of the smallest class in a page. */
export const PAGE_CELLS_MAX = PAGE_BYTES / UNIT_BYTES

function buildClasses(): Uint32Array {
  const units: number[] = []
  for (let unit = 1; unit <= 32; unit++) units.push(unit)
  for (let base = 32; base < CELL_BYTES_MAX / UNIT_BYTES; base *= 2) {
    for (let step = 1; step <= 8; step++) units.push(base + (base / 8) * step)
  }
  return Uint32Array.from(units)
}

/** The smallest class whose cell holds `byteCount` (1..CELL_BYTES_MAX). */
export function classOf(byteCount: number): number {
  const units = (byteCount + UNIT_BYTES - 1) >>> 4
  if (units <= 32) return units - 1
  const exponent = 31 - Math.clz32(units - 1)
  const stepShift = exponent - 3
  return 32 + (exponent - 5) * 8 + ((units - 1 - (1 << exponent)) >>> stepShift)
}

export class Arena {
  /** Views of the segments, indexed by `ref >>> SEGMENT_SHIFT`. */
  readonly bytes: Buffer[] = []
  readonly u32: Uint32Array[] = []
  readonly f64: Float64Array[] = []
  /** Bytes of all live cells: the figure maxmemory is held against. */
  usedBytes = 0
  /** Pages in service, whole: what the kernel may have committed for us. */
  pagesInUse = 0

  // One row per page of the segments there are, and room for more.
  #pageClass = new Uint8Array(PAGES_PER_SEGMENT)
  #pageLive = new Uint16Array(PAGES_PER_SEGMENT)
  #pageTouched = new Uint16Array(PAGES_PER_SEGMENT)
  #pageFree = new Uint32Array(PAGES_PER_SEGMENT)
  #pageNext = new Uint32Array(PAGES_PER_SEGMENT)
  #pagePrevious = new Uint32Array(PAGES_PER_SEGMENT)
  /** 1: a page holds a cell that cannot be moved, so that emptying it would be in vain. */
  #pageStuck = new Uint8Array(PAGES_PER_SEGMENT)
  readonly #classHead = new Uint32Array(CLASS_COUNT)
  // Scratch of `sparsePages` and `cellsOf`.
  readonly #pagesByLive = new Uint32Array(PAGE_CELLS_MAX + 1)
  readonly #isFreeCell = new Uint8Array(PAGE_CELLS_MAX)
  #freePages = 0
  /** The segment whose pages are being taken into use; those behind it are left from before a reset. */
  #segment = 0
  /** The page of it to be used next, and where its pages end. */
  #pagesTotal = 1
  #pagesEnd = 0

  constructor() {
    this.#enter(0)
  }

  /** A cell of at least `byteCount` bytes; its content is whatever was there before. */
  allocate(byteCount: number): number {
    const sizeClass = classOf(byteCount)
    const units = CLASS_UNITS[sizeClass]!
    let page = this.#classHead[sizeClass]!
    if (page === 0) page = this.#openPage(sizeClass)
    let ref = this.#pageFree[page]!
    if (ref !== 0) {
      this.#pageFree[page] = this.u32[ref >>> SEGMENT_SHIFT]![(ref & SEGMENT_MASK) << 2]!
    } else {
      const touched = this.#pageTouched[page]!
      ref = (page << PAGE_SHIFT) + touched * units
      this.#pageTouched[page] = touched + 1
    }
    this.usedBytes += units << 4
    const live = this.#pageLive[page]! + 1
    this.#pageLive[page] = live
    if ((live + 1) * units > 1 << PAGE_SHIFT) this.#unlink(page, sizeClass)
    return ref
  }

  free(ref: number): void {
    const page = ref >>> PAGE_SHIFT
    const sizeClass = this.#pageClass[page]!
    const units = CLASS_UNITS[sizeClass]!
    this.usedBytes -= units << 4
    this.u32[ref >>> SEGMENT_SHIFT]![(ref & SEGMENT_MASK) << 2] = this.#pageFree[page]!
    this.#pageFree[page] = ref
    const live = this.#pageLive[page]!
    this.#pageLive[page] = live - 1
    if ((live + 1) * units > 1 << PAGE_SHIFT) this.#link(page, sizeClass)
    if (live === 1) this.#closePage(page, sizeClass)
  }

  /** Bytes the cell of `ref` can hold. */
  capacityOf(ref: number): number {
    return CLASS_UNITS[this.#pageClass[ref >>> PAGE_SHIFT]!]! << 4
  }

  /** Whole pages side by side for a rare block above CELL_BYTES_MAX, at most a segment. Goes back by `freeRun`. */
  allocateRun(byteCount: number): number {
    const count = Math.ceil(byteCount / PAGE_BYTES)
    // A run lies within one segment: the pages left over before the next become ordinary free ones.
    while (this.#pagesTotal < this.#pagesEnd && this.#pagesTotal + count > this.#pagesEnd)
      this.#giveBack(this.#newPages(1))
    const page = this.#newPages(count)
    this.pagesInUse += count
    this.usedBytes += count * PAGE_BYTES
    return page << PAGE_SHIFT
  }

  /** `byteCount` as it was asked for. */
  freeRun(ref: number, byteCount: number): void {
    const count = Math.ceil(byteCount / PAGE_BYTES)
    for (let i = 0; i < count; i++) this.#giveBack((ref >>> PAGE_SHIFT) + i)
    this.pagesInUse -= count
    this.usedBytes -= count * PAGE_BYTES
  }

  /**
   * Puts the pages of a class that have room in order, so that the fullest are filled first, and appends to `into` the
   * emptiest ones, at most `count`, whose cells fit into the rest.
   */
  sparsePages(sizeClass: number, count: number, into: number[]): void {
    const cells = Math.floor(PAGE_CELLS_MAX / CLASS_UNITS[sizeClass]!)
    const next = this.#pageNext
    const byLive = this.#pagesByLive
    byLive.fill(0, 0, cells + 1)
    let holes = 0
    for (let page = this.#classHead[sizeClass]!; page !== 0; ) {
      const behind = next[page]!
      const live = this.#pageLive[page]!
      next[page] = byLive[live]!
      byLive[live] = page
      holes += cells - live
      page = behind
    }
    this.#classHead[sizeClass] = 0
    for (let live = 0; live <= cells; live++) {
      for (let page = byLive[live]!; page !== 0; ) {
        const behind = next[page]!
        this.#link(page, sizeClass)
        if (count > 0 && cells <= holes && live <= cells * SPARSE_SHARE_MAX && this.#pageStuck[page] === 0) {
          into.push(page)
          count--
          holes -= cells
        }
        page = behind
      }
    }
  }

  /** Lets no new cell into a sparse page; its live ones are to be moved, and the last one closes it. False: not worth it. */
  setAside(page: number, sizeClass: number): boolean {
    const live = this.#pageLive[page]!
    const isSparse = live * CLASS_UNITS[sizeClass]! <= PAGE_CELLS_MAX * SPARSE_SHARE_MAX
    if (this.#pageClass[page] !== sizeClass || !isSparse) return false
    if (this.#pageNext[page] === 0 && this.#classHead[sizeClass] === page) return false
    this.#unlink(page, sizeClass)
    // A page linked to itself is in no list, and taking it out of one changes nothing: `free` needs no exception.
    this.#pageNext[page] = page
    this.#pagePrevious[page] = page
    return true
  }

  isAside(page: number): boolean {
    return this.#pageNext[page] === page
  }

  /** Lets new cells into a page set aside whose cells could not all be moved; it is not tried again. */
  putBack(page: number): void {
    this.#pageStuck[page] = 1
    this.#link(page, this.#pageClass[page]!)
  }

  /** Lists the live cells of a page in service; answers how many there are. */
  cellsOf(page: number, into: Uint32Array): number {
    const units = CLASS_UNITS[this.#pageClass[page]!]!
    const first = page << PAGE_SHIFT
    const touched = this.#pageTouched[page]!
    const isFree = this.#isFreeCell
    isFree.fill(0, 0, touched)
    for (let ref = this.#pageFree[page]!; ref !== 0; ) {
      isFree[(ref - first) / units] = 1
      ref = this.u32[ref >>> SEGMENT_SHIFT]![(ref & SEGMENT_MASK) << 2]!
    }
    let count = 0
    for (let cell = 0; cell < touched; cell++) if (isFree[cell] === 0) into[count++] = first + cell * units
    return count
  }

  /** Takes every cell back at once. */
  reset(): void {
    const behindFirst = this.#pagesTotal - this.#segment * PAGES_PER_SEGMENT
    const isLarge = this.#segment > 1 || behindFirst > RESET_PAGES_KEPT
    this.#pageClass.fill(FREE_PAGE, 0, this.#pagesTotal)
    this.#pageNext.fill(0, 0, this.#pagesTotal)
    this.#classHead.fill(0)
    this.#freePages = 0
    this.usedBytes = 0
    this.pagesInUse = 0
    if (isLarge) {
      this.bytes.length = 0
      this.u32.length = 0
      this.f64.length = 0
    }
    this.#enter(0)
  }

  #openPage(sizeClass: number): number {
    let page = this.#freePages
    if (page !== 0) this.#freePages = this.#pageNext[page]!
    else page = this.#newPages(1)
    this.#pageClass[page] = sizeClass
    this.#pageLive[page] = 0
    this.#pageTouched[page] = 0
    this.#pageFree[page] = 0
    this.#pageStuck[page] = 0
    this.pagesInUse++
    this.#link(page, sizeClass)
    return page
  }

  #closePage(page: number, sizeClass: number): void {
    this.#unlink(page, sizeClass)
    this.#giveBack(page)
    this.pagesInUse--
  }

  #giveBack(page: number): void {
    this.#pageClass[page] = FREE_PAGE
    this.#pageNext[page] = this.#freePages
    this.#freePages = page
  }

  /** The first of `count` pages never used before. */
  #newPages(count: number): number {
    if (this.#pagesTotal + count > this.#pagesEnd) this.#enter(this.#segment + 1)
    const page = this.#pagesTotal
    this.#pagesTotal = page + count
    return page
  }

  #link(page: number, sizeClass: number): void {
    const head = this.#classHead[sizeClass]!
    this.#pageNext[page] = head
    this.#pagePrevious[page] = 0
    if (head !== 0) this.#pagePrevious[head] = page
    this.#classHead[sizeClass] = page
  }

  #unlink(page: number, sizeClass: number): void {
    const next = this.#pageNext[page]!
    const previous = this.#pagePrevious[page]!
    if (previous !== 0) this.#pageNext[previous] = next
    else this.#classHead[sizeClass] = next
    if (next !== 0) this.#pagePrevious[next] = previous
  }

  #enter(segment: number): void {
    const firstPage = segment * PAGES_PER_SEGMENT
    if (firstPage >= PAGES_MAX) throw new Error('arena: out of address space')
    const length = segment === 0 ? FIRST_SEGMENT_BYTES : SEGMENT_BYTES
    if (segment === this.bytes.length) this.#addSegment(length)
    this.#segment = segment
    // The first unit of all is none.
    this.#pagesTotal = Math.max(1, firstPage)
    this.#pagesEnd = firstPage + length / PAGE_BYTES
  }

  #addSegment(length: number): void {
    const firstPage = this.bytes.length * PAGES_PER_SEGMENT
    const memory = new ArrayBuffer(length + CACHE_LINE_BYTES)
    this.bytes.push(Buffer.from(memory, ALIGNING_BYTES, length))
    this.u32.push(new Uint32Array(memory, ALIGNING_BYTES, length / 4))
    this.f64.push(new Float64Array(memory, ALIGNING_BYTES, length / 8))
    if (firstPage === this.#pageClass.length) this.#widenPageRows()
  }

  #widenPageRows(): void {
    const count = Math.min(PAGES_MAX, this.#pageClass.length * 2)
    this.#pageClass = widened(this.#pageClass, new Uint8Array(count))
    this.#pageLive = widened(this.#pageLive, new Uint16Array(count))
    this.#pageTouched = widened(this.#pageTouched, new Uint16Array(count))
    this.#pageFree = widened(this.#pageFree, new Uint32Array(count))
    this.#pageNext = widened(this.#pageNext, new Uint32Array(count))
    this.#pagePrevious = widened(this.#pagePrevious, new Uint32Array(count))
    this.#pageStuck = widened(this.#pageStuck, new Uint8Array(count))
  }
}

function widened<Row extends Uint8Array | Uint16Array | Uint32Array>(narrow: Row, wide: Row): Row {
  wide.set(narrow)
  return wide
}
