/*
 * What docs/consistency.md promises is shown by tests that exist, under the names it gives them.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { ROOT, readText } from './source.ts'

const PAGE = 'docs/consistency.md'
/** `file` "name", which may go on in the next line. */
const NAMED = /`(test\/[a-z0-9/-]+\.test\.ts)`\s+"([^"]+)"/g

function withoutBreaks(text: string): string {
  return text.replace(/\s+/g, ' ')
}

test('every promise of consistency names its test', () => {
  const rows = readText(PAGE)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:Answer|Level|) ?\|/.test(line))
  assert.ok(rows.length > 20)
  assert.deepEqual(
    rows.filter((row) => [...row.matchAll(NAMED)].length !== 1),
    [],
  )
})

test('every test that consistency names exists', () => {
  const named = [...readText(PAGE).matchAll(NAMED)]
  const missing = named.filter(([, file, name]) => {
    const text = existsSync(path.join(ROOT, file!)) ? withoutBreaks(readText(file!)) : ''
    return !text.includes(`'${withoutBreaks(name!)}'`)
  })
  assert.deepEqual(
    missing.map(([found]) => found),
    [],
  )
})
