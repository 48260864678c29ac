/*
 * The examples, run as a reader of them would: they end by themselves, with the code 0, and say what they promise.
 * Shape: test.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const DEADLINE_MS = 90_000

interface Outcome {
  readonly code: number | string
  readonly out: string
  readonly errors: string
  /** From its last word to its end. */
  readonly lingeredMs: number
}

function runExample(name: string): Promise<Outcome> {
  const file = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
  let saidMs = 0
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', file],
      { timeout: DEADLINE_MS, killSignal: 'SIGKILL' },
      (error, out, errors) => {
        const code = error === null ? 0 : (error.code ?? 'killed')
        resolve({ code, out, errors, lingeredMs: performance.now() - saidMs })
      },
    )
    child.stdout?.on('data', () => {
      saidMs = performance.now()
    })
  })
}

test('five-members.ts finds five, loses one, takes it back and says goodbye, by itself', {
  timeout: 120_000,
}, async () => {
  const { code, out, errors, lingeredMs } = await runExample('five-members.ts')
  assert.equal(code, 0, out + errors)
  assert.equal(errors, '')
  // Memberships that are closed leave no timer behind: some of theirs would be due in half a minute.
  assert.ok(lingeredMs < 10_000, `it ended ${lingeredMs} ms after its last word`)
  const lines = out.trim().split('\n')
  for (const line of lines) assert.match(line, /^ *\d+\.\d s {2}\S/)
  const story = [
    /ada listens on 127\.0\.0\.1:\d+ and founds the mesh/,
    /eve listens on 127\.0\.0\.1:\d+ and asks ada/,
    /all 5 are up; the leader is (?:ada|bob|cy|dee|eve)/,
    /eve falls silent without a word/,
    /ada hears: peer suspect: eve/,
    /ada hears: peer dead: eve/,
    /eve comes back at the same address/,
    /ada hears: member removed: eve/,
    /all 5 are up again; eve is in a new life/,
    /eve has heard ada say: welcome back/,
    /bob has left/,
    /ada has left/,
  ]
  let at = 0
  for (const chapter of story) {
    const found = lines.findIndex((line, index) => index >= at && chapter.test(line))
    assert.notEqual(found, -1, `${chapter} is missing after line ${at}:\n${out}`)
    at = found
  }
})
