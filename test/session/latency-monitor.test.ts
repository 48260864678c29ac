import assert from 'node:assert/strict'
import test from 'node:test'
import { latencyGraph } from '../../src/commands/latency-graph.ts'
import { latencyReport } from '../../src/commands/latency-report.ts'
import { LatencyMonitor } from '../../src/session/latency-monitor.ts'

function monitorAt(thresholdMs: number): LatencyMonitor {
  const monitor = new LatencyMonitor()
  monitor.thresholdMs = thresholdMs
  return monitor
}

test('nothing is kept below the threshold, nor when it is 0', () => {
  const monitor = monitorAt(0)
  monitor.sample('command', 5000, 1000)
  assert.equal(monitor.eventCount, 0)
  monitor.thresholdMs = 10
  monitor.sample('command', 9.9, 1000)
  assert.equal(monitor.eventCount, 0)
  monitor.sample('command', 10, 1000)
  assert.equal(monitor.eventCount, 1)
})

test('a second has one sample, its worst', () => {
  const monitor = monitorAt(1)
  monitor.sample('command', 20, 5000)
  monitor.sample('command', 50.9, 5400)
  monitor.sample('command', 30, 5999)
  monitor.sample('command', 10, 6000)
  const event = monitor.event('command')!
  assert.deepEqual(event.samples(), [
    { unixSeconds: 5, ms: 50 },
    { unixSeconds: 6, ms: 10 },
  ])
  assert.deepEqual(event.latest, { unixSeconds: 6, ms: 10 })
  assert.equal(event.maxMs, 50)
})

test('160 samples are kept, oldest first, and the worst of all time beside them', () => {
  const monitor = monitorAt(1)
  for (let second = 0; second < 400; second++)
    monitor.sample('command', second === 3 ? 999 : 7, second * 1000)
  const event = monitor.event('command')!
  const samples = event.samples()
  assert.equal(samples.length, 160)
  assert.deepEqual(
    samples.map(({ unixSeconds }) => unixSeconds),
    Array.from({ length: 160 }, (_, i) => 240 + i),
  )
  assert.equal(event.maxMs, 999)
})

test('events are forgotten one by one or all', () => {
  const monitor = monitorAt(1)
  monitor.sample('command', 5, 1000)
  monitor.sample('expire-cycle', 5, 1000)
  assert.equal(monitor.reset('nosuch'), false)
  assert.equal(monitor.reset('command'), true)
  assert.equal(monitor.event('command'), undefined)
  assert.equal(monitor.resetAll(), 1)
  assert.equal(monitor.eventCount, 0)
})

test('the number of events is limited', () => {
  const monitor = monitorAt(1)
  for (let i = 0; i < 1000; i++) monitor.sample(`event-${i}`, 5, 1000)
  assert.equal(monitor.eventCount, 64)
})

test('the graph draws four rows of three steps with ages beneath', () => {
  const monitor = monitorAt(1)
  for (const [second, ms] of [
    [10, 10],
    [40, 70],
    [100, 130],
  ] as const)
    monitor.sample('command', ms, second * 1000)
  assert.equal(
    latencyGraph(monitor.event('command')!, 130),
    [
      'command - high 130 ms, low 10 ms (all time high 130 ms)',
      '-'.repeat(80),
      '  #',
      ' _|',
      ' ||',
      '_||',
      '   ',
      '213',
      'mm0',
      '  s',
      '',
    ].join('\n'),
  )
})

test('the report tells whether anything was slow and what to do', () => {
  const monitor = monitorAt(0)
  assert.match(latencyReport(monitor, 10), /off/)
  monitor.thresholdMs = 5
  assert.match(latencyReport(monitor, 10), /Nothing has been slow/)
  monitor.sample('command', 10, 1000)
  monitor.sample('command', 20, 3000)
  const report = latencyReport(monitor, 11)
  assert.match(report, /command: 2 latency spikes \(average 15ms, mean deviation 5ms, period 5\.00 sec\)/)
  assert.match(report, /SLOWLOG GET/)
  assert.doesNotMatch(report, /times to live/)
})
