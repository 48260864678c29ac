/*
 * What made clients refuse another server's cluster (Infinispan; peers-and-rules 2.6), each as a sentence about us, with the
 * defective rule beside it.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { reachableHost } from '../../src/mesh-doors.ts'
import { placementOf } from '../../src/placement/ring.ts'
import { SlotRoles } from '../../src/replication/slot-roles.ts'
import { ToldRanges } from '../../src/routing/told-ranges.ts'
import type { SlotRange } from '../../src/session/mesh-face.ts'
import type { Reply } from '../support/reply.ts'
import { idOf, member, meshOf, Stage } from './mesh-double.ts'

const SLOTS = 16384

/** Slots that some range covers, and whether any is covered twice. */
function covered(ranges: readonly SlotRange[]): number {
  let next = 0
  for (const { first, last } of ranges) {
    if (first !== next) return next
    next = last + 1
  }
  return next
}

test('every slot up to the last is told of, for any number of nodes and copies and whoever is gone', () => {
  for (const count of [1, 2, 3, 5, 7, 12, 51]) {
    const ids = Array.from({ length: count }, (_, i) => `n${String(i).padStart(2, '0')}`)
    const members = ids.map((id) => ({ id, weight: 1, zone: '', dc: '' }))
    for (const replicationFactor of [1, 3]) {
      const gone = new Set<string>()
      const belief = { mayAct: (id: string) => !gone.has(id), mayHold: () => true, heardMs: () => 0 }
      const roles = new SlotRoles(ids[0]!, belief, { onUnsettled() {}, onLost() {} }, () => 3000)
      const placement = placementOf(members, { replicationFactor })
      roles.update(placement, 0)
      const told = new ToldRanges(roles)
      assert.equal(covered(told.of(ids)), SLOTS)
      for (const id of ids.slice(0, Math.ceil(count / 2))) gone.add(id)
      roles.update(placement, 1)
      assert.equal(covered(told.of(ids)), SLOTS, 'slots without anybody to act keep their owners')
    }
  }
  // The defect: as many whole segments of equal size as fit, and the rest of the slots belongs to nobody.
  const segmentSlots = Math.floor(SLOTS / 255)
  assert.ok(255 * segmentSlots < SLOTS)
})

test('the fourth element of a node in CLUSTER SLOTS is a list, also when there is nothing to say', () => {
  const nodes = ['a', 'b'].map((letter) => member(letter))
  const stage = new Stage({}, meshOf(nodes, [{ first: 0, last: SLOTS - 1, owners: [0, 1] }]))
  const [range] = stage.say('CLUSTER SLOTS').value as readonly Reply[]
  const told = (range!.value as readonly Reply[]).slice(2)
  assert.equal(told.length, 2)
  for (const node of told) {
    const metadata = (node.value as readonly Reply[])[3]
    // The defect: nil, over which clients cannot go.
    assert.deepEqual([metadata!.type, metadata!.value], ['array', []])
  }
  assert.equal(((told[0]!.value as readonly Reply[])[2] as Reply).value, idOf('a'))
})

test('a node that listens on every address is told of by one that can be reached', () => {
  for (const bound of [['0.0.0.0'], ['::'], ['0.0.0.0', '::']]) {
    const host = reachableHost(bound)
    // The defect: the address it is bound to.
    assert.ok(!bound.includes(host) && host !== '', host)
  }
  assert.equal(reachableHost(['0.0.0.0', '10.1.2.3']), '10.1.2.3')
})
