/**
 * Stored results [Machine]: what is made of the keys of several nodes and kept under one: SINTERSTORE, ZUNIONSTORE, BITOP,
 * COPY, SORT with STORE and their like.
 *
 *   sources -> brought together, confirmed -> the command runs on the bench -> its result -> the node of the destination
 *
 * The result takes the destination's place as one write, confirmed like any other. What the sources were is of no single
 * moment: a write to one of them between its being read and the result's being kept is not in the result.
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { DATABASE_COUNT } from '../store/keyspace.ts'
import { askPart } from './asked-part.ts'
import type { BenchKey } from './bench.ts'
import type { ClientErrand } from './client-errand.ts'
import { ABSENT, ANY, STORE } from './distant-writes.ts'
import { errorReply, isError, isNil } from './joined-replies.ts'
import { BROUGHT_BYTES_MAX, TOO_LARGE } from './named-keys.ts'
import { bringSources, type SourcesParts } from './sources.ts'

const NONE = Buffer.from(':0\r\n', 'latin1')

export function storeResult(parts: SourcesParts, errand: ClientErrand): void {
  const { bench } = parts
  const { args, database, protocol, row } = errand
  const isFirst = row.spread === 'to-first'
  const target: BenchKey = { ...errand.keyAt(isFirst ? 0 : -1), database: databaseOf(row, args, database) }
  const sources = isFirst ? errand.keys.slice(1) : errand.keys.slice(0, -1)
  bringSources(parts, errand, sources, (error, entries) => {
    if (error !== undefined) return errand.reply(error)
    const reply = bench.run({ row, args, entries, database, protocol })
    const entry = bench.entryOf(target)
    const events = bench.eventsOf(target)
    bench.clear()
    const isIdle = isError(reply) || (row.name === 'copy' && reply.equals(NONE))
    if (isIdle) return errand.reply(reply)
    if (entry.length > BROUGHT_BYTES_MAX) return errand.reply(errorReply(TOO_LARGE))
    const asker = { database: target.database, manners: errand.manners }
    const words = [STORE, target.key, conditionOf(row, args), entry]
    for (const { eventClass, name } of events) words.push(String(eventClass), name)
    askPart(parts, asker, true, target.key, words, (outcome) => {
      if (isError(outcome)) errand.reply(outcome)
      else errand.reply(isNil(outcome) ? NONE : reply)
    })
  })
}

/** COPY keeps what is there unless it is to replace it. */
function conditionOf(row: CommandRow, args: Args): string {
  if (row.name !== 'copy') return ANY
  for (let i = 3; i < args.count; i++) if (args.is(i, 'REPLACE')) return ANY
  return ABSENT
}

/** COPY may go to another database. What is no database is the command's to refuse. */
function databaseOf(row: CommandRow, args: Args, own: number): number {
  if (row.name !== 'copy') return own
  let database = own
  for (let i = 3; i + 1 < args.count; i++) if (args.is(i, 'DB')) database = Number(args.text(++i))
  return database >= 0 && database < DATABASE_COUNT ? database : own
}
