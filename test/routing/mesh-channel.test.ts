/* What a node tells its own clients of the members: heartbeats and events, as messages. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { EventBus, type GossipEvent, type LadderPeer, type Membership } from '../../gossip/index.ts'
import { MeshChannel, type MembershipMessage } from '../../src/mesh-channel.ts'
import { encodeSheet } from '../../src/routing/peer-beliefs.ts'
import { Channels } from '../../src/session/channels.ts'

const SELF = 'a'.repeat(40)
const PEER = 'b'.repeat(40)
const TICK_MS = 50
const meta = encodeSheet({ clientPort: 1, httpPort: 2, isReady: true, host: 'h', name: 'node-b' })
const record = { id: PEER, birth: 7, incarnation: 0, address: 'h:1', roles: [], meta }
const member = { id: PEER, birth: 7, address: 'h:1', roles: [], status: 'up' as const, upNumber: 2 }

class Stage {
  nowMs = 1000
  isListening = true
  readonly told: (readonly [channel: string, message: MembershipMessage])[] = []
  readonly events = new EventBus<GossipEvent>()
  readonly peers: { id: string; heardMs: number }[] = []
  readonly channel: MeshChannel
  readonly #channels = new Channels()

  constructor() {
    Object.defineProperty(this.#channels, 'hasListeners', { get: () => this.isListening })
    this.#channels.publish = (channel, bytes, start, end, prefix) => {
      assert.equal(prefix, '__system.', 'who listens to all that clients publish does not hear it')
      const text = Buffer.from(bytes.subarray(start, end)).toString('utf8')
      return this.told.push([channel, JSON.parse(text) as MembershipMessage])
    }
    const membership = {
      events: this.events,
      heartbeats: { isRunning: true, peers: () => this.peers.values() as IterableIterator<LadderPeer> },
      life: {
        swim: { get: (id: string) => (id === PEER ? { record, liveness: 'suspect' } : undefined) },
        agreement: { state: { members: new Map([[PEER, member]]) } },
      },
    }
    this.channel = new MeshChannel({
      cluster: 'mesh',
      selfId: SELF,
      channels: this.#channels,
      membership: membership as unknown as Membership,
      nameOf: (id) => (id === SELF ? 'node-a' : id),
      wallMs: () => 1234.5,
    })
  }

  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += TICK_MS
      this.channel.onTick(this.nowMs)
    }
  }

  heartbeatsOf(id: string): number {
    return this.told.filter(([, { event, node }]) => event === 'heartbeat' && node === id).length
  }
}

test('an event is told on the channel of the member it is about, with what is believed and what is agreed', () => {
  const stage = new Stage()
  stage.events.emit({ type: 'peer_suspect', id: PEER, record })
  assert.deepEqual(stage.told, [
    [
      `__system.membership.mesh.${PEER}`,
      {
        event: 'peer_suspect',
        node: PEER,
        name: 'node-b',
        status: 'up',
        liveness: 'suspect',
        birth: 7,
        at: 1234,
      },
    ],
  ])
})

test('changes of status, of the leader and of this node are told, and what concerns nobody is not', () => {
  const stage = new Stage()
  stage.events.emit({ type: 'member_downed', member: { ...member, status: 'down' } })
  stage.events.emit({ type: 'member_removed', member: { ...member, status: 'down' }, previous: 'down' })
  stage.events.emit({ type: 'leader_changed', from: SELF, to: PEER })
  stage.events.emit({ type: 'self_downed' })
  stage.events.emit({ type: 'convergence', isConverged: true })
  stage.events.emit({ type: 'peer_evicted', id: PEER })
  assert.deepEqual(
    stage.told.map(([, { event, node, status }]) => [event, node, status]),
    [
      ['member_downed', PEER, 'down'],
      ['member_removed', PEER, 'removed'],
      ['leader_changed', PEER, 'up'],
      ['self_downed', SELF, 'removed'],
      ['peer_evicted', PEER, 'up'],
    ],
  )
  assert.equal(stage.told.at(-1)![1].liveness, 'evicted')
})

test('who is heard all the time is told of once a second, and who is silent not at all', () => {
  const stage = new Stage()
  stage.peers.push({ id: PEER, heardMs: 0 }, { id: 'silent', heardMs: 0 })
  for (let i = 0; i < 100; i++) {
    stage.peers[0]!.heardMs = stage.nowMs
    stage.pass(TICK_MS)
  }
  assert.equal(stage.heartbeatsOf(SELF), 5)
  assert.equal(stage.heartbeatsOf(PEER), 4, 'the first look only learns when it was heard')
  assert.equal(stage.heartbeatsOf('silent'), 0)
})

test('while nobody listens nothing is told', () => {
  const stage = new Stage()
  stage.isListening = false
  stage.pass(3000)
  stage.events.emit({ type: 'peer_dead', id: PEER, record })
  assert.deepEqual(stage.told, [])
})
