/*
 * One Swim comparing lists: digests, what is sent for what differs, joins, strangers, and what a list may
 * claim.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { BUCKET_COUNT, bucketOf, hashOfId } from '../../gossip/swim/digest.ts'
import { Members } from '../../gossip/swim/members.ts'
import { DEAD, type Entry, PING, PUSH_PULL, SUSPECT, SYNC } from '../../gossip/swim/messages.ts'
import type { MemberRecord } from '../../gossip/member.ts'
import type { Message } from '../../gossip/messages.ts'
import { recordOf, Stage } from './swim-stage.ts'

function entryOf(record: MemberRecord, rank = 0): Entry {
  const { id, birth, incarnation, address, roles, meta } = record
  return [id, birth, incarnation, address, roles, meta, rank]
}

/** The digest of a list of these members. */
function sumsOf(self: MemberRecord, ...others: MemberRecord[]): number[] {
  const members = new Members(self, () => 0, 0)
  for (const other of others) members.add(other, 0)
  return members.sums
}

const bucketOfId = (id: string): number => bucketOf(hashOfId(id))
const answer = (...entries: Entry[]): Message => [PUSH_PULL, true, false, [], entries]

test('equal digests end the exchange without an answer', () => {
  const stage = Stage.among(3)
  const sums = sumsOf(recordOf('n1'), recordOf('n0'), recordOf('n2'), recordOf('n3'))
  stage.hear('n1', [SYNC, false, sums], true)
  assert.deepEqual(stage.letters, [])
  assert.equal(stage.swim.counters.syncsEqual, 1)
})

test('where digests differ only the buckets that differ are sent, by stream', () => {
  const stage = Stage.among(40)
  const others = Array.from({ length: 40 }, (_, at) => recordOf(`n${at + 1}`))
  others[4] = recordOf('n5', { incarnation: 3 })
  stage.hear('n1', [SYNC, false, sumsOf(recordOf('n0'), ...others)], true)
  assert.equal(stage.letters.length, 1)
  assert.equal(stage.letters[0]!.way, 'stream')
  const [, isReply, isJoin, buckets, entries] = stage.letters[0]!.messages[0] as unknown as [
    number,
    boolean,
    boolean,
    number[],
    Entry[],
  ]
  assert.deepEqual([isReply, isJoin, buckets], [false, false, [bucketOfId('n5')]])
  assert.ok(entries.some(([id]) => id === 'n5'))
  assert.ok(entries.every(([id]) => bucketOfId(id) === bucketOfId('n5')))
})

test('a list in answer is merged, and what the other side lacks goes back', () => {
  const stage = Stage.among(2)
  stage.hearAlive(recordOf('n1', { incarnation: 4 }))
  stage.forget()
  const all = Array.from({ length: BUCKET_COUNT }, (_, bucket) => bucket)
  const entries = [entryOf(recordOf('n1')), entryOf(recordOf('n7')), entryOf(recordOf('n2'))]
  stage.hear('n7', [PUSH_PULL, false, false, all, entries], true)
  assert.deepEqual(stage.events, ['joined n7 1000.0'])
  const [back] = stage.sent(PUSH_PULL)
  assert.equal(back!.to, recordOf('n7').address)
  assert.equal(back!.message[1], true)
  const ids = (back!.message[4] as Entry[]).map(([id, , incarnation]) => `${id}.${incarnation}`)
  assert.deepEqual(ids.sort(), ['n0.0', 'n1.4'])
})

test('an answer to an answer is never sent', () => {
  const stage = Stage.among(2)
  stage.hear('n1', answer(entryOf(recordOf('n8'))), true)
  assert.deepEqual(stage.events, ['joined n8 1000.0'])
  assert.deepEqual(stage.letters, [])
})

test('a death in a list is only a suspicion, begun on the word of whose list it is', () => {
  const stage = Stage.among(3)
  stage.hear('n2', answer(entryOf(recordOf('n1'), 2)), true)
  assert.deepEqual(stage.events, ['suspect n1 1000.0 by n2'])
  stage.hear('n3', answer(entryOf(recordOf('n1'), 2)), true)
  assert.equal(stage.swim.counters.confirmations, 0, 'a list confirms nothing')
  assert.equal(stage.livenessOf('n1'), 'suspect')
})

test('a goodbye in a list is believed; the dead and the left whom nobody here knows are no news', () => {
  const stage = Stage.among(2)
  stage.hear(
    'n2',
    answer(entryOf(recordOf('n1'), 3), entryOf(recordOf('n8'), 3), entryOf(recordOf('n9'), 2)),
    true,
  )
  assert.deepEqual(stage.events, ['left n1 1000.0'])
  assert.equal(stage.swim.size, 3)
})

test('a suspect in a list that is new here joins and is suspected', () => {
  const stage = Stage.among(2)
  stage.hear('n2', answer(entryOf(recordOf('n8'), 1)), true)
  assert.deepEqual(stage.events, ['joined n8 1000.0', 'suspect n8 1000.0 by n2'])
})

test('a list that doubts ourselves is answered with a refutation', () => {
  for (const rank of [1, 2, 3]) {
    const stage = Stage.among(2)
    stage.hear('n2', answer(entryOf(recordOf('n0', { incarnation: 2 }), rank)), true)
    assert.equal(stage.swim.self.incarnation, 3)
  }
})

test('a list that remembers a later life of ours, here or gone, makes us outlive it', () => {
  for (const rank of [0, 2, 3]) {
    const stage = Stage.among(2)
    stage.hear('n2', answer(entryOf(recordOf('n0', { birth: 5000 }), rank)), true)
    assert.deepEqual(stage.events, ['self reborn 5001.0'])
  }
})

test('a join calls every seed but ourselves, and what a joiner is told it does not tell on', () => {
  const stage = Stage.among(0)
  stage.swim.join(['10.0.0.1:7001', '10.0.0.1:7000', '10.0.0.1:7002', '10.0.0.1:7001'])
  assert.deepEqual(
    stage.sent(SYNC).map(({ to, way, message }) => [to, way, message[1]]),
    [
      ['10.0.0.1:7001', 'stream', true],
      ['10.0.0.1:7002', 'stream', true],
    ],
  )
  assert.equal(stage.swim.hasJoined, false)
  while (stage.swim.takeBroadcasts(1400).length > 0);
  const entries = [entryOf(recordOf('n1')), entryOf(recordOf('n2'))]
  stage.hear('n1', [PUSH_PULL, false, true, [], entries], true)
  assert.deepEqual(stage.events, ['joined n1 1000.0', 'joined n2 1000.0'])
  assert.equal(stage.swim.hasJoined, true)
  assert.equal(stage.swim.broadcastsWaiting, 0)
})

test('a lonely member calls again, ever more seldom; one that has company does not', () => {
  const stage = Stage.among(0, { probeIntervalMs: 100_000, pauseMs: 200_000 })
  stage.swim.join(['10.0.0.1:7001'])
  stage.pass(10_000)
  const early = stage.sent(SYNC).length
  assert.ok(early >= 4 && early <= 7, `${early}`)
  stage.forget()
  stage.pass(60_000)
  const late = stage.sent(SYNC).length
  assert.ok(late >= 2 && late <= 8, `${late}`)
  stage.hearAlive(recordOf('n1'))
  stage.forget()
  stage.pass(25_000)
  assert.ok(stage.sent(SYNC).every(({ message }) => message[1] === false))
})

test('a seed where none of our living members is is called on with every push/pull', () => {
  const stage = Stage.among(1, { relayCount: 0, pushPullIntervalMs: 1000 })
  stage.swim.join(['10.0.0.1:7001', '10.9.9.9:7000'])
  stage.forget()
  stage.pass(1000)
  const called = new Set(stage.sent(SYNC).map(({ to }) => to))
  stage.pass(10_000)
  for (const { to } of stage.sent(SYNC)) called.add(to)
  assert.deepEqual([...called].sort(), ['10.0.0.1:7001', '10.9.9.9:7000'])
})

test('without news a large mesh compares lists more seldom, with news at every interval', () => {
  const stage = Stage.among(99, { pushPullIntervalMs: 1000, probeIntervalMs: 60_000, pauseMs: 100_000 })
  stage.pass(1000)
  stage.forget()
  stage.pass(12_000)
  assert.equal(stage.sent(SYNC).length, 4)
  stage.hear('n1', answer(entryOf(recordOf('n200'))), true)
  stage.forget()
  stage.pass(1000)
  assert.equal(stage.sent(SYNC).length, 1)
})

test('who pings us and is not listed is asked for its list, once per interval', () => {
  const stage = Stage.among(0)
  stage.hear('n7', [PING, 1, 'n0', 1000])
  stage.hear('n8', [PING, 1, 'n0', 1000])
  assert.deepEqual(
    stage.sent(SYNC).map(({ to }) => to),
    [recordOf('n7').address],
  )
  stage.pass(1000)
  stage.hear('n8', [PING, 1, 'n0', 1000])
  assert.equal(stage.sent(SYNC).length, 2)
})

test('members remembered from an earlier run are listed at once, told to the embedder and to nobody else', () => {
  const stage = new Stage()
  stage.swim.assume([recordOf('n1'), recordOf('n2'), recordOf('n1'), recordOf('n0')])
  stage.swim.start()
  assert.deepEqual(stage.events, ['joined n1 1000.0', 'joined n2 1000.0'])
  assert.equal(stage.swim.broadcastsWaiting, 1, 'our own record only')
})

test('a suspect accuser in gossip about an unknown member changes nothing', () => {
  const stage = Stage.among(1)
  stage.hear('n1', [SUSPECT, 'n9', 1000, 0, 'n1'])
  stage.hear('n1', [DEAD, 'n9', 1000, 0, 'n1'])
  assert.deepEqual(stage.events, [])
  assert.equal(stage.swim.broadcastsWaiting, 0)
})
