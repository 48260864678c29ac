/*
 * Faults around datagrams: what gossip says by UDP is lost, late or cut off by the same orders as the frames of links.
 *
 * The idea: a node is only gone for its peers when both of its voices are, so the two share one set of faults. Datagrams
 * may be lost by nature: what is cut off is gone, nothing is held back. With no fault set one passes by one comparison.
 * Shape: machine.
 */
import type { Faults } from './faults.ts'
import type { Address } from './wires.ts'

export type SendDatagram = (to: Address, bytes: Uint8Array) => void

export class FaultyDatagrams {
  readonly counters = { dropped: 0, delayed: 0 }
  readonly #faults: Faults
  readonly #inner: SendDatagram

  constructor(faults: Faults, inner: SendDatagram) {
    this.#faults = faults
    this.#inner = inner
  }

  send(to: Address, bytes: Uint8Array): void {
    if (!this.#faults.isOn) return this.#inner(to, bytes)
    const { isCutOut, dropShare, delayMsMin, delayMsMax } = this.#faults.of(to)
    const { ports } = this.#faults
    if (isCutOut || (dropShare > 0 && ports.random() < dropShare)) {
      this.counters.dropped++
      return
    }
    if (delayMsMax <= 0) return this.#inner(to, bytes)
    this.counters.delayed++
    const copy = Uint8Array.from(bytes)
    ports.after(delayMsMin + ports.random() * (delayMsMax - delayMsMin), () => this.#inner(to, copy))
  }

  /** May what has come from there be heard? */
  hears(from: Address): boolean {
    if (!this.#faults.isOn || !this.#faults.of(from).isCutIn) return true
    this.counters.dropped++
    return false
  }
}
