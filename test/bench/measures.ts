/*
 * What is measured of a server besides throughput: memory a key costs, the longest stall while it grows,
 * start-up, and what it takes when idle. Every measure starts a server of its own and stops it.
 * Shape: door (bench only).
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ChildServer } from '../support/child-server.ts'
import { loadKeys } from './load.ts'

export type Starter = () => Promise<ChildServer>

const VALUE_BYTES = 100
const SETTLE_MS = 1500

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function usedMemory(server: ChildServer): Promise<number> {
  const socket = await server.connect()
  const reply = await socket.call('INFO', 'memory')
  socket.destroy()
  return Number(/used_memory:(\d+)/.exec(String(reply.value))?.[1])
}

/** Bytes a key costs: `count` keys of 16 bytes with values of 100, loaded into an empty server. */
export async function bytesPerKey(
  start: Starter,
  count: number,
): Promise<{ resident: number; used: number }> {
  const server = await start()
  try {
    await settle(SETTLE_MS)
    const [residentBefore, usedBefore] = [server.residentBytes, await usedMemory(server)]
    await loadKeys(server.port, count, VALUE_BYTES)
    await settle(SETTLE_MS)
    const used = (await usedMemory(server)) - usedBefore
    return { resident: (server.residentBytes - residentBefore) / count, used: used / count }
  } finally {
    await server.kill()
  }
}

export interface Stall {
  readonly pings: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly longestMs: number
  readonly ownLatenessMs: number
}

/** What a prober saw while `count` keys were loaded. */
export async function stallWhileLoading(
  start: Starter,
  count: number,
): Promise<Stall & { loadSeconds: number }> {
  const server = await start()
  const prober = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('./prober.ts', import.meta.url)), String(server.port)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  let text = ''
  prober.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  const ended = new Promise((resolve) => prober.once('exit', resolve))
  try {
    await settle(SETTLE_MS)
    const loadSeconds = await loadKeys(server.port, count, VALUE_BYTES)
    prober.stdin.end()
    await ended
    return { ...(JSON.parse(text) as Stall), loadSeconds }
  } finally {
    prober.kill('SIGKILL')
    await server.kill()
  }
}

/** From spawn to the first PONG. */
export async function startMs(start: Starter): Promise<number> {
  const server = await start()
  const took = server.startMs
  await server.kill()
  return took
}

export async function idleResidentBytes(start: Starter): Promise<number> {
  const server = await start()
  await settle(SETTLE_MS)
  const bytes = server.residentBytes
  await server.kill()
  return bytes
}
