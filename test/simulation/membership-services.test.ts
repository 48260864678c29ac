/* What members do for each other beside living: messages, keys, data centres, heartbeats, news. Printed seeds. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { RecordingSink } from '../../gossip/index.ts'
import { seeded } from '../support/seeded.ts'
import {
  addressOf,
  awaitThat,
  awaitWhole,
  count,
  formed,
  grown,
  idOf,
  others,
  SimulatedMesh,
} from './scenes.ts'

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

seeded('messages to a member arrive whole and in order, whatever is lost', [1, 2], (seed) => {
  const sinks = Array.from({ length: 3 }, () => new RecordingSink())
  const membershipOf = (index: number) => ({ sink: sinks[index]! })
  const mesh = formed(seed, 3, { membershipOf, links: { lossRate: 0.2, duplicateRate: 0.1 } })
  for (let at = 0; at < 100; at++) {
    const payload = at === 50 ? Buffer.alloc(200_000, 'x') : Buffer.from(`message ${at}`)
    assert.equal(mesh.at(0).tell(idOf(2), '/inbox', 'text', payload, '/outbox'), true)
    // The payload is the caller's again.
    payload.fill(0)
  }
  awaitThat(mesh, 'all have arrived', () => sinks[2]!.messages.length === 100)
  for (const [at, message] of sinks[2]!.messages.entries()) {
    const { fromId, path, manifest, senderPath, payload } = message
    assert.deepEqual([fromId, path, manifest, senderPath], [idOf(0), '/inbox', 'text', '/outbox'])
    assert.equal(textOf(payload), at === 50 ? 'x'.repeat(200_000) : `message ${at}`)
  }
  assert.equal(sinks[1]!.messages.length, 0)
  assert.equal(mesh.at(2).counters.tellsReceived, 100)
})

seeded('a message nobody can be sent is refused and counted', [1], (seed) => {
  const mesh = formed(seed, 2)
  const one = mesh.at(0)
  assert.equal(one.tell('nobody', '/inbox', '', Buffer.from('x')), false)
  assert.equal(one.tell(idOf(1), 'two words', '', Buffer.from('x')), false)
  assert.equal(one.tell(idOf(1), '/inbox', '', Buffer.alloc(4 * 1024 * 1024 + 1)), false)
  assert.equal(one.counters.tellsRefused, 3)
  assert.equal(one.counters.tells, 0)
})

seeded('keys are rotated - install, use, remove - while the mesh goes on without a doubt', [1, 2], (seed) => {
  const [old, next] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const mesh = formed(seed, 6, { membership: { keys: [old] } })
  mesh.heard.length = 0
  const oldId = mesh.at(0).keyring.primary!.id
  // One after the other, so that at each moment some have taken the step and some have not.
  const onAll = (run: (index: number) => { isDone: boolean }): void => {
    for (let index = 0; index < 6; index++) {
      assert.equal(run(index).isDone, true)
      mesh.world.runFor(4000)
    }
  }
  onAll((index) => mesh.at(index).keyring.install(next))
  const nextId = mesh.at(0).keyring.keys[1]!.id
  onAll((index) => mesh.at(index).keyring.use(nextId))
  onAll((index) => mesh.at(index).keyring.remove(oldId))
  mesh.world.runFor(20_000)
  assert.equal(mesh.isWhole, true)
  assert.equal(count(mesh, 'peer_suspect', 'peer_dead', 'member_unreachable'), 0)
  for (const one of mesh.awake) {
    assert.deepEqual(
      one.keyring.list().map(({ id, isPrimary }) => [id, isPrimary]),
      [[nextId, true]],
    )
    assert.equal(one.courier.counters.dropped.sealed, 0)
  }
})

seeded('who has another key, none, or another label stays outside', [1], (seed) => {
  const membershipOf = (index: number) => {
    if (index === 3) return { keys: [new Uint8Array(32).fill(9)] }
    if (index === 4) return { keys: [] }
    return index === 5 ? { cluster: 'another' } : {}
  }
  const mesh = new SimulatedMesh({
    seed,
    size: 6,
    membership: { keys: [new Uint8Array(32).fill(1)] },
    membershipOf,
  })
  mesh.world.runFor(60_000)
  assert.equal(mesh.isWholeAmong([0, 1, 2].map((index) => mesh.at(index))), true)
  assert.deepEqual([...mesh.at(0).members()].map(({ record }) => record.id).sort(), [0, 1, 2].map(idOf))
  for (const index of [3, 4, 5]) assert.equal(mesh.at(index).life.agreement.isMember, false)
})

const rolesOf = (index: number): readonly string[] => [index < 4 ? 'dc-a' : 'dc-b', 'data']

seeded('each data centre has a leader of its own, and both make one mesh', [1, 2], (seed) => {
  const mesh = formed(seed, 8, { rolesOf })
  for (const index of others(8, -1)) {
    assert.equal(mesh.at(index).snapshot().leader, idOf(index < 4 ? 0 : 4))
  }
  mesh.crash(6)
  awaitWhole(mesh, 7)
  mesh.start(6)
  awaitWhole(mesh, 8)
})

seeded(
  'a cut between data centres downs nobody; each goes on by itself and they meet again',
  [1, 2],
  (seed) => {
    const mesh = formed(seed, 8, { rolesOf, seedsOf: () => [addressOf(0), addressOf(4)] })
    mesh.heard.length = 0
    mesh.partition([0, 1, 2, 3], [4, 5, 6, 7])
    mesh.world.runFor(120_000)
    assert.equal(count(mesh, 'member_downed', 'member_removed', 'self_reborn'), 0)
    // What happens inside one of them is settled there meanwhile.
    mesh.crash(7)
    const hasLeft = (index: number): boolean => !mesh.at(index).life.agreement.state.members.has(idOf(7))
    awaitThat(mesh, 'it is removed in its data centre', () => [4, 5, 6].every(hasLeft))
    assert.equal(hasLeft(0), false)
    mesh.world.heal()
    awaitWhole(mesh, 7, 120_000)
    assert.equal(count(mesh, 'self_reborn'), 0)
  },
)

seeded('a split inside a data centre is settled there, whatever the other one looks like', [1], (seed) => {
  const mesh = grown(seed, 8, { rolesOf, seedsOf: () => [addressOf(0), addressOf(4)] })
  const births = [0, 1, 2, 4, 5, 6, 7].map((index) => mesh.at(index).self.birth)
  mesh.partition([3], [0, 1, 2, 4, 5, 6, 7])
  awaitThat(mesh, 'it gives up', () => !mesh.at(3).life.agreement.isMember, 90_000)
  mesh.world.heal()
  awaitWhole(mesh, 8, 120_000)
  assert.deepEqual(
    [0, 1, 2, 4, 5, 6, 7].map((index) => mesh.at(index).self.birth),
    births,
  )
})

seeded(
  'with heartbeats on, everyone beats to everyone, and SWIM looks at whoever falls silent',
  [1, 2],
  (seed) => {
    const mesh = formed(seed, 5, { membership: { heartbeats: {} } })
    mesh.world.runFor(5000)
    const ladders = mesh.awake.map((one) => one.heartbeats!)
    for (const ladder of ladders) {
      assert.equal(ladder.peersCount, 4)
      assert.equal(ladder.counters.heartbeatsReceived > 10, true)
      assert.equal(ladder.counters.peersSuspected, 0)
    }
    const probes = mesh.at(0).life.swim.counters.probes
    const silentFromMs = mesh.world.nowMs
    mesh.crash(3)
    const isSuspected = (): boolean => mesh.at(0).heartbeats!.peer(idOf(3))?.rung === 'suspect'
    awaitThat(mesh, 'the ladder suspects it', isSuspected, 10_000)
    mesh.world.runFor(1)
    const intervals = Math.ceil((mesh.world.nowMs - silentFromMs) / 1000)
    assert.equal(mesh.at(0).life.swim.counters.probes >= probes + 1 && intervals <= 5, true)
    awaitWhole(mesh, 4)
    for (const one of mesh.awake) assert.equal(one.heartbeats!.peersCount, 3)
  },
)

seeded('heartbeats to a sample of the peers reach everyone in turn', [1], (seed) => {
  const mesh = formed(seed, 9, { membership: { heartbeats: { sampleCount: 2 } } })
  mesh.world.runFor(60_000)
  for (const one of mesh.awake) {
    const { counters, peersCount } = one.heartbeats!
    assert.deepEqual([peersCount, counters.peersSuspected, counters.peersEvicted], [8, 0, 0])
  }
})

seeded('what a member says of itself reaches all, and nobody takes it for doubt', [1], (seed) => {
  const mesh = formed(seed, 6)
  assert.equal(mesh.at(2).updateSelf({ meta: Buffer.from('zone=7') }), true)
  const metaAt = (index: number): string => textOf(mesh.at(index).life.swim.get(idOf(2))!.record.meta)
  awaitThat(mesh, 'all know it', () => others(6, 2).every((index) => metaAt(index) === 'zone=7'), 5000)
  assert.equal(mesh.heardOf('peer_updated', idOf(2)).length, 5)
  assert.equal(mesh.at(2).updateSelf({ meta: new Uint8Array(513) }), false)
  assert.equal(count(mesh, 'peer_suspect'), 0)
})

seeded(
  'a word of a member about itself that nobody heard is asked for after its next heartbeat',
  [1, 2],
  (seed) => {
    const mesh = formed(seed, 3, { membership: { heartbeats: {} } })
    const { life } = mesh.at(2)
    mesh.at(2).updateSelf({ meta: Buffer.from('ready') })
    // As if every datagram with the news had been lost.
    while (life.swim.takeBroadcasts(1400).length > 0);
    const metaAt = (index: number): string => textOf(mesh.at(index).life.swim.get(idOf(2))!.record.meta)
    awaitThat(mesh, 'all know it', () => metaAt(0) === 'ready' && metaAt(1) === 'ready', 3000)
    assert.equal(count(mesh, 'peer_suspect'), 0)
  },
)

seeded(
  'two processes with one id do not outbid each other: one of them is told that it lost',
  [1, 2],
  (seed) => {
    const mesh = formed(seed, 4)
    // The same id from another address, as a wrongly copied configuration makes it.
    const twin = mesh.startAs(9, idOf(2))
    mesh.world.runFor(60_000)
    const conflicts = mesh.heard.filter(({ event }) => event.type === 'id_conflict')
    assert.equal(conflicts.length > 0, true)
    const { record } = mesh.at(0).life.swim.get(idOf(2))!
    assert.equal([twin.self.address, addressOf(2)].includes(record.address), true)
    const sent = (): number => mesh.at(0).life.swim.counters.idConflicts
    const before = sent()
    mesh.world.runFor(60_000)
    assert.equal(sent() - before < 300, true, 'they quarrel without end')
  },
)

test('a subscription ends by dispose and by Symbol.dispose, also from inside an event', () => {
  const mesh = new SimulatedMesh({ seed: 3, size: 0 })
  const one = mesh.start(0)
  const heard: string[] = []
  const first = one.events.subscribe((event) => {
    heard.push(`first ${event.type}`)
    first.dispose()
  })
  const second = one.events.subscribe((event) => heard.push(`second ${event.type}`), {
    filter: (event) => event.type === 'peer_joined',
  })
  mesh.start(1)
  awaitWhole(mesh, 2)
  assert.equal(heard.filter((line) => line.startsWith('first')).length, 1)
  assert.deepEqual(
    heard.filter((line) => line.startsWith('second')),
    ['second peer_joined'],
  )
  second[Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose)]()
  assert.equal(second.isActive, false)
  mesh.start(2)
  awaitWhole(mesh, 3)
  assert.equal(heard.filter((line) => line.startsWith('second')).length, 1)
})

test('a listener that throws harms neither the others nor the mesh', () => {
  const errors: unknown[] = []
  const mesh = formed(4, 3, { membership: { onListenerError: (error) => errors.push(error) } })
  mesh.at(0).events.subscribe(() => {
    throw new Error('mine')
  })
  mesh.crash(2)
  awaitWhole(mesh, 2)
  assert.equal(errors.length > 0, true)
})
