/*
 * The log, line by line: a list as its sink, a number as its clock.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Log, type LogFormat } from '../../src/log.ts'

function world(format: LogFormat = 'json') {
  const lines: string[] = []
  const clock = { ms: 1_000_000 }
  const log = new Log({ sink: (line) => lines.push(line), nowMs: () => clock.ms, node: 'n1', format })
  return { lines, clock, log, records: () => lines.map((line) => JSON.parse(line)) }
}

test('a line is one JSON object with the number pino uses for the level', () => {
  const { log, lines, records } = world()
  log.child('gossip').warning('peer "lost"', { peer: 'n2', ms: 12, none: undefined })
  assert.ok(lines[0]!.endsWith('}'))
  assert.deepEqual(records(), [
    { level: 40, time: 1_000_000, node: 'n1', comp: 'gossip', msg: 'peer "lost"', peer: 'n2', ms: 12 },
  ])
})

test('levels below the threshold are not printed, and the threshold holds for children', () => {
  const { log, lines } = world()
  const child = log.child('store')
  child.verbose('quiet')
  assert.equal(child.isOn('verbose'), false)
  log.setLevel('debug')
  child.debug('heard')
  log.setLevel('warning')
  child.notice('quiet again')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['heard'],
  )
})

test('a message is printed ten times a second, then counted', () => {
  const { log, clock, records } = world()
  for (let i = 0; i < 25; i++) log.notice('storm', { i })
  log.notice('another')
  assert.equal(records().length, 11)
  clock.ms += 1000
  log.notice('storm')
  assert.deepEqual(
    records()
      .slice(11)
      .map(({ msg, of }) => [msg, of]),
    [
      ['suppressed 15', 'storm'],
      ['storm', undefined],
    ],
  )
})

test('what was suppressed is told even when the message does not come again', () => {
  const { log, clock, records } = world()
  for (let i = 0; i < 12; i++) log.child('mesh').notice('storm')
  log.onTick()
  assert.equal(records().length, 10)
  clock.ms += 1000
  log.onTick()
  log.onTick()
  assert.equal(records().length, 11)
  assert.deepEqual([records()[10].msg, records()[10].comp], ['suppressed 2', 'mesh'])
})

test('messages without number share one limit', () => {
  const { log, lines } = world()
  for (let i = 0; i < 5000; i++) log.notice(`message ${i}`)
  assert.equal(lines.length, 1024 + 10)
})

test('a clock that is set back does not silence a message', () => {
  const { log, clock, lines } = world()
  for (let i = 0; i < 12; i++) log.notice('storm')
  clock.ms -= 3_600_000
  log.notice('storm')
  assert.equal(lines.length, 12)
})

test('a field that sounds like a secret is hidden', () => {
  const { log, lines } = world()
  log.notice('login', { requirepass: 'hunter2', meshSecret: 'hunter2', token: 'hunter2', user: 'bob' })
  assert.ok(!lines[0]!.includes('hunter2'))
  assert.ok(lines[0]!.includes('bob'))
})

test('fields cannot replace what every line has, nor carry bytes or long texts', () => {
  const { log, records } = world()
  log.notice('x', {
    msg: 'y',
    value: Buffer.from('secret value'),
    long: 'z'.repeat(5000),
    error: new Error('no'),
  })
  const [record] = records()
  assert.equal(record.msg, 'x')
  assert.equal(record.msg_, 'y')
  assert.equal(record.value, '(12 bytes)')
  assert.equal(record.long.length, 1003)
  assert.match(record.error, /^Error: no/)
})

test('the pretty form is one line whatever is in it', () => {
  const { log, lines } = world('pretty')
  log.notice('ready\nnow', { port: 6379, from: 'a b\r\nc', escape: 'x\x1b[31m' })
  assert.equal(lines[0], '00:16:40.000 notice  server   ready now port=6379 from="a b\\r\\nc" escape=x [31m')
})
