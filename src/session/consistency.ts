/**
 * Consistency [Rule]: the two levels a conversation works at, and how it comes to its first ones. What a level means
 * for a read or a write is the replication's business.
 */
import type { Config } from '../config/index.ts'
import type { Level, Session } from './session.ts'

export const LEVELS: readonly Level[] = ['one', 'quorum', 'all']

/** What the node was configured with: where every conversation starts and where RESET takes it back to. */
export function useConfiguredLevels(session: Session, config: Config): void {
  session.readLevel = config.text('read-consistency') as Level
  session.writeLevel = config.text('write-consistency') as Level
  session.hasOwnLevels = false
}
