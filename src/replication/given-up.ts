/**
 * Given up [Machine]: who the mesh goes on without, though it may live and come back with what it held. A value it missed
 * the end of - one that lived for ever there, replaced by one that has expired since - must still meet a tombstone then:
 * so as long as anybody is out, what expires is remembered like what is removed, and no longer than that.
 *
 * Who left in good order, or whose data the operator gives up, brings nothing back. It knows neither keys nor tombstones.
 */
import { TOMBSTONE_TTL_MS } from './tombstone-age.ts'

const IDS_MAX = 1024

export class GivenUp {
  /** When each went, the first of them first. */
  readonly #goneMs = new Map<string, number>()
  /** Who will not be missed when it goes. */
  readonly #excused = new Set<string>()

  /** The member is no more. */
  onGone(id: string, nowMs: number): void {
    this.#goneMs.delete(id)
    if (this.#excused.delete(id)) return
    this.#goneMs.set(id, nowMs)
    if (this.#goneMs.size > IDS_MAX) this.#goneMs.delete(this.#goneMs.keys().next().value!)
  }

  /** Whether it is gone already or goes soon. */
  excuse(id: string): void {
    if (!this.#goneMs.delete(id) && this.#excused.size < IDS_MAX) this.#excused.add(id)
  }

  /** `isBack`: it is among the members again. */
  isAnyOut(nowMs: number, isBack: (id: string) => boolean): boolean {
    for (const [id, goneMs] of this.#goneMs) {
      if (isBack(id) || nowMs - goneMs > TOMBSTONE_TTL_MS) this.#goneMs.delete(id)
    }
    return this.#goneMs.size > 0
  }
}
