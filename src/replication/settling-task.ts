/**
 * Settling task [Data]: one slot on its way to being settled; whoever starts it anew makes a new one, and what comes
 * for the old one is ignored.
 */
import type { SlotPull } from './slot-pull.ts'
import type { SlotAnswer, Survey } from './survey.ts'

export class SettlingTask {
  readonly slot: number
  readonly isClaim: boolean
  /** Whom this owner had promised the slot to: what it wrote last, and was not confirmed, is best known to itself. */
  readonly holder: string
  /** Of the claim, or 0. */
  term = 0
  attempts = 0
  dueMs: number
  survey: Survey | null = null
  answers: SlotAnswer[] = []
  /** How many answers have been dealt with. */
  at = 0
  pull: SlotPull | null = null

  constructor(slot: number, isClaim: boolean, holder: string, dueMs: number) {
    this.slot = slot
    this.isClaim = isClaim
    this.holder = holder
    this.dueMs = dueMs
  }
}
