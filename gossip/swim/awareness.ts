/*
 * Local health: how far this process should doubt itself before it doubts others.
 *
 * The idea: Lifeguard's score, 0 when all is well. Answered probes lower it; unanswered ones without a word
 * from the relays, having to refute and running late raise it. It stretches the probe interval, so that a
 * sick observer judges slowly. Shape: machine.
 */

export class Awareness {
  score = 0

  /** Stays within 0 and `scoresMax - 1`. */
  add(delta: number, scoresMax: number): void {
    this.score = Math.max(0, Math.min(scoresMax - 1, this.score + delta))
  }

  scale(intervalMs: number): number {
    return intervalMs * (this.score + 1)
  }
}
