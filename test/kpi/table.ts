/*
 * The rows of the table of proof, found: whatever file of this directory exports `rows` has its rows in it.
 *
 * Shape: door (measurements only).
 */
import { readdirSync } from 'node:fs'
import type { Row } from './row.ts'

const NOT_ROWS = ['row.ts', 'report.ts', 'table.ts', 'run.ts']

export async function allRows(): Promise<readonly Row[]> {
  const here = new URL('./', import.meta.url)
  const files = readdirSync(here).filter((name) => /^[a-z0-9-]+\.ts$/.test(name) && !NOT_ROWS.includes(name))
  const rows: Row[] = []
  for (const file of files.sort()) {
    const found = (await import(new URL(file, here).href)) as { rows?: readonly Row[] }
    rows.push(...(found.rows ?? []))
  }
  return rows
}
