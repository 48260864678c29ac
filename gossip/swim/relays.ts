/*
 * Pings on behalf of others: the relay's side of SWIM's indirect probe.
 *
 * The idea: we ping under a sequence of our own and forward the ack under the asker's. When the target is
 * silent we say so in time for the asker's verdict, so that it knows its own ears are well; an ack after that
 * is still forwarded. We only ever ping members that we list ourselves: a stranger cannot aim us. Shape:
 * machine.
 */
import type { Sender } from '../messages.ts'
import type { SwimContext } from './context.ts'
import { nackAfterMs } from './lifeguard.ts'
import { ACK, NACK, PING } from './messages.ts'
import { isGone } from './precedence.ts'

interface Errand {
  readonly askerAddress: string
  readonly askerSequence: number
  readonly targetId: string
}

export class Relays {
  readonly #context: SwimContext
  readonly #nextSequence: () => number
  readonly #errands = new Map<number, Errand>()

  constructor(context: SwimContext, nextSequence: () => number) {
    this.#context = context
    this.#nextSequence = nextSequence
  }

  get inFlight(): number {
    return this.#errands.size
  }

  onRelay(asker: Sender, askerSequence: number, targetId: string): void {
    const { members, courier, config, counters, timers } = this.#context
    const target = members.get(targetId)
    if (target === undefined || target === members.self || isGone(target.liveness)) {
      courier.send(asker.address, [NACK, askerSequence])
      return
    }
    if (this.#errands.size >= config.relaysMax) {
      counters.relaysRefused++
      return
    }
    counters.relaysServed++
    const sequence = this.#nextSequence()
    const errand: Errand = { askerAddress: asker.address, askerSequence, targetId }
    this.#errands.set(sequence, errand)
    courier.send(target.record.address, [PING, sequence, targetId, target.record.birth])
    timers.after(nackAfterMs(config.pingTimeoutMs), () => this.#onSilence(sequence))
  }

  /** False when the sequence is not that of an errand, or the sender not its target. */
  onAck(sender: Sender, sequence: number): boolean {
    const errand = this.#errands.get(sequence)
    if (errand === undefined || errand.targetId !== sender.id) return false
    this.#errands.delete(sequence)
    this.#context.courier.send(errand.askerAddress, [ACK, errand.askerSequence])
    return true
  }

  clear(): void {
    this.#errands.clear()
  }

  #onSilence(sequence: number): void {
    const errand = this.#errands.get(sequence)
    if (errand === undefined) return
    const { courier, timers, config } = this.#context
    courier.send(errand.askerAddress, [NACK, errand.askerSequence])
    timers.after(config.pingTimeoutMs, () => this.#errands.delete(sequence))
  }
}
