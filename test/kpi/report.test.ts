/*
 * The page of figures keeps what was found before, and names every row there is.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { definitionOf, definitionsOn, lineOf, pageWith } from './report.ts'
import type { Finding, Row } from './row.ts'
import { allRows } from './table.ts'

const EMPTY = 'before\n<!-- kpi -->\n<!-- /kpi -->\nafter\n'

function row(name: string): Row {
  return { name, question: `How is ${name}?`, target: '< 2', measure: () => Promise.reject(new Error('no')) }
}

function found(value: number, holds = true): Finding {
  return { values: { value }, unit: 's', holds }
}

test('a page keeps the figures of rows that were not measured again', () => {
  const rows = [row('first'), row('second')]
  const once = pageWith(EMPTY, rows, [{ row: rows[0]!, finding: found(1.234), seconds: 1 }])
  assert.match(once, /^before\n/)
  assert.match(once, /\| `first` \| How is first\? \| < 2 \| 1\.23 s \|\n/)
  assert.match(once, /\| `second` \| How is second\? \| < 2 \| not measured yet \|\n/)
  const twice = pageWith(once, rows, [{ row: rows[1]!, finding: found(5, false), seconds: 1 }])
  assert.match(twice, /\| `first` \| How is first\? \| < 2 \| 1\.23 s \|\n/)
  assert.match(twice, /\| `second` \| How is second\? \| < 2 \| \*\*fails\*\*: 5 s \|\n/)
  assert.match(twice, /after\n$/)
})

test('a line says what was found, what was asked for, and whether it holds', () => {
  const finding: Finding = { values: { lost: 0, kills: 20 }, unit: '', holds: true, note: 'seed 1' }
  assert.equal(
    lineOf({ row: row('kills'), finding, seconds: 9.6 }),
    'holds  kills: lost 0, kills 20; target < 2; 10 s (seed 1)',
  )
})

test('docs/kpi.md names every row, its question and its target', async () => {
  const rows = await allRows()
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length, 'names are unique')
  const page = readFileSync(new URL('../../docs/kpi.md', import.meta.url), 'utf8')
  assert.deepEqual(definitionsOn(page), rows.map(definitionOf), 'npm run kpi -- --list --write')
})
