/**
 * Errands [Table + rule]: which commands over keys of several nodes are done in steps, and by whom. What is not here is
 * refused (-CROSSSLOT): MSETNX and blocking commands would have to see all their keys in one moment.
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Spread } from '../commands/command.ts'
import type { Session } from '../session/session.ts'
import { ClientErrand } from './client-errand.ts'
import { popFromFirst } from './first-of-several.ts'
import { MovedElement, MovedMember } from './moved-elements.ts'
import { RenamedKey } from './renamed-keys.ts'
import type { RequestKeys } from './request-keys.ts'
import type { SourcesParts } from './sources.ts'
import { storeResult } from './stored-results.ts'

type Begin = (parts: SourcesParts, errand: ClientErrand) => void

const BY_SPREAD: Partial<Record<Spread, Begin>> = {
  'to-first': storeResult,
  'to-last': storeResult,
  rename: (parts, errand) => new RenamedKey(parts, errand),
  element: (parts, errand) =>
    errand.row.name === 'smove' ? new MovedMember(parts, errand) : new MovedElement(parts, errand),
  'first-of': popFromFirst,
}

export function isErrand(row: CommandRow): boolean {
  return row.spread !== undefined && BY_SPREAD[row.spread] !== undefined
}

export function runErrand(
  parts: SourcesParts,
  session: Session,
  row: CommandRow,
  args: Args,
  keys: RequestKeys,
): void {
  BY_SPREAD[row.spread!]!(parts, new ClientErrand(session, row, args, keys.positions))
}
