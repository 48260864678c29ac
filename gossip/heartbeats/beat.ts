/*
 * The message of a heartbeat.
 *
 * The idea: that it came is the whole news; the packet says from whom. Shape: table.
 */
import type { MessageRow } from '../messages.ts'

export const BEAT = 41

export type Beat = readonly [kind: typeof BEAT]

export const BEAT_ROWS: readonly MessageRow[] = [{ kind: BEAT, name: 'beat', fields: [] }]
