/*
 * The message of a heartbeat.
 *
 * The idea: that it came is nearly the whole news; the packet says from whom. The life and incarnation it names tell
 * whoever missed the sender's last word about itself that there was one. Shape: table.
 */
import { isCount, isU32, type MessageRow } from '../messages.ts'

export const BEAT = 41

export type Beat = readonly [kind: typeof BEAT, birth: number, incarnation: number]

export const BEAT_ROWS: readonly MessageRow[] = [{ kind: BEAT, name: 'beat', fields: [isCount, isU32] }]
