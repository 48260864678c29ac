/* Meshes torn apart and mended: partitions, half links, blocked datagrams, loss. Virtual time, printed seeds. */
import assert from 'node:assert/strict'
import { MemoryLease, PEKKO_DEFAULTS, type SplitBrainSettings } from '../../gossip/index.ts'
import { seeded } from '../support/seeded.ts'
import {
  addressOf,
  awaitThat,
  awaitWhole,
  birthsOf,
  count,
  formed,
  grown,
  idOf,
  isWholeSide,
  SimulatedMesh,
} from './scenes.ts'

/** Tears the mesh for a minute: exactly the survivors stay as they are, the others return as new lives. */
function checkSplit(
  mesh: SimulatedMesh,
  survivors: readonly number[],
  ...sides: readonly (readonly number[])[]
): void {
  const all = sides.flat()
  const given = all.filter((index) => !survivors.includes(index))
  const [births, givenBirths] = [birthsOf(mesh, survivors), birthsOf(mesh, given)]
  mesh.partition(...sides)
  mesh.world.runFor(60_000)
  if (survivors.length > 0)
    assert.ok(isWholeSide(mesh, survivors), `${survivors} are not whole by themselves`)
  for (const index of given) {
    assert.equal(mesh.at(index).life.agreement.isMember, false, `${idOf(index)} has not given up`)
  }
  mesh.world.heal()
  awaitWhole(mesh, mesh.awake.length, 120_000)
  assert.deepEqual(birthsOf(mesh, survivors), births, 'a survivor was reborn')
  for (const [at, birth] of birthsOf(mesh, given).entries()) {
    assert.ok(birth > givenBirths[at]!, `${idOf(given[at]!)} came back as what it was`)
  }
}

const settings = (changes: Partial<SplitBrainSettings>): SplitBrainSettings => ({
  ...PEKKO_DEFAULTS,
  ...changes,
})

seeded(
  'keep-majority: two give up against three, and come back as new lives after healing',
  [1, 2],
  (seed) => {
    checkSplit(grown(seed, 5), [2, 3, 4], [0, 1], [2, 3, 4])
    checkSplit(grown(seed, 5), [0, 1, 2], [0, 1, 2], [3, 4])
  },
)

seeded('keep-majority: of an even split the side of the lowest address stays', [1, 2], (seed) => {
  checkSplit(grown(seed, 4), [0, 3], [1, 2], [0, 3])
})

seeded(
  'keep-majority: of three sides none has the majority; all give up, and one mesh comes of it',
  [1],
  (seed) => {
    checkSplit(grown(seed, 6), [], [0, 1], [2, 3], [4, 5])
  },
)

seeded('keep-oldest: the side of the oldest stays, though it is the smaller one', [1], (seed) => {
  const mesh = grown(seed, 5, { membership: { splitBrain: settings({ strategy: 'keep-oldest' }) } })
  checkSplit(mesh, [0, 1], [0, 1], [2, 3, 4])
})

seeded(
  'static-quorum: the side that has the quorum stays, and where none has it nobody does',
  [1],
  (seed) => {
    const splitBrain = settings({ strategy: 'static-quorum', quorumSize: 3 })
    checkSplit(grown(seed, 5, { membership: { splitBrain } }), [1, 3, 4], [0, 2], [1, 3, 4])
    checkSplit(grown(seed, 5, { membership: { splitBrain } }), [], [0, 1], [2, 3], [4])
  },
)

seeded('down-all: everyone gives up and founds a new mesh', [1], (seed) => {
  const mesh = grown(seed, 4, { membership: { splitBrain: settings({ strategy: 'down-all' }) } })
  checkSplit(mesh, [], [0, 1], [2, 3])
})

seeded('lease-majority: exactly one side of an even split gets the lease', [1, 2], (seed) => {
  const splitBrain = settings({ strategy: 'lease-majority' })
  let register: MemoryLease | undefined
  const membershipOf = () => ({
    splitBrain,
    // One register for all, outside the mesh: it is as far from either side.
    lease: {
      acquire: (...words: Parameters<MemoryLease['acquire']>) => register!.acquire(...words),
      renew: (...words: Parameters<MemoryLease['renew']>) => register!.renew(...words),
      release: (epoch: number) => register!.release(epoch),
    },
  })
  const mesh = new SimulatedMesh({
    seed,
    size: 4,
    isGrown: true,
    membershipOf,
    seedsOf: () => [addressOf(0)],
  })
  register = new MemoryLease(mesh.world.portsFor('lease:1'))
  mesh.world.runFor(5000)
  mesh.partition([0, 1], [2, 3])
  mesh.world.runFor(60_000)
  const survivors = [0, 2].filter((index) => mesh.at(index).life.agreement.isMember)
  assert.equal(survivors.length, 1, `${survivors.length} sides have survived`)
  assert.ok(isWholeSide(mesh, [survivors[0]!, survivors[0]! + 1]))
  assert.ok(register.currentHolder()?.startsWith(idOf(survivors[0]!).slice(0, 4)))
  mesh.world.heal()
  awaitWhole(mesh, mesh.awake.length, 120_000)
})

seeded('a split that heals before the deadline costs nobody anything', [1, 2], (seed) => {
  const mesh = grown(seed, 10)
  const births = birthsOf(mesh, [0, 3, 5, 9])
  mesh.partition([0, 1, 2, 3], [4, 5, 6, 7, 8, 9])
  mesh.world.runFor(10_000)
  assert.ok(count(mesh, 'peer_dead') > 0)
  mesh.world.heal()
  awaitThat(mesh, 'all are in reach again', () => mesh.isWhole && count(mesh, 'member_reachable') > 0)
  assert.deepEqual(birthsOf(mesh, [0, 3, 5, 9]), births)
  assert.equal(count(mesh, 'member_downed', 'self_reborn'), 0)
})

seeded(
  'two that do not hear each other, in either or one direction, are vouched for by others',
  [1, 2],
  (seed) => {
    const mesh = grown(seed, 6)
    mesh.cut(0, 1)
    mesh.world.cut(addressOf(2), addressOf(3))
    mesh.world.runFor(120_000)
    assert.equal(count(mesh, 'peer_dead', 'member_unreachable', 'member_downed'), 0)
    assert.equal(mesh.isWhole, true)
    assert.equal(mesh.at(0).life.swim.counters.probesSavedByRelay > 0, true)
  },
)

seeded('a member that only one other reaches may cost a place or two, never the mesh', [1, 2, 3], (seed) => {
  const mesh = grown(seed, 6)
  const births = birthsOf(mesh, [0, 1, 2, 3, 4, 5])
  for (const index of [0, 1, 2, 3]) mesh.cut(index, 5)
  mesh.world.runFor(60_000)
  mesh.world.heal()
  awaitWhole(mesh, 6)
  const reborn = birthsOf(mesh, [0, 1, 2, 3, 4, 5]).filter((birth, index) => birth !== births[index])
  // The resolver's rule for half links takes those who accuse each other.
  assert.equal(reborn.length <= 2, true, `${reborn.length} were given up`)
})

seeded(
  'who was removed behind its back, and has removed others itself, hears of it as a stranger and comes back',
  [1, 2, 3],
  (seed) => {
    const mesh = grown(seed, 4, { membership: { splitBrain: settings({ strategy: 'none' }) } })
    mesh.partition([0, 1, 2], [3])
    const isSilent = (by: number, of: number): boolean =>
      mesh.at(by).life.swim.get(idOf(of))?.liveness === 'dead'
    awaitThat(mesh, 'both sides know', () =>
      [0, 1, 2].every((each) => isSilent(3, each) && isSilent(each, 3)),
    )
    // As operators do on either side of a cut.
    mesh.at(0).life.agreement.down([idOf(3)])
    mesh.at(3).life.agreement.down([idOf(1), idOf(2)])
    const hasRemoved = (by: number, of: number): boolean =>
      !mesh.at(by).life.agreement.state.members.has(idOf(of))
    awaitThat(mesh, 'it is removed', () => [0, 1, 2].every((each) => hasRemoved(each, 3)))
    mesh.world.heal()
    awaitWhole(mesh, 4, 120_000)
  },
)

seeded('two meshes that were founded apart become one when one hears of the other', [1, 2, 3], (seed) => {
  const seedsOf = (index: number) => [addressOf(index < 3 ? 0 : 3)]
  const mesh = new SimulatedMesh({ seed, size: 6, seedsOf })
  mesh.world.runFor(20_000)
  assert.ok(isWholeSide(mesh, [0, 1, 2]) && isWholeSide(mesh, [3, 4, 5]))
  mesh.at(1).addSeeds([addressOf(4)])
  awaitWhole(mesh, mesh.awake.length, 120_000)
  mesh.world.runFor(10_000)
  const { members } = mesh.at(0).snapshot()
  assert.equal(new Set(members.map((member) => member.upNumber)).size, 6, 'up-numbers are not distinct')
  assert.equal(count(mesh, 'self_reborn', 'member_downed'), 0)
})

seeded(
  'where datagrams are blocked and streams are not a member stays, marked and counted',
  [1, 2],
  (seed) => {
    const mesh = grown(seed, 5)
    for (const index of [0, 1, 2, 3]) {
      mesh.world.setLink(addressOf(index), addressOf(4), { areDatagramsBlocked: true })
    }
    mesh.world.runFor(120_000)
    assert.equal(count(mesh, 'peer_dead', 'member_unreachable', 'member_downed'), 0)
    assert.equal(mesh.isWhole, true)
    const marked = mesh.heardOf('udp_blocked', idOf(4)).map((each) => each.by)
    assert.deepEqual([...new Set(marked)].sort(), [0, 1, 2, 3].map(idOf))
    assert.equal(mesh.at(0).life.swim.counters.probesSavedByStream >= 3, true)
    // News reaches it all the same, by stream.
    mesh.crash(3)
    awaitWhole(mesh, 4, 60_000)
    for (const index of [0, 1, 2]) {
      mesh.world.setLink(addressOf(index), addressOf(4), { areDatagramsBlocked: false })
    }
    const isLifted = (): boolean =>
      new Set(mesh.heardOf('udp_restored', idOf(4)).map(({ by }) => by)).size === 3
    awaitThat(mesh, 'the mark is lifted', isLifted, 120_000)
  },
)

seeded(
  'a mesh without any datagrams forms, buries the dead, and who was given up or is restarted comes back',
  [1, 2, 3, 4, 5, 6],
  (seed) => {
    const mesh = formed(seed, 3, { links: { areDatagramsBlocked: true } })
    mesh.world.runFor(20_000)
    mesh.crash(1)
    mesh.world.runFor(5000)
    mesh.start(1, [addressOf(0), addressOf(2)])
    awaitWhole(mesh, 3, 30_000)
    mesh.pause(1)
    mesh.world.runFor(40_000)
    assert.equal(mesh.at(0).life.agreement.state.members.size, 2)
    mesh.resume(1)
    awaitWhole(mesh, 3, 30_000)
    mesh.partition([0], [1, 2])
    mesh.world.runFor(40_000)
    mesh.world.heal()
    awaitWhole(mesh, 3, 60_000)
  },
)

seeded('a member that changes stays marked while no datagram reaches it', [1, 2], (seed) => {
  const mesh = grown(seed, 3)
  for (const index of [0, 1]) {
    mesh.world.setLink(addressOf(index), addressOf(2), { areDatagramsBlocked: true })
  }
  mesh.world.runFor(60_000)
  const lostIn = (ms: number): number => {
    const { counters } = mesh.world.network
    const before = counters.blocked
    mesh.world.runFor(ms)
    return counters.blocked - before
  }
  const lostBefore = lostIn(60_000)
  assert.equal(mesh.at(2).updateSelf({ meta: Uint8Array.of(1) }), true)
  mesh.world.runFor(5000)
  const lostAfter = lostIn(60_000)
  assert.ok(
    lostAfter <= lostBefore + 10,
    `${lostAfter} datagrams were lost in a minute, before ${lostBefore}`,
  )
})

seeded('10 % loss kills nobody, 30 % loss evicts nobody', [1, 2, 3], (seed) => {
  for (const [size, lossRate] of [
    [5, 0.1],
    [20, 0.1],
    [5, 0.3],
    [20, 0.3],
  ] as const) {
    const mesh = grown(seed, size, { links: { lossRate } })
    mesh.world.runFor(180_000)
    const dead = lossRate < 0.2 ? count(mesh, 'peer_dead') : 0
    assert.deepEqual(
      [dead, count(mesh, 'member_downed', 'peer_evicted', 'self_reborn')],
      [0, 0],
      `${size} members, ${lossRate * 100} % loss`,
    )
    mesh.world.setLinks({ lossRate: 0 })
    awaitWhole(mesh, mesh.awake.length, 30_000)
  }
})

seeded(
  'a mesh forms, loses a member and takes it back while a fifth of everything is lost',
  [1, 2],
  (seed) => {
    const links = { lossRate: 0.2, duplicateRate: 0.1, latencyMsMin: 1, latencyMsMax: 80 }
    const mesh = formed(seed, 10, { links, startsPerSecond: 10 })
    mesh.crash(4)
    awaitWhole(mesh, 9, 120_000)
    mesh.start(4)
    awaitWhole(mesh, 10, 120_000)
    assert.equal(count(mesh, 'self_reborn'), 0)
  },
)

seeded('sealed packets with flipped bits, doubled and late, change nothing', [1], (seed) => {
  const links = { corruptRate: 0.2, duplicateRate: 0.2, latencyMsMax: 100 }
  const mesh = grown(seed, 6, { links, membership: { keys: [new Uint8Array(32).fill(7)] } })
  mesh.world.runFor(120_000)
  assert.equal(count(mesh, 'peer_dead', 'member_downed', 'peer_updated', 'id_conflict'), 0)
  assert.equal(mesh.isWhole, true)
  const { dropped } = mesh.at(0).courier.counters
  assert.ok(dropped.sealed > 0 && dropped.replayed > 0, JSON.stringify(dropped))
})

seeded('links clogged one by one and cleared in another order leave the mesh whole', [1, 2, 3], (seed) => {
  const mesh = grown(seed, 7)
  const { luck } = mesh.world
  const order = Array.from({ length: 7 }, (_, index) => [luck.random(), index] as const).sort()
  for (const [, index] of order) {
    for (let other = 0; other < 7; other++) if (other !== index && luck.chance(0.5)) mesh.cut(index, other)
    mesh.world.runFor(3000)
  }
  for (const [, index] of order.reverse()) {
    for (let other = 0; other < 7; other++) {
      mesh.world.mend(addressOf(index), addressOf(other))
      mesh.world.mend(addressOf(other), addressOf(index))
    }
    mesh.world.runFor(2000)
  }
  mesh.world.heal()
  awaitWhole(mesh, 7, 120_000)
})
