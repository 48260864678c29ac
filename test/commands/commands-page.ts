/**
 * Commands page [Rule]: docs/commands.md, made from the rows. A test compares the page with the file, so what is
 * written about a command is what its row says.
 */
import type { Group } from '../../src/commands/command.ts'
import type { CommandRow } from '../../src/commands/command-row.ts'
import type { CommandTable } from '../../src/commands/command-table.ts'
import { deprecationOf } from '../../src/commands/command-tips.ts'

const TITLES: readonly (readonly [group: Group, title: string])[] = [
  ['string', 'Strings'],
  ['bitmap', 'Bits'],
  ['hash', 'Hashes'],
  ['list', 'Lists'],
  ['set', 'Sets'],
  ['sorted-set', 'Sorted sets'],
  ['generic', 'Keys'],
  ['pubsub', 'Publish and subscribe'],
  ['transactions', 'Transactions'],
  ['connection', 'Connections'],
  ['cluster', 'Cluster'],
  ['server', 'Server'],
]

export function commandsPage(table: CommandTable): string {
  const lines = [
    '# Commands',
    '',
    'This page is generated from the tables in `src/commands/`; `test/commands/docs.test.ts` fails when they differ.',
    '',
    'Commands answer as Redis 7.0.15 answers them, error texts included. "Since" is the version of Redis that brought',
    'the command; of MESH, which is ours, the version of HyperCache. How to add a command is told in',
    '[adding-a-command.md](adding-a-command.md).',
  ]
  for (const [group, title] of TITLES) {
    const rows = table.rows.filter((row) => row.group === group).sort((a, b) => (a.name < b.name ? -1 : 1))
    if (rows.length === 0) continue
    lines.push('', `## ${title}`, '', '| Command | What it does | Cost | Since |', '|---|---|---|---|')
    for (const row of rows) lines.push(...linesOf(row))
  }
  return `${lines.join('\n')}\n`
}

function linesOf(row: CommandRow): string[] {
  if (row.subcommands.length === 0) return [lineOf(row)]
  const subcommands = [...row.subcommands].sort((a, b) => (a.name < b.name ? -1 : 1)).map(lineOf)
  const hasHandler = row.run !== undefined || row.serve !== undefined
  return hasHandler ? [lineOf(row), ...subcommands] : subcommands
}

function lineOf(row: CommandRow): string {
  const words = row.fullName.toUpperCase().replace('|', ' ')
  const call = row.syntax === '' ? words : `${words} ${row.syntax}`
  const replaced = deprecationOf(row.fullName)?.replacedBy.replace('`!GET`', '`GET`')
  const summary =
    replaced === undefined ? row.summary : `${row.summary}. Kept for old clients: use ${replaced}`
  return `| \`${call.replaceAll('|', '\\|')}\` | ${cell(summary)} | ${cell(row.complexity)} | ${row.since} |`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*')
}
