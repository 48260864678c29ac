/**
 * Memory figures [Rule]: where the node's memory is, reckoned once for INFO, MEMORY STATS and MEMORY DOCTOR so that
 * they cannot disagree. `used` is the figure that maxmemory is held against: all of the store, nothing of the process.
 */
import type { NodeState } from '../session/node-state.ts'
import { PAGE_BYTES } from '../store/arena.ts'
import { HEADER_BYTES } from '../store/entry.ts'

export interface MemoryFigures {
  readonly usedBytes: number
  readonly peakBytes: number
  /** Index and entry headers: what a key costs beside its own bytes and its value's. */
  readonly overheadBytes: number
  readonly indexBytes: number
  readonly datasetBytes: number
  readonly clientBytes: number
  readonly keyCount: number
  /** Of the store, in whole pages as taken from the system. */
  readonly activeBytes: number
  readonly residentBytes: number
  /** Of the process besides the store: objects, and buffers of all kinds with the arenas as far as they may grow. */
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  readonly externalBytes: number
  readonly systemBytes: number
}

export function memoryFigures(node: NodeState): MemoryFigures {
  const { space, statistics } = node
  const usedBytes = space.usedBytes()
  statistics.notePeak(usedBytes)
  const host = node.ports.readProcess()
  const clients = node.clients.figures()
  let keyCount = 0
  for (const count of space.keyCount) keyCount += count
  const indexBytes = space.index.arena.usedBytes
  const overheadBytes = Math.min(usedBytes, indexBytes + keyCount * HEADER_BYTES)
  const pages = space.arena.pagesInUse + space.index.arena.pagesInUse
  return {
    usedBytes,
    peakBytes: statistics.peakUsedBytes,
    overheadBytes,
    indexBytes,
    datasetBytes: usedBytes - overheadBytes,
    clientBytes: clients.inputBytes + clients.outputBytes,
    keyCount,
    activeBytes: pages * PAGE_BYTES + space.entries.outsideBytes,
    residentBytes: host.residentBytes,
    heapUsedBytes: host.heapUsedBytes,
    heapTotalBytes: host.heapTotalBytes,
    externalBytes: host.externalBytes,
    systemBytes: host.totalSystemBytes,
  }
}

/** a / b, and 0 where there is nothing to compare with. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b
}

/** `895.16K` as Redis writes sizes for people. */
export function humanBytes(bytes: number): string {
  const units = ['K', 'M', 'G', 'T', 'P']
  if (bytes < 1024) return `${bytes}B`
  let size = bytes / 1024
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  return `${size.toFixed(2)}${units[unit]}`
}
