/*
 * The table of the bench: what was measured of two, side by side, line by line as it comes; Markdown, and JSON at the end.
 *
 * The idea: the ratio is what counts, and a row that has a target says whether it holds. Shape: door (bench only).
 */
import { writeFileSync } from 'node:fs'

export interface Row {
  readonly what: string
  readonly unit: string
  readonly ours: number
  readonly theirs: number
  /** Is a bigger number better? */
  readonly isRate: boolean
  /** What ours is held against, where that is not the same for all rows. */
  readonly against?: string
  /** The least the ratio may be of a rate, else the most. */
  readonly target?: number | undefined
}

export type Columns = 'ours and redis' | 'ours and targets'

const HEADS: Readonly<Record<Columns, string>> = {
  'ours and redis': '| what | ours | redis-server | ratio | unit |\n| --- | ---: | ---: | ---: | --- |',
  'ours and targets':
    '| what | ours | against | ratio | target | holds | unit | against what |\n| --- | ---: | ---: | ---: | ---: | --- | --- | --- |',
}

export class Report {
  readonly rows: Row[] = []
  readonly #columns: Columns

  constructor(columns: Columns) {
    this.#columns = columns
    console.log(HEADS[columns])
  }

  add(row: Row): void {
    this.rows.push(row)
    console.log(this.#line(row))
  }

  /** All rows, with whatever else is known of the run. */
  write(file: string, facts: object): void {
    const rows = this.rows.map((row) => ({ ...row, holds: holds(row) }))
    writeFileSync(file, `${JSON.stringify({ ...facts, rows }, null, 2)}\n`)
  }

  #line(row: Row): string {
    const { what, ours, theirs, unit, against, isRate, target } = row
    const cells = [what, format(ours), format(theirs), (ours / theirs).toFixed(2)]
    if (this.#columns === 'ours and targets') {
      const bound = target === undefined ? '' : `${isRate ? '>=' : '<='} ${target}`
      const verdict = { true: 'yes', false: '**no**', undefined: '' }[`${holds(row)}`]!
      cells.push(bound, verdict, unit, against ?? '')
    } else cells.push(unit)
    return `| ${cells.join(' | ')} |`
  }
}

function holds({ isRate, ours, target, theirs }: Row): boolean | undefined {
  if (target === undefined) return undefined
  return isRate ? ours / theirs >= target : ours / theirs <= target
}

function format(number: number): string {
  if (number >= 1000) return Math.round(number).toLocaleString('en-US')
  return number >= 100 ? number.toFixed(0) : number.toPrecision(3)
}
