/*
 * Faults of a real mesh from a seed, one after the other: a node is killed, frozen, cut off, or its links are spoiled; after
 * each the mesh must become whole again before the next begins.
 *
 * The idea: never are two memories empty at once, so nothing that was acknowledged may be lost. Some nodes are never
 * killed: their memory is watched from the beginning to the end. Shape: door (tests only).
 */
import type { MeshMember, MeshProcesses } from '../support/mesh-processes.ts'
import type { Prng } from '../support/prng.ts'
import { pause } from './workload.ts'

const [GAP_MS_MIN, GAP_MS_MAX] = [2000, 8000]
const [LAST_MS_MIN, LAST_MS_MAX] = [500, 8000]
const WHOLE_MS = 60_000

type Undo = () => Promise<void> | void

export type FaultKind = 'kill' | 'freeze' | 'cut' | 'one-way' | 'drop' | 'delay'

export const ALL_FAULTS: readonly FaultKind[] = ['kill', 'freeze', 'cut', 'one-way', 'drop', 'delay']

/** What is going on: a fault, what comes after it until the mesh is whole, or nothing. */
export type PhaseName = 'calm' | FaultKind | `after ${FaultKind}`

export class Faults {
  readonly counts = new Map<FaultKind, number>()
  readonly #mesh: MeshProcesses
  readonly #prng: Prng
  readonly #say: (line: string) => void
  /** This node and those after it may be killed. */
  readonly #firstMortal: number
  readonly #enter: (phase: PhaseName) => void

  constructor(
    mesh: MeshProcesses,
    prng: Prng,
    say: (line: string) => void = () => {},
    enter: (phase: PhaseName) => void = () => {},
    firstMortal = 1,
  ) {
    this.#firstMortal = firstMortal
    this.#mesh = mesh
    this.#prng = prng
    this.#say = say
    this.#enter = enter
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, one) => sum + one, 0)
  }

  /** Until that time; the mesh is whole when this answers, and rejects when it does not become whole. */
  async run(untilMs: number, kinds: readonly FaultKind[] = ALL_FAULTS): Promise<void> {
    for (;;) {
      await pause(this.#prng.between(GAP_MS_MIN, GAP_MS_MAX))
      if (performance.now() >= untilMs) return
      await this.one(this.#prng.pick(kinds))
    }
  }

  /** Begins, lasts, ends; then all is whole. */
  async one(kind: FaultKind): Promise<void> {
    const { members } = this.#mesh
    const victim =
      members[
        kind === 'kill'
          ? this.#prng.between(this.#firstMortal, members.length - 1)
          : this.#prng.below(members.length)
      ]!
    const lastMs = this.#prng.between(LAST_MS_MIN, LAST_MS_MAX)
    this.#say(`${kind} ${victim.name} for ${lastMs} ms`)
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    this.#enter(kind)
    const undo = await this.#begin(kind, victim)
    await pause(lastMs)
    this.#enter(`after ${kind}`)
    await undo()
    await this.#mesh.formed(members.length, WHOLE_MS)
    this.#enter('calm')
  }

  async #begin(kind: FaultKind, victim: MeshMember): Promise<Undo> {
    const others = this.#mesh.members.filter((one) => one !== victim).map(({ name }) => name)
    const clear = (): Promise<void> => order(victim, 'CLEAR')
    switch (kind) {
      case 'kill':
        await victim.kill()
        return () => this.#mesh.restart(victim)
      case 'freeze':
        victim.freeze()
        return () => victim.thaw()
      case 'cut':
        await order(victim, 'PARTITION', ...others)
        return clear
      case 'one-way':
        await order(victim, this.#prng.chance(0.5) ? 'DEAFEN' : 'MUTE', this.#prng.pick(others))
        return clear
      case 'drop':
        await order(victim, 'DROP', `${this.#prng.between(2, 30)}`)
        return clear
      case 'delay':
        await order(victim, 'DELAY', '1', `${this.#prng.between(5, 200)}`)
        return clear
    }
  }
}

/** An order to the faults inside a node (MESH CHAOS). */
export async function order(member: MeshMember, ...words: readonly string[]): Promise<void> {
  const client = await member.connect()
  const { value } = await client.call('MESH', 'CHAOS', ...words)
  client.destroy()
  if (value !== 'OK') throw new Error(`${member.name}: MESH CHAOS ${words.join(' ')}: ${value}`)
}
