/*
 * Which node do process tests start? The build, which is what users run and what starts three times faster, as long
 * as it is younger than every source file; else the source.
 *
 * The idea: a stale build must never be tested by accident, and HYPERCACHE_NODE, when set, has the last word.
 * Shape: door (tests only).
 */
import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const SOURCES = ['src', 'resp', 'gossip', 'package.json', 'tsconfig.json', 'tsconfig.build.json']

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function newestMs(path: string): number {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  const inside = isDirectory ? readdirSync(path).map((name) => newestMs(`${path}/${name}`)) : []
  return Math.max(changedMs(path), ...inside)
}

/** Lets every node this process starts be the built one, when the build is current. */
export function preferCurrentBuild(): void {
  const builtMs = changedMs(`${root}dist/src/main.js`)
  const isCurrent = SOURCES.every((name) => newestMs(root + name) < builtMs)
  if (isCurrent) process.env.HYPERCACHE_NODE ??= 'dist'
}
