/*
 * The heap of a node stays near to what is alive in it. Shape: test.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { startOurNode } from '../support/our-node.ts'

/** Half as much again, the young, and what is alive of the garbage itself; left to itself V8 goes to four times and more. */
const TIMES_MAX = 3.2
/** Of one client: what is kept of them is garbage once it has unsubscribed. */
const CHANNELS = 50_000

test('garbage that lives for a while is collected before the heap has grown to three times what is alive', () => {
  const child = fileURLToPath(new URL('heap-under-garbage.ts', import.meta.url))
  const times = Number(execFileSync(process.execPath, ['--import', 'tsx', child], { encoding: 'utf8' }))
  assert.ok(times > 1 && times < TIMES_MAX, `${times} times`)
})

test('MEMORY PURGE leaves of a heap what is alive in it, and gives the room back', async () => {
  const node = await startOurNode()
  try {
    const client = await node.connect()
    const figure = async (name: string): Promise<number> => {
      const { value } = await client.call('INFO', 'memory')
      return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(String(value))?.[1])
    }
    const listener = await node.connect()
    const channels = Array.from({ length: CHANNELS }, (_, i) => `channel:${i}`)
    listener.command('SUBSCRIBE', ...channels)
    for (let i = 0; i < CHANNELS; i++) await listener.next()
    const [used, total] = [await figure('mem_heap_used'), await figure('mem_heap_total')]
    listener.command('UNSUBSCRIBE')
    for (let i = 0; i < CHANNELS; i++) await listener.next()
    for (let i = 0; i < 2; i++) assert.equal((await client.call('MEMORY', 'PURGE')).value, 'OK')
    assert.ok((await figure('mem_heap_used')) < used, 'used')
    assert.ok((await figure('mem_heap_total')) < total, 'total')
    client.destroy()
    listener.destroy()
  } finally {
    await node.stop()
  }
})
