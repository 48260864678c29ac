/*
 * Troubles for a simulated mesh, drawn from its seed: loss, delay, cuts and splits of any shape, crashes, freezes, wrong
 * clocks, slow nodes; several at a time, each for a while.
 *
 * The idea: whatever luck proposes is done unless acknowledged data would be gone by definition: never are so many
 * memories empty at once that no quorum of them is left. Shape: machine (tests only).
 */
import type { SimulatedWorld } from '../support/simulated-world.ts'
import { type DataMesh, nameOf } from './data-mesh.ts'

const PAUSE_MS_MAX = 9000
/** Nodes beyond those it began with. */
const JOINS_MAX = 3
const STAYING_MIN = 3
/** A clock farther off than this is refused by all others: twice this must be below the replica's limit. */
const SKEW_MS_MAX = 50_000

/** How soon one follows another, and how long each lasts. */
export interface Pace {
  readonly gapMsMax: number
  readonly lastMsMin: number
  readonly lastMsMax: number
}

/** Several at a time, and hardly ever quiet for so long that somebody is given up. */
export const RESTLESS: Pace = { gapMsMax: 3500, lastMsMin: 300, lastMsMax: 16_000 }

/** One at a time, so long that the mesh gives up who is on the smaller side. */
export const LASTING: Pace = { gapMsMax: 50_000, lastMsMin: 25_000, lastMsMax: 60_000 }

export type TroubleKind =
  | 'loss'
  | 'delay'
  | 'split'
  | 'alone'
  | 'one-way'
  | 'bridge'
  | 'flapping'
  | 'kill'
  | 'power'
  | 'freeze'
  | 'clock'
  | 'slow'
  | 'join'
  | 'leave'

export const TROUBLES: readonly TroubleKind[] = [
  ...(['loss', 'delay', 'split', 'alone', 'one-way', 'bridge', 'flapping'] as const),
  ...(['kill', 'power', 'freeze', 'clock', 'slow', 'kill', 'freeze'] as const),
]

/** Slots change hands while something else goes wrong. */
export const CHANGES: readonly TroubleKind[] = ['join', 'leave', 'join', 'leave', ...TROUBLES]

export function isTroubleKind(name: string): name is TroubleKind {
  return (CHANGES as readonly string[]).includes(name)
}

export class Troubles {
  readonly log: string[] = []
  readonly #mesh: DataMesh
  readonly #world: SimulatedWorld
  readonly #kinds: readonly TroubleKind[]
  readonly #pace: Pace
  #isOver = false
  /** Who undoes what still lasts. */
  readonly #undo = new Set<() => void>()

  constructor(mesh: DataMesh, kinds: readonly TroubleKind[], pace: Pace) {
    this.#pace = pace
    this.#mesh = mesh
    this.#world = mesh.world
    this.#kinds = kinds
    this.#next()
  }

  /** All is well again: the network is whole, everybody runs, clocks are right. */
  end(): void {
    this.#isOver = true
    for (const undo of [...this.#undo]) undo()
    this.#world.heal()
    this.#world.setLinks({ lossRate: 0, latencyMsMin: 0.2, latencyMsMax: 2 })
    for (const address of this.#mesh.addresses) this.#world.setSkew(address, { offsetMs: 0, driftPpm: 0 })
    this.#note('the end of all troubles')
  }

  #note(text: string): void {
    this.log.push(`${this.#world.nowMs.toFixed(0)} ${text}`)
  }

  #next(): void {
    const { luck } = this.#world
    this.#world.at(this.#world.nowMs + luck.between(50, this.#pace.gapMsMax), () => {
      if (this.#isOver) return
      this.#begin(this.#kinds[luck.below(this.#kinds.length)]!)
      this.#next()
    })
  }

  /** Until `undo` has been called: after a while, or at the end of all troubles. */
  #last(limitMs: number, undo: () => void): void {
    const once = (): void => {
      if (this.#undo.delete(once)) undo()
    }
    this.#undo.add(once)
    const lastMs = this.#world.luck.between(this.#pace.lastMsMin, limitMs)
    this.#world.at(this.#world.nowMs + lastMs, once)
  }

  #begin(kind: TroubleKind): void {
    const { luck } = this.#world
    const number = luck.below(this.#mesh.addresses.length)
    if (kind === 'kill' || kind === 'power') this.#crash(number, kind === 'power')
    else if (kind === 'freeze') this.#freeze(number)
    else if (kind === 'clock') this.#shiftClock(number)
    else if (kind === 'slow') this.#slow(number)
    else if (kind === 'loss' || kind === 'delay') this.#spoilLinks(kind)
    else if (kind === 'one-way') this.#cutOneWay(number)
    else if (kind === 'bridge') this.#bridge(number)
    else if (kind === 'flapping') this.#flap(number)
    else if (kind === 'join') this.#join()
    else if (kind === 'leave') this.#leave(number)
    else this.#split(kind === 'alone' ? [number] : this.#someNumbers())
  }

  #someNumbers(): number[] {
    const { luck } = this.#world
    return this.#mesh.addresses.map((_, number) => number).filter(() => luck.chance(0.5))
  }

  #crash(number: number, isPowerLost: boolean): void {
    if (!this.#mesh.isUp(number) || !this.#maySpare) return
    this.#note(`${isPowerLost ? 'power of' : 'kill'} ${nameOf(number)}`)
    this.#mesh.crash(number, isPowerLost)
    this.#last(this.#pace.lastMsMax, () => {
      this.#note(`restart ${nameOf(number)}`)
      this.#mesh.start(number)
    })
  }

  /** Can one more memory be lost? */
  get #maySpare(): boolean {
    const { forgetfulCount, options, size } = this.#mesh
    return forgetfulCount < Math.floor((Math.min(options.replicationFactor, size) - 1) / 2)
  }

  #join(): void {
    if (this.#mesh.addresses.length >= this.#mesh.options.size + JOINS_MAX) return
    this.#note(`join ${nameOf(this.#mesh.grow())}`)
  }

  #leave(number: number): void {
    const staying = this.#mesh.addresses.filter((_, other) => this.#mesh.stays(other))
    if (!this.#mesh.stays(number) || staying.length <= STAYING_MIN || !this.#maySpare) return
    const patienceMs = this.#world.luck.between(5000, 40_000)
    this.#note(`leave ${nameOf(number)} within ${patienceMs.toFixed(0)}`)
    this.#mesh.leave(number, patienceMs)
  }

  #freeze(number: number): void {
    if (!this.#mesh.isUp(number) || this.#mesh.isPaused(number)) return
    const address = this.#mesh.addresses[number]!
    this.#note(`freeze ${nameOf(number)}`)
    this.#world.pause(address)
    this.#last(PAUSE_MS_MAX, () => {
      this.#note(`thaw ${nameOf(number)}`)
      if (this.#mesh.isUp(number)) this.#world.resume(address)
    })
  }

  #shiftClock(number: number): void {
    const { luck } = this.#world
    const offsetMs = luck.between(-SKEW_MS_MAX, SKEW_MS_MAX) * (luck.chance(0.5) ? 1 : 0.05)
    this.#note(`clock of ${nameOf(number)} ${offsetMs.toFixed(0)}`)
    this.#world.setSkew(this.#mesh.addresses[number]!, { offsetMs, driftPpm: luck.between(-500, 500) })
  }

  #slow(number: number): void {
    const { luck } = this.#world
    const latencyMsMax = luck.between(20, 500)
    this.#note(`slow ${nameOf(number)} ${latencyMsMax.toFixed(0)}`)
    const habits = { latencyMsMin: latencyMsMax / 4, latencyMsMax, lossRate: 0 }
    this.#eachLinkOf(number, (from, to) => this.#world.setLink(from, to, habits))
    this.#last(this.#pace.lastMsMax, () => {
      this.#note(`no longer slow ${nameOf(number)}`)
      this.#eachLinkOf(number, (from, to) => this.#world.clearLink(from, to))
    })
  }

  /** Both directions. */
  #eachLinkOf(number: number, act: (from: string, to: string) => void): void {
    const own = this.#mesh.addresses[number]!
    for (const address of this.#mesh.addresses) {
      if (address === own) continue
      act(own, address)
      act(address, own)
    }
  }

  #spoilLinks(kind: 'loss' | 'delay'): void {
    const { luck } = this.#world
    const lossRate = kind === 'loss' ? luck.between(0.02, 0.4) : 0
    const latencyMsMax = kind === 'delay' ? luck.between(5, 300) : 2
    this.#note(`${kind} ${lossRate.toFixed(2)} ${latencyMsMax.toFixed(0)}`)
    this.#world.setLinks({ lossRate, latencyMsMax })
    this.#last(this.#pace.lastMsMax, () => {
      this.#note(`no more ${kind}`)
      this.#world.setLinks({ lossRate: 0, latencyMsMax: 2 })
    })
  }

  #cutOneWay(number: number): void {
    const { addresses } = this.#mesh
    const others = this.#someNumbers().filter((other) => other !== number)
    this.#note(`cut ${nameOf(number)} -> ${others.map(nameOf).join(' ')}`)
    for (const other of others) this.#world.cut(addresses[number]!, addresses[other]!)
    this.#last(this.#pace.lastMsMax, () => {
      this.#note(`mend ${nameOf(number)} -> ${others.map(nameOf).join(' ')}`)
      for (const other of others) this.#world.mend(addresses[number]!, addresses[other]!)
    })
  }

  #split(side: readonly number[]): void {
    const { addresses } = this.#mesh
    if (side.length === 0 || side.length === addresses.length) return
    this.#note(`split ${side.map(nameOf).join(' ')} from the rest`)
    this.#world.partition(side.map((number) => addresses[number]!))
    this.#last(this.#pace.lastMsMax, () => {
      this.#note('no split')
      this.#world.partition()
    })
  }

  /** Two sides that hear each other only through one node. */
  #bridge(number: number): void {
    const { addresses } = this.#mesh
    const side = this.#someNumbers().filter((other) => other !== number)
    const rest = addresses
      .map((_, other) => other)
      .filter((other) => other !== number && !side.includes(other))
    const pairs = side.flatMap((a) => rest.map((b) => [addresses[a]!, addresses[b]!] as const))
    if (pairs.length === 0) return
    this.#note(`bridge ${nameOf(number)} between ${side.map(nameOf).join(' ')} and the rest`)
    for (const [a, b] of pairs) {
      this.#world.cut(a, b)
      this.#world.cut(b, a)
    }
    this.#last(this.#pace.lastMsMax, () => {
      this.#note('no bridge')
      for (const [a, b] of pairs) {
        this.#world.mend(a, b)
        this.#world.mend(b, a)
      }
    })
  }

  #flap(number: number): void {
    const { addresses } = this.#mesh
    let isOver = false
    let isCut = false
    const everyMs = this.#world.luck.between(200, 2500)
    const turn = (): void => {
      if (isOver) return
      isCut = !isCut
      this.#world.partition(...(isCut ? [[addresses[number]!]] : []))
      this.#world.at(this.#world.nowMs + everyMs, turn)
    }
    this.#note(`flapping ${nameOf(number)} every ${everyMs.toFixed(0)}`)
    turn()
    this.#last(this.#pace.lastMsMax, () => {
      isOver = true
      this.#note(`no more flapping ${nameOf(number)}`)
      this.#world.partition()
    })
  }
}
