/*
 * What every key must hold, as far as clients were told: the judge of a workload that runs for hours.
 *
 * The idea: one request at a time for each key, so that what it must answer is known exactly and no history is kept. An
 * open outcome (no reply, -TIMEOUT) leaves two answers possible, and the write may still happen later: such a key is looked
 * at once after a while, and its place goes to a new name. Its last value has an end: a name that is left behind leaves
 * nothing in the nodes, whose memory is watched. A key that was given an end is only read until it is gone. Shape: machine
 * (tests only).
 */
import type { Prng } from '../support/prng.ts'
import { type Reply, show } from '../support/reply.ts'
import { conclude, type Operation } from '../simulation/history.ts'
import { modelOf, readOf } from '../simulation/models.ts'
import { endsAfterMs, KIND_LETTERS, writeOf } from './requests.ts'

/** Clocks tick, messages take a while: so much earlier or later may a key be gone than its time says. */
const EARLY_MS = 100
const LATE_MS = 1000
/** An open write that happens at all has happened by then. */
const DOUBT_MS = 15_000
const DOUBTS_MAX = 20_000
/** Of the last value of a key that is no longer looked at: what is absent may be remembered for hours, what expires is not. */
const FAREWELL_MS = 1000
/** No place among the keys that are asked for. */
const GONE = -1
const COMPLAINTS_MAX = 100
const STORY_MAX = 8
const SHOWN_MAX = 60
const FAILURE_MAX = 80
const FAILURES_MAX = 64
const TRIES = 20
const NONE = ''

interface Key {
  readonly name: string
  /** Its place among all keys, or GONE: it is looked at once more, and then only waits for its end. */
  at: number
  /** More than one: nobody knows which. */
  states: readonly string[]
  /** When it may be gone, and when it must be. */
  endsFromMs: number
  endsByMs: number
  isBusy: boolean
  /** It has shown a defect, once: no more is made of it. */
  isOut: boolean
  /** It is looked at for the last time: what was asked before, of all keys at once, does not count as that. */
  isLast: boolean
  /** What was asked last, and what became of it. */
  readonly story: string[]
  /** An end was asked for, and nobody knows whether it was heard. */
  mayEnd: boolean
}

export interface Request {
  readonly operation: Operation
  readonly key: Key
}

export class Ledger {
  doneCount = 0
  refusedCount = 0
  openCount = 0
  lostCount = 0
  resurrectedCount = 0
  /** What came instead of what was asked for, by its first words. */
  readonly failures = new Map<string, number>()
  /** Keys in doubt that were dropped unseen because there were too many. */
  unseenCount = 0
  readonly complaints: string[] = []
  readonly #prng: Prng
  readonly #keys: Key[]
  readonly #doubts: { key: Key; sinceMs: number }[] = []
  /** Looked at, no longer wanted. */
  readonly #retired: Key[] = []
  #names: number
  #values = 0

  constructor(prng: Prng, keyCount: number) {
    this.#prng = prng
    this.#names = keyCount
    this.#keys = Array.from({ length: keyCount }, (_, at) =>
      fresh(KIND_LETTERS[at % KIND_LETTERS.length]!, at, at),
    )
  }

  get failedShare(): number {
    const failed = this.refusedCount + this.openCount
    return failed === 0 ? 0 : failed / (failed + this.doneCount)
  }

  /** Something to ask now; undefined: every key looked at has a request under way. */
  next(nowMs: number): Request | undefined {
    const retired = this.#retired.pop()
    if (retired !== undefined) {
      return this.#request(retired, ['SET', retired.name, 'x', 'PX', `${FAREWELL_MS}`], nowMs)
    }
    const doubt = this.#doubts[0]
    if (doubt !== undefined && nowMs - doubt.sinceMs > DOUBT_MS) {
      this.#doubts.shift()
      doubt.key.isLast = true
      return this.#request(doubt.key, readOf(doubt.key.name), nowMs)
    }
    for (let tries = 0; tries < TRIES; tries++) {
      const key = this.#prng.pick(this.#keys)
      if (key.isBusy) continue
      if (nowMs > key.endsByMs) forget(key)
      const isWritten = key.endsByMs === Number.POSITIVE_INFINITY && this.#prng.chance(0.5)
      const words = isWritten
        ? writeOf(this.#prng, key.name, key.states[0]!, `v${++this.#values}`)
        : readOf(key.name)
      return this.#request(key, words, nowMs)
    }
    return undefined
  }

  /** A read of each key, whatever is known of it; for the end, when nothing is under way. */
  *readsOfAll(nowMs: () => number): Generator<Request> {
    for (const key of [...this.#keys, ...this.#doubts.map((doubt) => doubt.key)]) {
      yield this.#request(key, readOf(key.name), nowMs())
    }
  }

  answered({ key, operation }: Request, reply: Reply, nowMs: number): void {
    key.isBusy = false
    tell(key, operation, show(reply, SHOWN_MAX), nowMs)
    try {
      conclude(operation, reply, nowMs)
    } catch (error) {
      this.#complain((error as Error).message)
      key.isOut = true
      return this.#doubt(key, key.states, nowMs)
    }
    if (operation.outcome === 'done') this.doneCount++
    else if (operation.outcome === 'failed') this.refusedCount++
    else this.openCount++
    if (operation.outcome !== 'done') this.#noteFailure(show(reply, FAILURE_MAX))
    if (key.at === GONE) return this.#leave(key, operation, nowMs)
    if (operation.outcome === 'open') this.#leftOpen(key, operation, nowMs)
    else if (operation.outcome === 'done') this.#judge(key, operation, nowMs)
  }

  /** The connection is gone: nobody will ever know. */
  unanswered({ key, operation }: Request, nowMs: number): void {
    key.isBusy = false
    tell(key, operation, 'no answer', nowMs)
    operation.outcome = 'open'
    this.openCount++
    this.#noteFailure('no answer')
    if (key.at === GONE) this.#leave(key, operation, nowMs)
    else this.#leftOpen(key, operation, nowMs)
  }

  /** Of a key without a place: the last look at it, or its last value, which is written until that is confirmed. */
  #leave(key: Key, operation: Operation, nowMs: number): void {
    const isDone = operation.outcome === 'done'
    if (!operation.isWrite && isDone && !key.isOut) this.#judge(key, operation, nowMs)
    if (operation.isWrite ? !isDone : key.isLast) this.#retired.push(key)
  }

  #request(key: Key, words: readonly string[], nowMs: number): Request {
    key.isBusy = true
    const isWrite = words[0] !== readOf(key.name)[0]
    const operation: Operation = {
      ...{ client: '', words, key: key.name, isWrite, isOrdered: true, invokedMs: nowMs },
      ...{ returnedMs: Number.POSITIVE_INFINITY, outcome: 'open', reply: undefined, node: '' },
    }
    return { key, operation }
  }

  #leftOpen(key: Key, operation: Operation, nowMs: number): void {
    if (!operation.isWrite) return
    if (endsAfterMs(operation.words) !== undefined) key.mayEnd = true
    this.#doubt(key, [...key.states, stateAfter(key.states[0]!, operation)!], nowMs)
  }

  #judge(key: Key, operation: Operation, nowMs: number): void {
    const mayBeGone = key.mayEnd || nowMs >= key.endsFromMs
    const mustBeGone = operation.invokedMs > key.endsByMs
    const before = mustBeGone ? [NONE] : mayBeGone ? [...key.states, NONE] : key.states
    const after = before.map((state) => stateAfter(state, operation)).find((state) => state !== undefined)
    if (after === undefined) {
      const isAbsent = before.every((state) => state === NONE)
      if (isAbsent && !operation.isWrite) this.resurrectedCount++
      else this.lostCount++
      const allowed = before.map((state) => (state === NONE ? 'nothing' : state.slice(0, SHOWN_MAX)))
      this.#complain(`${key.name} holds none of ${allowed.join(' | ')}: ${key.story.join('; ')}`)
      key.isOut = true
      return this.#doubt(key, key.states, nowMs)
    }
    if (key.at === GONE) return
    if (mayBeGone && !operation.isWrite && after === NONE) return forget(key)
    key.states = [after]
    const livesMs = endsAfterMs(operation.words)
    if (after === NONE || livesMs === undefined) return
    key.endsFromMs = operation.invokedMs + livesMs - EARLY_MS
    key.endsByMs = nowMs + livesMs + LATE_MS
  }

  /** It is looked at once more, and a new name takes its place. */
  #doubt(key: Key, states: readonly string[], nowMs: number): void {
    key.states = states
    const { at } = key
    if (at === GONE) return
    this.#keys[at] = fresh(key.name[0]!, this.#names++, at)
    key.at = GONE
    this.#doubts.push({ key, sinceMs: nowMs })
    if (this.#doubts.length <= DOUBTS_MAX) return
    this.#retired.push(this.#doubts.shift()!.key)
    this.unseenCount++
  }

  #noteFailure(text: string): void {
    const known = this.failures.get(text)
    if (known !== undefined || this.failures.size < FAILURES_MAX) this.failures.set(text, (known ?? 0) + 1)
  }

  #complain(text: string): void {
    if (this.complaints.length < COMPLAINTS_MAX) this.complaints.push(text)
  }
}

function fresh(letter: string, number: number, at: number): Key {
  const [endsFromMs, endsByMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  return {
    name: `${letter}:${number}`,
    at,
    states: [NONE],
    endsFromMs,
    endsByMs,
    isBusy: false,
    mayEnd: false,
    isOut: false,
    isLast: false,
    story: [],
  }
}

function tell({ story }: Key, { invokedMs, words }: Operation, answer: string, nowMs: number): void {
  if (story.length === STORY_MAX) story.shift()
  const asked = words.join(' ').slice(0, SHOWN_MAX)
  story.push(`${invokedMs.toFixed(0)}-${nowMs.toFixed(0)} ${asked} -> ${answer}`)
}

function forget(key: Key): void {
  key.states = [NONE]
  key.endsFromMs = Number.POSITIVE_INFINITY
  key.endsByMs = Number.POSITIVE_INFINITY
}

/** PEXPIRE changes no state and tells whether there was something. */
function stateAfter(state: string, operation: Operation): string | undefined {
  if (operation.words[0] !== 'PEXPIRE') return modelOf(operation.key).step(state, operation)
  const isTold = operation.outcome === 'done'
  return isTold && operation.reply!.value !== (state === NONE ? '0' : '1') ? undefined : state
}
