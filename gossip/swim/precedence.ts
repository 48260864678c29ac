/*
 * Which of two words about one member counts.
 *
 * The idea: SWIM 4.2 over (birth, incarnation). A later pair is newer truth; of one pair the worse word wins,
 * since only the member can better its own case and it does so with a higher incarnation. This is a total
 * order, so members that have heard the same words believe the same. Shape: rule.
 */
import type { Liveness } from '../member.ts'

/** As numbers on the wire. At one pair the higher wins: suspect over alive, dead over both, left over all. */
export const LIVENESS_RANK: Readonly<Record<Liveness, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 }
export const LIVENESS_BY_RANK: readonly Liveness[] = ['alive', 'suspect', 'dead', 'left']

/** An honest member does not refute this often between two words of it: beyond, the word is a forgery. */
export const INCARNATION_JUMP_MAX = 2 ** 20

/** 32 bits on the wire. */
export const INCARNATION_MAX = 0xffffffff

/** Births stay below, so that a restart can always raise its own above. */
export const BIRTH_MAX = 2 ** 52

export interface Belief {
  readonly record: { readonly birth: number; readonly incarnation: number }
  readonly liveness: Liveness
}

export function isGone(liveness: Liveness): boolean {
  return liveness === 'dead' || liveness === 'left'
}

/** Whether a word of this liveness about this (birth, incarnation) replaces what is believed. */
export function supersedes(liveness: Liveness, birth: number, incarnation: number, known: Belief): boolean {
  const order = birth - known.record.birth || incarnation - known.record.incarnation
  if (order < 0) return false
  if (order === 0) return LIVENESS_RANK[liveness] > LIVENESS_RANK[known.liveness]
  // Doubt alone does not raise the dead: the answer to the doubt will, or a second death confirms it.
  return liveness !== 'suspect' || !isGone(known.liveness)
}

/** Too far ahead within one life to be true. */
export function isJump(birth: number, incarnation: number, known: Belief): boolean {
  return birth === known.record.birth && incarnation - known.record.incarnation > INCARNATION_JUMP_MAX
}
