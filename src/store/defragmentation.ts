/**
 * Defragmentation [Machine]: lets memory follow the data when cells of one size go and those of another come. It empties
 * sparse pages one by one: a page is set aside, its entries move to the fullest pages of their class, and the empty
 * page serves any class again. Pages, not keys, are what it walks, so the work is in proportion to what is gained.
 *
 * As in Redis it starts when waste (memory in whole pages, less live cells) exceeds both a limit in bytes and a percentage of
 * what is used, and takes a share of the time since its last run that grows with the waste.
 * Cells inside large collections stay where they are: nothing leads from a cell back to what refers to it. A page with one
 * is left alone from the moment it is met. Knows nothing of keys beyond asking the keyspace to move them.
 */
import { CLASS_COUNT, classOf, PAGE_BYTES, PAGE_CELLS_MAX } from './arena.ts'
import { HEADER_BYTES } from './entry.ts'
import type { Keyspace } from './keyspace.ts'

export interface DefragmentationSettings {
  isOn: boolean
  ignoreBytes: number
  thresholdLowerPercent: number
  thresholdUpperPercent: number
  cycleMinPercent: number
  cycleMaxPercent: number
}

export interface DefragmentationStats {
  /** Entries moved. */
  moved: number
  /** Cells that could not be moved, each of which saved its page. */
  stuck: number
  /** Pages emptied. */
  pages: number
  /** Time from the start of each round to its end. */
  totalUs: number
}

export function freshDefragmentationStats(): DefragmentationStats {
  return { moved: 0, stuck: 0, pages: 0, totalUs: 0 }
}

/** Time between two runs while there is work: many short ones delay nobody. */
export const DEFRAGMENTATION_MS = 10
/** However long the last run is ago, the share is of no more than this. */
const CATCH_UP_US_MAX = 20_000
/** Nothing to gain is nothing to gain for a while. */
const REST_US = 1_000_000
/** Pages chosen at a time: by the time they are done, others may be emptier. */
const PAGES_PER_CHOICE = 64
/** Entries moved between two looks at the clock. */
const CELLS_PER_STEP = 16
const FIRST_CLASS = classOf(HEADER_BYTES)

export class Defragmentation {
  readonly settings: DefragmentationSettings = {
    isOn: false,
    ignoreBytes: 1,
    thresholdLowerPercent: 10,
    thresholdUpperPercent: 100,
    cycleMinPercent: 1,
    cycleMaxPercent: 25,
  }
  readonly stats = freshDefragmentationStats()
  /** Share of the time it takes now, in percent; 0 = at rest. */
  effortPercent = 0
  readonly #space: Keyspace
  readonly #monotonicUs: () => number
  #lastRunUs = 0
  #startUs = 0
  #restUntilUs = 0
  /** The class being worked on, pages of it to be emptied, and the next one of these. */
  #sizeClass = FIRST_CLASS
  readonly #pages: number[] = []
  #nextPage = 0
  /** The page set aside, or 0, and its live cells. */
  #page = 0
  readonly #cells = new Uint32Array(PAGE_CELLS_MAX)
  #cellCount = 0
  #nextCell = 0

  constructor(space: Keyspace, monotonicUs: () => number) {
    this.#space = space
    this.#monotonicUs = monotonicUs
  }

  /** Bytes of pages that no live cell takes. */
  get wasteBytes(): number {
    const { pagesInUse, usedBytes } = this.#space.arena
    return pagesInUse * PAGE_BYTES - usedBytes
  }

  /** How long the present round has been going on. */
  get currentUs(): number {
    return this.effortPercent === 0 ? 0 : this.#lastRunUs - this.#startUs
  }

  /** Takes its share of the time since it was last called. Nobody may hold a ref across this. */
  run(): void {
    const nowUs = this.#monotonicUs()
    const sinceUs = Math.min(nowUs - this.#lastRunUs, CATCH_UP_US_MAX)
    this.#lastRunUs = nowUs
    this.#judge(nowUs)
    if (this.effortPercent === 0) return
    const untilUs = nowUs + (sinceUs * this.effortPercent) / 100
    // Commands ran since the cells were listed.
    this.#nextCell = this.#cellCount = 0
    do {
      if (!this.#step()) {
        this.#end(nowUs)
        return
      }
    } while (this.#monotonicUs() < untilUs)
  }

  #judge(nowUs: number): void {
    const { isOn, ignoreBytes, thresholdLowerPercent, thresholdUpperPercent } = this.settings
    if (!isOn) {
      if (this.effortPercent !== 0) this.#end(nowUs)
      return
    }
    const { usedBytes } = this.#space.arena
    const wastePercent = usedBytes === 0 ? 0 : (this.wasteBytes * 100) / usedBytes
    if (this.effortPercent === 0) {
      if (nowUs < this.#restUntilUs) return
      if (wastePercent < thresholdLowerPercent || this.wasteBytes < ignoreBytes) return
      this.#startUs = nowUs
    }
    const { cycleMinPercent, cycleMaxPercent } = this.settings
    const range = Math.max(1, thresholdUpperPercent - thresholdLowerPercent)
    const place = Math.max(0, Math.min(1, (wastePercent - thresholdLowerPercent) / range))
    this.effortPercent = cycleMinPercent + Math.max(0, cycleMaxPercent - cycleMinPercent) * place
  }

  #end(nowUs: number): void {
    if (this.#page !== 0 && this.#space.arena.isAside(this.#page)) this.#space.arena.putBack(this.#page)
    this.#page = 0
    this.#pages.length = this.#nextPage = 0
    this.#sizeClass = FIRST_CLASS
    this.stats.totalUs += nowUs - this.#startUs
    this.#restUntilUs = nowUs + REST_US
    this.effortPercent = 0
  }

  /** A little work; false: there is none. */
  #step(): boolean {
    const space = this.#space
    // The page may have closed with its last cell: by our doing or by a command.
    if (this.#page === 0 || !space.arena.isAside(this.#page)) return this.#choosePage()
    if (this.#nextCell === this.#cellCount) {
      this.#cellCount = space.arena.cellsOf(this.#page, this.#cells)
      this.#nextCell = 0
    }
    const end = Math.min(this.#nextCell + CELLS_PER_STEP, this.#cellCount)
    while (this.#nextCell < end) {
      if (!space.relocate(this.#cells[this.#nextCell++]!)) {
        this.stats.stuck++
        space.arena.putBack(this.#page)
        return this.#choosePage()
      }
      this.stats.moved++
    }
    if (!space.arena.isAside(this.#page)) this.stats.pages++
    return true
  }

  /** Sets the next page aside; false: there is none that is worth it. */
  #choosePage(): boolean {
    const arena = this.#space.arena
    this.#nextCell = this.#cellCount = 0
    while (this.#sizeClass < CLASS_COUNT) {
      while (this.#nextPage < this.#pages.length) {
        this.#page = this.#pages[this.#nextPage++]!
        if (arena.setAside(this.#page, this.#sizeClass)) return true
      }
      this.#page = this.#pages.length = this.#nextPage = 0
      arena.sparsePages(this.#sizeClass, PAGES_PER_CHOICE, this.#pages)
      if (this.#pages.length === 0) this.#sizeClass++
    }
    return false
  }
}
