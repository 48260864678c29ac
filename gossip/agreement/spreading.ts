/*
 * When a node tells others which version it holds, and whom.
 *
 * The idea: once a second to one peer is enough to find every difference in the end, but a leader may act only on what
 * everyone has seen; so while a version is fresh and not yet seen by all, rounds follow each other quickly, to
 * several peers each. A bounded number of them: who cannot be reached is not called for ever. It refuses to know what a
 * version holds and what a peer makes of it. Shape: machine.
 */
import type { Luck, Timing } from '../ports.ts'
import type { AgreementConfig } from './config.ts'
import { chooseTarget, type Peer, type TargetSettings } from './gossip-target.ts'
import type { MeshState } from './mesh-state.ts'

export interface SpreadingHooks {
  readonly state: () => MeshState
  /** Everyone who counts has seen it, as far as this node knows. */
  readonly isSeenByAll: () => boolean
  readonly isReachable: (id: string) => boolean
  readonly drawPeer: () => Peer | undefined
  readonly tell: (to: string) => void
}

/** Rounds beyond those that a rumour needs to reach everyone, for what is lost and for the way back. */
const SPARE_ROUNDS = 5
/** News leaves nearly at once: until all hold the same version, who owns what is not the same everywhere. */
const FIRST_ROUND_MS = 10

export class Spreading {
  readonly #config: AgreementConfig
  readonly #settings: TargetSettings
  readonly #ports: Timing & Luck
  readonly #hooks: SpreadingHooks
  #roundsLeft: number
  #isArmed: boolean
  #isOver: boolean

  constructor(
    config: AgreementConfig,
    self: { readonly id: string; readonly dc: string },
    ports: Timing & Luck,
    hooks: SpreadingHooks,
  ) {
    this.#config = config
    const { differentViewProbability, crossDcProbability } = config
    this.#settings = { selfId: self.id, dc: self.dc, differentViewProbability, crossDcProbability }
    this.#ports = ports
    this.#hooks = hooks
    this.#roundsLeft = 0
    this.#isArmed = false
    this.#isOver = false
  }

  /** Another version is held than before. */
  onNews(membersCount: number): void {
    this.#roundsLeft = SPARE_ROUNDS + Math.ceil(Math.log2(membersCount + 1))
    if (!this.#isArmed) this.#arm(FIRST_ROUND_MS)
  }

  /** Once a second. */
  onTick(): void {
    this.#tellOne()
  }

  stop(): void {
    this.#isOver = true
  }

  /** At random within the interval, so that members do not speak in step. */
  #arm(delayMs: number): void {
    this.#isArmed = true
    this.#ports.after(delayMs * (0.5 + this.#ports.random() / 2), () => this.#onRound())
  }

  #onRound(): void {
    this.#isArmed = false
    if (this.#isOver || this.#roundsLeft === 0) return
    if (this.#hooks.state().members.size === 0 || this.#hooks.isSeenByAll()) {
      this.#roundsLeft = 0
      return
    }
    this.#roundsLeft--
    for (let told = 0; told < this.#config.spreadFanOut; told++) this.#tellOne()
    this.#arm(this.#config.spreadIntervalMs)
  }

  #tellOne(): void {
    const { state, drawPeer, isReachable, tell } = this.#hooks
    const peer = chooseTarget(state(), this.#ports, drawPeer, isReachable, this.#settings)
    if (peer !== undefined) tell(peer.address)
  }
}
