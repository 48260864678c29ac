/*
 * The heartbeat ladder, case by case of the second document: construction, start and stop, registration, heartbeat
 * processing, the way down, revival, callbacks, configuration, and two nodes on a wire. Time is a number.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { MembershipEvent } from '../../gossip/events.ts'
import {
  HeartbeatLadder,
  heartbeatChannel,
  type LadderPeer,
  type LadderPorts,
  type ReplicaPort,
} from '../../gossip/heartbeats/ladder.ts'
import { LADDER_DEFAULTS, type LadderConfig } from '../../gossip/heartbeats/rung.ts'
import { SimulatedWorld } from '../support/simulated-world.ts'

const A = { clusterName: 'c1', nodeId: 'a' }

/** A clock moved by hand, and a beat port that remembers. */
class HandClock implements LadderPorts {
  nowMs = 1000
  readonly beats: { readonly channel: string; readonly to: readonly string[] }[] = []
  private timers: { readonly dueMs: number; readonly run: () => void }[] = []

  monotonicMs(): number {
    return this.nowMs
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs
  }

  random(): number {
    return 0.5
  }

  after(delayMs: number, run: () => void): void {
    this.timers.push({ dueMs: this.nowMs + delayMs, run })
  }

  beat(channel: string, to: readonly LadderPeer[]): void {
    this.beats.push({ channel, to: to.map((peer) => peer.id) })
  }

  advance(byMs: number): void {
    const endMs = this.nowMs + byMs
    for (;;) {
      const next = this.timers.filter((timer) => timer.dueMs <= endMs).sort((x, y) => x.dueMs - y.dueMs)[0]
      if (next === undefined) break
      this.timers = this.timers.filter((timer) => timer !== next)
      this.nowMs = next.dueMs
      next.run()
    }
    this.nowMs = endMs
  }
}

class RecordingReplica implements ReplicaPort {
  readonly calls: string[] = []

  markAlive(id: string, isAlive: boolean): void {
    this.calls.push(`${id} ${isAlive ? 'alive' : 'not alive'}`)
  }

  remove(id: string): void {
    this.calls.push(`${id} removed`)
  }
}

function ladderOf(changes: Partial<LadderConfig> = {}) {
  const clock = new HandClock()
  const replica = new RecordingReplica()
  const ladder = new HeartbeatLadder(A, { ...LADDER_DEFAULTS, ...changes }, clock, replica)
  const events: string[] = []
  ladder.addCallback((event) => events.push(`${event.type} ${event.id}`))
  return { clock, replica, ladder, events }
}

// Construction

test('a new ladder is stopped, knows nobody and has counted nothing', () => {
  const { ladder, clock } = ladderOf()
  assert.equal(ladder.isRunning, false)
  assert.equal(ladder.peersCount, 0)
  assert.ok(Object.values(ladder.counters).every((count) => count === 0))
  assert.deepEqual(clock.beats, [])
  assert.equal(ladder.channel, '__system.membership.c1.a')
})

test('the timeouts are one, three, five and ten seconds unless told otherwise', () => {
  const { heartbeatMs, suspectMs, deadMs, evictMs } = ladderOf().ladder.config
  assert.deepEqual([heartbeatMs, suspectMs, deadMs, evictMs], [1000, 3000, 5000, 10_000])
})

// Start and stop

test('a started ladder beats at once and then in every interval on the channel of its node', () => {
  const { ladder, clock } = ladderOf()
  ladder.start()
  clock.advance(3500)
  assert.deepEqual(
    clock.beats.map((beat) => beat.channel),
    Array(4).fill(heartbeatChannel('c1', 'a')),
  )
  assert.equal(ladder.counters.heartbeatsSent, 4)
})

test('starting twice beats once an interval, and stopping twice is stopping', () => {
  const { ladder, clock } = ladderOf()
  ladder.start()
  ladder.start()
  clock.advance(2000)
  assert.equal(clock.beats.length, 3)
  ladder.stop()
  ladder.stop()
  assert.equal(ladder.isRunning, false)
  clock.advance(10_000)
  assert.equal(clock.beats.length, 3)
})

test('a ladder started again soon after a stop has one rhythm, not two', () => {
  const { ladder, clock } = ladderOf()
  ladder.start()
  clock.advance(500)
  ladder.stop()
  ladder.start()
  clock.advance(3000)
  assert.equal(clock.beats.length, 1 + 4)
})

// Peer registration

test('registering a peer tells peer_joined, marks its replica alive, and counts', () => {
  const { ladder, replica, events } = ladderOf()
  assert.equal(ladder.registerPeer('b', 'h:1'), true)
  assert.deepEqual(events, ['peer_joined b'])
  assert.deepEqual(replica.calls, ['b alive'])
  assert.equal(ladder.counters.peersJoined, 1)
  assert.equal(ladder.peer('b')?.rung, 'alive')
  assert.equal(ladder.peer('b')?.endpoint, 'h:1')
})

test('registering a known peer, oneself or a malformed id changes nothing', () => {
  const { ladder, events } = ladderOf()
  ladder.registerPeer('b', 'h:1')
  assert.equal(ladder.registerPeer('b', 'h:2'), false)
  assert.equal(ladder.registerPeer('a', 'h:3'), false)
  assert.equal(ladder.registerPeer('', 'h:4'), false)
  assert.equal(ladder.registerPeer('with space', 'h:5'), false)
  assert.equal(ladder.peer('b')?.endpoint, 'h:1')
  assert.deepEqual(events, ['peer_joined b'])
})

test('a removed peer is told as left, and its replica goes', () => {
  const { ladder, replica, events } = ladderOf()
  ladder.registerPeer('b', 'h:1')
  assert.equal(ladder.removePeer('b'), true)
  assert.equal(ladder.removePeer('b'), false)
  assert.deepEqual(events, ['peer_joined b', 'peer_left b'])
  assert.deepEqual(replica.calls, ['b alive', 'b not alive', 'b removed'])
  assert.equal(ladder.peersCount, 0)
})

// Heartbeat processing

test('the first beat of an unknown peer registers it', () => {
  const { ladder, events } = ladderOf()
  assert.equal(ladder.onHeartbeat('c1', 'b', 'h:1'), 'joined')
  assert.deepEqual(events, ['peer_joined b'])
  assert.equal(ladder.counters.heartbeatsReceived, 1)
})

test('a beat refreshes a known peer, and its endpoint only when it names one', () => {
  const { ladder, clock } = ladderOf()
  ladder.registerPeer('b', 'h:1')
  clock.advance(700)
  assert.equal(ladder.onHeartbeat('c1', 'b', ''), 'refreshed')
  assert.equal(ladder.peer('b')?.heardMs, clock.nowMs)
  assert.equal(ladder.peer('b')?.endpoint, 'h:1')
  ladder.onHeartbeat('c1', 'b', 'h:2')
  assert.equal(ladder.peer('b')?.endpoint, 'h:2')
})

test('own beats and those of another cluster are ignored and counted apart', () => {
  const { ladder, events } = ladderOf()
  assert.equal(ladder.onHeartbeat('c1', 'a', 'h:1'), 'ignored')
  assert.equal(ladder.onHeartbeat('c2', 'b', 'h:1'), 'ignored')
  assert.equal(ladder.counters.heartbeatsReceived, 0)
  assert.equal(ladder.counters.heartbeatsIgnored, 2)
  assert.equal(ladder.peersCount, 0)
  assert.deepEqual(events, [])
})

test('beats of strangers beyond the limit of peers, and malformed ones, are refused and counted', () => {
  const { ladder } = ladderOf({ peersCountMax: 2 })
  ladder.onHeartbeat('c1', 'b', '')
  ladder.onHeartbeat('c1', 'c', '')
  assert.equal(ladder.onHeartbeat('c1', 'd', ''), 'refused')
  assert.equal(ladder.onHeartbeat('c1', 'b', ''), 'refreshed')
  assert.equal(ladder.onHeartbeat('c1', 'b', 'x'.repeat(300)), 'refused')
  assert.equal(ladder.onHeartbeat('c1', 'bad\nid', ''), 'refused')
  assert.equal(ladder.counters.heartbeatsRefused, 3)
  assert.equal(ladder.peersCount, 2)
})

// Failure detection

test('a silent peer becomes suspect, dead and evicted at its timeouts, not a millisecond earlier', () => {
  const { ladder, clock, replica, events } = ladderOf()
  ladder.registerPeer('b', 'h:1')
  const joinedMs = clock.nowMs
  const seen: string[] = []
  for (const ageMs of [2999, 3000, 4999, 5000, 9999, 10_000]) {
    ladder.scan(joinedMs + ageMs)
    seen.push(`${ageMs} ${ladder.peer('b')?.rung}`)
  }
  assert.deepEqual(seen, [
    '2999 alive',
    '3000 suspect',
    '4999 suspect',
    '5000 dead',
    '9999 dead',
    '10000 undefined',
  ])
  assert.deepEqual(events, ['peer_joined b', 'peer_suspect b', 'peer_dead b', 'peer_evicted b'])
  assert.deepEqual(replica.calls, ['b alive', 'b not alive', 'b removed'])
  const { peersSuspected, peersDead, peersEvicted } = ladder.counters
  assert.deepEqual([peersSuspected, peersDead, peersEvicted], [1, 1, 1])
})

test('one scan after a long silence tells suspect, dead and evicted, in this order', () => {
  const { ladder, clock, events } = ladderOf()
  ladder.registerPeer('b', 'h:1')
  ladder.scan(clock.nowMs + 60_000)
  assert.deepEqual(events, ['peer_joined b', 'peer_suspect b', 'peer_dead b', 'peer_evicted b'])
})

test('a clock that is behind the last beat makes a peer no older than new', () => {
  const { ladder, clock, events } = ladderOf()
  ladder.registerPeer('b', 'h:1')
  ladder.scan(clock.nowMs - 50_000)
  assert.equal(ladder.peer('b')?.rung, 'alive')
  assert.deepEqual(events, ['peer_joined b'])
})

// Revival

test('a beat brings a suspect or dead peer back, says so, and restarts its silence', () => {
  const { ladder, clock, replica, events } = ladderOf()
  ladder.registerPeer('b', 'h:1')
  ladder.scan(clock.nowMs + 3000)
  clock.advance(3000)
  assert.equal(ladder.onHeartbeat('c1', 'b', ''), 'revived')
  ladder.scan(clock.nowMs + 5000)
  clock.advance(5000)
  assert.equal(ladder.peer('b')?.rung, 'dead')
  assert.equal(ladder.onHeartbeat('c1', 'b', ''), 'revived')
  ladder.scan(clock.nowMs + 2999)
  assert.equal(ladder.peer('b')?.rung, 'alive')
  assert.deepEqual(events, [
    'peer_joined b',
    'peer_suspect b',
    'peer_alive b',
    'peer_suspect b',
    'peer_dead b',
    'peer_alive b',
  ])
  assert.equal(ladder.counters.peersRevived, 2)
  assert.equal(replica.calls.at(-1), 'b alive')
})

// Event callbacks

test('callbacks are numbered from one, hear events with their time, and hear none once removed', () => {
  const { clock, ladder } = ladderOf()
  const heard: MembershipEvent[] = []
  const callbackId = ladder.addCallback((event) => heard.push(event))
  assert.equal(callbackId, 2)
  ladder.registerPeer('b', 'h:1')
  assert.deepEqual(heard, [{ type: 'peer_joined', id: 'b', wallMs: clock.wallMs() }])
  assert.equal(ladder.removeCallback(callbackId), true)
  assert.equal(ladder.removeCallback(callbackId), false)
  ladder.registerPeer('c', 'h:2')
  assert.equal(heard.length, 1)
})

test('a callback may add and remove callbacks and change peers from inside', () => {
  const { clock, ladder, events } = ladderOf()
  const heard: string[] = []
  const once = ladder.addCallback((event) => {
    heard.push(`once ${event.id}`)
    ladder.removeCallback(once)
    ladder.addCallback((later) => heard.push(`later ${later.type} ${later.id}`))
  })
  ladder.addCallback((event) => {
    if (event.type === 'peer_suspect' && event.id === 'b') ladder.onHeartbeat('c1', 'b', '')
    if (event.type === 'peer_suspect' && event.id === 'c') ladder.removePeer('c')
    if (event.type === 'peer_evicted') ladder.registerPeer(event.id, '')
  })
  for (const id of ['b', 'c', 'd']) ladder.registerPeer(id, '')
  clock.advance(20_000)
  ladder.scan(clock.nowMs)
  assert.equal(ladder.peer('b')?.rung, 'alive')
  assert.equal(ladder.peer('c'), undefined)
  assert.equal(ladder.peer('d')?.rung, 'alive')
  assert.deepEqual(heard.slice(0, 3), ['once b', 'later peer_joined c', 'later peer_joined d'])
  assert.deepEqual(events.slice(3), [
    'peer_suspect b',
    'peer_alive b',
    'peer_suspect c',
    'peer_left c',
    'peer_suspect d',
    'peer_dead d',
    'peer_evicted d',
    'peer_joined d',
  ])
})

// Configuration

test('a configuration that makes no sense is answered in words and changes nothing', () => {
  const { ladder } = ladderOf()
  const before = ladder.config
  assert.match(ladder.configure({ suspectMs: 1000 })!, /suspectMs must be above heartbeatMs/)
  assert.match(ladder.configure({ deadMs: 2000 })!, /deadMs/)
  assert.match(ladder.configure({ evictMs: 4000 })!, /evictMs/)
  assert.match(ladder.configure({ heartbeatMs: 0 })!, /heartbeatMs must be above 0/)
  assert.match(ladder.configure({ heartbeatMs: Number.NaN })!, /heartbeatMs/)
  assert.match(ladder.configure({ sampleCount: -1 })!, /sampleCount/)
  assert.match(ladder.configure({ peersCountMax: 0 })!, /peersCountMax/)
  assert.equal(ladder.config, before)
  assert.throws(() => new HeartbeatLadder(A, { ...LADDER_DEFAULTS, deadMs: 1 }, new HandClock()), /deadMs/)
})

test('new timeouts and a new rhythm take effect while running', () => {
  const { ladder, clock, events } = ladderOf()
  ladder.start()
  ladder.registerPeer('b', 'h:1')
  assert.equal(ladder.configure({ heartbeatMs: 100, suspectMs: 300, deadMs: 500, evictMs: 1000 }), undefined)
  clock.advance(950)
  assert.equal(clock.beats.length, 1 + 9)
  assert.deepEqual(events, ['peer_joined b', 'peer_suspect b', 'peer_dead b'])
  clock.advance(50)
  assert.equal(ladder.peersCount, 0)
})

// Two nodes

test('two nodes on a wire find each other by beats; one that crashes is evicted, and joins again', () => {
  const world = new SimulatedWorld({ seed: 7 })
  const registered: string[] = []
  const start = (nodeId: string, address: string) => {
    const replica = new RecordingReplica()
    const life: { ladder?: HeartbeatLadder } = {}
    const events: string[] = []
    world.restart(address, (ports) => {
      const ladder = new HeartbeatLadder(
        { clusterName: 'c1', nodeId },
        LADDER_DEFAULTS,
        {
          ...ports,
          beat(channel, to) {
            const bytes = Buffer.from(JSON.stringify([channel.split('.')[2], nodeId, address]), 'latin1')
            for (const peer of to) ports.sendDatagram(peer.endpoint, bytes)
          },
        },
        replica,
      )
      ladder.addCallback((event) => events.push(`${event.type} ${event.id}`))
      ladder.start()
      life.ladder = ladder
      return {
        onDatagram(_from, bytes) {
          const [cluster, id, endpoint] = JSON.parse(Buffer.from(bytes).toString('latin1'))
          if (ladder.onHeartbeat(cluster, id, endpoint) === 'joined') registered.push(`${id} at ${nodeId}`)
        },
        onStream() {},
        onStreamFailed() {},
      }
    })
    return { ladder: life.ladder!, replica, events }
  }
  const a = start('a', '10.0.0.1:1')
  const b = start('b', '10.0.0.2:1')
  // Only one of them is told of the other: the beats do the rest.
  a.ladder.registerPeer('b', '10.0.0.2:1')
  world.runFor(60_000)
  assert.deepEqual(registered, ['a at b'])
  assert.deepEqual([a.events, b.events], [['peer_joined b'], ['peer_joined a']])
  assert.ok(a.ladder.counters.heartbeatsReceived > 50 && b.ladder.counters.heartbeatsReceived > 50)

  world.crash('10.0.0.2:1')
  world.runFor(12_000)
  assert.deepEqual(a.events.slice(1), ['peer_suspect b', 'peer_dead b', 'peer_evicted b'])
  assert.deepEqual(a.replica.calls.slice(-2), ['b not alive', 'b removed'])

  const reborn = start('b', '10.0.0.2:1')
  reborn.ladder.registerPeer('a', '10.0.0.1:1')
  world.runFor(3000)
  assert.deepEqual(a.events.at(-1), 'peer_joined b')
  assert.equal(a.replica.calls.at(-1), 'b alive')
  assert.equal(reborn.ladder.peer('a')?.rung, 'alive')
})
