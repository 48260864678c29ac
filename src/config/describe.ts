/**
 * Describe [Rule]: the table in words: `--help` and docs/configuration.md.
 *
 * A test compares the page with the file, so neither can drift from the rows. Knows rows, not values.
 */
import type { Directive } from './directive.ts'
import { directives, meaningfulDirectives } from './directives.ts'

const HELP_COLUMNS = 100

export function meaning(row: Directive): 'used' | 'accepted' | 'refused' {
  if (row.refusal !== undefined) return 'refused'
  return row.notice === undefined ? 'used' : 'accepted'
}

/** `int, seconds, 0 to 65535` and the like. */
function kind(row: Directive): string {
  const parts: string[] = [row.values === undefined ? row.type : row.values.join(' \\| ')]
  if (row.unit !== undefined) parts.push(row.unit)
  const isBounded = row.max !== undefined && row.max < 2 ** 31 - 1
  if (isBounded) parts.push(`${row.min} to ${row.max}`)
  return parts.join(', ')
}

export function helpText(): string {
  const lines = [
    'Usage: hypercache start [file] [--config file] [--name value ...]',
    '       hypercache mesh [--nodes 3] [--port 6379] ...   several nodes on this machine: hypercache mesh --help',
    '       hypercache ping [--port 6379]',
    '',
    'Every directive is a flag (--maxmemory 1gb), an environment variable (HYPERCACHE_MAXMEMORY=1gb) and a line',
    'of the file (maxmemory 1gb). Flags win over the environment, the environment over the file.',
    '',
    '  --config <file>  read a file in the style of redis.conf',
    '  --help           print this and stop',
    '  --version        print the version and stop',
    '',
  ]
  for (const row of meaningfulDirectives) {
    if (meaning(row) !== 'used') continue
    lines.push(
      `  --${row.name} <${row.values?.join('|') ?? row.type}>${row.default === '' ? '' : `  [${row.default}]`}`,
    )
    lines.push(...wrap(row.doc, HELP_COLUMNS - 6).map((line) => `      ${line}`))
  }
  return `${lines.join('\n')}\n`
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

function code(text: string): string {
  return text === '' ? '(empty)' : `\`${text}\``
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function usedRow(row: Directive): string {
  const older = row.aliases === undefined ? '' : ` Also \`${row.aliases.join('`, `')}\`.`
  const when = row.isMutable ? 'any time' : 'start'
  return `| \`${row.name}\` | ${kind(row)} | ${code(row.default)} | ${when} | ${escapeCell(row.doc)}${older} |`
}

/** docs/configuration.md. */
export function configurationPage(): string {
  const page = [
    '# Configuration',
    '',
    'This page is generated from the tables in `src/config/`; `test/config` fails when they differ.',
    '',
    'A directive is given as a flag (`--maxmemory 1gb` or `--maxmemory=1gb`), as an environment variable',
    '(`HYPERCACHE_MAXMEMORY=1gb`, dashes become underscores) or as a line of a file in the style of `redis.conf`',
    '(`maxmemory 1gb`; name the file with `--config file`, `HYPERCACHE_CONFIG` or as the first word after `start`).',
    'Flags win over the environment, the environment over the file, the file over the defaults. `CONFIG SET` changes',
    'what says "any time" below; `CONFIG REWRITE` writes the present values back to the file.',
    '',
    'Memory: `1k` is 1000 bytes, `1kb` is 1024; `m`, `mb`, `g`, `gb` likewise. In a file, `include other.conf` reads',
    'another file at that place, `#` begins a comment, and a directive may be set only once per file (an included',
    'file may be overridden). An unknown directive is an error, with the nearest known name. `CONFIG GET` answers',
    `\`(hidden)\` for a password that is set.`,
    '',
    '## Directives',
    '',
    '| Name | Value | Default | Changed | Meaning |',
    '|---|---|---|---|---|',
    ...directives.filter((row) => meaning(row) === 'used').map(usedRow),
    '',
    '## Accepted for compatibility',
    '',
    'These may stand in a file you bring from Redis. `CONFIG GET` answers their value and nothing else happens; a value',
    'other than the default is logged once at start.',
    '',
    '| Name | Default | Why it changes nothing |',
    '|---|---|---|',
    ...directives
      .filter((row) => meaning(row) === 'accepted')
      .map((row) => `| \`${row.name}\` | ${code(row.default)} | ${escapeCell(row.notice!)} |`),
    '',
    '## Refused',
    '',
    'Ignoring these would be dangerous, so any value but the default is an error.',
    '',
    '| Name | Why |',
    '|---|---|',
    ...directives
      .filter((row) => meaning(row) === 'refused')
      .map((row) => `| \`${row.name}\` | ${escapeCell(row.refusal!)} |`),
  ]
  return `${page.join('\n')}\n`
}
