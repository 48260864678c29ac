/**
 * System [Door]: the real world behind NodePorts: clocks, randomness, timers, the process and its files.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { NodePorts, ProcessFigures } from './session/node-state.ts'

/**
 * How much the heap of V8 may grow over what was alive in it before all of it is collected. Left to itself V8 grows it up
 * to fourfold, and what it has once taken it hardly gives back. Data lie outside of it, so little is alive in it.
 */
const HEAP_GROWTH_PERCENT = 50

/** For the whole process. */
export function boundGarbage(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`)
}

export function systemPorts(stop: (reason: string) => void): NodePorts {
  return {
    wallMs: () => Date.now(),
    monotonicUs: () => performance.now() * 1000,
    random32: makeRandom(),
    every(intervalMs, run) {
      const again = (): void => {
        run()
        setTimeout(again, intervalMs()).unref()
      }
      setTimeout(again, intervalMs()).unref()
    },
    readProcess,
    readFile: (path) => readFileSync(path, 'utf8'),
    writeFile(path, text) {
      // A config file is either the old or the new one, never half of each.
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
    },
    sleepMs(ms) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    },
    collectGarbage: makeCollector(),
    stop,
  }
}

/** V8 hands its collector to contexts that are made while it is exposed. */
function makeCollector(): () => void {
  let collect: (() => void) | undefined
  return () => {
    setFlagsFromString('--expose-gc')
    collect ??= runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
    collect()
  }
}

/** 40 hex characters. */
export function freshId(): string {
  return randomBytes(20).toString('hex')
}

/** xorshift128 from a seed of the system's: fast, good enough for sampling and SPOP, not for secrets. */
function makeRandom(): () => number {
  let x = randomInt(1, 2 ** 31)
  let y = randomInt(1, 2 ** 31)
  let z = randomInt(1, 2 ** 31)
  let w = randomInt(1, 2 ** 31)
  return () => {
    const t = x ^ (x << 11)
    x = y
    y = z
    z = w
    w = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) | 0
    return w
  }
}

function readProcess(): ProcessFigures {
  const memory = process.memoryUsage()
  const cpu = process.cpuUsage()
  return {
    pid: process.pid,
    residentBytes: memory.rss,
    heapUsedBytes: memory.heapUsed,
    heapTotalBytes: memory.heapTotal,
    externalBytes: memory.external,
    cpuUserSeconds: cpu.user / 1e6,
    cpuSystemSeconds: cpu.system / 1e6,
    totalSystemBytes: totalmem(),
    platform: process.platform,
    architecture: process.arch,
    nodeVersion: process.version,
    executable: process.execPath,
  }
}
