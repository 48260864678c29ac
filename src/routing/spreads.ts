/**
 * Spreads [Machine]: requests whose keys lie with several nodes, or that concern all of them: split, sent, joined.
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Session } from '../session/session.ts'
import type { RequestKeys } from './request-keys.ts'

export interface Spreads {
  admitsExec(session: Session, row: CommandRow, args: Args): boolean
  onAllNodes(session: Session, row: CommandRow, args: Args): boolean
  onManyNodes(session: Session, row: CommandRow, args: Args, keys: RequestKeys): boolean
}
