/*
 * Every row of the command table has a conformance case of its own (wrong argument counts alone do not
 * count), every script is run, and every case says what it is about only once. Shape: test.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test from 'node:test'
import type { Command } from '../../src/commands/command.ts'
import { families } from '../../src/commands/families.ts'
import { actionOf, type Case } from './script.ts'
import { COMMANDS } from './scripts/arity.ts'

/** Rows that redis-server 7.0.15 cannot judge, each with its reason. */
const EXEMPT: Readonly<Record<string, string>> = {
  'cluster|bumpepoch': 'done there, refused here: in test/commands/cluster.test.ts',
  'cluster|saveconfig': 'done there, refused here: in test/commands/cluster.test.ts',
  'cluster|myshardid': 'newer than 7.0: clients of 7.2 ask for it',
  'client|setinfo': 'newer than 7.0: ioredis and node-redis send it on connect',
  'client|no-touch': 'newer than 7.0: wanted for scanners that must not disturb LRU',
}

const here = new URL('.', import.meta.url)
const scripts = readdirSync(new URL('scripts/', here)).filter((file) => file.endsWith('.ts'))

async function casesOf(script: string): Promise<readonly Case[]> {
  const module = (await import(new URL(`scripts/${script}`, here).href)) as { cases: readonly Case[] }
  return module.cases
}

/** `client|list` for sub-commands, as COMMAND LIST names them. */
function namesOf(command: Command): string[] {
  return [command.name, ...(command.subcommands ?? []).map((sub) => `${command.name}|${sub.name}`)]
}

/** MESH is ours alone, and tested in test/commands, its ITEM and CHAOS with http and the process tests. */
const rows = families
  .flat()
  .filter((row) => row.name !== 'mesh')
  .flatMap(namesOf)

test('every row of the command table has a conformance case', async () => {
  const called = new Set<string>()
  for (const script of scripts.filter((file) => file !== 'arity.ts')) {
    for (const one of await casesOf(script)) {
      for (const action of one.run.map(actionOf)) {
        const [name, sub] = action.argv.map((word) => String(word).toLowerCase())
        called.add(name ?? '').add(`${name}|${sub}`)
      }
    }
  }
  assert.deepEqual(
    rows.filter((name) => !called.has(name) && EXEMPT[name] === undefined),
    [],
  )
})

test('every row of the command table is called with the wrong number of arguments', () => {
  const listed = new Set(COMMANDS.map((row) => row.split(' ')[0]))
  assert.deepEqual(
    rows.filter((name) => !listed.has(name) && EXEMPT[name] === undefined),
    [],
  )
})

test('every script has a test that runs it', () => {
  const tests = new Set(readdirSync(here))
  assert.deepEqual(
    scripts.filter((script) => !tests.has(script.replace(/\.ts$/, '.test.ts'))),
    [],
  )
})

test('no two cases of a script have the same name', async () => {
  for (const script of scripts) {
    const names = (await casesOf(script)).map((one) => one.name)
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
      script,
    )
  }
})
