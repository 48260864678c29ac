/*
 * The fuzzer is fuzzed: a seed is one sequence, every data command is drawn, and a wrong reply is found.
 * Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { families } from '../../src/commands/families.ts'
import { Prng } from '../support/prng.ts'
import type { Reply } from '../support/reply.ts'
import { compareReplies, encode, sequenceOf } from './differential.ts'
import { GENERATORS } from './generators.ts'
import { compile } from './template.ts'

const DATA_GROUPS = ['string', 'bitmap', 'hash', 'list', 'set', 'sorted-set', 'sorted_set']

test('the same seed makes the same sequence, another seed another', () => {
  assert.deepEqual(encode(sequenceOf(42)), encode(sequenceOf(42)))
  assert.notDeepEqual(encode(sequenceOf(42)), encode(sequenceOf(43)))
})

test('every data command of the command table is drawn', () => {
  const drawn = new Set<string>()
  for (let seed = 0; seed < 3000; seed++) {
    for (const command of sequenceOf(seed)) drawn.add(String(command.argv[0]).toLowerCase())
  }
  const wanted = families.flat().filter((command) => DATA_GROUPS.includes(command.group))
  assert.deepEqual(
    wanted.map((command) => command.name).filter((name) => !drawn.has(name)),
    [],
  )
})

test('templates leave out, choose and repeat', () => {
  const template = compile('X [A] (B|C D) {E}', {})
  const seen = new Set<string>()
  const random = new Prng(1)
  for (let draw = 0; draw < 500; draw++) seen.add(template.draw(random).join(' '))
  assert.deepEqual(
    [...seen].sort(),
    ['X A B', 'X A C D', 'X B', 'X C D']
      .flatMap((start) => [1, 2, 3, 4].map((times) => start + ' E'.repeat(times)))
      .sort(),
  )
  assert.throws(() => compile('X :nosuch', GENERATORS), /nosuch/)
  assert.throws(() => compile('X [A', GENERATORS), /no ]/)
})

test('a wrong reply is found, also inside a transaction', () => {
  const ok: Reply = { type: 'status', value: 'OK' }
  const queued: Reply = { type: 'status', value: 'QUEUED' }
  const list = (...members: string[]): Reply => ({
    type: 'array',
    value: members.map((value) => ({ type: 'bulk', value })),
  })
  const commands = [
    { argv: ['MULTI'], comparison: { how: 'exact' } },
    { argv: ['SMEMBERS', 't'], comparison: { how: 'unordered' } },
    { argv: ['EXEC'], comparison: { how: 'exact' } },
  ] as const
  const run = (reply: Reply): Reply[] => [ok, queued, { type: 'array', value: [reply] }]
  assert.equal(compareReplies(commands, run(list('a', 'b')), run(list('b', 'a'))), undefined)
  assert.match(compareReplies(commands, run(list('a', 'b')), run(list('a', 'c'))) ?? '', /queued: SMEMBERS t/)
  assert.match(compareReplies(commands, [ok, queued], run(list('a'))) ?? '', /no answer from ours/)
})
