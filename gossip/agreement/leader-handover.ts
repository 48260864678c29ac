/*
 * Notices when the lead passes from one member to another.
 *
 * The idea: the leader is computed, never announced, so somebody has to remember whom the last state named.
 * It is given the rule that names the leader and knows nothing of states itself.
 * Shape: machine.
 */
import type { MeshState } from './mesh-state.ts'

export interface Handover {
  readonly from: string | undefined
  readonly to: string | undefined
}

export class LeaderHandover {
  readonly #leaderOf: (state: MeshState) => string | undefined
  #leader: string | undefined

  constructor(leaderOf: (state: MeshState) => string | undefined) {
    this.#leaderOf = leaderOf
    this.#leader = undefined
  }

  /** The change since the state observed before, if any. */
  observe(state: MeshState): Handover | undefined {
    const from = this.#leader
    const to = this.#leaderOf(state)
    if (from === to) return undefined
    this.#leader = to
    return { from, to }
  }

  get leader(): string | undefined {
    return this.#leader
  }
}
