/*
 * Events on their way out.
 *
 * The idea: a listener may give the next order from inside an event, so what a step has to tell waits until
 * the step is done, and leaves in the order of the steps whoever asks for it to leave.
 * Shape: machine.
 */
import type { AgreementEvent } from './events.ts'

export class Outbox {
  readonly put: (event: AgreementEvent) => void
  readonly #emit: (event: AgreementEvent) => void
  readonly #waiting: AgreementEvent[]
  #isFlushing: boolean

  constructor(emit: (event: AgreementEvent) => void) {
    this.put = (event) => void this.#waiting.push(event)
    this.#emit = emit
    this.#waiting = []
    this.#isFlushing = false
  }

  flush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    try {
      for (let at = 0; at < this.#waiting.length; at++) this.#emit(this.#waiting[at]!)
    } finally {
      this.#waiting.length = 0
      this.#isFlushing = false
    }
  }
}
