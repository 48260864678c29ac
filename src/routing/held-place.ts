/**
 * Held place [Machine]: the place in line of one client's reply that is still being gathered. A client whose request
 * must not be overtaken by its next ones can be kept from sending them until the reply is there.
 */
import type { Session } from '../session/session.ts'
import { NOTHING } from './joined-replies.ts'

export class HeldPlace {
  readonly #session: Session
  readonly #place: number
  readonly #isMuted: boolean
  #isHolding = false
  #isFilled = false

  constructor(session: Session) {
    this.#session = session
    this.#isMuted = session.replyMode !== 'on'
    this.#place = session.link.openSlot()
  }

  /** Nothing more of this client runs before the reply is there. */
  hold(): void {
    if (this.#isHolding || this.#isFilled) return
    this.#isHolding = true
    this.#session.isBlocked = true
    this.#session.link.block()
  }

  fill(reply: Buffer): void {
    if (this.#isFilled) throw new Error('a reply was given twice')
    this.#isFilled = true
    const { link } = this.#session
    link.fillSlot(this.#place, this.#isMuted ? NOTHING : reply)
    if (!this.#isHolding) return
    this.#session.isBlocked = false
    link.unblock()
  }
}
