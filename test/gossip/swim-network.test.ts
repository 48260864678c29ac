/*
 * Meshes of Swims in virtual time: crashes, goodbyes, loss, partitions, frozen and restarted processes,
 * namesakes.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Network, type Node } from './swim-network.ts'

const nobodyDied = (nodes: readonly Node[]): boolean =>
  nodes.every(({ events }) => !events.some((event) => event.startsWith('dead')))

test('members that join by one seed all learn of each other, each exactly once', () => {
  const network = new Network(1)
  const nodes = [network.add('n0')]
  for (let at = 1; at < 30; at++) nodes.push(network.add(`n${at}`, ['10.0.0.1:7000']))
  assert.ok(network.runUntil(() => nodes.every((node) => node.swim.aliveCount === 30), 10_000))
  for (const { events, swim } of nodes) {
    const joined = events.filter((event) => event.startsWith('joined'))
    assert.equal(joined.length, 29)
    assert.equal(new Set(joined).size, 29)
    assert.ok(swim.hasJoined || swim.self.id === 'n0')
  }
})

test('a seed that comes up later is found, and a lonely member backs off meanwhile', () => {
  const network = new Network(2)
  const early = network.add('n1', ['10.0.0.1:7000'])
  network.run(120_000)
  assert.ok(early.swim.counters.joinsTried > 5 && early.swim.counters.joinsTried < 20)
  assert.ok(early.swim.counters.streamFailures > 5)
  const seed = network.add('n0')
  assert.ok(network.runUntil(() => seed.swim.aliveCount === 2 && early.swim.aliveCount === 2, 31_000))
})

test('a crash is found by all: suspect, then dead, five members within ten seconds', () => {
  const { network, nodes } = Network.grown(3, 5)
  const [victim, ...others] = nodes
  network.crash(victim!)
  assert.ok(network.runUntil(() => others.every((node) => node.believes('n0') === 'dead'), 10_000))
  for (const { events } of others) {
    assert.deepEqual(
      events.map((event) => event.split(' ').slice(0, 2).join(' ')),
      ['suspect n0', 'dead n0'],
    )
  }
})

test('two crashes at once among thirty are found by all the others, and nobody else is doubted for long', () => {
  const { network, nodes } = Network.grown(4, 30)
  network.crash(nodes[3]!)
  network.crash(nodes[17]!)
  const others = nodes.filter((node) => !node.isCrashed)
  const bothDead = (node: Node): boolean => node.believes('n3') === 'dead' && node.believes('n17') === 'dead'
  assert.ok(network.runUntil(() => others.every(bothDead), 20_000))
  network.run(5000)
  assert.ok(others.every((node) => node.swim.aliveCount === 28))
})

test('a goodbye is known to all within two seconds and nobody suspects who left', () => {
  const { network, nodes } = Network.grown(5, 20)
  const leaver = nodes[7]!
  leaver.swim.leave()
  const others = nodes.filter((node) => node !== leaver)
  assert.ok(network.runUntil(() => leaver.swim.hasLeft, 5000))
  network.crash(leaver)
  assert.ok(network.runUntil(() => others.every((node) => node.believes('n7') === 'left'), 2000))
  network.run(30_000)
  for (const { events } of others) assert.deepEqual(events, [events[0]])
  assert.ok(others.every(({ events }) => events[0]!.startsWith('left n7')))
})

for (const seed of [11, 12, 13]) {
  test(`ten percent loss, thirty members, ten minutes: no false death (seed ${seed})`, () => {
    const { network, nodes } = Network.grown(seed, 30)
    network.lossShare = 0.1
    network.run(600_000)
    assert.ok(nobodyDied(nodes))
    const failed = nodes.reduce((sum, { swim }) => sum + swim.counters.probesFailed, 0)
    assert.equal(failed, 0, 'streams and relays save every probe')
  })
}

test('ten percent loss and no streams: suspicions are refuted in time', () => {
  const { network, nodes } = Network.grown(14, 20)
  network.lossShare = 0.1
  network.areStreamsBlocked = true
  network.run(600_000)
  assert.ok(nobodyDied(nodes))
  assert.ok(nodes.some(({ swim }) => swim.counters.suspicions > 0))
})

test('thirty percent loss and no streams: of thousands of suspicions hardly one ends in a death, and that is mended', () => {
  const { network, nodes } = Network.grown(15, 20)
  network.lossShare = 0.3
  network.areStreamsBlocked = true
  network.run(600_000)
  const total = (count: (node: Node) => number): number => nodes.reduce((sum, node) => sum + count(node), 0)
  assert.ok(total(({ swim }) => swim.counters.suspicions) > 5000)
  assert.ok(total(({ swim }) => swim.counters.deaths) <= 3)
  network.lossShare = 0
  const isWell = ({ swim }: Node): boolean => swim.suspicionCount === 0 && swim.aliveCount === 20
  assert.ok(network.runUntil(() => nodes.every(isWell), 20_000))
})

test('a process that stands still for five seconds refutes, and judges nobody by its own pause', () => {
  const { network, nodes } = Network.grown(15, 10)
  const frozen = nodes[4]!
  network.freeze(frozen, 5000)
  network.run(30_000)
  assert.ok(nobodyDied(nodes))
  assert.equal(frozen.swim.counters.pauses, 1)
  assert.ok(frozen.swim.self.incarnation > 0)
  assert.ok(nodes.every((node) => node.swim.aliveCount === 10 && node.believes('n4') === 'alive'))
  assert.ok(!frozen.events.some((event) => event.startsWith('suspect')))
})

test('a process that stood still until it was dead to all comes back in the same life', () => {
  const { network, nodes } = Network.grown(16, 5)
  network.freeze(nodes[2]!, 60_000)
  network.run(59_000)
  assert.ok(nodes.every((node) => node === nodes[2] || node.believes('n2') === 'dead'))
  network.run(4000)
  assert.ok(nodes.every((node) => node.believes('n2') === 'alive' && node.swim.aliveCount === 5))
})

test('a crashed member that restarts is alive again in its new life, at once', () => {
  const { network, nodes } = Network.grown(17, 5)
  network.crash(nodes[1]!)
  network.run(20_000)
  const reborn = network.add('n1', [nodes[0]!.address])
  const others = nodes.filter((node) => !node.isCrashed)
  const knowsBirth = (node: Node): boolean => node.swim.get('n1')?.record.birth === reborn.swim.self.birth
  assert.ok(network.runUntil(() => others.every((node) => node.believes('n1') === 'alive'), 2000))
  assert.ok(others.every(knowsBirth))
})

test('a restart that nobody noticed is found out by the next ping, even without a seed', () => {
  const { network, nodes } = Network.grown(18, 5)
  network.crash(nodes[1]!)
  const reborn = network.add('n1')
  const others = nodes.filter((node) => !node.isCrashed)
  const knowsBirth = (node: Node): boolean => node.swim.get('n1')?.record.birth === reborn.swim.self.birth
  assert.ok(network.runUntil(() => others.every(knowsBirth) && reborn.swim.aliveCount === 5, 10_000))
  assert.ok(nobodyDied(others))
})

test('a mass restart: all but one come back at once, with clocks set back, and none stays dead', () => {
  const { network, nodes } = Network.grown(19, 20)
  const survivor = nodes[0]!
  for (const node of nodes) if (node !== survivor) network.crash(node)
  // Slow: whom nobody answers any more doubts itself first.
  assert.ok(network.runUntil(() => survivor.swim.aliveCount === 1, 600_000))
  const back = nodes
    .slice(1)
    .map((node) => network.add(node.id, [survivor.address], { birth: 1_600_000_000_000 }))
  const all = [survivor, ...back]
  assert.ok(network.runUntil(() => all.every((node) => node.swim.aliveCount === 20), 15_000))
  assert.ok(back.every(({ swim }) => swim.self.birth > 1_700_000_000_000))
})

test('a member that flaps for minutes ends alive to all when it stays up', () => {
  const { network, nodes } = Network.grown(20, 8)
  for (let flap = 0; flap < 10; flap++) {
    network.isCut = (from, to) => from === nodes[5]!.address || to === nodes[5]!.address
    network.run(12_000)
    network.isCut = () => false
    network.run(7000)
  }
  assert.ok(network.runUntil(() => nodes.every((node) => node.swim.aliveCount === 8), 10_000))
})

test('a partition is believed on both sides and heals within seconds, however long it was', () => {
  const { network, nodes } = Network.grown(21, 12)
  const left = new Set(nodes.slice(0, 5).map(({ address }) => address))
  network.isCut = (from, to) => left.has(from) !== left.has(to)
  assert.ok(
    network.runUntil(
      () => nodes.every((node) => node.swim.aliveCount === (left.has(node.address) ? 5 : 7)),
      60_000,
    ),
  )
  network.run(600_000)
  network.isCut = () => false
  assert.ok(network.runUntil(() => nodes.every((node) => node.swim.aliveCount === 12), 10_000))
})

test('sides that have evicted each other find together again by their seeds', () => {
  const { network, nodes } = Network.grown(22, 6, { evictAfterMs: 10_000 })
  const left = new Set(nodes.slice(0, 3).map(({ address }) => address))
  network.isCut = (from, to) => left.has(from) !== left.has(to)
  network.run(120_000)
  assert.ok(nodes.every((node) => node.swim.size === 3))
  network.isCut = () => false
  assert.ok(network.runUntil(() => nodes.every((node) => node.swim.aliveCount === 6), 90_000))
})

test('a one-way cut between two members is bridged by relays', () => {
  const { network, nodes } = Network.grown(23, 6)
  network.isCut = (from, to) => from === nodes[1]!.address && to === nodes[2]!.address
  network.run(120_000)
  assert.ok(nobodyDied(nodes))
  assert.ok(nodes[1]!.swim.counters.probesSavedByRelay > 0)
})

test('UDP blocked but streams fine: alive to all, marked by all, and unmarked when it works again', () => {
  const { network, nodes } = Network.grown(24, 5)
  const deaf = nodes[3]!
  network.udpBlocked.add(deaf.address)
  const others = nodes.filter((node) => node !== deaf)
  assert.ok(network.runUntil(() => others.every((node) => node.swim.isUdpBlocked('n3')), 60_000))
  network.run(60_000)
  assert.ok(nobodyDied(nodes))
  others[0]!.swim.updateSelf({ meta: Uint8Array.of(7) })
  network.run(20_000)
  assert.equal(deaf.swim.get('n0')!.record.meta[0], 7)
  network.udpBlocked.clear()
  assert.ok(network.runUntil(() => others.every((node) => !node.swim.isUdpBlocked('n3')), 120_000))
  assert.ok(others.every(({ swim }) => swim.counters.udpBlocked === 1))
})

test('two processes with one id do not flap: the later born stays, the other is told', () => {
  const { network, nodes } = Network.grown(25, 6)
  const twin = network.add('n3', [nodes[0]!.address], { address: '10.0.0.9:7003' })
  network.run(60_000)
  const others = nodes.filter(({ id }) => id !== 'n3')
  assert.ok(others.every((node) => node.swim.get('n3')!.record.address === twin.address))
  assert.ok(nobodyDied(others))
  assert.equal(nodes[3]!.events.filter((event) => event.startsWith('id-conflict')).length, 1)
  assert.ok(!twin.events.some((event) => event.startsWith('id-conflict')))
  const incarnation = twin.swim.self.incarnation
  network.run(120_000)
  assert.equal(twin.swim.self.incarnation, incarnation)
})

test('a change of roles reaches everyone', () => {
  const { network, nodes } = Network.grown(26, 30)
  nodes[9]!.swim.updateSelf({ roles: ['dc-east', 'edge'] })
  assert.ok(
    network.runUntil(
      () => nodes.every((node) => node === nodes[9] || node.swim.get('n9')!.record.roles.length === 2),
      3000,
    ),
  )
})

test('in steady state bytes per member grow no faster than the logarithm of the members', () => {
  const perSecond = [8, 64, 256].map((count) => {
    const { network, nodes } = Network.grown(27, count)
    network.run(30_000)
    for (const node of nodes) node.datagramBytes = node.streamBytes = 0
    network.run(60_000)
    return nodes.reduce((sum, node) => sum + node.datagramBytes + node.streamBytes, 0) / count / 60
  })
  const [few, some, many] = perSecond
  assert.ok(some! < few! * 1.5 && many! < some! * 1.5, `${perSecond}`)
  assert.ok(many! < 400, `${perSecond}`)
})

test('one seed is one run', () => {
  const trace = (): string => {
    const { network, nodes } = Network.grown(28, 15)
    network.lossShare = 0.2
    network.crash(nodes[4]!)
    network.run(60_000)
    return JSON.stringify(nodes.map(({ events, swim }) => [events, swim.counters]))
  }
  assert.equal(trace(), trace())
})
