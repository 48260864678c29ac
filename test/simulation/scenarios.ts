/*
 * Troubles with a name and an order, for simulated meshes: what has broken other systems, told step by step. What is left
 * open - who, and how long - comes from the seed.
 *
 * Shape: table, and the machine that plays a row of it (tests only).
 */
import type { DataMesh } from './data-mesh.ts'
import { nameOf } from './data-mesh.ts'

export type Scenario = keyof typeof SCENARIOS

export function isScenario(name: string | undefined): name is Scenario {
  return name !== undefined && Object.hasOwn(SCENARIOS, name)
}

/** What a scenario may do; all of it is undone at the end. */
class Stage {
  readonly mesh: DataMesh
  readonly #note: (text: string) => void
  isOver = false

  constructor(mesh: DataMesh, note: (text: string) => void) {
    this.mesh = mesh
    this.#note = note
  }

  get numbers(): number[] {
    return this.mesh.addresses.map((_, number) => number)
  }

  between(low: number, high: number): number {
    return this.mesh.world.luck.between(low, high)
  }

  /** In an order of luck. */
  shuffled(numbers: readonly number[] = this.numbers): number[] {
    const { luck } = this.mesh.world
    return numbers
      .map((number) => ({ number, place: luck.between(0, 1) }))
      .sort((a, b) => a.place - b.place)
      .map(({ number }) => number)
  }

  after(delayMs: number, run: () => void): void {
    const { world } = this.mesh
    world.at(world.nowMs + delayMs, () => {
      if (!this.isOver) run()
    })
  }

  /** As soon as it is so. */
  when(isSo: () => boolean, run: () => void): void {
    if (isSo()) run()
    else this.after(250, () => this.when(isSo, run))
  }

  clog(number: number): void {
    this.#note(`clog ${nameOf(number)}`)
    this.#eachWay(number, (from, to) => this.mesh.world.cut(from, to))
  }

  unclog(number: number): void {
    this.#note(`unclog ${nameOf(number)}`)
    this.#eachWay(number, (from, to) => this.mesh.world.mend(from, to))
  }

  /** Only what it says is lost. */
  mute(number: number): void {
    this.#note(`mute ${nameOf(number)}`)
    for (const to of this.#others(number)) this.mesh.world.cut(this.mesh.addresses[number]!, to)
  }

  slow(number: number, latencyMsMax: number): void {
    this.#note(`slow ${nameOf(number)} ${latencyMsMax.toFixed(0)}`)
    const habits = { latencyMsMin: latencyMsMax / 4, latencyMsMax, lossRate: 0 }
    this.#eachWay(number, (from, to) => this.mesh.world.setLink(from, to, habits))
  }

  shiftClock(number: number, offsetMs: number): void {
    this.#note(`clock of ${nameOf(number)} ${offsetMs.toFixed(0)}`)
    this.mesh.world.setSkew(this.mesh.addresses[number]!, { offsetMs, driftPpm: 0 })
  }

  freeze(number: number): void {
    this.#note(`freeze ${nameOf(number)}`)
    this.mesh.world.pause(this.mesh.addresses[number]!)
  }

  thaw(number: number): void {
    this.#note(`thaw ${nameOf(number)}`)
    this.mesh.world.resume(this.mesh.addresses[number]!)
  }

  kill(number: number): void {
    this.#note(`kill ${nameOf(number)}`)
    this.mesh.crash(number, false)
  }

  start(number: number): void {
    this.#note(`restart ${nameOf(number)}`)
    this.mesh.start(number)
  }

  #others(number: number): string[] {
    return this.mesh.addresses.filter((_, other) => other !== number)
  }

  #eachWay(number: number, act: (from: string, to: string) => void): void {
    const own = this.mesh.addresses[number]!
    for (const other of this.#others(number)) {
      act(own, other)
      act(other, own)
    }
  }
}

export const SCENARIOS = {
  /** One after the other is cut off, then all come back in another order. */
  'swizzle-clog'(stage: Stage): void {
    const chosen = stage.shuffled().slice(1)
    let atMs = 500
    for (const number of chosen) stage.after((atMs += stage.between(200, 2500)), () => stage.clog(number))
    for (const number of stage.shuffled(chosen))
      stage.after((atMs += stage.between(200, 2500)), () => stage.unclog(number))
  },

  /** It hears everybody, and nobody hears it. */
  'one-way'(stage: Stage): void {
    const [number] = stage.shuffled()
    stage.after(1000, () => stage.mute(number!))
    stage.after(stage.between(6000, 15_000), () => stage.unclog(number!))
  },

  /** Two nodes hear each other only through the others. */
  bridge(stage: Stage): void {
    const [a, b] = stage.shuffled()
    const { addresses, world } = stage.mesh
    const ends = [addresses[a!]!, addresses[b!]!] as const
    const both = (act: (from: string, to: string) => void): void => {
      act(ends[0], ends[1])
      act(ends[1], ends[0])
    }
    stage.after(1000, () => both((from, to) => world.cut(from, to)))
    stage.after(stage.between(8000, 16_000), () => both((from, to) => world.mend(from, to)))
  },

  /** Two sides of which neither hears the other, and one node that hears both. */
  'two sides and one between'(stage: Stage): void {
    const { addresses, world } = stage.mesh
    const [, ...others] = stage.shuffled()
    const sides = [others.slice(0, others.length >> 1), others.slice(others.length >> 1)]
    const each = (act: (from: string, to: string) => void): void => {
      for (const a of sides[0]!) {
        for (const b of sides[1]!) {
          act(addresses[a]!, addresses[b]!)
          act(addresses[b]!, addresses[a]!)
        }
      }
    }
    stage.after(1000, () => each((from, to) => world.cut(from, to)))
    stage.after(stage.between(3000, 18_000), () => each((from, to) => world.mend(from, to)))
  },

  flapping(stage: Stage): void {
    const [number] = stage.shuffled()
    const everyMs = stage.between(300, 2500)
    for (let turn = 1; turn * everyMs < 17_000; turn++) {
      stage.after(turn * everyMs, () => {
        if (turn % 2 === 1) stage.clog(number!)
        else stage.unclog(number!)
      })
    }
  },

  /** Each is restarted, with nothing, as soon as all of them know everything again. */
  'rolling restarts and amnesia'(stage: Stage): void {
    const { mesh } = stage
    const next = (left: readonly number[]): void => {
      const [number, ...rest] = left
      if (number === undefined) return
      stage.kill(number)
      stage.after(stage.between(300, 6000), () => {
        stage.start(number)
        stage.when(
          () => mesh.forgetfulCount === 0,
          () => stage.after(stage.between(10, 500), () => next(rest)),
        )
      })
    }
    stage.after(1000, () => next([...stage.shuffled(), ...stage.shuffled()]))
  },

  /** All stand still at once, and go on one after the other. */
  'everybody stands still'(stage: Stage): void {
    stage.after(1000, () => {
      for (const number of stage.numbers) stage.freeze(number)
    })
    for (const number of stage.shuffled()) stage.after(stage.between(5000, 14_000), () => stage.thaw(number))
  },

  /** Clocks are nearly two minutes apart, and jump. */
  'clocks minutes apart'(stage: Stage): void {
    const [ahead, behind] = stage.shuffled()
    stage.after(500, () => stage.shiftClock(ahead!, 55_000))
    stage.after(900, () => stage.shiftClock(behind!, -55_000))
    stage.after(stage.between(4000, 8000), () => stage.clog(ahead!))
    stage.after(stage.between(9000, 12_000), () => stage.unclog(ahead!))
    stage.after(13_000, () => stage.shiftClock(ahead!, -50_000))
    stage.after(15_000, () => stage.shiftClock(behind!, 50_000))
  },

  'slow node'(stage: Stage): void {
    const [number, other] = stage.shuffled()
    stage.after(500, () => stage.slow(number!, stage.between(300, 900)))
    stage.after(stage.between(5000, 9000), () => stage.clog(other!))
    stage.after(stage.between(10_000, 15_000), () => stage.unclog(other!))
  },

  /** Two of three owners of some slots are on the smaller side. */
  'two of three owners'(stage: Stage): void {
    const side = stage.shuffled().slice(0, 2)
    const { addresses, world } = stage.mesh
    stage.after(1500, () => world.partition(side.map((number) => addresses[number]!)))
    stage.after(stage.between(11_000, 18_000), () => world.partition())
  },
} as const

/** Plays a scenario; to be ended like troubles drawn from a seed. */
export class Scripted {
  readonly log: string[] = []
  readonly #stage: Stage

  constructor(mesh: DataMesh, scenario: Scenario) {
    this.#stage = new Stage(mesh, (text) => this.log.push(`${mesh.world.nowMs.toFixed(0)} ${text}`))
    SCENARIOS[scenario](this.#stage)
  }

  end(): void {
    const { mesh } = this.#stage
    this.#stage.isOver = true
    for (const number of this.#stage.numbers) {
      if (!mesh.isUp(number)) this.#stage.start(number)
      else if (mesh.isPaused(number)) this.#stage.thaw(number)
    }
    mesh.world.heal()
    for (const address of mesh.addresses) {
      mesh.world.setSkew(address, { offsetMs: 0, driftPpm: 0 })
      for (const other of mesh.addresses) if (other !== address) mesh.world.clearLink(address, other)
    }
    this.log.push(`${mesh.world.nowMs.toFixed(0)} the end of all troubles`)
  }
}
