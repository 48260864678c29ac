/*
 * The pages made from the table are the files in the tree. `UPDATE_DOCS=1` writes them.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { directives } from '../../src/config/directives.ts'
import { configurationPage, helpText } from '../../src/config/index.ts'

const PAGE = new URL('../../docs/configuration.md', import.meta.url)

test('docs/configuration.md is what the table says (UPDATE_DOCS=1 writes it)', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, configurationPage())
  assert.equal(readFileSync(PAGE, 'utf8'), configurationPage())
})

test('the page names every directive', () => {
  const page = configurationPage()
  for (const { name } of directives) assert.ok(page.includes(`\`${name}\``), name)
})

test('help fits a terminal and names what has a meaning', () => {
  const help = helpText()
  assert.match(help, /--maxmemory <bytes> {2}\[0\]/)
  assert.ok(!help.includes('--appendonly'))
  for (const line of help.split('\n')) assert.ok(line.startsWith('  --') || line.length <= 110, line)
})
