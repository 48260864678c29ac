/*
 * The heap of a node stays near to what is alive in it. Shape: test.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

/** Half as much again, the young, and what is alive of the garbage itself; left to itself V8 goes to four times and more. */
const TIMES_MAX = 3.2

test('garbage that lives for a while is collected before the heap has grown to three times what is alive', () => {
  const child = fileURLToPath(new URL('heap-under-garbage.ts', import.meta.url))
  const times = Number(execFileSync(process.execPath, ['--import', 'tsx', child], { encoding: 'utf8' }))
  assert.ok(times > 1 && times < TIMES_MAX, `${times} times`)
})
