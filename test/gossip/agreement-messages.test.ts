/*
 * What agreements say: states on the wire and back, the way two of them find out what is missing, and words
 * from strangers, which change nothing.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { newCounters } from '../../gossip/agreement/counters.ts'
import { Exchange } from '../../gossip/agreement/exchange.ts'
import { History, STEPS_COUNT_MAX } from '../../gossip/agreement/history.ts'
import { mergeContent, withMembers } from '../../gossip/agreement/merge.ts'
import type { MeshState } from '../../gossip/agreement/mesh-state.ts'
import {
  AGREEMENT_ROWS,
  CLOCK,
  ENVELOPE,
  type EnvelopeMessage,
  MERGE,
  SEEN,
  STATUS,
} from '../../gossip/agreement/messages.ts'
import { SeenSet } from '../../gossip/agreement/seen-set.ts'
import {
  decodeClock,
  decodeEnvelope,
  encodeClock,
  encodeEnvelope,
} from '../../gossip/agreement/state-codec.ts'
import { stateDigest } from '../../gossip/agreement/state-digest.ts'
import { COUNTER_MAX, increment, lifeKey } from '../../gossip/agreement/vector-clock.ts'
import type { Message } from '../../gossip/messages.ts'
import { Codec } from '../../gossip/wire/codec.ts'
import { Prng, seedOfRun } from '../support/prng.ts'
import { addressOf, member, stateOf } from './agreement-scenes.ts'

function envelopeOf(state: MeshState, base = 0): EnvelopeMessage {
  return encodeEnvelope(base, stateDigest(state), state, state.seen as SeenSet)
}

/** A state with one of everything. */
function fullState(): MeshState {
  const members = [
    member('a1', 'up', { upNumber: 1, roles: ['dc-east', 'x'], birth: 1_700_000_000_000 }),
    member('b1', 'leaving', { upNumber: 2 }),
    member('c1', 'joining', { address: '[::1]:7' }),
  ]
  return stateOf(members, {
    silent: ['a1>b1', 'a1>c1!', 'b1>c1'],
    seen: ['a1', 'c1'],
    clock: { a1: 3, c1: 1 },
    tombstones: { d1: { birth: 4, removedWallMs: 1_700_000_000_001 } },
  })
}

// On the wire

test('a state comes back from the wire as it was', () => {
  const state = fullState()
  const codec = new Codec(AGREEMENT_ROWS)
  const [message] = codec.decode(Uint8Array.from(codec.encode([envelopeOf(state)])))!
  const { state: read, seenBits, digest } = decodeEnvelope(message as unknown as EnvelopeMessage)!
  assert.deepEqual(read.members, state.members)
  assert.deepEqual(read.tombstones, state.tombstones)
  assert.deepEqual(read.reachability, state.reachability)
  assert.deepEqual(read.version, state.version)
  assert.deepEqual([...SeenSet.ofBits(read.members, seenBits)!], ['a1', 'c1'])
  assert.equal(stateDigest(read), digest)
})

test('who has seen a version of five thousand members fits a datagram', () => {
  const codec = new Codec(AGREEMENT_ROWS)
  const members = Array.from({ length: 5000 }, (_, at) => member(`a${at}`))
  const seen = stateOf(members).seen as SeenSet
  assert.ok(codec.sizeOf([SEEN, 2 ** 52 - 1, seen.bits, false]) < 1300)
  assert.ok(codec.sizeOf([STATUS, 2 ** 52 - 1, 2 ** 52 - 1, false]) < 32)
})

test('a clock comes back, an odd one does not', () => {
  const clock = new Map([
    [lifeKey('a1', 7), 3],
    [lifeKey('b1', 1), COUNTER_MAX],
  ])
  assert.deepEqual(decodeClock(encodeClock(clock)), clock)
  for (const odd of [
    ['a1', 7],
    ['a1', 7, 0],
    ['a1', 7, COUNTER_MAX + 1],
    ['a1', -1, 1],
    ['a 1', 7, 1],
    ['a1', 7, 1, 'a1', 7, 2],
    [7, 'a1', 1],
  ]) {
    assert.equal(decodeClock(odd), undefined, JSON.stringify(odd))
  }
})

test('whatever is odd in an envelope spoils all of it', () => {
  const good = envelopeOf(fullState())
  const spoilt = (field: number, change: (list: unknown[]) => unknown[]) => {
    const copy = structuredClone(good) as unknown as unknown[]
    copy[field] = change(copy[field] as unknown[])
    return copy as unknown as EnvelopeMessage
  }
  const [MEMBERS, TOMBSTONES, ROWS] = [4, 5, 6]
  const oddMembers: unknown[] = [
    7,
    ['z1', 1, addressOf('z1'), [], 2],
    ['z 1', 1, addressOf('z1'), [], 2, 0],
    ['z1', -1, addressOf('z1'), [], 2, 0],
    ['z1', 1, 'nowhere', [], 2, 0],
    ['z1', 1, addressOf('z1'), [7], 2, 0],
    ['z1', 1, addressOf('z1'), [], 6, 0],
    ['z1', 1, addressOf('z1'), [], 0.5, 0],
    ['z1', 1, addressOf('z1'), [], 2, 2 ** 33],
    ['a1', 1, addressOf('a1'), [], 2, 0],
  ]
  for (const odd of oddMembers) {
    assert.equal(decodeEnvelope(spoilt(MEMBERS, (list) => [...list, odd])), undefined, JSON.stringify(odd))
  }
  for (const odd of [null, ['d1', 5, 1], ['e1', 1.5, 1], ['e1', 1, -1], ['e1', 1]]) {
    assert.equal(decodeEnvelope(spoilt(TOMBSTONES, (list) => [...list, odd])), undefined, JSON.stringify(odd))
  }
  const oddRows: unknown[] = [
    ['z1', 1, []],
    ['a1', 9, []],
    ['c1', 0, []],
    ['c1', COUNTER_MAX + 1, []],
    ['c1', 1, 'a1'],
    ['c1', 1, ['a1']],
    ['c1', 1, ['z1', true]],
    ['c1', 1, ['a1', 1]],
    ['c1', 1, ['a1', true, 'a1', true]],
    ['c1', 1, ['c1', true]],
  ]
  for (const odd of oddRows) {
    assert.equal(decodeEnvelope(spoilt(ROWS, (list) => [...list, odd])), undefined, JSON.stringify(odd))
  }
  assert.notEqual(decodeEnvelope(good), undefined)
})

// History

function grow(history: History, id: string, by = 'a1'): void {
  const { state, touched } = withMembers(history.state, [member(id)], [])
  history.advance({ ...state, version: increment(state.version, lifeKey(by, 1)) }, touched)
}

test('a peer that holds what was held before lacks what was touched since', () => {
  const history = new History(undefined)
  grow(history, 'a1')
  const { digest, state } = history
  grow(history, 'b1')
  grow(history, 'c1')
  assert.deepEqual(history.lackSince(digest)?.touched.members, ['b1', 'c1'])
  assert.deepEqual(history.lackBehind(state.version)?.touched.members, ['b1', 'c1'])
  assert.deepEqual(history.lackBehind(new Map([...state.version, [lifeKey('z1', 1), 5]]))?.touched.members, [
    'b1',
    'c1',
  ])
  assert.equal(history.lackSince(12345), undefined)
  assert.equal(history.hasHeld(digest) && history.hasHeld(0) && history.hasHeld(history.digest), true)
})

test('a peer behind more steps than are remembered lacks everything', () => {
  const history = new History(undefined)
  grow(history, 'a1')
  const { digest, state } = history
  for (let step = 0; step <= STEPS_COUNT_MAX; step++) grow(history, `b${step}`)
  assert.equal(history.lackSince(digest), undefined)
  assert.equal(history.lackBehind(state.version), undefined)
  assert.equal(history.hasHeld(digest), false)
})

test('the step from nothing is none: who is that far behind is sent the whole', () => {
  const history = new History(undefined)
  grow(history, 'a1')
  grow(history, 'b1')
  assert.equal(history.lackSince(0), undefined)
  assert.equal(history.lackBehind(new Map()), undefined)
})

test('who has seen a version is forgotten with it, and news of the dead alone are no version', () => {
  const history = new History(undefined)
  grow(history, 'a1')
  history.seen = history.seen.with('a1')
  const tombstones = new Map([['z1', { birth: 1, removedWallMs: 1 }]])
  const isNews = history.advance(
    { ...history.state, tombstones },
    { members: [], tombstones: ['z1'], observers: [] },
  )
  assert.equal(isNews, false)
  assert.deepEqual([...history.seen], ['a1'])
  assert.equal(history.state.tombstones, tombstones)
  grow(history, 'b1')
  assert.equal(history.seen.size, 0)
})

// Exchange

interface Side {
  readonly id: string
  readonly history: History
  readonly exchange: Exchange
  readonly counters: ReturnType<typeof newCounters>
}

/** Two sides that hear each other at once, and the kinds of what they said, those by stream once more. */
function pair(): { left: Side; right: Side; said: string[]; streamed: string[] } {
  const said: string[] = []
  const streamed: string[] = []
  const codec = new Codec(AGREEMENT_ROWS)
  const inbox: (() => void)[] = []
  const make = (id: string, other: () => Side): Side => {
    const history = new History(undefined)
    const counters = newCounters()
    const deliver = (message: Message, isStream: boolean) => {
      const name = `${id} ${AGREEMENT_ROWS.find((row) => row.kind === message[0])!.name}`
      said.push(name)
      if (isStream) streamed.push(name)
      const [copy] = codec.decode(Uint8Array.from(codec.encode([message])))!
      inbox.push(() => other().exchange.onMessage({ id, address: id, isStream }, copy!))
      if (inbox.length > 1) return
      while (inbox.length > 0) {
        inbox[0]!()
        inbox.shift()
      }
    }
    const courier = {
      send: (_to: string, message: Message) => deliver(message, false),
      sendReliably: (_to: string, message: Message) => deliver(message, true),
    }
    const exchange = new Exchange(id, history, courier, counters, ({ state, seenBits, digest }) => {
      const merged = mergeContent(history.state, state)
      history.advance(merged.state, merged.touched)
      const seen = history.digest === digest ? SeenSet.ofBits(history.state.members, seenBits) : undefined
      if (seen !== undefined) history.seen = history.seen.union(seen)
    })
    return { id, history, exchange, counters }
  }
  const left: Side = make('l1', () => right)
  const right: Side = make('r1', () => left)
  return { left, right, said, streamed }
}

/** Both know the same ten members. */
function agreed(): ReturnType<typeof pair> {
  const sides = pair()
  for (let at = 0; at < 10; at++) grow(sides.left.history, `a${at}`, 'a0')
  sides.left.exchange.sendStatus('r1')
  sides.right.exchange.sendStatus('l1')
  assert.equal(sides.left.history.digest, sides.right.history.digest)
  sides.said.length = 0
  return sides
}

test('equal numbers are answered with silence', () => {
  const { left, said } = agreed()
  left.exchange.sendStatus('r1')
  assert.deepEqual(said, ['l1 status'])
})

test('the same version seen by others: both sides know of all afterwards, and then there is silence', () => {
  const { left, right, said } = agreed()
  left.history.seen = left.history.seen.with('a1')
  right.history.seen = right.history.seen.with('a2')
  left.exchange.sendStatus('r1')
  assert.deepEqual(said, ['l1 status', 'r1 seen', 'l1 seen'])
  assert.deepEqual([...left.history.seen], ['a1', 'a2'])
  assert.deepEqual([...right.history.seen], ['a1', 'a2'])
  left.exchange.sendStatus('r1')
  assert.equal(said.length, 4)
})

test('a newcomer that holds nothing is sent everything', () => {
  const { left, right, said } = pair()
  for (let at = 0; at < 10; at++) grow(left.history, `a${at}`, 'a0')
  right.exchange.sendStatus('l1')
  assert.deepEqual(said, ['r1 status', 'l1 envelope'])
  assert.equal(left.counters.wholesSent, 1)
  assert.equal(right.history.digest, left.history.digest)
})

test('who is behind on a known path is sent only what has changed, whoever asks', () => {
  for (const asker of ['left', 'right'] as const) {
    const sides = agreed()
    const { left, right, said } = sides
    grow(left.history, 'b1', 'a0')
    sides[asker].exchange.sendStatus(asker === 'left' ? 'r1' : 'l1')
    assert.equal(said.at(-1), 'l1 envelope')
    assert.equal(said.length, asker === 'left' ? 3 : 2)
    assert.equal(left.counters.wholesSent, 1, 'only the one that made them agree')
    assert.equal(right.history.digest, left.history.digest)
  }
})

test('where both changed something clocks are compared and both sides send', () => {
  const { left, right, said } = agreed()
  grow(left.history, 'b1', 'a1')
  grow(right.history, 'b2', 'a2')
  left.exchange.sendStatus('r1')
  assert.deepEqual(said, ['l1 status', 'r1 status', 'l1 clock', 'r1 envelope', 'r1 merge', 'l1 envelope'])
  assert.equal(left.history.state.members.size, 12)
  assert.equal(right.history.digest, left.history.digest)
})

test('whoever asks for a state asks by stream and is answered so; a datagram proves no address', () => {
  const newcomer = pair()
  grow(newcomer.left.history, 'a1', 'a0')
  newcomer.right.exchange.sendStatus('l1')
  assert.deepEqual(newcomer.streamed, ['r1 status', 'l1 envelope'])
  const { left, right, streamed } = agreed()
  grow(left.history, 'b1', 'a1')
  grow(right.history, 'b2', 'a2')
  streamed.length = 0
  left.exchange.sendStatus('r1')
  assert.deepEqual(streamed, ['l1 clock', 'r1 envelope', 'r1 merge', 'l1 envelope'])
})

test('every answer goes the way its question came: who is reached by streams alone is answered by stream', () => {
  const { left, right } = agreed()
  const heard: [way: string, kind: number][] = []
  const courier = {
    send: (_to: string, [kind]: Message) => void heard.push(['datagram', kind]),
    sendReliably: (_to: string, [kind]: Message) => void heard.push(['stream', kind]),
  }
  const before = left.history.digest
  grow(left.history, 'b1', 'a1')
  left.history.seen = left.history.seen.with('a1')
  const exchange = new Exchange('l1', left.history, courier, newCounters(), () => {})
  for (const isStream of [true, false]) {
    const sender = { id: 'r1', address: 'r1', isStream }
    exchange.onMessage(sender, [STATUS, before, right.history.seen.digest, false])
    exchange.onMessage(sender, [STATUS, 4711, 0, false])
    exchange.onMessage(sender, [STATUS, left.history.digest, 0, false])
    exchange.onMessage(sender, [
      SEEN,
      left.history.digest,
      new Uint8Array(left.history.seen.bits.length),
      false,
    ])
  }
  const kinds = [ENVELOPE, STATUS, SEEN, SEEN]
  assert.deepEqual(heard, [
    ...kinds.map((kind) => ['stream', kind]),
    ...kinds.map((kind) => ['datagram', kind]),
  ])
})

test('two contents under one clock are noticed and made one', () => {
  const { left, right } = agreed()
  grow(left.history, 'b1', 'a1')
  grow(right.history, 'b2', 'a1')
  left.exchange.sendStatus('r1')
  assert.equal(left.history.state.members.size, 12)
  assert.equal(right.history.digest, left.history.digest)
})

test('the same envelope is made once for all who lack the same', () => {
  const { left } = agreed()
  const before = left.history.digest
  grow(left.history, 'b1', 'a0')
  const sent: Message[] = []
  const courier = { send: (_to: string, one: Message) => void sent.push(one), sendReliably: () => {} }
  const exchange = new Exchange('l1', left.history, courier, newCounters(), () => {})
  for (const id of ['x1', 'x2']) {
    exchange.onMessage({ id, address: addressOf(id), isStream: false }, [STATUS, before, 0, false])
  }
  assert.equal(sent.length, 2)
  assert.equal(sent[0], sent[1])
})

test('an envelope on top of something never held is not taken', () => {
  const { left } = agreed()
  const before = left.history.state
  const sender = { id: 'x1', address: 'x:1', isStream: true }
  left.exchange.onMessage(sender, envelopeOf(stateOf([member('z1')]), 4711))
  assert.equal(left.history.state, before)
  assert.equal(left.counters.envelopesUnbased, 1)
})

// Strangers

function hostileMessages(luck: Prng): Message {
  const kinds = [STATUS, CLOCK, MERGE, ENVELOPE, SEEN, 0, 19, 25, -1, Number.NaN]
  const atoms = [
    0,
    -1,
    1.5,
    2 ** 53,
    Number.NaN,
    '',
    'a1',
    'a b',
    true,
    null,
    undefined,
    new Uint8Array(3),
    {},
    1n,
  ]
  const value = (depth: number): unknown => {
    if (depth > 3 || luck.chance(0.6)) return luck.pick(atoms)
    return Array.from({ length: luck.below(5) }, () => value(depth + 1))
  }
  return [luck.pick(kinds), ...Array.from({ length: luck.below(9) }, () => value(0))]
}

test('a hundred thousand odd messages throw nothing, change nothing and are counted', () => {
  const seed = seedOfRun()
  const luck = new Prng(seed)
  const { left } = agreed()
  const before = left.history.state
  const silent = { send: () => {}, sendReliably: () => {} }
  const counters = newCounters()
  const exchange = new Exchange('l1', left.history, silent, counters, () =>
    assert.fail(`adopted, SEED=${seed}`),
  )
  const sender = { id: 'x1', address: 'x:1', isStream: false }
  for (let at = 0; at < 100_000; at++) exchange.onMessage(sender, hostileMessages(luck))
  assert.equal(left.history.state, before, `SEED=${seed}`)
  assert.ok(counters.messagesRefused > 90_000, `SEED=${seed}: ${counters.messagesRefused}`)
})

test('spoilt envelopes throw nothing, and what is taken is a state the rules can take', () => {
  const seed = seedOfRun()
  const luck = new Prng(seed)
  const good = envelopeOf(fullState())
  const atoms = [0, -1, 2 ** 53, 'a1', 'z9', true, null, [], new Uint8Array(1)]
  for (let at = 0; at < 20_000; at++) {
    const copy = structuredClone(good) as unknown as unknown[]
    let place: unknown[] = copy
    let index = 3 + luck.below(4)
    while (Array.isArray(place[index]) && (place[index] as unknown[]).length > 0 && luck.chance(0.85)) {
      place = place[index] as unknown[]
      index = luck.below(place.length)
    }
    place[index] = luck.pick(atoms)
    if (!Array.isArray(copy[3]) || !Array.isArray(copy[4])) continue
    if (!Array.isArray(copy[5]) || !Array.isArray(copy[6])) continue
    const read = decodeEnvelope(copy as unknown as EnvelopeMessage)
    if (read === undefined) continue
    const { state } = mergeContent(fullState(), read.state)
    for (const one of state.reachability) {
      assert.ok(state.members.has(one.observerId) && state.members.has(one.subjectId), `SEED=${seed}`)
    }
  }
})
