/*
 * Reading source files: which there are, their text without comments and strings, their imports and functions.
 *
 * The idea: no parser. The formatter has already put every function's end under its beginning, so indentation tells
 * how long it is; comments, strings and regular expressions are blanked by a small lexer. Shape: rule (tests only).
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Import {
  /** As written: `./x.ts`, `node:net`, `redis-parser`. */
  readonly specifier: string
  /** Path from the root for a file of ours, else the specifier. */
  readonly target: string
}

export interface SourceFile {
  readonly path: string
  readonly text: string
  /** Comments, strings and regular expressions replaced by spaces; line numbers unchanged. */
  readonly code: string
  readonly imports: readonly Import[]
}

export function readText(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}

/** All files below `directory`, as paths from the root; none when it does not exist. */
export function filesBelow(directory: string, ending = ''): string[] {
  let entries: string[]
  try {
    entries = readdirSync(path.join(ROOT, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
  } catch {
    return []
  }
  const files = entries.map((file) => file.split(path.sep).join('/'))
  return files.filter((file) => file.endsWith(ending) && !file.includes('node_modules/')).sort()
}

export function readSource(file: string): SourceFile {
  const text = readText(file)
  return { path: file, text, code: blank(text, true), imports: importsOf(file, blank(text, false)) }
}

function importsOf(file: string, text: string): Import[] {
  const found: Import[] = []
  const statement = /^(?:import|export)\b[^'"`;=()]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'/gm
  for (const [, from, bare] of text.matchAll(statement)) {
    const specifier = from ?? bare!
    const isOurs = specifier.startsWith('.')
    const target = isOurs
      ? path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
      : specifier
    found.push({ specifier, target })
  }
  return found
}

const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of))\s*$/

/** Blanks comments and, if asked, strings and regular expressions; newlines stay. */
export function blank(text: string, hasStringsToo: boolean): string {
  let out = ''
  let at = 0
  /** Depth of braces inside each open `${`. */
  const templates: number[] = []
  const erase = (end: number, isErased = true): void => {
    const piece = text.slice(at, end)
    out += isErased ? piece.replace(/[^\n]/g, ' ') : piece
    at = end
  }
  while (at < text.length) {
    const two = text.slice(at, at + 2)
    const one = text[at]!
    if (two === '//') erase(endOf(text, /\n|$/g, at, 0))
    else if (two === '/*') erase(endOf(text, /\*\//g, at + 2, 2))
    else if (one === "'" || one === '"') erase(endOfQuoted(text, at), hasStringsToo)
    else if (one === '`' || (one === '}' && templates.at(-1) === 0)) {
      if (one === '}') templates.pop()
      const end = endOfTemplatePart(text, at + 1)
      if (text.slice(end - 2, end) === '${') templates.push(0)
      erase(end, hasStringsToo)
    } else if (one === '/' && BEFORE_REGEX.test(out.slice(-40))) erase(endOfRegex(text, at), hasStringsToo)
    else {
      if (templates.length > 0 && (one === '{' || one === '}'))
        templates.push(templates.pop()! + (one === '{' ? 1 : -1))
      out += one
      at++
    }
  }
  return out
}

function endOf(text: string, pattern: RegExp, from: number, length: number): number {
  pattern.lastIndex = from
  const match = pattern.exec(text)
  return match === null ? text.length : match.index + length
}

function endOfQuoted(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== text[start] && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1
  return Math.min(at + 1, text.length)
}

/** Behind the closing backtick or behind the next `${`. */
function endOfTemplatePart(text: string, start: number): number {
  let at = start
  while (at < text.length && text[at] !== '`') {
    if (text[at] === '$' && text[at + 1] === '{') return at + 2
    at += text[at] === '\\' ? 2 : 1
  }
  return Math.min(at + 1, text.length)
}

function endOfRegex(text: string, start: number): number {
  let at = start + 1
  let isInClass = false
  while (at < text.length && text[at] !== '\n' && (isInClass || text[at] !== '/')) {
    if (text[at] === '[') isInClass = true
    if (text[at] === ']') isInClass = false
    at += text[at] === '\\' ? 2 : 1
  }
  return Math.min(at + 1, text.length)
}

export interface FunctionSpan {
  readonly line: number
  readonly length: number
}

const CONTROL = /^\s*(?:if|for|while|switch|catch|return|throw|await|else|do|try)\b/
const METHOD =
  /^\s*(?:(?:public|private|protected|static|override|async|get|set)\s+)*[*#]?[\w$]+\s*(?:<.*>)?\(/

/** Functions and methods with a block, from the line that begins them to the line that ends them. */
export function functionsOf(code: string): FunctionSpan[] {
  const lines = code.split('\n')
  const spans: FunctionSpan[] = []
  lines.forEach((line, start) => {
    const isBegin =
      /\bfunction\b/.test(line) || /=>\s*\{\s*$/.test(line) || (METHOD.test(line) && !CONTROL.test(line))
    const end = isBegin ? lastLineOf(lines, start) : -1
    if (end !== -1) spans.push({ line: start + 1, length: end - start + 1 })
  })
  return spans
}

/** The line that closes the block begun at `start`, or -1 when no block begins there. */
function lastLineOf(lines: readonly string[], start: number): number {
  const indent = /^\s*/.exec(lines[start]!)![0]
  let hasBlock = /\{\s*$/.test(lines[start]!)
  for (let at = start + 1; at < lines.length; at++) {
    const line = lines[at]!
    if (line.trim() === '' || /^\s*/.exec(line)![0] !== indent) continue
    const opensBlock = /\{\s*$/.test(line)
    if (hasBlock) {
      if (!/^\s*\}/.test(line)) return -1
      if (!opensBlock) return at
    } else if (/^\s*\)/.test(line) && opensBlock) hasBlock = true
    else return -1
  }
  return -1
}
