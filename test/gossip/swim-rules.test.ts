/*
 * The rules of SWIM and Lifeguard by their tables: formulas with memberlist's values, precedence, digest,
 * config, rows.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  LAN_CONFIG,
  LOCAL_CONFIG,
  problemsOf,
  SWIM_CONFIG_ROWS,
  WAN_CONFIG,
} from '../../gossip/swim/config.ts'
import { BUCKET_COUNT, bucketOf, hashOfId, hashOfLife } from '../../gossip/swim/digest.ts'
import {
  confirmationsWanted,
  failedProbeDelta,
  lagDelta,
  nackAfterMs,
  pushPullScale,
  suspicionMinMs,
  suspicionMs,
  transmitsMax,
} from '../../gossip/swim/lifeguard.ts'
import { aliveOf, bytesOf, SWIM_ROWS } from '../../gossip/swim/messages.ts'
import { INCARNATION_JUMP_MAX, isJump, supersedes } from '../../gossip/swim/precedence.ts'
import type { Liveness } from '../../gossip/member.ts'
import type { Message } from '../../gossip/messages.ts'
import { Codec } from '../../gossip/wire/codec.ts'
import { isWellFormed, recordOf } from './swim-stage.ts'

test('the worked values of a local network: shortest and longest suspicion, confirmations', () => {
  for (const [count, minMs, maxMs, wanted] of [
    [3, 4000, 4000, 0],
    [10, 4000, 24_000, 2],
    [100, 8000, 48_000, 2],
    [1000, 12_000, 72_000, 2],
  ] as const) {
    const min = suspicionMinMs(4, count, 1000)
    const k = confirmationsWanted(4, count)
    assert.equal(min, minMs, `${count} members`)
    assert.equal(k, wanted, `${count} members`)
    assert.equal(suspicionMs(0, k, min, min * 6), maxMs, `${count} members`)
  }
})

test('confirmations are wanted only where there are enough others to give them', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((count) => confirmationsWanted(4, count)),
    [0, 0, 0, 2, 2],
  )
  assert.equal(confirmationsWanted(1, 100), 0)
})

test("a suspicion shrinks with each confirmation as in memberlist's table", () => {
  for (const [count, remainingMs, elapsedMs] of [
    [0, 30_000, 0],
    [1, 14_000, 2000],
    [2, 4810, 3000],
    [3, -2000, 4000],
    [4, -3000, 5000],
    [5, -8000, 10_000],
  ] as const) {
    assert.equal(suspicionMs(count, 3, 2000, 30_000) - elapsedMs, remainingMs, `${count} confirmations`)
  }
})

test('retransmissions grow with the logarithm of the members', () => {
  assert.deepEqual(
    [0, 1, 9, 10, 99, 100, 999, 1000].map((count) => transmitsMax(4, count)),
    [0, 4, 4, 8, 8, 12, 12, 16],
  )
})

test('push/pull slows down above 32 members', () => {
  assert.deepEqual([1, 32, 33, 64, 65, 128, 1000].map(pushPullScale), [1, 1, 2, 2, 3, 3, 6])
})

test('a failed probe counts against us by the relays that did not even say no', () => {
  assert.equal(failedProbeDelta(0, 0), 1)
  assert.equal(failedProbeDelta(3, 0), 3)
  assert.equal(failedProbeDelta(3, 3), 0)
  assert.equal(nackAfterMs(500), 400)
})

test('a late event loop counts a point per half ping timeout, two at most', () => {
  assert.deepEqual(
    [-5, 0, 249, 250, 499, 500, 60_000].map((lagMs) => lagDelta(lagMs, 500)),
    [0, 0, 0, 1, 1, 2, 2],
  )
})

test('which word wins: every pair of livenesses at a lower, equal and higher incarnation', () => {
  const order: Liveness[] = ['alive', 'suspect', 'dead', 'left']
  const expected: Record<string, string> = {
    // word: what it replaces at (lower | equal | higher) incarnation
    alive: '||alive suspect dead left',
    suspect: '|alive|alive suspect',
    dead: '|alive suspect|alive suspect dead left',
    left: '|alive suspect dead|alive suspect dead left',
  }
  for (const word of order) {
    const replaces = [4, 5, 6].map((incarnation) =>
      order
        .filter((liveness) =>
          supersedes(word, 7, incarnation, { record: { birth: 7, incarnation: 5 }, liveness }),
        )
        .join(' '),
    )
    assert.equal(replaces.join('|'), expected[word], word)
  }
})

test('a later birth is newer whatever the incarnation, an earlier one never', () => {
  const known = { record: { birth: 7, incarnation: 5 }, liveness: 'dead' as const }
  assert.equal(supersedes('alive', 8, 0, known), true)
  assert.equal(supersedes('dead', 6, 99, known), false)
  assert.equal(supersedes('alive', 6, 99, known), false)
})

test('an incarnation may jump so far within one life, and anyhow in a new one', () => {
  const known = { record: { birth: 7, incarnation: 5 }, liveness: 'alive' as const }
  assert.equal(isJump(7, 5 + INCARNATION_JUMP_MAX, known), false)
  assert.equal(isJump(7, 6 + INCARNATION_JUMP_MAX, known), true)
  assert.equal(isJump(8, 2 ** 31, known), false)
})

test('hashes of lives differ by id, birth and incarnation, and ids spread over all buckets', () => {
  const hashes = new Set<number>()
  const counts = new Array<number>(BUCKET_COUNT).fill(0)
  for (let id = 0; id < 6400; id++) counts[bucketOf(hashOfId(`node-${id}`))]!++
  for (let at = 0; at < 1000; at++) {
    hashes.add(hashOfLife(hashOfId(`node-${at}`), 1, 1))
    hashes.add(hashOfLife(hashOfId('node'), 1_700_000_000_000 + at, 1))
    hashes.add(hashOfLife(hashOfId('node'), 1, 2 + at))
  }
  assert.equal(hashes.size, 3000)
  assert.ok(Math.min(...counts) > 50 && Math.max(...counts) < 170, `${counts}`)
})

test('the presets are those of memberlist, and each is without a problem', () => {
  assert.deepEqual([LAN_CONFIG, WAN_CONFIG, LOCAL_CONFIG].flatMap(problemsOf), [])
  const figures = [LAN_CONFIG, WAN_CONFIG, LOCAL_CONFIG].map((config) => [
    config.probeIntervalMs,
    config.pingTimeoutMs,
    config.relayCount,
    config.suspicionMult,
    config.retransmitMult,
    config.gossipIntervalMs,
    config.gossipFanOut,
    config.gossipToDeadMs,
    config.pushPullIntervalMs,
  ])
  assert.deepEqual(figures, [
    [1000, 500, 3, 4, 4, 200, 3, 30_000, 30_000],
    [5000, 3000, 3, 6, 4, 500, 4, 60_000, 60_000],
    [1000, 200, 1, 3, 2, 100, 3, 15_000, 15_000],
  ])
})

test('a config outside its bounds, or at odds with itself, is refused with a reason for each row', () => {
  for (const { name, min, max } of SWIM_CONFIG_ROWS) {
    for (const value of [min - 1, max + 1, 1.5, Number.NaN]) {
      const problems = problemsOf({ ...LAN_CONFIG, [name]: value })
      assert.ok(
        problems.some((problem) => problem.startsWith(name)),
        `${name} ${value}`,
      )
    }
  }
  assert.match(problemsOf({ ...LAN_CONFIG, pingTimeoutMs: 1000 }).join(), /below probeIntervalMs/)
  assert.match(problemsOf({ ...LAN_CONFIG, pauseMs: 400 }).join(), /above pingTimeoutMs/)
})

test('kinds are those of this area, each once', () => {
  const kinds = SWIM_ROWS.map(({ kind }) => kind)
  assert.equal(new Set(kinds).size, kinds.length)
  assert.ok(kinds.every((kind) => kind >= 1 && kind <= 19))
})

test('a message with a field too many, too few, or of the wrong kind is not well formed', () => {
  const record = recordOf('n1', { roles: ['a', 'b'] })
  const sums = new Array<number>(BUCKET_COUNT).fill(0)
  const good: Message[] = [
    [1, 7, 'n1', 5],
    [2, 7],
    [3, 7, 'n1'],
    [4, 7],
    aliveOf(record),
    [6, 'n1', 5, 0, 'n2'],
    [7, 'n1', 5, 0, 'n1'],
    [8, true, sums],
    [9, false, true, [0, 63], [[...aliveOf(record).slice(1), 3]]],
  ]
  for (const message of good) {
    assert.equal(isWellFormed(message), true, JSON.stringify(message))
    assert.equal(isWellFormed([...message, 0] as unknown as Message), false)
    assert.equal(isWellFormed(message.slice(0, -1) as unknown as Message), false)
    for (let at = 1; at < message.length; at++) {
      const spoilt = [...message] as unknown as [number, ...unknown[]]
      spoilt[at] = null
      assert.equal(isWellFormed(spoilt), false)
    }
  }
  const bad: Message[] = [
    [1, -1, 'n1', 5],
    [1, 7, 'n 1', 5],
    [1, 7, 'n1', 2 ** 53],
    [2, 2 ** 32],
    aliveOf({ ...record, roles: ['b', 'a'] }),
    aliveOf({ ...record, roles: ['a', 'a'] }),
    aliveOf({ ...record, meta: new Uint8Array(513) }),
    aliveOf({ ...record, address: 'nowhere' }),
    [8, true, sums.slice(1)],
    [9, false, true, [64], []],
    [9, false, true, [0], [[...aliveOf(record).slice(1), 4]]],
  ]
  for (const message of bad) assert.equal(isWellFormed(message), false, JSON.stringify(message))
})

test('the estimate of bytes is never below what the codec takes, and close to it', () => {
  const codec = new Codec(SWIM_ROWS)
  const record = recordOf('n1', { birth: 1_700_000_000_000, roles: ['dc-east', 'x'.repeat(40)] })
  const messages: Message[] = [
    [2, 7],
    [1, 4_000_000_000, 'n1', 1_700_000_000_000],
    [6, 'n1', 5, 70_000, 'y'.repeat(64)],
    aliveOf(record),
    aliveOf({ ...record, incarnation: 200, meta: new Uint8Array(20) }),
    aliveOf({
      ...record,
      incarnation: 60_000,
      meta: new Uint8Array(512),
      address: `${'h'.repeat(270)}:7946`,
    }),
    aliveOf({ ...record, roles: Array.from({ length: 16 }, (_, at) => `r${at + 10}`) }),
  ]
  for (const message of messages) {
    const spare = bytesOf(message) - codec.sizeOf(message)
    assert.ok(spare >= 0 && spare <= 8, `${spare}: ${JSON.stringify(message)}`)
  }
})

test('the estimate of bytes is exact for numbers and names, and never below for bytes', () => {
  assert.equal(bytesOf([2, 7]), 3)
  assert.equal(bytesOf([1, 4_000_000_000, 'n1', 1_700_000_000_000]), 1 + 1 + 5 + 3 + 9)
  assert.equal(bytesOf(new Uint8Array(300)), 306)
  assert.equal(bytesOf('x'.repeat(40)), 42)
  assert.equal(bytesOf('x'.repeat(280)), 283)
  assert.equal(bytesOf([200, 300, 70_000, true, new Array(20).fill(1)]), 1 + 2 + 3 + 5 + 1 + 23)
})
