/*
 * All suspicions under way: begun, confirmed, ended; says when it is time for a last call to the suspect, and
 * when it is over.
 *
 * The idea: each has one timer; a confirmation sets an earlier one, and a timer that finds its suspicion
 * over, replaced or not yet due does nothing but wait on. Their number is bounded by the list. It decides
 * nothing about the member. Shape: machine.
 */
import type { SwimContext } from './context.ts'
import { confirmationsWanted, suspicionMinMs } from './lifeguard.ts'
import { Suspicion } from './suspicion.ts'

export interface SuspicionHooks {
  onLastCall(id: string, accuserId: string, isFirst: boolean): void
  onExpired(id: string): void
}

export class Suspicions {
  readonly #context: SwimContext
  readonly #hooks: SuspicionHooks
  readonly #byId = new Map<string, Suspicion>()

  constructor(context: SwimContext, hooks: SuspicionHooks) {
    this.#context = context
    this.#hooks = hooks
  }

  get size(): number {
    return this.#byId.size
  }

  accuserOf(id: string): string | undefined {
    return this.#byId.get(id)?.accuserId
  }

  begin(id: string, accuserId: string): void {
    const { config, members, timers } = this.#context
    const count = members.aliveCount
    const grownMs = suspicionMinMs(config.suspicionMult, count, config.probeIntervalMs)
    const minMs = Math.min(grownMs, config.suspicionMinMsMax)
    const wanted = confirmationsWanted(config.suspicionMult, count)
    const maxMs = grownMs * config.suspicionMaxMult
    const suspicion = new Suspicion(accuserId, wanted, minMs, maxMs, timers.nowMs())
    this.#byId.set(id, suspicion)
    this.#arm(id, suspicion)
  }

  /** Whether this accuser is new and counts. */
  confirm(id: string, accuserId: string): boolean {
    const suspicion = this.#byId.get(id)
    if (suspicion === undefined || !suspicion.confirm(accuserId)) return false
    this.#arm(id, suspicion)
    return true
  }

  /**
   * It has answered, perhaps by way of a relay, while its refutation has not come here yet: who is heard does not
   * die of an old doubt.
   */
  onAnswer(id: string): void {
    if (this.#byId.size > 0) this.#byId.get(id)?.restart(this.#context.timers.nowMs())
  }

  end(id: string): void {
    this.#byId.delete(id)
  }

  /** We were deaf for so long. */
  extendAll(byMs: number): void {
    for (const suspicion of this.#byId.values()) suspicion.extend(byMs)
  }

  clear(): void {
    this.#byId.clear()
  }

  #arm(id: string, suspicion: Suspicion): void {
    const { timers, config } = this.#context
    const nowMs = timers.nowMs()
    const nextMs = Math.max(nowMs, suspicion.nextMs(config.pingTimeoutMs))
    if (nextMs >= suspicion.armedMs) return
    suspicion.armedMs = nextMs
    timers.after(nextMs - nowMs, () => this.#onTimer(id, suspicion))
  }

  #onTimer(id: string, suspicion: Suspicion): void {
    if (this.#byId.get(id) !== suspicion) return
    const { timers, config } = this.#context
    const nowMs = timers.nowMs()
    suspicion.armedMs = Number.POSITIVE_INFINITY
    if (nowMs >= suspicion.deadlineMs) {
      this.#hooks.onExpired(id)
      return
    }
    if (nowMs >= suspicion.nextMs(config.pingTimeoutMs)) {
      const isFirst = !suspicion.isCalled
      suspicion.call(nowMs, config.pingTimeoutMs)
      this.#hooks.onLastCall(id, suspicion.accuserId, isFirst)
    }
    this.#arm(id, suspicion)
  }
}
