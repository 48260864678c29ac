/*
 * A bounded memory of what was touched lately: source addresses, senders, derived keys.
 *
 * The idea: two maps, young and old. A touched entry is young; after `lifeMs` the young become the old and the old are
 * forgotten, so an entry stays at least `lifeMs` after its last touch, and forgetting costs nothing per entry. When
 * too many are young the turn comes early: the least lately touched half goes, and is counted. Shape: machine.
 */

export class Generations<Value> {
  readonly #lifeMs: number
  readonly #youngCountMax: number
  #young: Map<string, Value>
  #old: Map<string, Value>
  #turnedMs: number
  /** Entries that had to go before their time. */
  forgottenEarlyCount: number

  constructor(lifeMs: number, countMax: number) {
    if (countMax < 2) throw new Error('a memory needs room for one entry in each generation')
    this.#lifeMs = lifeMs
    this.#youngCountMax = Math.floor(countMax / 2)
    this.#young = new Map()
    this.#old = new Map()
    this.#turnedMs = Number.NEGATIVE_INFINITY
    this.forgottenEarlyCount = 0
  }

  /** At most this many entries; one that was touched again may count twice. */
  get count(): number {
    return this.#young.size + this.#old.size
  }

  /** Asking is touching. */
  get(key: string, nowMs: number): Value | undefined {
    if (nowMs - this.#turnedMs >= this.#lifeMs) this.#age(nowMs)
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old, nowMs)
    return old
  }

  set(key: string, value: Value, nowMs: number): void {
    if (nowMs - this.#turnedMs >= this.#lifeMs) this.#age(nowMs)
    this.#old.delete(key)
    if (this.#young.size >= this.#youngCountMax && !this.#young.has(key)) {
      this.forgottenEarlyCount += this.#old.size
      this.#turn(nowMs)
    }
    this.#young.set(key, value)
  }

  #age(nowMs: number): void {
    const isLongAgo = nowMs - this.#turnedMs >= 2 * this.#lifeMs
    this.#turn(nowMs)
    if (isLongAgo) this.#old = new Map()
  }

  #turn(nowMs: number): void {
    this.#old = this.#young
    this.#young = new Map()
    this.#turnedMs = nowMs
  }
}
