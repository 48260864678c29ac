/* What a node does about an owner that will not apply its effect: neither believes that it is right, both end up alike. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Pool } from '../../src/mesh/pool.ts'
import { MeshHealing } from '../../src/mesh-healing.ts'
import type { RefusalReason } from '../../src/replication/received.ts'
import { OwnersWorld, slotOfKey } from './owners-world.ts'

function healingOf(): MeshHealing {
  const [first] = OwnersWorld.settled(2).nodes
  const { id, replica, roles, space } = first!
  const pool = { ask: () => {} } as unknown as Pool
  return new MeshHealing(
    { selfId: id, space, roles, replica, pool },
    {
      monotonicMs: () => 0,
      random32: () => 1,
      after: () => {},
      repairIntervalMs: () => 0,
      isAnyAway: () => false,
      wallMs: () => 0,
      wake: () => {},
      renew: () => {},
      fingerprint: () => 0,
      mayAnswer: () => true,
      waitingSlots: () => [],
      onSettled: () => {},
      onWhole: () => true,
    },
  )
}

function hintsAfter(reason: RefusalReason): number {
  const healing = healingOf()
  const key = Buffer.from('k')
  healing.onRefused('n1', { batch: 1, index: 0, slot: slotOfKey('k'), database: 0, key, reason })
  return healing.hints.count
}

test('whoever refuses an effect, for whatever it has promised or knows, is told what stands in the end', () => {
  for (const reason of ['gap', 'outranked', 'ahead'] as const) assert.equal(hintsAfter(reason), 1, reason)
})

test('what a clock made impossible is not told again', () => {
  assert.equal(hintsAfter('skewed'), 0)
})
