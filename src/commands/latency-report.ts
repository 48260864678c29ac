/**
 * Latency report [Rule]: what LATENCY DOCTOR says: each event in figures, then what can be done about those that
 * were seen. Knows the names of the events this node watches.
 */
import type { LatencyEvent, LatencyMonitor } from '../session/latency-monitor.ts'

const OFF =
  'The latency monitor is off. Turn it on with CONFIG SET latency-monitor-threshold <milliseconds>: what takes that ' +
  'long or longer is then remembered.\n'
const QUIET = 'Nothing has been slow: no event reached latency-monitor-threshold.\n'

const ADVICE: readonly (readonly [event: string, advice: string])[] = [
  ['command', 'SLOWLOG GET shows the requests that were slow; SLOWLOG also tells who sent them.'],
  [
    'command',
    'Split what works on a whole large value (DEL, LRANGE 0 -1, SORT, KEYS) into steps, or use UNLINK and SCAN.',
  ],
  ['expire-cycle', 'Many keys end at the same time. Add some random seconds to their times to live.'],
]

export function latencyReport(monitor: LatencyMonitor, nowSeconds: number): string {
  if (monitor.eventCount === 0) return monitor.thresholdMs === 0 ? OFF : QUIET
  const events = [...monitor.events()]
  const lines = ['These events made clients wait:', '']
  for (const [i, event] of events.entries()) lines.push(`${i + 1}. ${inFigures(event, nowSeconds)}`)
  const advice = ADVICE.filter(([name]) => monitor.event(name) !== undefined)
  if (advice.length > 0) lines.push('', 'What can be done:', '')
  for (const [, text] of advice) lines.push(`- ${text}`)
  return `${lines.join('\n')}\n`
}

function inFigures(event: LatencyEvent, nowSeconds: number): string {
  const samples = event.samples()
  const count = samples.length
  const average = samples.reduce((sum, { ms }) => sum + ms, 0) / count
  const deviation = samples.reduce((sum, { ms }) => sum + Math.abs(ms - average), 0) / count
  const periodSeconds = Math.max(1, nowSeconds - samples[0]!.unixSeconds) / count
  return (
    `${event.name}: ${count} latency spikes (average ${Math.round(average)}ms, mean deviation ` +
    `${Math.round(deviation)}ms, period ${periodSeconds.toFixed(2)} sec). Worst all time event ${event.maxMs}ms.`
  )
}
