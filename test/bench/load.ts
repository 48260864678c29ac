/*
 * Load for the bench: redis-benchmark as a child process, and a loader that fills a server with keys.
 * Shape: door (bench only).
 */
import { spawn } from 'node:child_process'
import net from 'node:net'
import type { ChildServer } from '../support/child-server.ts'
import type { Run } from './workloads.ts'

export const KEY_SPACE = 100_000
export const CONNECTIONS = 50

/** Runs redis-benchmark to its end; answers requests per second. */
export async function benchmark(server: ChildServer, run: Run, requests: number): Promise<number> {
  const { workload, valueSize, pipeline } = run
  const what = workload.test === undefined ? (workload.command ?? []) : ['-t', workload.test]
  const flags = { P: pipeline, d: valueSize, r: KEY_SPACE }
  return redisBenchmark(server.port, requests, flags, what)
}

/** Puts there what the workload reads. Keys are named as redis-benchmark names them. */
export async function prepare(server: ChildServer, run: Run): Promise<void> {
  if (run.workload.readsKeys) await loadKeys(server.port, KEY_SPACE, run.valueSize)
  const socket = await server.connect()
  for (const command of run.workload.prepare ?? []) await socket.call(...command)
  socket.destroy()
}

/** `flags` by their letters, `what` as redis-benchmark takes it at its end; answers requests per second. */
export async function redisBenchmark(
  port: number,
  requests: number,
  flags: Readonly<Record<string, number>>,
  what: readonly string[],
): Promise<number> {
  const all = { p: port, c: CONNECTIONS, n: requests, ...flags }
  const words = Object.entries(all).flatMap(([flag, value]) => [`-${flag}`, String(value)])
  const text = await outputOf('redis-benchmark', ['-h', '127.0.0.1', ...words, '--csv', ...what])
  const line = text.trim().split('\n').at(-1) ?? ''
  const perSecond = Number(/^"[^"]*","([\d.]+)"/.exec(line)?.[1])
  if (!(perSecond > 0)) throw new Error(`redis-benchmark ${what.join(' ')} at port ${port}:\n${text}`)
  return perSecond
}

function outputOf(command: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${command}: ${code}\n${text}`)),
    )
  })
}

const BATCH = 100
const BATCHES_IN_FLIGHT = 10
const OK_BYTES = '+OK\r\n'.length

/** SETs keys 0 to count - 1, twelve digits after the prefix, with values of `valueBytes`; answers seconds. */
export function loadKeys(port: number, count: number, valueBytes: number, prefix = 'key:'): Promise<number> {
  const { promise, resolve, reject } = withResolvers<number>()
  const started = performance.now()
  const socket = net.connect({ port, host: '127.0.0.1' })
  const one = Buffer.from(
    `*3\r\n$3\r\nSET\r\n$${prefix.length + 12}\r\n${prefix}000000000000\r\n$${valueBytes}\r\n${'v'.repeat(valueBytes)}\r\n`,
  )
  const numberEnd = one.indexOf(prefix) + prefix.length + 12
  let sent = 0
  let answeredBytes = 0
  const send = (): void => {
    while (sent < count && sent - answeredBytes / OK_BYTES < BATCH * BATCHES_IN_FLIGHT) {
      const size = Math.min(BATCH, count - sent)
      const batch = Buffer.alloc(one.length * size)
      for (let index = 0; index < size; index++) {
        one.copy(batch, index * one.length)
        let at = index * one.length + numberEnd - 1
        for (let left = sent + index; left > 0; left = Math.floor(left / 10)) batch[at--] = 48 + (left % 10)
      }
      sent += size
      socket.write(batch)
    }
  }
  socket.setNoDelay(true)
  socket.once('connect', send)
  socket.once('error', reject)
  socket.on('data', (chunk: Buffer) => {
    if (chunk[0] === 45) reject(new Error(chunk.toString('latin1', 0, 200)))
    answeredBytes += chunk.length
    if (answeredBytes < count * OK_BYTES) return send()
    socket.destroy()
    resolve((performance.now() - started) / 1000)
  })
  return promise
}

function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (reason: Error) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
