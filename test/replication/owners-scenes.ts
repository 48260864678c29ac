/*
 * Scenes that tests of owners begin with. Shape: tests only.
 */
import assert from 'node:assert/strict'
import { keyOf, OwnersWorld, type WorldNode } from './owners-world.ts'

export type Three = [WorldNode, WorldNode, WorldNode]

/** A write of an acting primary that reaches only some of the other owners. */
export function write(by: WorldNode, request: string, ...reached: WorldNode[]): void {
  const bytes = by.effectsOf(request)
  for (const node of reached)
    assert.deepEqual(node.take(by.id, bytes).refusals, [], `${request} at ${node.id}`)
}

/** Three nodes that have settled everything, and a key whose slot is the first one's, then the second's. */
export function three(): { world: OwnersWorld; nodes: Three; key: string } {
  const world = OwnersWorld.settled(3)
  return { world, nodes: world.nodes as Three, key: keyOf(world, 0) }
}
