/*
 * One run of the data simulator: a mesh of whole nodes, clients that write and read a few keys, troubles, the end of all
 * troubles, and the verdicts.
 *
 *   form -> chaos -> heal -> calm again? -> all writes succeed? -> owners hold the same? -> is every history explained?
 *
 * The idea: everything follows from the seed - sizes, troubles, requests, latencies - so a failure is a number. Shape: rule
 * over machines (tests only).
 */
import { SimulatedLuck } from '../support/simulated-luck.ts'
import { BOUNDS } from './bounds.ts'
import { DataClient } from './data-client.ts'
import { DataMesh } from './data-mesh.ts'
import { byKey, lineOf, type Operation } from './history.ts'
import { judge } from './linearizability.ts'
import { modelOf, readOf } from './models.ts'
import { type Scenario, Scripted } from './scenarios.ts'
import { type Pace, RESTLESS, type TroubleKind, Troubles, TROUBLES } from './troubles.ts'

export interface RunOptions {
  readonly seed: number
  readonly size?: number
  readonly replicationFactor?: number
  readonly chaosMs?: number
  readonly kinds?: readonly TroubleKind[]
  readonly pace?: Pace
  /** Told step by step instead of drawn from the seed. */
  readonly scenario?: Scenario
  readonly onLine?: (node: string, line: string) => void
}

export interface RunReport {
  readonly seed: number
  readonly size: number
  readonly replicationFactor: number
  readonly operations: number
  readonly done: number
  readonly failed: number
  readonly open: number
  readonly calmMs: number
  readonly equalMs: number
  readonly virtualMs: number
  readonly happenings: number
  readonly undecided: readonly string[]
  readonly trace: number
  /** What was promised and not kept, one sentence each. */
  readonly complaints: readonly string[]
  readonly troubles: readonly string[]
  readonly history: readonly Operation[]
}

const SETUP_SALT = -10
const FORM_MS = 60_000
const CHAOS_MS = 20_000
const AFTER_MS = 3000
const CALM_MS = 120_000
const EQUAL_MS = 30_000
const STEP_MS = 250
/** Of runs, those whose network lets no datagram through. */
const BLOCKED_SHARE = 0.2
const CLIENTS = 5
const KEYS = ['r1', 'r2', 'd1', 'm1', 'c1', 'c2', 's1', 's2', 'l1']
const MEMBERS = 8

export function runData(options: RunOptions): RunReport {
  return new DataRun(options).run()
}

class DataRun {
  readonly mesh: DataMesh
  readonly #options: RunOptions
  readonly #history: Operation[] = []
  readonly #clients: DataClient[] = []
  readonly #complaints: string[] = []
  readonly #undecided: string[] = []
  #troubles: Troubles | Scripted | undefined
  #values = 0
  #calmMs = Number.NaN
  #equalMs = Number.NaN

  constructor(options: RunOptions) {
    this.#options = options
    const luck = new SimulatedLuck(options.seed, SETUP_SALT)
    const size = options.size ?? [3, 3, 3, 4, 5][luck.below(5)]!
    const replicationFactor = options.replicationFactor ?? (size === 5 && luck.chance(0.5) ? 5 : 3)
    const areDatagramsBlocked = luck.chance(BLOCKED_SHARE) && options.scenario === undefined
    const { onLine, seed } = options
    this.mesh = new DataMesh({ seed, size, replicationFactor, areDatagramsBlocked, onLine })
  }

  run(): RunReport {
    if (this.#awaits('the mesh forms', FORM_MS, () => this.mesh.isCalm)) this.#chaos()
    for (const fault of this.mesh.faults) this.#complain(`a node threw ${describe(fault)}`)
    for (const { defects, name } of this.#clients) {
      for (const defect of defects) this.#complain(`${name}: ${describe(defect)}`)
    }
    return this.#report()
  }

  get #world(): DataMesh['world'] {
    return this.mesh.world
  }

  #complain(text: string): void {
    this.#complaints.push(text)
  }

  #awaits(what: string, limitMs: number, isSo: () => boolean): boolean {
    if (this.#world.runUntil(isSo, limitMs, STEP_MS)) return true
    this.#complain(`not within ${limitMs / 1000} s: ${what}: ${this.mesh.describe()}`)
    return false
  }

  #chaos(): void {
    for (let number = 0; number < CLIENTS; number++) this.#addClient(number)
    const { kinds, pace, scenario } = this.#options
    const troubles =
      scenario === undefined
        ? new Troubles(this.mesh, kinds ?? this.#kinds(), pace ?? RESTLESS)
        : new Scripted(this.mesh, scenario)
    this.#troubles = troubles
    const endMs = this.#world.nowMs + (this.#options.chaosMs ?? CHAOS_MS)
    while (this.#world.nowMs < endMs) {
      this.#world.runFor(Math.min(STEP_MS, endMs - this.#world.nowMs))
      const { rivals } = this.mesh
      if (rivals !== undefined) this.#complain(`${rivals} have buried each other and both go on`)
    }
    troubles.end()
    this.#heal()
    this.#judge()
  }

  /** Some troubles of all there are: each mix shows something else. */
  #kinds(): readonly TroubleKind[] {
    const { luck } = this.#world
    const some = TROUBLES.filter(() => luck.chance(0.5))
    return some.length === 0 ? TROUBLES : some
  }

  #heal(): void {
    const healedMs = this.#world.nowMs
    let calmSinceMs = Number.NaN
    const isCalm = this.#awaits('calm after the troubles', CALM_MS, () => {
      // The last decisions about who belongs may still be on their way: only what lasts is calm.
      if (!this.mesh.isCalm) calmSinceMs = Number.NaN
      else if (Number.isNaN(calmSinceMs)) calmSinceMs = this.#world.nowMs
      return this.#world.nowMs - calmSinceMs >= AFTER_MS
    })
    this.#calmMs = calmSinceMs - healedMs
    const silentFromMs = this.#world.nowMs
    for (const client of this.#clients) client.isStopped = true
    this.#world.runUntil(() => this.#clients.every(({ isDone }) => isDone), 10_000, STEP_MS)
    if (!isCalm) return
    const late = this.#history.filter(({ invokedMs }) => invokedMs > silentFromMs - AFTER_MS / 2)
    for (const operation of late) {
      if (operation.outcome !== 'done') this.#complain(`not done though all is calm: ${lineOf(operation)}`)
    }
    const startMs = this.#world.nowMs
    const isEqual = (): boolean => this.mesh.slotsThatDiffer().length === 0
    if (!this.#world.runUntil(isEqual, EQUAL_MS, 1000)) {
      const slots = this.mesh.slotsThatDiffer()
      this.#complain(
        `after ${EQUAL_MS / 1000} s owners still differ in slots ${slots.slice(0, 10).join(' ')}`,
      )
    }
    this.#equalMs = this.#world.nowMs - startMs
    this.#readAll()
  }

  /** Each key is read once more, at every node. */
  #readAll(): void {
    const readers = this.mesh.up.map(({ address, name }) => {
      let at = 0
      const client: DataClient = new DataClient(this.#world, this.mesh.wires, this.#history, {
        name: `reader-${name}`,
        addresses: [address],
        readLevel: 'quorum',
        thinkMsMin: 1,
        thinkMsMax: 2,
        next: () => {
          const key = KEYS[Math.min(at++, KEYS.length - 1)]!
          if (at >= KEYS.length) client.isStopped = true
          return readOf(key)
        },
      })
      return client
    })
    this.#clients.push(...readers)
    this.#world.runUntil(() => readers.every(({ isDone }) => isDone), 10_000, 50)
  }

  #addClient(number: number): void {
    const isStale = number === CLIENTS - 1
    const client = new DataClient(this.#world, this.mesh.wires, this.#history, {
      name: `c${number}`,
      addresses: this.mesh.addresses,
      readLevel: isStale ? 'one' : 'quorum',
      thinkMsMin: 5,
      thinkMsMax: 250,
      next: (draw) => this.#request(draw),
    })
    this.#clients.push(client)
  }

  #request(draw: () => number): readonly string[] {
    const key = KEYS[Math.floor(draw() * KEYS.length)]!
    const isWrite = draw() < 0.6
    const kind = draw()
    if (!isWrite) return readOf(key)
    const member = `m${Math.floor(draw() * MEMBERS)}`
    const value = `v${++this.#values}`
    switch (key[0]) {
      case 'r':
        return ['SET', key, value]
      case 'd':
        return kind < 0.35 ? ['DEL', key] : ['SET', key, value]
      case 'm':
        if (kind < 0.25) return ['DEL', key]
        return kind < 0.6
          ? ['SET', key, value, 'PX', String(50 + Math.floor(draw() * 3000))]
          : ['SET', key, value]
      case 'c':
        return kind < 0.7 ? ['INCR', key] : ['INCRBY', key, '100']
      case 's':
        return [kind < 0.6 ? 'SADD' : 'SREM', key, member]
      default:
        return kind < 0.55 ? ['RPUSH', key, value] : ['LPOP', key]
    }
  }

  #judge(): void {
    for (const [key, all] of byKey(this.#history)) {
      const complaints = BOUNDS[key[0]!]!.map((bound) => bound(all)).filter((one) => one !== undefined)
      for (const complaint of complaints) this.#complain(`${key}: ${complaint}`)
      const ordered = all.filter(({ isOrdered }) => isOrdered)
      const { stuckAt, verdict } = judge(modelOf(key), ordered)
      if (verdict === 'undecided') this.#undecided.push(key)
      if (verdict !== 'impossible') continue
      this.#complain(`${key}: no order explains its history, at the latest at ${stuckAt && lineOf(stuckAt)}`)
    }
  }

  #report(): RunReport {
    const count = (outcome: Operation['outcome']): number =>
      this.#history.filter((operation) => operation.outcome === outcome).length
    const { areDatagramsBlocked, replicationFactor, seed, size } = this.mesh.options
    return {
      seed,
      size,
      replicationFactor,
      operations: this.#history.length,
      done: count('done'),
      failed: count('failed'),
      open: count('open'),
      calmMs: this.#calmMs,
      equalMs: this.#equalMs,
      virtualMs: this.#world.nowMs,
      happenings: this.#world.happeningsCount,
      undecided: this.#undecided,
      trace: this.#world.traceHash,
      complaints: this.#complaints,
      troubles: [...(areDatagramsBlocked ? ['0 datagrams are blocked'] : []), ...(this.#troubles?.log ?? [])],
      history: this.#history,
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
