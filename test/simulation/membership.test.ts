/* The lives of members, in simulated meshes: coming, crashing, leaving, coming back. Virtual time, printed seeds. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { GossipEvent, Membership } from '../../gossip/index.ts'
import { seeded } from '../support/seeded.ts'
import { subjectOf } from '../support/simulated-mesh.ts'
import { addressOf, awaitThat, awaitWhole, count, formed, idOf, others, SimulatedMesh } from './scenes.ts'

function livenessAt(one: Membership, id: string): string | undefined {
  return one.life.swim.get(id)?.liveness
}

/** What one member heard of another, in order. */
function story(mesh: SimulatedMesh, by: string, of: string): GossipEvent['type'][] {
  return mesh.heard
    .filter((each) => each.by === by && subjectOf(each.event) === of)
    .map((each) => each.event.type)
}

seeded('3, 10 and 100 members form a mesh with one leader and an up-number for each', [1, 2], (seed) => {
  for (const size of [3, 10, 100]) {
    const mesh = formed(seed, size, { startsPerSecond: 20 })
    const snapshots = mesh.awake.map((one) => one.snapshot())
    assert.deepEqual([...new Set(snapshots.map((one) => one.leader))], [idOf(0)])
    assert.equal(new Set(snapshots.map((one) => one.digest)).size, 1)
    const upNumbers = snapshots[0]!.members.map((member) => member.upNumber)
    assert.deepEqual(
      upNumbers,
      upNumbers.map((_, at) => at + 1),
    )
    assert.equal(count(mesh, 'peer_suspect', 'peer_dead', 'member_downed'), 0)
  }
})

seeded(
  'a mesh begins wherever it is started: all at once, and without the first seed at first',
  [1],
  (seed) => {
    formed(seed, 20, { startsPerSecond: 1000 })
    const mesh = new SimulatedMesh({ seed, size: 0, membership: {} })
    for (const index of [1, 2, 3]) mesh.start(index)
    mesh.world.runFor(20_000)
    assert.equal(count(mesh, 'member_up'), 0, 'only the first seed may found a mesh')
    mesh.start(0)
    awaitWhole(mesh, 4, 60_000)
  },
)

seeded(
  'a crash is suspected, dead, downed, removed and evicted at everyone, in this order',
  [1, 2],
  (seed) => {
    for (const size of [3, 10]) {
      const mesh = formed(seed, size)
      mesh.heard.length = 0
      mesh.crash(2)
      awaitWhole(mesh, size - 1)
      for (const index of others(size, 2)) {
        const types = story(mesh, idOf(index), idOf(2))
        const expected = [
          'peer_suspect',
          'peer_dead',
          'member_unreachable',
          'member_downed',
          'member_removed',
        ]
        assert.deepEqual(
          types.filter((type) => expected.includes(type)),
          expected,
          `${idOf(index)} of ${size}`,
        )
        assert.equal(types.at(-1), 'peer_evicted')
        assert.equal(livenessAt(mesh.at(index), idOf(2)), undefined)
      }
    }
  },
)

seeded('the leader crashes: the next one takes over, removes it and lets newcomers in', [1, 2], (seed) => {
  const mesh = formed(seed, 5, { seedsOf: () => [addressOf(0), addressOf(1)] })
  mesh.crash(0)
  awaitWhole(mesh, mesh.awake.length, 60_000)
  for (const one of mesh.awake) assert.equal(one.snapshot().leader, idOf(1))
  const handovers = mesh.heardOf('leader_changed').filter((each) => each.by === idOf(4))
  const last = handovers.at(-1)!.event
  assert.deepEqual(last, { type: 'leader_changed', from: idOf(0), to: idOf(1) })
  mesh.start(5)
  awaitWhole(mesh, 5, 30_000)
})

seeded('who leaves is let go without a doubt, and hears so last', [1, 2], (seed) => {
  for (const leaver of [0, 3]) {
    const mesh = formed(seed, 6)
    mesh.heard.length = 0
    const leaving = mesh.at(leaver)
    leaving.leave()
    awaitThat(mesh, 'it has left', () => !leaving.isRunning && mesh.isWhole)
    assert.equal(count(mesh, 'peer_suspect', 'peer_dead', 'member_unreachable', 'member_downed'), 0)
    for (const index of others(6, leaver)) {
      const types = story(mesh, idOf(index), idOf(leaver)).filter((type) => type.startsWith('member_'))
      assert.deepEqual(types, ['member_left', 'member_exited', 'member_removed'])
    }
    const own = mesh.heard.filter((each) => each.by === idOf(leaver))
    assert.equal(own.at(-1)!.event.type, 'self_left')
  }
})

seeded('the way out takes seconds, for the leader too: of two, of three and of ten', [1, 2, 3], (seed) => {
  for (const size of [2, 3, 10]) {
    for (const leaver of [0, 1]) {
      const mesh = formed(seed, size)
      mesh.world.runFor(seed * 370)
      const leaving = mesh.at(leaver)
      leaving.leave()
      // Far below the time after which the way out is cut short.
      awaitThat(mesh, `${idOf(leaver)} of ${size} has left`, () => !leaving.isRunning, 6000)
      assert.equal(mesh.heard.filter(({ by }) => by === idOf(leaver)).at(-1)!.event.type, 'self_left')
    }
  }
})

seeded('the last one leaves, and a mesh of one is founded anew', [1], (seed) => {
  const mesh = formed(seed, 1)
  mesh.at(0).leave()
  awaitThat(mesh, 'it has left', () => !mesh.at(0).isRunning)
  assert.equal(mesh.heard.at(-1)!.event.type, 'self_left')
  mesh.start(0)
  awaitWhole(mesh, 1, 10_000)
})

seeded('a process that restarts at once is a new life for all, its former one removed', [1, 2, 3], (seed) => {
  for (const size of [3, 10]) {
    const mesh = formed(seed, size)
    for (const index of [1, 0]) {
      const former = mesh.at(index).self.birth
      const restarted = mesh.start(index, [addressOf(0), addressOf(2)])
      assert.equal(restarted.self.birth > former, true)
      awaitWhole(mesh, mesh.awake.length, 60_000)
      const removed = mesh.heardOf('member_removed', idOf(index))
      assert.equal(new Set(removed.map((each) => each.by)).size >= size - 1, true)
    }
    assert.equal(count(mesh, 'peer_dead'), 0, 'nobody was taken for dead')
  }
})

seeded('who comes back after it was removed is alive and up again under a higher birth', [1, 2], (seed) => {
  const mesh = formed(seed, 5)
  const { birth } = mesh.at(4).self
  mesh.crash(4)
  awaitWhole(mesh, mesh.awake.length, 60_000)
  mesh.start(4)
  awaitWhole(mesh, 5, 30_000)
  for (const one of mesh.awake) {
    assert.equal(one.life.swim.get(idOf(4))!.record.birth > birth, true)
    assert.equal(one.life.agreement.state.members.get(idOf(4))!.birth > birth, true)
  }
})

seeded('all but one restart in the same instant, and the mesh is whole again', [1, 2, 3], (seed) => {
  for (const survivor of [0, 5]) {
    const mesh = formed(seed, 10, { seedsOf: () => [addressOf(0), addressOf(5)] })
    for (const index of others(10, survivor)) mesh.start(index)
    awaitWhole(mesh, 10, 120_000)
  }
})

seeded('all but one crash, lie dead for a while and then restart at once', [1, 2, 3], (seed) => {
  const mesh = formed(seed, 10, { seedsOf: () => [addressOf(0), addressOf(5)] })
  for (const index of others(10, 5)) mesh.crash(index)
  mesh.world.runFor(seed * 5000)
  for (const index of others(10, 5)) mesh.start(index)
  awaitWhole(mesh, 10, 120_000)
})

seeded('a rolling restart never costs the mesh its agreement', [1, 2], (seed) => {
  const mesh = formed(seed, 6, { seedsOf: () => [addressOf(0), addressOf(1), addressOf(2)] })
  for (let index = 0; index < 6; index++) {
    mesh.at(index).leave()
    awaitThat(mesh, `${idOf(index)} has left`, () => !mesh.at(index).isRunning)
    mesh.start(index)
    awaitWhole(mesh, 6)
  }
  assert.equal(count(mesh, 'peer_dead', 'member_downed', 'self_downed'), 0)
})

seeded('a pause of five seconds is refuted and costs nobody its place', [1, 2, 3], (seed) => {
  for (const size of [3, 10]) {
    const mesh = formed(seed, size)
    mesh.heard.length = 0
    mesh.pause(1)
    mesh.world.runFor(5000)
    mesh.resume(1)
    mesh.world.runFor(30_000)
    assert.equal(mesh.isWhole, true)
    assert.equal(count(mesh, 'member_downed', 'member_removed', 'peer_evicted', 'self_reborn'), 0)
    assert.ok(mesh.at(1).self.incarnation > 0, 'it has refuted')
    assert.equal(mesh.at(1).life.swim.counters.pauses, 1)
    for (const one of mesh.awake) assert.equal(livenessAt(one, idOf(1)), 'alive')
  }
})

seeded('a process that stood still until it was evicted comes back as somebody new', [1, 2], (seed) => {
  const mesh = formed(seed, 5)
  const { birth } = mesh.at(3).self
  mesh.pause(3)
  awaitWhole(mesh, 4, 60_000)
  mesh.world.runFor(60_000)
  mesh.resume(3)
  awaitWhole(mesh, mesh.awake.length, 60_000)
  assert.equal(mesh.at(3).self.birth > birth, true)
  assert.equal(mesh.at(3).counters.rebirths, 1)
  const own = mesh.heard.filter((each) => each.by === idOf(3)).map((each) => each.event.type)
  const ended = own.findIndex((type) => type === 'self_removed' || type === 'self_downed')
  assert.equal(ended !== -1 && own.indexOf('self_reborn') > ended, true)
  assert.equal(
    mesh.awake.every((one) => one === mesh.at(3) || one.counters.rebirths === 0),
    true,
  )
})

seeded('who is not to be reborn falls silent when the mesh has given it up', [1], (seed) => {
  const mesh = formed(seed, 5, { membership: { isReborn: false } })
  mesh.pause(3)
  awaitWhole(mesh, 4, 60_000)
  mesh.resume(3)
  awaitThat(mesh, 'it is silent', () => !mesh.at(3).isRunning)
  mesh.world.runFor(5000)
  const sent = mesh.world.counters(addressOf(3)).datagramsSent
  mesh.world.runFor(60_000)
  assert.equal(mesh.world.counters(addressOf(3)).datagramsSent, sent)
  assert.equal(mesh.at(3).tell(idOf(1), 'a', '', new Uint8Array(0)), false)
  assert.equal(mesh.isWhole, true)
})

seeded('calendars that are minutes apart, drift and jump disturb nobody', [1, 2], (seed) => {
  const offsetsMs = [0, 300_000, -300_000, 60_000, -3_600_000, 90_000]
  const skewOf = (index: number) => ({ offsetMs: offsetsMs[index % 6]!, driftPpm: 50 * index })
  const mesh = formed(seed, 6, { skewOf })
  mesh.world.stepWallClock(addressOf(2), -7_200_000)
  mesh.world.runFor(30_000)
  // The clock of this one has gone back two hours between two of its lives.
  const former = mesh.at(2).self.birth
  mesh.start(2)
  awaitWhole(mesh, mesh.awake.length, 60_000)
  assert.ok(mesh.at(2).self.birth > former, 'its birth was raised above the one that is remembered')
  mesh.crash(4)
  awaitWhole(mesh, mesh.awake.length, 60_000)
  mesh.start(4)
  awaitWhole(mesh, 6, 60_000)
  assert.equal(count(mesh, 'id_conflict'), 0)
})

seeded(
  'whose calendar went back minutes after its burial is reborn once, above the life that is buried',
  [1, 2],
  (seed) => {
    const mesh = formed(seed, 5)
    mesh.world.stepWallClock(addressOf(4), 600_000)
    mesh.start(4)
    awaitWhole(mesh, 5)
    const buried = mesh.at(4).self.birth
    mesh.crash(4)
    awaitWhole(mesh, 4)
    // Until SWIM has forgotten that life only the tombstone remembers it.
    for (const one of mesh.awake) one.life.swim.configure({ departedMax: 1 })
    mesh.start(5)
    awaitWhole(mesh, 5)
    mesh.crash(5)
    awaitWhole(mesh, 4)
    mesh.world.stepWallClock(addressOf(4), -600_000)
    mesh.start(4)
    awaitWhole(mesh, 5)
    assert.ok(mesh.at(4).self.birth > buried)
    assert.ok(mesh.at(4).counters.rebirths <= 1, `${mesh.at(4).counters.rebirths} rebirths`)
  },
)

seeded('one seed is one run, and another seed another', [7], (seed) => {
  const hashOf = (each: number): number => {
    const mesh = new SimulatedMesh({ seed: each, size: 10, links: { lossRate: 0.05, duplicateRate: 0.02 } })
    mesh.world.at(12_000, () => mesh.crash(3))
    mesh.world.at(25_000, () => mesh.partition([0, 1, 2, 4]))
    mesh.world.at(50_000, () => mesh.world.heal())
    mesh.world.run(80_000)
    return mesh.world.traceHash
  }
  const first = hashOf(seed)
  assert.equal(hashOf(seed), first)
  assert.notEqual(hashOf(seed + 1), first)
})

test('a mesh that begins grown is whole from its first moment and behaves like one that has grown', () => {
  const mesh = new SimulatedMesh({ seed: 1, size: 30, isGrown: true })
  assert.equal(mesh.isWhole, true)
  mesh.world.runFor(20_000)
  assert.equal(mesh.isWhole, true)
  assert.equal(count(mesh, 'peer_suspect', 'member_joined', 'member_removed'), 0)
  mesh.crash(7)
  awaitWhole(mesh, mesh.awake.length, 60_000)
  mesh.start(7)
  awaitWhole(mesh, 30, 60_000)
})
