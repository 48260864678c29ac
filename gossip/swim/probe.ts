/*
 * One probe in flight: whom we asked for a sign of life, who asks for us, and who has said no.
 *
 * The idea: an answer counts from the target itself or from a relay that was asked, a no only once from each
 * relay. It judges the life it was begun for: a target that has answered rumours since is not touched by its
 * failure. Shape: machine.
 */
import type { MemberRecord } from '../member.ts'

export class Probe {
  readonly sequence: number
  /** As believed when the probe began. */
  readonly target: MemberRecord
  /** The target is marked as deaf to datagrams: the stream goes first. */
  readonly isStreamFirst: boolean
  readonly deadlineMs: number
  #relayIds: readonly string[] = []
  readonly #nackIds: string[] = []

  constructor(sequence: number, target: MemberRecord, isStreamFirst: boolean, deadlineMs: number) {
    this.sequence = sequence
    this.target = target
    this.isStreamFirst = isStreamFirst
    this.deadlineMs = deadlineMs
  }

  get relaysAsked(): number {
    return this.#relayIds.length
  }

  get nacksReceived(): number {
    return this.#nackIds.length
  }

  askRelays(ids: readonly string[]): void {
    this.#relayIds = ids
  }

  isAnsweredBy(id: string): boolean {
    return id === this.target.id || this.#relayIds.includes(id)
  }

  /** False when this sender was not asked, or has said so before. */
  onNack(senderId: string): boolean {
    if (!this.#relayIds.includes(senderId) || this.#nackIds.includes(senderId)) return false
    this.#nackIds.push(senderId)
    return true
  }
}
