/*
 * What the tests of simulated meshes ask again and again.
 *
 * The idea: a mesh that does not become whole says what each of its members believes instead, because a seed alone tells
 * little. Shape: rule (tests only).
 */
import assert from 'node:assert/strict'
import type { GossipEvent } from '../../gossip/index.ts'
import { addressOf, idOf, type MeshOptions, SimulatedMesh } from '../support/simulated-mesh.ts'

const STEP_MS = 250

/** Grows to `size` members, one after the other. */
export function formed(seed: number, size: number, options: Partial<MeshOptions> = {}): SimulatedMesh {
  const mesh = new SimulatedMesh({ seed, size, ...options })
  if (!mesh.formWhole()) assert.fail(`${size} members do not form a mesh: ${beliefs(mesh)}`)
  return mesh
}

/** There from the first moment, with two seeds, five seconds later. */
export function grown(seed: number, size: number, options: Partial<MeshOptions> = {}): SimulatedMesh {
  const seedsOf = () => [addressOf(0), addressOf(1)]
  const mesh = new SimulatedMesh({ seed, size, isGrown: true, seedsOf, ...options })
  mesh.world.runFor(5000)
  return mesh
}

/** Until all of `size` awake members agree. */
export function awaitWhole(mesh: SimulatedMesh, size: number, limitMs = 60_000): void {
  const isSo = (): boolean => mesh.awake.length === size && mesh.isWhole
  if (!mesh.world.runUntil(isSo, limitMs, STEP_MS)) {
    assert.fail(`no whole mesh of ${size} within ${limitMs} ms: ${beliefs(mesh)}`)
  }
}

export function awaitThat(mesh: SimulatedMesh, what: string, isSo: () => boolean, limitMs = 60_000): void {
  if (!mesh.world.runUntil(isSo, limitMs, STEP_MS)) {
    assert.fail(`not within ${limitMs} ms: ${what}; ${beliefs(mesh)}`)
  }
}

export function count(mesh: SimulatedMesh, ...types: GossipEvent['type'][]): number {
  return mesh.heard.filter(({ event }) => types.includes(event.type)).length
}

export function others(size: number, but: number): number[] {
  return Array.from({ length: size }, (_, index) => index).filter((index) => index !== but)
}

export function birthsOf(mesh: SimulatedMesh, side: readonly number[]): number[] {
  return side.map((index) => mesh.at(index).self.birth)
}

export function isWholeSide(mesh: SimulatedMesh, side: readonly number[]): boolean {
  return mesh.isWholeAmong(side.map((index) => mesh.at(index)))
}

/** One word a member: whom it takes for up, and who is out of reach. */
function beliefs(mesh: SimulatedMesh): string {
  const words: string[] = []
  for (const [, one] of mesh.members) {
    const { members, unreachableCount, isConverged } = one.snapshot()
    const up = members.filter(({ status }) => status === 'up').map(({ id }) => id.slice(-2))
    const rest = members.filter(({ status }) => status !== 'up').map(({ id, status }) => `${id}:${status}`)
    const state = one.isRunning ? (isConverged ? 'agrees' : 'does not agree') : 'is silent'
    words.push(
      `${one.self.id} ${state} on [${up.join(' ')}] ${rest.join(' ')} ${unreachableCount} out of reach`,
    )
    if (words.length === 12) break
  }
  return words.join('; ')
}

export { addressOf, idOf, SimulatedMesh }
