/**
 * Pulls [Machine]: the keys whose whole entry has been asked for because an effect built on a version that is not
 * here, and the effects that wait for it. A key is asked for once at a time, however many effects wait; who sent the
 * latest of them is asked next, should the answer be too old or not come.
 *
 * It asks nobody itself, and does not know what an entry is.
 */
import { nameOf } from './peer-port.ts'
import type { Received, Refusal } from './received.ts'
import { supersedes } from './resolve.ts'

/** One effect that waits. */
export interface Wait {
  readonly sender: string
  readonly received: Received
  readonly batch: number
  readonly index: number
  readonly version: number
  readonly term: number
}

export interface Pull {
  readonly slot: number
  readonly database: number
  readonly key: Buffer
  readonly waits: Wait[]
  /** Who has been asked. */
  asked: string
  attempts: number
}

export interface PullLimits {
  pullsMax: number
  waitsMax: number
  attemptsMax: number
}

export class Pulls {
  readonly limits: PullLimits = { pullsMax: 16384, waitsMax: 262144, attemptsMax: 3 }
  /** Keys not asked for, and effects that may not wait, for want of room. */
  readonly counters = { refused: 0 }
  /** Effects that wait, over all keys. */
  waitCount = 0
  readonly #byName = new Map<string, Pull>()

  get size(): number {
    return this.#byName.size
  }

  find(database: number, key: Buffer, start: number, end: number): Pull | undefined {
    return this.#byName.get(nameOf(database, key, start, end))
  }

  /** The pull of a key that has none, unless there are too many; the caller asks `sender`. */
  open(sender: string, slot: number, database: number, key: Buffer, start: number, end: number): Pull | null {
    if (this.#byName.size >= this.limits.pullsMax) {
      this.counters.refused++
      return null
    }
    const own = Buffer.from(key.subarray(start, end))
    const pull: Pull = { slot, database, key: own, waits: [], asked: sender, attempts: 1 }
    this.#byName.set(nameOf(database, key, start, end), pull)
    return pull
  }

  close(pull: Pull): void {
    this.waitCount -= pull.waits.length
    pull.waits.length = 0
    this.#byName.delete(nameOf(pull.database, pull.key, 0, pull.key.length))
  }

  /** False: too many wait already. */
  wait(pull: Pull, wait: Wait): boolean {
    if (this.waitCount >= this.limits.waitsMax) {
      this.counters.refused++
      return false
    }
    this.waitCount++
    pull.waits.push(wait)
    wait.received.wait(wait.batch)
    return true
  }

  /** The key stands at this version: ends the waits for it and for older ones, and adds their senders to `told`. */
  heal(pull: Pull, version: number, term: number, told: Set<string>): number {
    let kept = 0
    const waits = pull.waits
    for (const wait of waits) {
      if (supersedes(wait.version, wait.term, version, term)) waits[kept++] = wait
      else {
        wait.received.endWait(wait.batch)
        told.add(wait.sender)
      }
    }
    const healed = waits.length - kept
    waits.length = kept
    this.waitCount -= healed
    return healed
  }

  /** Who should be asked (again) for what still waits, or undefined: nobody, it is not worth another try. */
  nextToAsk(pull: Pull, hasFailed: boolean): string | undefined {
    const latest = pull.waits.at(-1)?.sender
    if (latest === undefined || pull.attempts >= this.limits.attemptsMax) return undefined
    if (hasFailed && latest === pull.asked) return undefined
    pull.asked = latest
    pull.attempts++
    return latest
  }

  /** Everything that still waits is refused. */
  giveUp(pull: Pull, told: Set<string>): void {
    for (const wait of pull.waits) {
      wait.received.endWait(wait.batch)
      wait.received.refuse(refusalOf(pull, wait))
      told.add(wait.sender)
    }
    this.close(pull)
  }
}

function refusalOf(pull: Pull, wait: Wait): Refusal {
  const { slot, database, key } = pull
  return { batch: wait.batch, index: wait.index, slot, database, key, reason: 'gap' }
}
