/**
 * Latency [Table]: LATENCY: what made clients wait (session/latency-monitor), and how the time of each command is
 * distributed (session/statistics).
 */
import type { Call } from './call.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, STALE } from './command.ts'
import type { CommandRow } from './command-row.ts'
import { writeHelp } from './help-lines.ts'
import { latencyGraph } from './latency-graph.ts'
import { latencyReport } from './latency-report.ts'

const HELP: readonly string[] = [
  'DOCTOR',
  '    Return a human readable latency analysis report.',
  'GRAPH <event>',
  '    Return an ASCII latency graph for the <event> class.',
  'HISTORY <event>',
  '    Return time-latency samples for the <event> class.',
  'LATEST',
  '    Return the latest latency samples for all events.',
  'RESET [<event> ...]',
  '    Reset latency data of one or more <event> classes.',
  '    (default: reset all data for all event classes)',
  'HISTOGRAM [COMMAND ...]',
  '    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.',
  '    If no commands are specified then all histograms are replied.',
]

function latest(call: Call): void {
  const { reply, node } = call
  reply.array(node.latency.eventCount)
  for (const event of node.latency.events()) {
    reply.array(4)
    reply.bulkText(event.name)
    reply.integer(event.latest.unixSeconds)
    reply.integer(event.latest.ms)
    reply.integer(event.maxMs)
  }
}

function history(call: Call): void {
  const { args, reply, node } = call
  const samples = node.latency.event(args.text(2))?.samples() ?? []
  reply.array(samples.length)
  for (const sample of samples) {
    reply.array(2)
    reply.integer(sample.unixSeconds)
    reply.integer(sample.ms)
  }
}

function reset(call: Call): void {
  const { args, reply, node } = call
  if (args.count === 2) {
    reply.integer(node.latency.resetAll())
    return
  }
  let count = 0
  for (let i = 2; i < args.count; i++) if (node.latency.reset(args.text(i))) count++
  reply.integer(count)
}

function graph(call: Call): void {
  const { args, reply, node } = call
  const event = node.latency.event(args.text(2))
  if (event === undefined) reply.error(`ERR No samples available for event '${args.text(2)}'`)
  else reply.verbatim('txt', latencyGraph(event, Math.floor(call.nowMs / 1000)))
}

function doctor(call: Call): void {
  call.reply.verbatim('txt', latencyReport(call.node.latency, Math.floor(call.nowMs / 1000)))
}

function histogram(call: Call): void {
  const { args, reply, table, node } = call
  const asked: CommandRow[] = []
  if (args.count === 2) asked.push(...table.byNumber)
  for (let i = 2; i < args.count; i++) {
    const row = table.named(args.text(i))
    if (row !== undefined) asked.push(row, ...row.subcommands)
  }
  const { statistics, config } = node
  const isOn = config.is('latency-tracking')
  const rows = asked.filter((row) => isOn && statistics.calls[row.number]! > 0)
  reply.map(rows.length)
  for (const row of rows) {
    reply.bulkText(row.fullName)
    reply.map(2)
    reply.bulkText('calls')
    reply.integer(statistics.calls[row.number]!)
    reply.bulkText('histogram_usec')
    const steps = statistics.histogram(row.number)
    reply.map(steps.length)
    for (const step of steps) {
      reply.integer(step.upToUs)
      reply.integer(step.calls)
    }
  }
}

function help(call: Call): void {
  writeHelp(call.reply, 'LATENCY', HELP)
}

const COMMON = { flags: ADMIN | NOSCRIPT | LOADING | STALE, group: 'server', since: '2.8.13' } as const

export const latencyCommand: Command = {
  name: 'latency',
  arity: -2,
  flags: 0,
  group: 'server',
  since: '2.8.13',
  complexity: 'Depends on subcommand',
  syntax: '',
  summary: 'Tells what takes time',
  subcommands: [
    {
      ...COMMON,
      name: 'latest',
      arity: 2,
      serve: latest,
      complexity: 'O(1)',
      syntax: '',
      summary: 'Answers the latest sample of every event',
    },
    {
      ...COMMON,
      name: 'history',
      arity: 3,
      serve: history,
      complexity: 'O(1)',
      syntax: 'event',
      summary: 'Answers the samples of an event',
    },
    {
      ...COMMON,
      name: 'reset',
      arity: -2,
      serve: reset,
      complexity: 'O(1)',
      syntax: '[event [event ...]]',
      summary: 'Forgets the samples of events',
    },
    {
      ...COMMON,
      name: 'graph',
      arity: 3,
      serve: graph,
      complexity: 'O(1)',
      syntax: 'event',
      summary: 'Draws the samples of an event',
    },
    {
      ...COMMON,
      name: 'doctor',
      arity: 2,
      serve: doctor,
      complexity: 'O(1)',
      syntax: '',
      summary: 'Reports on what was slow and what can be done',
    },
    {
      ...COMMON,
      name: 'histogram',
      arity: -2,
      serve: histogram,
      since: '7.0.0',
      complexity: 'O(N) for N commands',
      syntax: '[command [command ...]]',
      summary: 'Answers how the time of commands is distributed',
    },
    {
      name: 'help',
      arity: 2,
      flags: LOADING | STALE,
      group: 'server',
      serve: help,
      since: '2.8.13',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Explains the sub-commands of LATENCY',
    },
  ],
}
