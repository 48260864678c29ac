/*
 * What clients asked for and what became of it, by what was going on meanwhile: calm, or the fault of the hour.
 *
 * The idea: figures only ever grow, so a phase is charged with what they grew by while it lasted. It refuses to know what
 * they mean. Shape: machine (tests only).
 */

export type Figures = Readonly<Record<string, number>>

export interface Phase {
  readonly seconds: number
  readonly figures: Figures
}

export class Phases {
  readonly #figures: () => Figures
  readonly #phases = new Map<string, Phase>()
  #name: string
  #sinceMs: number
  #before: Figures

  constructor(name: string, nowMs: number, figures: () => Figures) {
    this.#name = name
    this.#sinceMs = nowMs
    this.#figures = figures
    this.#before = { ...figures() }
  }

  /** What went on before is over. */
  enter(name: string, nowMs: number): void {
    const figures = { ...this.#figures() }
    const { figures: soFar, seconds } = this.#phases.get(this.#name) ?? { figures: {}, seconds: 0 }
    const grown = Object.entries(figures).map(([figure, value]) => {
      return [figure, (soFar[figure] ?? 0) + value - (this.#before[figure] ?? 0)] as const
    })
    const lasted = seconds + (nowMs - this.#sinceMs) / 1000
    this.#phases.set(this.#name, { figures: Object.fromEntries(grown), seconds: lasted })
    this.#name = name
    this.#sinceMs = nowMs
    this.#before = figures
  }

  /** Of all phases that are over, in the order in which they were first met. */
  all(): Readonly<Record<string, Phase>> {
    return Object.fromEntries(this.#phases)
  }
}
