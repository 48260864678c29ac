/*
 * Imports point down, doors are few, packages are declared. The rules are rows in house.ts.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { DOOR_WORDS, DOORS, ENTRANCES, HARMLESS_MODULES, LAYERS, ROOMS_WITH_A_FACE } from './house.ts'
import { filesBelow, readSource, readText, type SourceFile } from './source.ts'

const sources: readonly SourceFile[] = ['src', 'resp', 'gossip']
  .flatMap((directory) => filesBelow(directory, '.ts'))
  .map(readSource)
const paths = new Set(sources.map(({ path }) => path))

/** Every complaint at once, so that one run shows them all. */
function expectNone(complaints: readonly string[]): void {
  assert.deepEqual(complaints, [])
}

function isIn(path: string, place: string): boolean {
  return place.split(' ').some((part) => (part.endsWith('/') ? path.startsWith(part) : path === part))
}

function layerOf(path: string): { level: number; place: string } | undefined {
  for (const [level, places] of LAYERS.entries()) {
    const place = places.find((candidate) => isIn(path, candidate))
    if (place !== undefined) return { level, place }
  }
  return undefined
}

test('every file has its place in the table of layers', () => {
  expectNone([...paths].filter((path) => layerOf(path) === undefined))
})

test('imports point down, type imports too', () => {
  const complaints: string[] = []
  for (const { path, imports } of sources) {
    for (const { specifier, target } of imports) {
      if (!specifier.startsWith('.')) continue
      const from = layerOf(path)
      const to = layerOf(target)
      const isDown =
        from !== undefined && to !== undefined && (to.level < from.level || to.place === from.place)
      if (!isDown) complaints.push(`${path} imports ${target}`)
    }
  }
  expectNone(complaints)
})

test('every relative import names an existing file with its ending', () => {
  const complaints: string[] = []
  for (const { path, imports } of sources) {
    for (const { specifier, target } of imports) {
      if (specifier.startsWith('.') && !paths.has(target)) complaints.push(`${path} imports ${target}`)
    }
  }
  expectNone(complaints)
})

test('resp and gossip are entered by their index', () => {
  const complaints: string[] = []
  for (const { path, imports } of sources) {
    for (const { target } of imports) {
      const room = ROOMS_WITH_A_FACE.find((place) => isIn(target, place) && !isIn(path, place))
      if (room !== undefined && target !== `${room}index.ts`) complaints.push(`${path} imports ${target}`)
    }
  }
  expectNone(complaints)
})

test('every package imported is a dependency', () => {
  const declared = Object.keys(JSON.parse(readText('package.json')).dependencies)
  const complaints: string[] = []
  for (const { path, imports } of sources) {
    for (const { specifier } of imports) {
      const isPackage = !specifier.startsWith('.') && !specifier.startsWith('node:')
      if (isPackage && !declared.some((name) => specifier === name || specifier.startsWith(`${name}/`))) {
        complaints.push(`${path} imports ${specifier}`)
      }
    }
  }
  expectNone(complaints)
})

test('only doors touch Node, clocks, timers, luck and promises', () => {
  const complaints: string[] = []
  for (const { path, imports, code } of sources) {
    if (DOORS[path] !== undefined) continue
    for (const { specifier } of imports) {
      const isOutside = specifier.startsWith('node:') && !HARMLESS_MODULES.includes(specifier)
      if (isOutside) complaints.push(`${path} imports ${specifier}`)
    }
    const lines = code.split('\n')
    for (const [name, pattern] of DOOR_WORDS) {
      const line = lines.findIndex((text) => pattern.test(text))
      if (line !== -1) complaints.push(`${path}:${line + 1} says ${name}`)
    }
  }
  expectNone(complaints)
})

test('every door exists', () => {
  expectNone(Object.keys(DOORS).filter((path) => !paths.has(path)))
})

test('every file is imported by another', () => {
  const imported = new Set(
    sources.flatMap(({ path, imports }) =>
      imports.map(({ target }) => target).filter((target) => target !== path),
    ),
  )
  expectNone(
    [...paths].filter((path) => !imported.has(path) && !ENTRANCES.includes(path) && !path.endsWith('.d.ts')),
  )
})
