/*
 * How a link ends without losing anything.
 *
 * The idea: each side says goodbye when it starts nothing more, and the answer to a goodbye tells it that all it sent has
 * been served. Both continue to answer what they owe. The link may close when both goodbyes are said, ours is answered, and
 * nobody waits for anything. It knows no frames. Shape: machine.
 */
export class Farewell {
  /** We start nothing more. */
  isSaid: boolean
  /** They have served all we started before. */
  isAnswered: boolean
  /** They start nothing more. */
  isHeard: boolean

  constructor() {
    this.isSaid = false
    this.isAnswered = false
    this.isHeard = false
  }

  get hasBegun(): boolean {
    return this.isSaid || this.isHeard
  }

  isDone(waitingCount: number, owedCount: number, isOutputEmpty: boolean): boolean {
    return this.isAnswered && this.isHeard && waitingCount === 0 && owedCount === 0 && isOutputEmpty
  }
}
