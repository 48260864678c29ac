/*
 * What was measured, as a line for people, as a record for machines, and as the table of docs/kpi.md.
 *
 * The idea: the page keeps the last figure of every row, so that one row can be measured anew without the others; what
 * stands between the marks is written by nobody else. Shape: rule (measurements only).
 */
import type { Finding, Row } from './row.ts'

export interface Measured {
  readonly row: Row
  readonly finding: Finding
  readonly seconds: number
}

const [BEGIN, END] = ['<!-- kpi -->', '<!-- /kpi -->']
const NOT_YET = 'not measured yet'

export function lineOf({ finding, row, seconds }: Measured): string {
  const verdict = finding.holds ? 'holds' : 'FAILS'
  const note = finding.note === undefined ? '' : ` (${finding.note})`
  return `${verdict}  ${row.name}: ${foundText(finding)}; target ${row.target}; ${seconds.toFixed(0)} s${note}`
}

export function recordOf({ finding, row, seconds }: Measured): object {
  return { name: row.name, target: row.target, ...finding, seconds: Math.round(seconds) }
}

export function tableOf(measured: readonly Measured[]): string {
  return [...HEAD, ...measured.map((one) => lineOfTable(one.row, cellOf(one.finding)))].join('\n')
}

/** The page with these figures; rows that were not measured now keep what was found before. */
export function pageWith(page: string, rows: readonly Row[], measured: readonly Measured[]): string {
  const [before, inside, after] = partsOf(page)
  const old = new Map(inside.split('\n').map((line) => [nameIn(line), foundIn(line)]))
  const lines = rows.map((row) => {
    const anew = measured.find((one) => one.row.name === row.name)
    return lineOfTable(row, anew === undefined ? (old.get(row.name) ?? NOT_YET) : cellOf(anew.finding))
  })
  return `${before}${BEGIN}\n${[...HEAD, ...lines].join('\n')}\n${END}${after}`
}

/** What the page says of each row: its definition, not its figures. */
export function definitionsOn(page: string): string[] {
  const lines = partsOf(page)[1].split('\n')
  return lines.filter((line) => nameIn(line) !== '').map((line) => cellsOf(line).slice(0, 3).join(' | '))
}

export function definitionOf(row: Row): string {
  return [`\`${row.name}\``, row.question, row.target].join(' | ')
}

const HEAD = ['| row | what | target | found |', '|---|---|---|---|']

function lineOfTable(row: Row, found: string): string {
  return `| ${definitionOf(row)} | ${found} |`
}

function cellOf(finding: Finding): string {
  const note = finding.note === undefined ? '' : `; ${finding.note}`
  return `${finding.holds ? '' : '**fails**: '}${foundText(finding)}${note}`
}

function foundText({ unit, values }: Finding): string {
  const parts = Object.entries(values).map(([name, value]) => {
    return name === 'value' ? numberText(value) : `${name} ${numberText(value)}`
  })
  return `${parts.join(', ')}${unit === '' ? '' : ` ${unit}`}`
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'never'
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

function partsOf(page: string): readonly [before: string, inside: string, after: string] {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from === -1 || to < from) throw new Error(`the page has no ${BEGIN} ... ${END}`)
  return [page.slice(0, from), page.slice(from + BEGIN.length, to), page.slice(to + END.length)]
}

function cellsOf(line: string): string[] {
  return line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''))
}

function nameIn(line: string): string {
  return /^\| `([a-z0-9-]+)` \|/.exec(line)?.[1] ?? ''
}

function foundIn(line: string): string {
  return cellsOf(line)[3] ?? NOT_YET
}
