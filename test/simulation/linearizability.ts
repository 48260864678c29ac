/*
 * Is there an order of these operations, one at a time, that fits both the clock and what each of them was told?
 *
 * The idea: the search of Wing and Gong with the memory of Lowe: pick an operation that may come first - none that has
 * returned came before it began - apply it to the model, go on; what was tried once with the same operations done and the
 * same state is not tried again. Operations with an open outcome may come anywhere after their beginning or not at all; of
 * those that do the same, the earliest goes first without loss. Shape: rule.
 */
import type { Operation } from './history.ts'

export interface Model {
  readonly initial: string
  /** The state afterwards; undefined: what it was told is impossible in this state. An open outcome was told nothing. */
  step(state: string, operation: Operation): string | undefined
  /** May an operation with an open outcome be left out, because nobody could have seen what it did? */
  isIdle?(operation: Operation, all: readonly Operation[]): boolean
}

export type Verdict = 'linearizable' | 'impossible' | 'undecided'

export interface Judgement {
  readonly verdict: Verdict
  readonly steps: number
  /** The operation nobody could place: it ends first among those that are left in the longest order found. */
  readonly stuckAt: Operation | undefined
}

const STEPS_MAX = 400_000

interface Frame {
  readonly choices: readonly number[]
  readonly state: string
  next: number
  /** What was done to come here, -1 at the start. */
  readonly taken: number
}

export function judge(model: Model, operations: readonly Operation[], stepsMax = STEPS_MAX): Judgement {
  return new Search(model, operations).run(stepsMax)
}

class Search {
  readonly #model: Model
  readonly #all: readonly Operation[]
  readonly #isDone: Uint8Array
  readonly #kinds: readonly string[]
  readonly #tried = new Set<string>()
  #closedLeft: number
  #fewestLeft: number
  #stuckAt: Operation | undefined

  constructor(model: Model, operations: readonly Operation[]) {
    this.#model = model
    const told = operations.filter(({ outcome }) => outcome !== 'failed')
    const isKept = (one: Operation): boolean => one.outcome === 'done' || (one.isWrite && !isIdle(one))
    const isIdle = (one: Operation): boolean => model.isIdle?.(one, told) ?? false
    this.#all = told.filter(isKept).sort((a, b) => a.invokedMs - b.invokedMs)
    this.#isDone = new Uint8Array(this.#all.length)
    this.#kinds = this.#all.map(({ outcome, words }) => (outcome === 'open' ? words.join(' ') : ''))
    this.#closedLeft = this.#all.filter(({ outcome }) => outcome === 'done').length
    this.#fewestLeft = this.#closedLeft + 1
  }

  run(stepsMax: number): Judgement {
    let steps = 0
    const stack: Frame[] = [this.#frame(this.#model.initial, -1)]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      if (this.#closedLeft === 0) return { verdict: 'linearizable', steps, stuckAt: undefined }
      if (steps++ > stepsMax) return { verdict: 'undecided', steps, stuckAt: this.#stuckAt }
      if (top.next === top.choices.length) {
        stack.pop()
        if (top.taken >= 0) this.#undo(top.taken)
        continue
      }
      const choice = top.choices[top.next++]!
      const state = this.#model.step(top.state, this.#all[choice]!)
      if (state === undefined) continue
      this.#do(choice)
      if (this.#isNew(state)) stack.push(this.#frame(state, choice))
      else this.#undo(choice)
    }
    return { verdict: 'impossible', steps, stuckAt: this.#stuckAt }
  }

  #do(at: number): void {
    this.#isDone[at] = 1
    if (this.#all[at]!.outcome === 'done') this.#closedLeft--
  }

  #undo(at: number): void {
    this.#isDone[at] = 0
    if (this.#all[at]!.outcome === 'done') this.#closedLeft++
  }

  #isNew(state: string): boolean {
    const name = `${Buffer.from(this.#isDone).toString('latin1')}${state}`
    if (this.#tried.has(name)) return false
    this.#tried.add(name)
    return true
  }

  /** Those that may come next: the closed ones by their end, then the open ones. */
  #frame(state: string, taken: number): Frame {
    let firstEndMs = Number.POSITIVE_INFINITY
    let first: Operation | undefined
    for (const [at, { returnedMs }] of this.#all.entries()) {
      if (this.#isDone[at] === 1 || returnedMs >= firstEndMs) continue
      firstEndMs = returnedMs
      first = this.#all[at]
    }
    if (this.#closedLeft < this.#fewestLeft) {
      this.#fewestLeft = this.#closedLeft
      this.#stuckAt = first
    }
    const closed: number[] = []
    const open: number[] = []
    const kinds = new Set<string>()
    for (const [at, { invokedMs, outcome }] of this.#all.entries()) {
      if (invokedMs > firstEndMs) break
      if (this.#isDone[at] === 1) continue
      if (outcome === 'done') closed.push(at)
      else if (!kinds.has(this.#kinds[at]!)) {
        kinds.add(this.#kinds[at]!)
        open.push(at)
      }
    }
    closed.sort((a, b) => this.#all[a]!.returnedMs - this.#all[b]!.returnedMs)
    return { choices: [...closed, ...open], state, next: 0, taken }
  }
}
