/*
 * npm run soak -- --minutes n [--rate 5000] [--seed s] [--faults kill,freeze,...]: one line for people, one of JSON, and 1
 * as the exit code when something was lost, came back, or grows.
 *
 * Shape: door (tests only).
 */
import { parseArgs } from 'node:util'
import { seedOfRun } from '../support/prng.ts'
import { ALL_FAULTS } from './faults.ts'
import { holds, lineOf } from './report.ts'
import { soak } from './soak.ts'

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(seedOfRun()) },
    faults: { type: 'string', default: ALL_FAULTS.join(',') },
  },
})
process.env.HYPERCACHE_NODE ??= 'dist'

const wanted = flags.faults.split(',')
const report = await soak({
  minutes: Number(flags.minutes),
  ratePerSecond: Number(flags.rate),
  seed: Number(flags.seed),
  kinds: ALL_FAULTS.filter((kind) => wanted.includes(kind)),
  say: (line) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`),
})
for (const complaint of report.complaints) console.error(complaint)
console.log(lineOf(report))
console.log(JSON.stringify(report))
process.exitCode = holds(report) ? 0 : 1
