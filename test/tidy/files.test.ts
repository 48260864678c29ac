/*
 * Files fit in a head, say what they are, lie where they belong, and hold nothing of the machine they were written on.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import {
  BANNED_NAMES,
  BANNED_TEXTS,
  FUNCTION_LINES_MAX,
  HEAD_WORDS_MIN,
  NOT_IN_A_CLONE,
  SOURCE_LINES_MAX,
  TEST_LINES_MAX,
  TOP_LEVEL,
} from './house.ts'
import { filesBelow, functionsOf, ROOT, readSource, readText, type SourceFile } from './source.ts'

const sources: readonly SourceFile[] = ['src', 'resp', 'gossip']
  .flatMap((directory) => filesBelow(directory, '.ts'))
  .map(readSource)
const tests: readonly SourceFile[] = ['test', 'examples']
  .flatMap((directory) => filesBelow(directory, '.ts'))
  .map(readSource)
const all = [...sources, ...tests]

const TEXT_FILE = /\.(?:ts|js|mjs|json|md|yml|yaml|conf|sh)$|^\.ci\/|^[^/]+$/

function textFiles(): string[] {
  const top = readdirSync(ROOT, { withFileTypes: true }).filter(({ name }) => !NOT_IN_A_CLONE.test(name))
  const below = top.filter((entry) => entry.isDirectory()).flatMap(({ name }) => filesBelow(name))
  const files = [...top.filter((entry) => entry.isFile()).map(({ name }) => name), ...below]
  return files.filter((file) => TEXT_FILE.test(file))
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

test('the top level holds what it should and nothing else', () => {
  const strangers = readdirSync(ROOT).filter(
    (name) => !TOP_LEVEL.includes(name) && !NOT_IN_A_CLONE.test(name),
  )
  assert.deepEqual(strangers, [])
})

test(`a source file has at most ${SOURCE_LINES_MAX} lines, a test file ${TEST_LINES_MAX}`, () => {
  const tooLong = (files: readonly SourceFile[], linesMax: number): string[] =>
    files
      .filter(({ text }) => lineCount(text) > linesMax)
      .map((file) => `${file.path}: ${lineCount(file.text)}`)
  assert.deepEqual([...tooLong(sources, SOURCE_LINES_MAX), ...tooLong(tests, TEST_LINES_MAX)], [])
})

test(`a function has at most ${FUNCTION_LINES_MAX} lines`, () => {
  const tooLong = sources.flatMap(({ path, code }) =>
    functionsOf(code)
      .filter(({ length }) => length > FUNCTION_LINES_MAX)
      .map(({ line, length }) => `${path}:${line}: ${length}`),
  )
  assert.deepEqual(tooLong, [])
})

/** The comment a file begins with; empty when it begins with something else. */
function headOf(text: string): string {
  return /^(?:#!.*\n)?(\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[1] ?? ''
}

test('every file but a test opens with a comment that says what it is', () => {
  const silent = all.filter(({ path, text }) => {
    const wordCount = headOf(text).match(/[A-Za-z']+/g)?.length ?? 0
    return !path.endsWith('.test.ts') && wordCount < HEAD_WORDS_MIN
  })
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  )
})

test('the comment of a source file names its shape', () => {
  const shapeless = sources.filter(({ text }) => !/\b(?:data|rule|table|machine|door)\b/i.test(headOf(text)))
  assert.deepEqual(
    shapeless.map(({ path }) => path),
    [],
  )
})

test('names are kebab-case, and no drawer is without a label', () => {
  const odd = all.filter(({ path }) =>
    path
      .replace(/(?:\.test|\.bench|\.d)?\.ts$/, '')
      .split('/')
      .some((segment) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(segment) || BANNED_NAMES.test(segment)),
  )
  assert.deepEqual(
    odd.map(({ path }) => path),
    [],
  )
})

test('no file holds unfinished notes, package registries or paths of one machine', () => {
  const complaints: string[] = []
  for (const file of textFiles()) {
    const text = readText(file)
    for (const [name, pattern] of BANNED_TEXTS) {
      const at = text.search(pattern)
      if (at !== -1) complaints.push(`${file}:${text.slice(0, at + 1).split('\n').length} holds ${name}`)
    }
  }
  assert.deepEqual(complaints, [])
})

test('links between documents lead somewhere', () => {
  const complaints: string[] = []
  for (const file of textFiles().filter((name) => name.endsWith('.md'))) {
    const prose = readText(file).replace(/```[\s\S]*?```/g, '')
    for (const [, link] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      const target = link!.split('#')[0]!
      const isOutside = /^[a-z]+:/.test(link!) || target === ''
      if (!isOutside && !existsSync(path.join(ROOT, path.dirname(file), target)))
        complaints.push(`${file}: ${link}`)
    }
  }
  assert.deepEqual(complaints, [])
})
