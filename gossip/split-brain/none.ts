/*
 * none: splits are left to an operator, or to whoever else watches.
 *
 * The idea: not deciding is a strategy as well - nobody is ever downed, both sides go on. Shape: rule.
 */
import type { Verdict } from './decision.ts'
import { stay } from './verdicts.ts'

export function leaveAsItIs(): Verdict {
  return stay('no strategy is set')
}
