/**
 * Latency graph [Rule]: samples of an event as a little chart of characters with their age written beneath, as
 * LATENCY GRAPH draws it: four rows of three steps each, a column a sample.
 */
import type { LatencyEvent, LatencySample } from '../session/latency-monitor.ts'

const COLUMNS = 80
const ROWS = 4
const STEP_MARKS = '_o#'
const FULL_MARK = '|'
const LABEL_MARGIN_ROWS = 1

export function latencyGraph(event: LatencyEvent, nowSeconds: number): string {
  const samples = event.samples()
  const high = Math.max(...samples.map((sample) => sample.ms))
  const low = Math.min(...samples.map((sample) => sample.ms))
  const charts: string[] = []
  for (let at = 0; at < samples.length; at += COLUMNS) {
    charts.push(chart(samples.slice(at, at + COLUMNS), low, high, nowSeconds))
  }
  const title = `${event.name} - high ${high} ms, low ${low} ms (all time high ${event.maxMs} ms)`
  return `${title}\n${'-'.repeat(COLUMNS)}\n${charts.join('\n')}`
}

function chart(samples: readonly LatencySample[], low: number, high: number, nowSeconds: number): string {
  const steps = samples.map((sample) => stepOf(sample.ms, low, high))
  const labels = samples.map((sample) => age(Math.max(0, nowSeconds - sample.unixSeconds)))
  const lines: string[] = []
  for (let row = 0; row < ROWS; row++) lines.push(steps.map((step) => markAt(step, row)).join(''))
  for (let row = 0; row < LABEL_MARGIN_ROWS; row++) lines.push(' '.repeat(samples.length))
  const labelRows = Math.max(...labels.map((label) => label.length))
  for (let row = 0; row < labelRows; row++) lines.push(labels.map((label) => label[row] ?? ' ').join(''))
  return lines.map((line) => `${line}\n`).join('')
}

function stepOf(ms: number, low: number, high: number): number {
  const count = ROWS * STEP_MARKS.length
  const span = high === low ? 1 : high - low
  return Math.min(count - 1, Math.floor(((ms - low) * count) / span))
}

function markAt(step: number, row: number): string {
  const mark = step - (ROWS - row - 1) * STEP_MARKS.length
  if (mark < 0) return ' '
  return mark < STEP_MARKS.length ? STEP_MARKS[mark]! : FULL_MARK
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`
}
