/*
 * One node's agreement: orders in, events out, limits reached.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Agreement } from '../../gossip/agreement/agreement.ts'
import type { AgreementConfig } from '../../gossip/agreement/config.ts'
import type { AgreementEvent } from '../../gossip/agreement/events.ts'
import { TOMBSTONE_KEPT_MS } from '../../gossip/agreement/merge.ts'
import type { MeshState } from '../../gossip/agreement/mesh-state.ts'
import { STATUS } from '../../gossip/agreement/messages.ts'
import type { SeenSet } from '../../gossip/agreement/seen-set.ts'
import { encodeEnvelope } from '../../gossip/agreement/state-codec.ts'
import { stateDigest } from '../../gossip/agreement/state-digest.ts'
import type { Message } from '../../gossip/messages.ts'
import { addressOf, member, recordOf, stateOf } from './agreement-scenes.ts'

class Stage {
  readonly events: AgreementEvent[] = []
  readonly sent: { to: string; message: Message }[] = []
  readonly silent = new Set<string>()
  readonly agreement: Agreement
  nowMs = 0
  timers: { readonly atMs: number; readonly run: () => void }[] = []
  peers: string[] = []
  onEvent: (event: AgreementEvent) => void = () => {}

  constructor(id = 'a1', config: Partial<AgreementConfig> = {}, birth = 1, roles: readonly string[] = []) {
    const ports = {
      monotonicMs: () => this.nowMs,
      wallMs: () => 1000 + this.nowMs,
      after: (delayMs: number, run: () => void) => {
        this.timers.push({ atMs: this.nowMs + delayMs, run })
      },
      random: () => 0.5,
      randomBytes: (count: number) => new Uint8Array(count),
    }
    const send = (to: string, message: Message) => void this.sent.push({ to, message })
    const hooks = {
      emit: (event: AgreementEvent) => {
        this.events.push(event)
        this.onEvent(event)
      },
      isReachable: (peer: string) => !this.silent.has(peer),
      pickPeer: () => this.peers.map((peer) => ({ id: peer, address: addressOf(peer) }))[0],
    }
    const courier = { send, sendReliably: send }
    this.agreement = new Agreement(recordOf(id, birth, { roles }), config, ports, courier, hooks)
  }

  tick(count = 1): void {
    for (let at = 0; at < count; at++) {
      this.pass(1000)
      this.agreement.onTick()
    }
  }

  /** Time goes by between two ticks. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.nowMs += 10
      const due = this.timers.filter((timer) => timer.atMs <= this.nowMs)
      this.timers = this.timers.filter((timer) => timer.atMs > this.nowMs)
      for (const { run } of due) run()
    }
  }

  hear(state: MeshState, from = 'z9'): void {
    const envelope = encodeEnvelope(0, stateDigest(state), state, state.seen as SeenSet)
    this.agreement.onMessage({ id: from, address: addressOf(from), isStream: true }, envelope)
  }

  told(): string[] {
    return this.events.map((event) => ('member' in event ? `${event.type} ${event.member.id}` : event.type))
  }

  statusOf(id: string): string | undefined {
    return this.agreement.state.members.get(id)?.status
  }
}

const up = (id: string, upNumber: number, more: object = {}) => member(id, 'up', { upNumber, ...more })

test('who forms a mesh alone is up at once, converged and its leader', () => {
  const stage = new Stage()
  assert.equal(stage.agreement.isMember, false)
  assert.equal(stage.agreement.form(), true)
  assert.equal(stage.agreement.status, 'up')
  assert.equal(stage.agreement.leaderId, 'a1')
  assert.equal(stage.agreement.isConverged, true)
  assert.deepEqual(stage.told(), ['member_joined a1', 'member_up a1', 'leader_changed', 'convergence'])
  assert.equal(stage.agreement.form(), false)
})

test('a newcomer is told of everyone there is', () => {
  const stage = new Stage('b1')
  stage.hear(stateOf([up('a1', 1), member('b1', 'joining')], { clock: { a1: 2 }, seen: ['a1'] }))
  stage.tick()
  assert.deepEqual(stage.told(), [
    'member_joined a1',
    'member_up a1',
    'member_joined b1',
    'leader_changed',
    'convergence',
  ])
  assert.deepEqual([...stage.agreement.state.seen], ['a1', 'b1'])
  assert.equal(stage.agreement.leaderId, 'a1')
})

test('who is no member yet has no say', () => {
  const stage = new Stage('b1')
  stage.hear(stateOf([up('a1', 1)], { clock: { a1: 2 } }))
  stage.silent.add('a1')
  stage.agreement.onAlive(recordOf('c1'))
  stage.tick(10)
  assert.equal(stage.agreement.leave(), false)
  assert.equal(stage.agreement.down(['a1']), 0)
  assert.equal(stage.agreement.counters.changesMade, 0)
})

test('the leader lets in whom liveness knows, and moves it up when all have seen it', () => {
  const stage = new Stage()
  stage.agreement.form()
  stage.agreement.onAlive(recordOf('b1', 7))
  assert.equal(stage.statusOf('b1'), undefined)
  stage.tick()
  assert.equal(stage.statusOf('b1'), 'joining')
  stage.tick()
  assert.deepEqual(stage.agreement.state.members.get('b1'), up('b1', 2, { birth: 7 }))
})

test('who falls silent before it was let in is not waited for', () => {
  const stage = new Stage()
  stage.agreement.form()
  stage.agreement.onAlive(recordOf('b1'))
  stage.agreement.onUnreachable('b1')
  stage.tick(3)
  assert.equal(stage.statusOf('b1'), undefined)
})

test('leaving walks to exiting and removed, and self is told of its end once', () => {
  const stage = new Stage()
  stage.agreement.form()
  assert.equal(stage.agreement.leave(), true)
  assert.equal(stage.agreement.leave(), false)
  stage.tick(5)
  assert.equal(stage.agreement.isMember, false)
  assert.deepEqual(stage.told().slice(4), [
    'member_left a1',
    'member_exited a1',
    'member_removed a1',
    'self_removed',
    'leader_changed',
    'convergence',
  ])
  assert.equal(stage.agreement.form(), false)
})

test('who is downed is told so once and has no more say', () => {
  const stage = new Stage('b1')
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 } }))
  stage.hear(stateOf([up('a1', 1), member('b1', 'down', { upNumber: 2 })], { clock: { a1: 3 } }))
  stage.tick(3)
  assert.equal(stage.told().filter((one) => one === 'self_downed').length, 1)
  assert.equal(stage.agreement.leave(), false)
  stage.hear(
    stateOf([up('a1', 1)], { clock: { a1: 4 }, tombstones: { b1: { birth: 1, removedWallMs: 1000 } } }),
  )
  assert.equal(stage.told().filter((one) => one === 'self_removed').length, 1)
})

test('who downs itself goes on telling others about it', () => {
  const stage = new Stage()
  stage.agreement.form()
  stage.peers = ['b1']
  assert.equal(stage.agreement.downSelf(), true)
  assert.equal(stage.agreement.status, 'down')
  stage.sent.length = 0
  stage.tick()
  assert.equal(stage.sent[0]?.message[0], STATUS)
  assert.equal(stage.agreement.status, 'down')
})

test('a former life that was downed or buried does not concern the new one', () => {
  const stage = new Stage('b1', {}, 9)
  stage.hear(stateOf([up('a1', 1), member('b1', 'down', { birth: 5 })], { clock: { a1: 2 } }))
  stage.hear(
    stateOf([up('a1', 1)], { clock: { a1: 3 }, tombstones: { b1: { birth: 5, removedWallMs: 1000 } } }),
  )
  assert.equal(
    stage.told().some((one) => one.startsWith('self_')),
    false,
  )
})

test('a later life of the same id ends this one', () => {
  const stage = new Stage('b1', {}, 5)
  stage.hear(stateOf([up('a1', 1), member('b1', 'joining', { birth: 6 })], { clock: { a1: 2 } }))
  assert.equal(stage.told().includes('self_removed'), true)
})

test('a silent member is written down by its observer, and taken back', () => {
  const stage = new Stage()
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 } }))
  stage.silent.add('b1')
  stage.agreement.onUnreachable('b1')
  stage.tick()
  const [, silent] = stage.agreement.snapshot().members
  assert.deepEqual([silent?.reachability, silent?.observedBy], ['unreachable', ['a1']])
  assert.equal(stage.agreement.isConverged, false)
  stage.silent.delete('b1')
  stage.tick()
  assert.equal(stage.agreement.snapshot().unreachableCount, 0)
  assert.deepEqual(
    stage.told().filter((one) => one.startsWith('member_un') || one.startsWith('member_re')),
    ['member_unreachable b1', 'member_reachable b1'],
  )
})

test('a leader that came back as a new life is written off and let in again by the next', () => {
  const stage = new Stage('b1')
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 } }))
  assert.equal(stage.agreement.leaderId, 'a1')
  stage.agreement.onAlive(recordOf('a1', 2))
  stage.tick(6)
  assert.deepEqual(stage.agreement.state.members.get('a1'), up('a1', 3, { birth: 2 }))
  assert.equal(stage.agreement.state.tombstones.get('a1')?.birth, 1)
})

test('a mesh whose every life was followed by another is gone on with by the first who is alive', () => {
  const ghosts = stateOf([up('a1', 1), member('b1', 'down'), up('c1', 2)], { clock: { a1: 2 } })
  for (const id of ['a1', 'c1']) {
    const stage = new Stage(id, {}, 9)
    stage.hear(ghosts)
    stage.agreement.onAlive(recordOf(id === 'a1' ? 'c1' : 'a1', 9))
    stage.tick(5)
    assert.equal(stage.agreement.status, id === 'a1' ? 'up' : undefined)
  }
})

test('a life that is merely silent may be in the right, so only an operator can go on without it', () => {
  const stage = new Stage('a1', {}, 9)
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 } }))
  stage.silent.add('b1')
  stage.tick(20)
  assert.equal(stage.agreement.isMember, false)
  assert.equal(stage.agreement.takeOver(), true)
  assert.equal(stage.agreement.takeOver(), false)
  stage.agreement.down(['b1'])
  stage.tick(4)
  assert.deepEqual([...stage.agreement.state.members.values()], [up('a1', 3, { birth: 9 })])
})

test('a life goes on from a state that knows it, and from no other', () => {
  const state = stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 }, seen: ['b1'] })
  const stage = new Stage('a1')
  assert.equal(new Stage('a1', {}, 2).agreement.resume(state), false)
  assert.equal(stage.agreement.resume(state), true)
  assert.equal(stage.agreement.status, 'up')
  assert.equal(stage.agreement.isConverged, true)
  assert.equal(stage.agreement.resume(state), false)
})

test('without convergence for long enough joining members become weakly up, and up with it', () => {
  const stage = new Stage('a1', { weaklyUpAfterMs: 7000 })
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 }, seen: [] }))
  stage.agreement.onAlive(recordOf('c1'))
  stage.tick(7)
  assert.equal(stage.statusOf('c1'), 'joining')
  stage.tick()
  assert.equal(stage.statusOf('c1'), 'weakly-up')
  assert.equal(stage.agreement.state.members.get('c1')?.upNumber, 0)
  stage.hear({ ...stage.agreement.state, seen: stateOf([...stage.agreement.state.members.values()]).seen })
  stage.tick()
  assert.equal(stage.statusOf('c1'), 'up')
})

test('weakly up can be switched off', () => {
  const stage = new Stage('a1', { weaklyUpAfterMs: Number.POSITIVE_INFINITY })
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 }, seen: [] }))
  stage.agreement.onAlive(recordOf('c1'))
  stage.tick(30)
  assert.equal(stage.statusOf('c1'), 'joining')
})

test('orders about strangers, and orders given twice, change nothing', () => {
  const stage = new Stage()
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 } }))
  assert.equal(stage.agreement.leaveOf('x1'), false)
  assert.equal(stage.agreement.down(['x1']), 0)
  assert.equal(stage.agreement.leaveOf('b1'), true)
  assert.equal(stage.agreement.leaveOf('b1'), false)
  assert.equal(stage.agreement.down(['b1', 'b1', 'x1']), 1)
  assert.equal(stage.agreement.down(['b1']), 0)
  assert.equal(stage.agreement.counters.changesMade, 2)
})

test('events leave one after the other, also when a listener gives the next order', () => {
  const stage = new Stage()
  stage.onEvent = (event) => {
    if (event.type === 'member_joined' && event.member.id === 'b1') stage.agreement.down(['b1'])
  }
  stage.hear(stateOf([up('a1', 1), up('b1', 2), up('c1', 3)], { clock: { a1: 2 } }))
  assert.deepEqual(stage.told(), [
    ...[
      'member_joined a1',
      'member_up a1',
      'member_joined b1',
      'member_up b1',
      'member_joined c1',
      'member_up c1',
    ],
    'member_downed b1',
  ])
})

test('a steady mesh of one version sends one small word a tick', () => {
  const stage = new Stage()
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 } }))
  stage.peers = ['b1']
  stage.tick(10)
  assert.equal(stage.sent.length, 10)
  assert.equal(
    stage.sent.every(({ to, message }) => to === addressOf('b1') && message[0] === STATUS),
    true,
  )
})

test('a fresh version is told to several at once in quick rounds, but not for ever', () => {
  const stage = new Stage('a1', { weaklyUpAfterMs: Number.POSITIVE_INFINITY })
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 }, seen: [] }))
  stage.peers = ['b1']
  assert.equal(stage.sent.length, 0, 'not before others may have told it')
  stage.pass(10)
  assert.equal(stage.sent.length, 3)
  stage.pass(800)
  assert.equal(stage.sent.length >= 15, true, `${stage.sent.length} words in the first second`)
  stage.tick(30)
  const before = stage.sent.length
  stage.tick(10)
  assert.equal(stage.sent.length - before, 10)
  assert.equal(stage.timers.length, 0)
})

test('who is stopped says no more of what it holds', () => {
  const stage = new Stage('a1', { weaklyUpAfterMs: Number.POSITIVE_INFINITY })
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 }, seen: [] }))
  stage.peers = ['b1']
  stage.pass(300)
  const before = stage.sent.length
  assert.equal(before > 0, true)
  stage.agreement.stop()
  stage.pass(5000)
  assert.equal(stage.sent.length, before)
})

test('beyond the limit of members a state is refused and nobody is let in', () => {
  const stage = new Stage('a1', { membersCountMax: 2 })
  stage.hear(stateOf([up('a1', 1), up('b1', 2)], { clock: { a1: 2 } }))
  stage.hear(stateOf([up('x1', 1)], { clock: { x1: 1 } }))
  assert.equal(stage.agreement.state.members.size, 2)
  assert.equal(stage.agreement.counters.refusedFull, 1)
  stage.agreement.onAlive(recordOf('c1'))
  stage.tick()
  assert.equal(stage.agreement.state.members.size, 2)
  assert.equal(stage.agreement.counters.refusedFull, 2)
})

test('beyond the limit of candidates the newest are not remembered', () => {
  const stage = new Stage('b1', { candidatesCountMax: 2 })
  for (const id of ['c1', 'd1', 'e1']) stage.agreement.onAlive(recordOf(id))
  assert.equal(stage.agreement.counters.candidatesDropped, 1)
})

test('a buried life that is alive all the same is counted and not let in', () => {
  const stage = new Stage()
  stage.hear(
    stateOf([up('a1', 1)], { clock: { a1: 2 }, tombstones: { b1: { birth: 5, removedWallMs: 1000 } } }),
  )
  stage.agreement.onAlive(recordOf('b1', 5))
  stage.tick(3)
  assert.equal(stage.statusOf('b1'), undefined)
  assert.equal(stage.agreement.counters.candidatesBuried, 1)
})

test('tombstones are forgotten after a day, and those of yesterday are not learned again', () => {
  const stage = new Stage()
  const tombstones = { b1: { birth: 5, removedWallMs: 1000 } }
  stage.hear(stateOf([up('a1', 1)], { clock: { a1: 2 }, tombstones }))
  assert.equal(stage.agreement.snapshot().tombstonesCount, 1)
  stage.nowMs = TOMBSTONE_KEPT_MS
  stage.tick(60)
  assert.equal(stage.agreement.snapshot().tombstonesCount, 0)
  assert.equal(stage.agreement.counters.tombstonesExpired, 1)
  stage.hear(stateOf([up('a1', 1)], { clock: { a1: 3 }, tombstones }))
  assert.equal(stage.agreement.snapshot().tombstonesCount, 0)
})

test('each data centre has its own leader in a node’s eyes', () => {
  const stage = new Stage('b1', {}, 1, ['dc-west'])
  const east = up('a1', 1, { roles: ['dc-east'] })
  stage.hear(stateOf([east, up('b1', 2, { roles: ['dc-west'] })], { clock: { a1: 2 }, seen: ['b1'] }))
  assert.equal(stage.agreement.leaderId, 'b1')
  assert.equal(stage.agreement.isConverged, true)
})

test('the snapshot shows members by age with what is known of each', () => {
  const stage = new Stage('b1')
  stage.hear(
    stateOf([member('c1', 'joining'), up('b1', 2), up('a1', 1)], {
      clock: { a1: 2 },
      silent: ['b1>a1'],
      seen: ['a1'],
    }),
  )
  const { members, ...rest } = stage.agreement.snapshot()
  assert.deepEqual(
    members.map((one) => `${one.id} ${one.status} ${one.reachability} ${one.hasSeen}`),
    ['a1 up unreachable true', 'b1 up reachable true', 'c1 joining reachable false'],
  )
  assert.deepEqual([rest.selfId, rest.leader, rest.isConverged], ['b1', 'b1', false])
  assert.deepEqual([rest.seenCount, rest.unreachableCount, rest.tombstonesCount], [2, 1, 0])
  assert.deepEqual(rest.version, { 'a1 1': 2 })
})
