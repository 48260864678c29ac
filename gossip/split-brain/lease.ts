/*
 * A lease: one register outside the mesh that at most one holder has at a time.
 *
 * The idea: where both sides of a split may think themselves fit to go on, something that both can reach has
 * the last word. Each grant has an epoch above all earlier ones: a fencing token, carried by whatever is done
 * under the lease, so that a late act of a former holder can be told. Answers come later, never inside the
 * call, at most once, and perhaps never; `not held` is the answer to everything that went wrong. Shape: data.
 */

export interface LeaseAnswer {
  readonly isHeld: boolean
  /** Of the holder's grant; without meaning when not held. */
  readonly epoch: number
}

export interface LeasePort {
  /**
   * For at least `ttlMs` from now on, unless somebody else has it. Who holds it already gets it again, at the
   * same epoch.
   */
  acquire(holderId: string, ttlMs: number, answered: (answer: LeaseAnswer) => void): void
  /** For its whole time once more. */
  renew(epoch: number, answered: (answer: LeaseAnswer) => void): void
  /** Should this fail, the lease ends by itself. */
  release(epoch: number): void
}
