/*
 * Spreading the word: hands waiting broadcasts to a few random members per turn.
 *
 * The idea: turns are taken only while there is something to say. The recently dead are told too, so that who
 * is dead by mistake hears of it; members deaf to datagrams are told by stream. It also knows when our own
 * goodbye has been said often enough. Shape: machine.
 */
import type { Message } from '../messages.ts'
import type { SwimContext } from './context.ts'
import { transmitsMax } from './lifeguard.ts'
import type { Member } from './members.ts'
import type { Oneself } from './oneself.ts'

export class Gossiper {
  hasLeft = false
  readonly #context: SwimContext
  readonly #oneself: Oneself
  #isRunning = false
  #isArmed = false
  #turnMs = 0

  constructor(context: SwimContext, oneself: Oneself) {
    this.#context = context
    this.#oneself = oneself
  }

  start(): void {
    this.#isRunning = true
    this.onNews()
  }

  stop(): void {
    this.#isRunning = false
  }

  /** The first turn comes within one interval, at random, so that members do not speak in step. */
  onNews(): void {
    if (!this.#isRunning || this.#isArmed || this.#context.broadcasts.size === 0) return
    this.#arm(this.#context.luck.random() * this.#context.config.gossipIntervalMs)
  }

  take(bytesLeft: number): readonly Message[] {
    const { broadcasts, config, members } = this.#context
    if (broadcasts.size === 0) return broadcasts.take(0, 0)
    return broadcasts.take(bytesLeft, transmitsMax(config.retransmitMult, members.aliveCount))
  }

  #arm(delayMs: number): void {
    this.#isArmed = true
    this.#context.timers.after(delayMs, () => this.#onTurn())
  }

  #onTurn(): void {
    const { config, members, broadcasts, timers } = this.#context
    this.#isArmed = false
    this.#turnMs = timers.nowMs()
    const targets = members.pick(config.gossipFanOut, this.#isWorthTelling)
    for (const target of targets) {
      const messages = this.take(config.gossipBytes)
      if (messages.length === 0) break
      this.#deliver(target.record.address, target.record.id, messages)
    }
    if (this.#oneself.isLeaving) this.#onFarewellTurn(targets.length)
    const isWaiting = broadcasts.size > 0 || (this.#oneself.isLeaving && !this.hasLeft)
    if (isWaiting && this.#isRunning && !this.#isArmed) this.#arm(config.gossipIntervalMs)
  }

  #isWorthTelling = (member: Member): boolean => {
    if (member.liveness === 'alive' || member.liveness === 'suspect') return true
    return member.liveness === 'dead' && this.#turnMs - member.changedMs < this.#context.config.gossipToDeadMs
  }

  #deliver(address: string, id: string, messages: readonly Message[]): void {
    const { courier, udpPaths } = this.#context
    if (!udpPaths.isBlocked(id)) courier.sendPacked(address, messages)
    else for (const message of messages) courier.sendReliably(address, message)
  }

  #onFarewellTurn(hearers: number): void {
    const { broadcasts, events } = this.#context
    if (this.hasLeft || (hearers > 0 && broadcasts.has(this.#oneself.record.id))) return
    this.hasLeft = true
    events.onSelfLeft()
  }
}
