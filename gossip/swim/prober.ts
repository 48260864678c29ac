/*
 * Failure detection: asks one member after the other for a sign of life, and suspects who gives none in any
 * way.
 *
 * The idea: SWIM 3.1 with Lifeguard. Ping; after the ping timeout relays and a stream ping in parallel; at
 * the end of the interval, stretched by our own health when the probe began, the verdict. A suspect is pinged
 * together with the suspicion, so that it can refute at once (the buddy system). Members deaf to datagrams
 * are asked by stream first. Shape: machine.
 */
import type { Sender } from '../messages.ts'
import type { SwimContext } from './context.ts'
import { failedProbeDelta } from './lifeguard.ts'
import type { Member } from './members.ts'
import { PING, type Ping, RELAY, suspectOf } from './messages.ts'
import { isGone } from './precedence.ts'
import { Probe } from './probe.ts'
import type { Rumours } from './rumours.ts'

export class Prober {
  readonly #context: SwimContext
  readonly #rumours: Rumours
  readonly #nextSequence: () => number
  readonly #probes = new Map<number, Probe>()
  /** Whom a broken link has made us look at in this interval. */
  readonly #lookedAt = new Set<string>()

  constructor(context: SwimContext, rumours: Rumours, nextSequence: () => number) {
    this.#context = context
    this.#rumours = rumours
    this.#nextSequence = nextSequence
    rumours.lookAgain = (id) => this.#begin(context.members.get(id)!)
  }

  get inFlight(): number {
    return this.#probes.size
  }

  onTick(): void {
    this.#lookedAt.clear()
    const { members } = this.#context
    const target = members.nextToProbe()
    if (target !== undefined) this.#begin(target)
    const dead = members.nextDead()
    if (dead !== undefined) this.#rumours.accuse(dead)
  }

  /** There is reason to look at this member now; once per interval. */
  onDoubt(id: string): void {
    const member = this.#context.members.get(id)
    if (member === undefined || member.place < 0 || isGone(member.liveness) || this.#lookedAt.has(id)) return
    this.#lookedAt.add(id)
    this.#begin(member)
  }

  /** False when the sequence is not that of a probe in flight. */
  onAck(sender: Sender, sequence: number): boolean {
    const { counters, awareness, config } = this.#context
    if (!sender.isStream) this.#onDatagramAnswer(sender.id)
    const probe = this.#probes.get(sequence)
    if (probe === undefined || !probe.isAnsweredBy(sender.id)) return false
    this.#probes.delete(sequence)
    counters.acks++
    this.#rumours.suspicions.onAnswer(probe.target.id)
    awareness.add(-1, config.awarenessMax)
    if (sender.id !== probe.target.id) counters.probesSavedByRelay++
    else if (sender.isStream) this.#onStreamAnswer(probe)
    return true
  }

  onNack(sender: Sender, sequence: number): void {
    if (this.#probes.get(sequence)?.onNack(sender.id) === true) this.#context.counters.nacks++
  }

  /** No verdict on anybody: the time in which they might have answered was not ours. */
  cancelAll(): void {
    this.#context.counters.probesCancelled += this.#probes.size
    this.#probes.clear()
  }

  #begin(member: Member): void {
    const { counters, config, awareness, timers, udpPaths } = this.#context
    const { record } = member
    for (const probe of this.#probes.values()) if (probe.target.id === record.id) return
    if (this.#probes.size >= config.probesMax) {
      counters.probesRefused++
      return
    }
    counters.probes++
    const deadlineMs = timers.nowMs() + awareness.scale(config.probeIntervalMs)
    const probe = new Probe(this.#nextSequence(), record, udpPaths.isBlocked(record.id), deadlineMs)
    this.#probes.set(probe.sequence, probe)
    this.#pingFirst(probe, member)
    timers.after(config.pingTimeoutMs, () => this.#onPingTimeout(probe))
  }

  #pingFirst(probe: Probe, member: Member): void {
    const { courier, udpPaths, config, members } = this.#context
    const { record } = member
    const ping = pingOf(probe)
    const accuserId = this.#rumours.suspicions.accuserOf(record.id) ?? members.self.record.id
    if (probe.isStreamFirst) {
      if (member.liveness === 'suspect') courier.sendReliably(record.address, suspectOf(record, accuserId))
      courier.sendReliably(record.address, ping)
      if (udpPaths.isRetryDue(record.id, config.udpRetryEvery)) courier.send(record.address, ping)
    } else if (member.liveness === 'suspect') {
      courier.sendPacked(record.address, [suspectOf(record, accuserId), ping])
    } else {
      courier.send(record.address, ping)
    }
  }

  #onPingTimeout(probe: Probe): void {
    if (this.#probes.get(probe.sequence) !== probe) return
    const { config, members, courier, timers } = this.#context
    const { id, address } = probe.target
    const relays = members.pick(
      config.relayCount,
      (member) => member.liveness === 'alive' && member.record.id !== id,
    )
    probe.askRelays(relays.map((relay) => relay.record.id))
    for (const relay of relays) courier.send(relay.record.address, [RELAY, probe.sequence, id])
    if (!probe.isStreamFirst) courier.sendReliably(address, pingOf(probe))
    timers.after(Math.max(0, probe.deadlineMs - timers.nowMs()), () => this.#onDeadline(probe))
  }

  #onDeadline(probe: Probe): void {
    if (this.#probes.get(probe.sequence) !== probe) return
    const { counters, awareness, config, members } = this.#context
    this.#probes.delete(probe.sequence)
    counters.probesFailed++
    awareness.add(failedProbeDelta(probe.relaysAsked, probe.nacksReceived), config.awarenessMax)
    const { id, birth, incarnation } = probe.target
    this.#rumours.hearSuspect(id, birth, incarnation, members.self.record.id, true, undefined)
  }

  #onStreamAnswer(probe: Probe): void {
    const { counters, udpPaths, config, events } = this.#context
    const { id } = probe.target
    if (!probe.isStreamFirst) counters.probesSavedByStream++
    if (!udpPaths.onStreamAnswer(id, config.udpMissesMax)) return
    counters.udpBlocked++
    events.onUdpBlocked(id)
  }

  #onDatagramAnswer(id: string): void {
    const { udpPaths, events } = this.#context
    if (udpPaths.onDatagramAnswer(id)) events.onUdpRestored(id)
  }
}

function pingOf(probe: Probe): Ping {
  return [PING, probe.sequence, probe.target.id, probe.target.birth]
}
