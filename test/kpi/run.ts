/*
 * npm run kpi [-- --only row,...] [--quick] [--seed n] [--list] [--write]: is what the mesh promises so, on this machine?
 *
 * The idea: each row measures for itself; this prints a line a row as it ends, then a table, then one line of JSON,
 * and ends with 1 when a row does not hold. --write puts the figures into docs/kpi.md, --list measures nothing.
 * Shape: door (measurements only).
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { lineOf, type Measured, pageWith, recordOf, tableOf } from './report.ts'
import type { Finding, Row } from './row.ts'
import { allRows } from './table.ts'

const PAGE = new URL('../../docs/kpi.md', import.meta.url)

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
process.env.HYPERCACHE_NODE ??= 'dist'

const rows = await allRows()
const only = flags.only.split(',').filter((name) => name !== '')
const strangers = only.filter((name) => rows.every((row) => row.name !== name))
if (strangers.length > 0) {
  console.error(`no row ${strangers.join(', ')}; there are ${rows.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

async function measured(row: Row): Promise<Measured> {
  const startMs = performance.now()
  const say = (line: string): void => console.error(`  ${row.name}: ${line}`)
  const finding = await row
    .measure({ isQuick: flags.quick, seed: Number(flags.seed), say })
    .catch((error: Error): Finding => {
      console.error(error)
      return { values: {}, unit: '', holds: false, note: `it broke: ${error.message.split('\n', 1)[0]}` }
    })
  return { row, finding, seconds: (performance.now() - startMs) / 1000 }
}

async function measuredOf(wanted: readonly Row[]): Promise<readonly Measured[]> {
  const done: Measured[] = []
  for (const row of wanted) {
    done.push(await measured(row))
    console.log(lineOf(done.at(-1)!))
  }
  return done
}

const wanted = flags.list ? [] : rows.filter(({ name }) => only.length === 0 || only.includes(name))
const done = await measuredOf(wanted)
if (flags.list) for (const { name, question, target } of rows) console.log(`${name}: ${question} (${target})`)
else {
  console.log(`\n${tableOf(done)}\n`)
  const machine = { node: process.version, cores: cpus().length, seed: Number(flags.seed) }
  console.log(JSON.stringify({ ...machine, isQuick: flags.quick, rows: done.map(recordOf) }))
}
if (flags.write && !flags.quick) writeFileSync(PAGE, pageWith(readFileSync(PAGE, 'utf8'), rows, done))
// Whatever a row that broke has left behind must not keep this from ending.
process.exit(done.every(({ finding }) => finding.holds) ? 0 : 1)
