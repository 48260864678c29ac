/*
 * The page of commands is what the rows say. `UPDATE_DOCS=1` writes it.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { CommandTable } from '../../src/commands/command-table.ts'
import { families } from '../../src/commands/families.ts'
import { parseSyntax } from '../../src/commands/syntax-docs.ts'
import { commandsPage } from './commands-page.ts'

const PAGE = new URL('../../docs/commands.md', import.meta.url)
const table = new CommandTable(families)

test('docs/commands.md is what the rows say (UPDATE_DOCS=1 writes it)', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, commandsPage(table))
  assert.equal(readFileSync(PAGE, 'utf8'), commandsPage(table))
})

test('the page has a line for every command that can be called', () => {
  const page = commandsPage(table)
  for (const row of table.byNumber) {
    if (row.run === undefined && row.serve === undefined) continue
    const words = row.fullName.toUpperCase().replace('|', ' ')
    assert.match(page, new RegExp(`^\\| \`${words}[ \`]`, 'm'), words)
  }
})

test('every syntax line can be read', () => {
  for (const row of table.byNumber) if (row.subcommands.length === 0) parseSyntax(row.syntax, row.fullName)
})

test('every summary is one sentence without a full stop', () => {
  for (const { fullName, summary } of table.byNumber) {
    assert.ok(!summary.endsWith('.') && summary.length < 120, fullName)
  }
})
