/**
 * Command info [Rule]: a row as COMMAND INFO describes it: name, arity, flags, key positions, ACL categories, tips,
 * key specs and sub-commands.
 */
import type { ReplyWriter } from '../../resp/index.ts'
import { categoriesOf } from './acl-categories.ts'
import { FLAG_NAMES, MAY_REPLICATE } from './command.ts'
import type { CommandRow } from './command-row.ts'
import { tipsOf } from './command-tips.ts'
import { type KeySpec, keySpecsOf } from './key-specs.ts'

const FIELDS = 10

export function writeCommandInfo(reply: ReplyWriter, row: CommandRow): void {
  reply.array(FIELDS)
  reply.bulkText(row.fullName)
  reply.integer(row.arity)
  writeWords(reply, flagNames(row.flags))
  reply.integer(row.keys.first)
  reply.integer(row.keys.last)
  reply.integer(row.keys.step)
  writeWords(
    reply,
    categoriesOf(row).map((category) => `@${category}`),
  )
  const tips = tipsOf(row.fullName)
  reply.set(tips.length)
  for (const tip of tips) reply.bulkText(tip)
  const specs = keySpecsOf(row)
  reply.set(specs.length)
  for (const spec of specs) writeKeySpec(reply, spec)
  reply.set(row.subcommands.length)
  for (const sub of row.subcommands) writeCommandInfo(reply, sub)
}

/** As Redis tells them; one flag is its own affair there. */
export function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter((_, bit) => (flags & ~MAY_REPLICATE & (1 << bit)) !== 0)
}

/** A set of words in status form, as flags and categories are sent. */
export function writeWords(reply: ReplyWriter, words: readonly string[]): void {
  reply.set(words.length)
  for (const word of words) reply.status(word)
}

function writeKeySpec(reply: ReplyWriter, spec: KeySpec): void {
  reply.map(spec.notes === undefined ? 3 : 4)
  if (spec.notes !== undefined) {
    reply.bulkText('notes')
    reply.bulkText(spec.notes)
  }
  reply.bulkText('flags')
  writeWords(reply, spec.uses)
  reply.bulkText('begin_search')
  if (spec.kind === 'unknown') writeStep(reply, 'unknown', [])
  else writeStep(reply, 'index', [['index', spec.index]])
  reply.bulkText('find_keys')
  if (spec.kind === 'unknown') writeStep(reply, 'unknown', [])
  else if (spec.kind === 'counted') {
    writeStep(reply, 'keynum', [
      ['keynumidx', 0],
      ['firstkey', 1],
      ['keystep', spec.step],
    ])
  } else
    writeStep(reply, 'range', [
      ['lastkey', spec.last],
      ['keystep', spec.step],
      ['limit', 0],
    ])
}

function writeStep(reply: ReplyWriter, type: string, numbers: readonly (readonly [string, number])[]): void {
  reply.map(2)
  reply.bulkText('type')
  reply.bulkText(type)
  reply.bulkText('spec')
  reply.map(numbers.length)
  for (const [name, value] of numbers) {
    reply.bulkText(name)
    reply.integer(value)
  }
}
