/**
 * Known placements [Machine]: the last few placements that were worked out. A placement is a pure function of its members
 * and costs milliseconds; members that come and go bring the same ones back, and nodes of one process ask for the same.
 */
import type { Placement, PlacementMember } from './placement.ts'
import { placementOf, type RingOptions } from './ring.ts'

const KEPT_MAX = 16

export class KnownPlacements {
  readonly counters = { known: 0, made: 0 }
  /** In the order of their last use. */
  readonly #byName = new Map<string, Placement>()

  of(members: readonly PlacementMember[], options: RingOptions): Placement {
    const name = JSON.stringify([options, members])
    let placement = this.#byName.get(name)
    if (placement === undefined) {
      this.counters.made++
      placement = placementOf(members, options)
    } else {
      this.counters.known++
      this.#byName.delete(name)
    }
    this.#byName.set(name, placement)
    if (this.#byName.size > KEPT_MAX) this.#byName.delete(this.#byName.keys().next().value!)
    return placement
  }
}
