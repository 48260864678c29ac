/* Beats to a sample of the peers: rounds that forget nobody, and timeouts that count in rounds. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { BeatRounds } from '../../gossip/heartbeats/beat-rounds.ts'
import { HeartbeatLadder } from '../../gossip/heartbeats/ladder.ts'
import { beatsInRound, LADDER_DEFAULTS, RUNGS, rungOf, stepDown } from '../../gossip/heartbeats/rung.ts'
import { SimulatedLuck } from '../support/simulated-luck.ts'
import { SimulatedWorld } from '../support/simulated-world.ts'

const roundsOf = (count: number, seed: number) => {
  const luck = new SimulatedLuck(seed)
  const rounds = new BeatRounds<{ name: number; at: number }>(() => luck.random())
  const peers = Array.from({ length: count }, (_, name) => ({ name, at: 0 }))
  for (const peer of peers) rounds.add(peer)
  return { rounds, peers, luck }
}

test('in one round everyone has exactly one beat, in an order that differs from round to round', () => {
  const { rounds } = roundsOf(10, 1)
  const orders = new Set<string>()
  for (let round = 0; round < 50; round++) {
    const names = [...rounds.next(4), ...rounds.next(4), ...rounds.next(4)].map((peer) => peer.name)
    assert.deepEqual([...names].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    orders.add(names.join())
  }
  assert.ok(orders.size > 45)
})

test('peers come and go in the middle of a round without a second beat or a forgotten one', () => {
  for (let seed = 0; seed < 200; seed++) {
    const { rounds, peers, luck } = roundsOf(12, seed)
    const served = new Map(rounds.next(5).map((peer) => [peer, 1]))
    const present = new Set(peers)
    for (let change = 0; change < 6; change++) {
      const gone = [...present][luck.below(present.size)]!
      rounds.remove(gone)
      present.delete(gone)
      if (luck.chance(0.5)) {
        const newcomer = { name: 100 + change, at: 0 }
        rounds.add(newcomer)
        present.add(newcomer)
      }
    }
    const remaining = [...present].filter((peer) => !served.has(peer)).length
    const rest = remaining === 0 ? [] : rounds.next(100)
    assert.equal(rest.length, remaining)
    for (const peer of rest) served.set(peer, (served.get(peer) ?? 0) + 1)
    for (const peer of present) assert.equal(served.get(peer), 1)
  }
})

test('a round of nobody is empty, and a stranger cannot be removed', () => {
  const { rounds } = roundsOf(0, 1)
  assert.deepEqual(rounds.next(3), [])
  assert.throws(() => rounds.remove({ name: 1, at: 0 }), /not here/)
})

test('a rung is reached at its timeout, and the ladder only leads down', () => {
  assert.deepEqual(
    [0, 2999, 3000, 4999, 5000, 9999, 10_000, 1e9].map((ageMs) => rungOf(ageMs, LADDER_DEFAULTS)),
    ['alive', 'alive', 'suspect', 'suspect', 'dead', 'dead', 'evicted', 'evicted'],
  )
  for (const [high, from] of RUNGS.entries())
    for (const [low, to] of RUNGS.entries())
      assert.equal(stepDown(from, to), low > high ? RUNGS[high + 1] : undefined)
  assert.deepEqual([beatsInRound(0, 3), beatsInRound(7, 3), beatsInRound(7, 0)], [1, 3, 1])
})

test('thirty ladders that beat to three peers each stay alive, and still find a crashed one', () => {
  const world = new SimulatedWorld({ seed: 3 })
  const addresses = Array.from({ length: 30 }, (_, at) => `10.0.0.${at}:1`)
  const events: string[] = []
  const ladders = addresses.map((address, index) => {
    const ports = world.portsFor(address)
    const ladder = new HeartbeatLadder(
      { clusterName: 'c', nodeId: `n${index}` },
      { ...LADDER_DEFAULTS, sampleCount: 3 },
      {
        ...ports,
        beat(_channel, to) {
          assert.ok(to.length <= 3)
          for (const peer of to) ports.sendDatagram(peer.endpoint, Buffer.from(`n${index}`, 'latin1'))
        },
      },
    )
    world.attach(address, {
      onDatagram: (from, bytes) => ladder.onHeartbeat('c', Buffer.from(bytes).toString('latin1'), from),
      onStream() {},
      onStreamFailed() {},
    })
    for (const [other, endpoint] of addresses.entries()) ladder.registerPeer(`n${other}`, endpoint)
    ladder.addCallback((event) => events.push(`${event.type} ${event.id}`))
    ladder.start()
    return ladder
  })
  world.runFor(300_000)
  assert.equal(events.length, 0)
  world.crash(addresses[0]!)
  // Ten beats are a round; evicted after ten of them.
  const isFound = () => ladders.slice(1).every((ladder) => ladder.peer('n0') === undefined)
  assert.ok(world.runUntil(isFound, 10 * 10_000 + 20_000, 1000))
  assert.equal(events.filter((event) => !event.endsWith(' n0')).length, 0)
})
