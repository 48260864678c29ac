/*
 * Founding: may this member found a mesh now, where it hears of none? And is the mesh it waits for over?
 *
 * The idea: two halves of a start must not found two, so of those who start anew only the first seed may (Pekko). Who was
 * given up may as well, where a majority of those who were up in its former mesh is with it, and a majority of those who
 * were to go on without it: they are in no mesh either, or it would have been heard of. The first seed has the first word;
 * should it not be there, or know other seeds by now, the others follow in the order of their ids, one at a time, so that
 * what one of them founds is heard by the next. A mesh in which nobody is up any more admits nobody, decides nothing, and
 * ends for those who wait to join it. It asks nobody.
 * Shape: machine.
 */
import type { MeshState, StateMember } from './agreement/mesh-state.ts'
import type { MembershipTimings } from './membership-timings.ts'

/** Whom a member that is in no mesh has in sight, itself included. */
export interface Sight {
  readonly selfId: string
  readonly isFirstSeed: boolean
  readonly aliveIds: readonly string[]
}

/** What is known of the very life of a member that a mesh counts: over is one that another has followed. */
export type Lived = 'seen' | 'unseen' | 'over'

export class Founding {
  readonly #timings: MembershipTimings
  /** Who was up in the mesh that gave this member up. */
  #founders: ReadonlySet<string> | undefined
  /** Those of them who were to go on. */
  #survivors: ReadonlySet<string> = new Set()
  #waitingSinceMs = 0
  #desertedSinceMs = 0

  constructor(timings: MembershipTimings) {
    this.#timings = timings
  }

  /** Whoever has no seeds but itself may found a mesh at once. */
  get needsNobody(): boolean {
    return this.#founders === undefined
  }

  onLife(nowMs: number): void {
    this.#waitingSinceMs = nowMs
    this.#desertedSinceMs = nowMs
  }

  onGivenUp({ members }: MeshState): void {
    const all = [...members.values()]
    this.#founders = new Set(all.filter(({ upNumber }) => upNumber > 0).map(({ id }) => id))
    this.#survivors = new Set(all.filter(({ status }) => status === 'up').map(({ id }) => id))
  }

  /** For too long nobody has been up in this mesh, perhaps out of reach, nor been on the way out and within reach. */
  isOver(nowMs: number, { members }: MeshState, lifeOf: (member: StateMember) => Lived): boolean {
    let isDeserted = members.size > 0
    for (const member of members.values()) {
      const { status } = member
      const isLeaving = status === 'leaving' || status === 'exiting'
      const life = lifeOf(member)
      if ((status === 'up' && life !== 'over') || (isLeaving && life === 'seen')) isDeserted = false
    }
    if (!isDeserted) this.#desertedSinceMs = nowMs
    return nowMs - this.#desertedSinceMs >= this.#timings.desertedMsMax
  }

  isDue(nowMs: number, { aliveIds, isFirstSeed, selfId }: Sight): boolean {
    const founders = this.#founders
    const { refoundAfterMs, seedTimeoutMs } = this.#timings
    if (founders === undefined) return isFirstSeed && nowMs - this.#waitingSinceMs >= seedTimeoutMs
    const areEnough = isMajority(aliveIds, founders) && isMajority(aliveIds, this.#survivors)
    if (!areEnough) this.#waitingSinceMs = nowMs
    const aheadCount = aliveIds.filter((id) => id < selfId).length
    return nowMs - this.#waitingSinceMs >= refoundAfterMs * (isFirstSeed ? 1 : 2 + aheadCount)
  }
}

/** Of nobody anybody is. */
function isMajority(ids: readonly string[], all: ReadonlySet<string>): boolean {
  return all.size === 0 || ids.filter((id) => all.has(id)).length > all.size >> 1
}
