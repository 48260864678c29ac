/**
 * Sources [Rule]: the entries a request reads before it writes elsewhere, brought to the bench. They are asked for with
 * the word that everything written to their nodes before is confirmed: what is made of them is going to be kept.
 */
import type { Bench } from './bench.ts'
import type { AskedPartParts } from './asked-part.ts'
import type { ClientErrand } from './client-errand.ts'
import { SOURCES } from './distant-requests.ts'
import { errorReply, isOpen } from './joined-replies.ts'
import { bringAll } from './named-keys.ts'

const UNCONFIRMED_SOURCE =
  'TRYAGAIN a value to be read is not confirmed by enough owners: nothing was written'

export interface SourcesParts extends AskedPartParts {
  readonly bench: Bench
}

/** Either the reply the client gets for it, or the entries; empty: there is none. */
export function bringSources(
  parts: SourcesParts,
  errand: ClientErrand,
  sources: readonly Buffer[],
  brought: (error: Buffer | undefined, entries: readonly Buffer[]) => void,
): void {
  const names = new Set(sources.map((key) => key.toString('latin1')))
  const keys = [...names].map((name) => Buffer.from(name, 'latin1'))
  const { database, manners } = errand
  bringAll(parts, { name: SOURCES, keys, database, manners }, errand, (error, entries) => {
    brought(error !== undefined && isOpen(error) ? errorReply(UNCONFIRMED_SOURCE) : error, entries)
  })
}
