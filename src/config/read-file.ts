/**
 * Read a file [Rule]: text in the style of redis.conf to assignments, errors with file and line.
 *
 * Included files are read where they stand and may be overridden by the lines after them; within one file a
 * directive set twice is an error, because one of the two is not what its writer believes. Only `save` and
 * `client-output-buffer-limit` add up. Errors never quote a line: it may hold a password.
 */
import { type Assignment, emptyReading, type Reading, takesWords } from './assignment.ts'
import type { Directive } from './directive.ts'
import { findSpelling, refusedLines, suggestion } from './directives.ts'
import { splitWords } from './words.ts'

const INCLUDE_DEPTH_MAX = 8

/** Gives a file's text as latin1 (one character a byte) and throws when it cannot be read. */
export type ReadFile = (path: string) => string

export function readConfigFile(path: string, readFile: ReadFile): Reading {
  const reading = emptyReading()
  readInto(reading, path, readFile, path, 0)
  return reading
}

function readInto(into: Reading, path: string, readFile: ReadFile, place: string, depth: number): void {
  let text: string
  try {
    text = readFile(path)
  } catch {
    into.errors.push(`${place}: the file ${path} cannot be read`)
    return
  }
  const seen = new Map<Directive, Assignment>()
  let number = 0
  for (const line of text.split('\n')) {
    number++
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const here = `${path}:${number}`
    const words = splitWords(trimmed)
    if (words === undefined) {
      into.errors.push(`${here}: unbalanced quotes`)
    } else if (words[0]!.toLowerCase() === 'include') {
      readIncluded(into, words, readFile, here, depth)
    } else {
      readLine(into, seen, words, here)
    }
  }
}

function readIncluded(
  into: Reading,
  words: readonly string[],
  readFile: ReadFile,
  here: string,
  depth: number,
): void {
  const path = words[1]
  if (words.length !== 2 || path === undefined) {
    into.errors.push(`${here}: include: wrong number of arguments`)
  } else if (/[*?[]/.test(path)) {
    into.errors.push(`${here}: include: wildcards are not supported, name each file`)
  } else if (depth === INCLUDE_DEPTH_MAX) {
    into.errors.push(`${here}: include: nested more than ${INCLUDE_DEPTH_MAX} deep`)
  } else {
    readInto(into, path, readFile, here, depth + 1)
  }
}

function readLine(
  into: Reading,
  seen: Map<Directive, Assignment>,
  words: readonly string[],
  here: string,
): void {
  const name = words[0]!.toLowerCase()
  const row = findSpelling(name)
  if (row === undefined) {
    const reason = refusedLines.get(name)
    const shown = `'${words[0]!.slice(0, 64)}'`
    into.errors.push(
      reason === undefined
        ? `${here}: unknown directive ${shown}${suggestion(name)}`
        : `${here}: ${name}: ${reason}`,
    )
    return
  }
  const isCountRight = takesWords(row) ? words.length >= 2 : words.length === 2
  if (!isCountRight) {
    into.errors.push(`${here}: ${name}: wrong number of arguments`)
    return
  }
  const before = seen.get(row)
  let text = words.slice(1).join(' ')
  if (before !== undefined && row.type === 'save-points') {
    text = text === '' || before.text === '' ? text : `${before.text} ${text}`
  } else if (before !== undefined && row.type !== 'output-limits') {
    into.errors.push(`${here}: ${name}: already set at ${before.place}`)
    return
  }
  const assignment = { row, text, place: here }
  seen.set(row, assignment)
  into.assignments.push(assignment)
}
