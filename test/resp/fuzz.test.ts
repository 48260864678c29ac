// Fifty thousand broken inputs: nothing throws, nothing hangs, memory follows what arrived, and the way the bytes
// are cut changes nothing. SEED=n repeats a run.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Args, defaultParserLimits, NEED_MORE, READY, RequestParser } from '../../resp/index.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
let state = seed >>> 0
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 4294967296) * below)
}

const pieces = [
  '*1\r\n',
  '*3\r\n',
  '$3\r\n',
  'SET',
  '\r\n',
  '$0\r\n',
  '*-1\r\n',
  '*0\r\n',
  'PING\r\n',
  '"',
  "'",
  '\\x4',
  '\0',
]
const lengths = ['0', '1', '-1', '2147483647', '536870912', '99999999999', '1048576', '01', '+1', '']

function input(): Buffer {
  let text = ''
  const count = 1 + random(12)
  for (let i = 0; i < count; i++) {
    const kind = random(5)
    if (kind === 0) text += String.fromCharCode(random(256))
    else if (kind === 1) text += `${'*$'[random(2)]}${lengths[random(lengths.length)]}\r\n`
    else if (kind === 2) text += Args.from('SET', 'key', 'x'.repeat(random(50))).bytes.toString('latin1')
    else text += pieces[random(pieces.length)]
  }
  const bytes = Buffer.from(text, 'latin1')
  for (let i = random(3); i > 0; i--) bytes[random(bytes.length)] = random(256)
  return bytes.subarray(0, bytes.length - (random(4) === 0 ? random(bytes.length) : 0))
}

function run(bytes: Buffer, cut: () => number, isAuthenticated: boolean): string {
  const parser = new RequestParser(defaultParserLimits())
  const args = new Args()
  let log = ''
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + cut())
    parser.feed(Buffer.from(bytes.subarray(at, end)))
    at = end
    while (true) {
      const result = parser.next(args, isAuthenticated)
      if (result === NEED_MORE) break
      if (result !== READY) return `${log}!${parser.error}`
      for (let i = 0; i < args.count; i++) log += `${args.text(i)}|`
      log += ';'
    }
    parser.endOfChunk()
    assert.ok(parser.bufferBytes <= Math.max(1024, 2 * bytes.length))
  }
  return log
}

test(`fifty thousand broken inputs harm nothing (SEED=${seed})`, () => {
  for (let i = 0; i < 50000; i++) {
    const bytes = input()
    const isAuthenticated = random(2) === 0
    const whole = run(bytes, () => bytes.length, isAuthenticated)
    assert.equal(
      run(bytes, () => 1 + random(9), isAuthenticated),
      whole,
      JSON.stringify(bytes.toString('latin1')),
    )
  }
})
