/* Datagrams under the faults of links: lost, late or cut off - and untouched when nothing is set. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Faults } from '../../src/mesh/faults.ts'
import { FaultyDatagrams } from '../../src/mesh/faulty-datagrams.ts'
import { Clock, luckOf } from './mesh-world.ts'

function stageOf() {
  const clock = new Clock()
  const ports = {
    monotonicMs: () => clock.nowMs,
    random: luckOf(5),
    after: (ms: number, run: () => void) => clock.after(ms, run),
  }
  const faults = new Faults(ports)
  const sent: string[] = []
  const datagrams = new FaultyDatagrams(faults, (to, bytes) => sent.push(`${to} ${bytes[0]}`))
  return { clock, faults, datagrams, sent }
}

test('without faults datagrams pass as they are', () => {
  const { datagrams, sent } = stageOf()
  datagrams.send('b:1', Uint8Array.of(7))
  assert.deepEqual(sent, ['b:1 7'])
  assert.equal(datagrams.hears('b:1'), true)
})

test('who is cut off is neither reached nor heard, and nothing is kept for later', () => {
  const { clock, datagrams, faults, sent } = stageOf()
  faults.set('b:1', { isCutOut: true, isCutIn: true })
  datagrams.send('b:1', Uint8Array.of(1))
  datagrams.send('c:1', Uint8Array.of(2))
  assert.deepEqual([datagrams.hears('b:1'), datagrams.hears('c:1')], [false, true])
  faults.heal()
  clock.run(1000)
  assert.deepEqual(sent, ['c:1 2'])
  assert.equal(datagrams.hears('b:1'), true)
  assert.equal(datagrams.counters.dropped, 2)
})

test('a share of the datagrams is lost', () => {
  const { datagrams, faults, sent } = stageOf()
  faults.setAll({ dropShare: 0.25 })
  for (let i = 0; i < 400; i++) datagrams.send('b:1', Uint8Array.of(1))
  assert.ok(sent.length > 260 && sent.length < 340, `${sent.length}`)
})

test('a late datagram keeps the bytes it had, whoever writes over them meanwhile', () => {
  const { clock, datagrams, faults, sent } = stageOf()
  faults.setAll({ delayMsMin: 10, delayMsMax: 20 })
  const bytes = Uint8Array.of(1)
  datagrams.send('b:1', bytes)
  bytes[0] = 2
  clock.run(9)
  assert.deepEqual(sent, [])
  clock.run(11)
  assert.deepEqual(sent, ['b:1 1'])
})
