/*
 * What the forerunner gets wrong about members (peers-and-rules 1.1.8: 6 and 9), each as a sentence about us, and beside it
 * the defective rule on the same history, which must end badly.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { merge } from '../../gossip/agreement/merge.ts'
import { supersedes } from '../../gossip/swim/precedence.ts'
import { DEAD, SUSPECT } from '../../gossip/swim/messages.ts'
import { addressOf as simulatedAddressOf, SimulatedMesh } from '../support/simulated-mesh.ts'
import { member, stateOf } from './agreement-scenes.ts'
import { Stage } from './swim-stage.ts'

test('defect 6: a member that was removed does not come back by the list of a peer that has not heard of it', () => {
  const stale = stateOf([member('a1'), member('a2'), member('a3')])
  const fresh = stateOf([member('a1'), member('a2')], { tombstones: { a3: { birth: 1, removedWallMs: 5 } } })
  for (const merged of [merge(fresh, stale), merge(stale, fresh)]) {
    assert.deepEqual([...merged.members.keys()], ['a1', 'a2'])
  }
  // Its next life is let in all the same.
  assert.ok(merge(fresh, stateOf([member('a3', 'joining', { birth: 2 })])).members.has('a3'))
  // The defect: unknown ids are always added, and nobody remembers who has gone.
  const accepted = new Map([...fresh.members, ...stale.members])
  assert.ok(accepted.has('a3'))
})

test('defect 6: who accuses a member leaves its incarnation alone, so that the member can refute', () => {
  const stage = Stage.among(2)
  stage.hear('n2', [SUSPECT, 'n1', 1000, 0, 'n2'])
  stage.pass(60_000)
  assert.equal(stage.livenessOf('n1'), 'dead')
  const words = stage.letters.flatMap(({ messages }) => messages)
  const accusations = words.filter((word) => (word[0] === SUSPECT || word[0] === DEAD) && word[1] === 'n1')
  assert.ok(accusations.length > 0)
  for (const word of accusations) assert.equal(word[3], 0, 'its own number')
  const accused = (incarnation: number) => ({
    record: { birth: 1000, incarnation },
    liveness: 'dead' as const,
  })
  assert.equal(supersedes('alive', 1000, 1, accused(0)), true, 'its first refutation counts')
  // The defect: observers count the accused one's incarnation up. Its own next word is then no news.
  assert.equal(supersedes('alive', 1000, 1, accused(1)), false)
})

test('defect 9: nine dead members do not put off the finding of a tenth', () => {
  const mesh = new SimulatedMesh({ seed: 3, size: 20, isGrown: true })
  mesh.world.run(5000)
  for (let dead = 11; dead < 20; dead++) mesh.crash(dead)
  const atMs = mesh.world.nowMs
  mesh.crash(10)
  const { id } = mesh.at(10).self
  const survivors = Array.from({ length: 10 }, (_, number) => mesh.at(number))
  const isFound = (): boolean => survivors.every(({ life }) => life.swim.get(id)?.liveness !== 'alive')
  assert.ok(mesh.world.runUntil(isFound, 60_000))
  const foundMs = mesh.world.nowMs - atMs
  // The defect: every tick probes all peers one after another, and asks three relays one after another about each.
  const serialMs = 10 * (500 + 3 * 500)
  assert.ok(
    foundMs < serialMs,
    `suspected everywhere after ${foundMs} ms; one by one a single tick takes ${serialMs}`,
  )
  assert.ok(mesh.members.has(simulatedAddressOf(10)))
})
