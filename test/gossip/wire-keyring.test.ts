import assert from 'node:assert/strict'
import test from 'node:test'
import { KEYS_COUNT_MAX, Keyring, type KeyringAnswer } from '../../gossip/wire/keyring.ts'
import { ReplayGuard, ReplayWindow, STALE_MS, WINDOW_COUNT } from '../../gossip/wire/replay-window.ts'
import { ASK, Desk, dropsOf, keyOf, NOTE } from './wire-desk.ts'

const quiet = { onKeyWorn: () => undefined }

function idOf(answer: KeyringAnswer): string {
  assert.ok(answer.isDone, answer.isDone ? '' : answer.why)
  return answer.id
}

function whyNot(answer: KeyringAnswer): string {
  assert.equal(answer.isDone, false)
  return answer.isDone ? '' : answer.why
}

test('the first key installed seals, later ones open, and use changes which is which', () => {
  const keyring = new Keyring(quiet)
  const first = idOf(keyring.install(keyOf(1)))
  const second = idOf(keyring.install(keyOf(2)))
  assert.equal(keyring.primary?.id, first)
  idOf(keyring.use(second))
  assert.deepEqual(
    keyring.list().map(({ id, isPrimary }) => [id, isPrimary]),
    [
      [second, true],
      [first, false],
    ],
  )
})

test('keys have 16, 24 or 32 bytes', () => {
  const keyring = new Keyring(quiet)
  for (const length of [16, 24, 32]) idOf(keyring.install(keyOf(length, length)))
  for (const length of [0, 15, 31, 33, 64])
    assert.match(whyNot(keyring.install(keyOf(1, length))), new RegExp(`not ${length}$`))
})

test('a keyring holds eight keys and says so', () => {
  const keyring = new Keyring(quiet)
  for (let at = 0; at < KEYS_COUNT_MAX; at++) idOf(keyring.install(keyOf(at)))
  assert.match(whyNot(keyring.install(keyOf(99))), /holds 8 keys already/)
  idOf(keyring.install(keyOf(3)))
  assert.equal(keyring.list().length, KEYS_COUNT_MAX)
})

test('the primary key cannot be removed, and unknown keys cannot be used or removed', () => {
  const keyring = new Keyring(quiet)
  const first = idOf(keyring.install(keyOf(1)))
  const second = idOf(keyring.install(keyOf(2)))
  assert.match(whyNot(keyring.remove(first)), /primary key cannot be removed/)
  idOf(keyring.remove(second))
  assert.match(whyNot(keyring.remove(second)), /no key with the id/)
  assert.match(whyNot(keyring.use(second)), /no key with the id/)
})

test('a list of keys shows names and figures but no key', () => {
  const keyring = new Keyring(quiet)
  keyring.install(keyOf(0xab))
  const shown = JSON.stringify(keyring.list())
  assert.deepEqual(Object.keys(keyring.list()[0]!), [
    'id',
    'isPrimary',
    'sealedCount',
    'openedCount',
    'isWorn',
  ])
  assert.match(keyring.list()[0]!.id, /^[0-9a-f]{16}$/)
  assert.doesNotMatch(shown, /abab/)
})

test('the keyring copies the key it is given', () => {
  const bytes = keyOf(5)
  const desk = new Desk('a')
  desk.keyring.install(bytes)
  bytes.fill(9)
  const other = new Desk('b', { keys: [keyOf(5)] })
  other.take('a:1', desk.packetOf([NOTE, 'hello', 1]))
  assert.deepEqual(other.messages(), [[NOTE, 'hello', 1]])
})

test('a key that has sealed as much as is safe is worn, and that is told once', () => {
  const desk = new Desk('a', { keys: [keyOf(1)], packetsPerKeyMax: 3 })
  for (let count = 0; count < 2; count++) desk.packetOf([NOTE, 'x', count])
  assert.equal(desk.keyring.list()[0]!.isWorn, false)
  for (let count = 0; count < 5; count++) desk.packetOf([NOTE, 'x', count])
  assert.deepEqual(desk.wornKeys, [desk.keyring.primary!.id])
  assert.equal(desk.keyring.list()[0]!.isWorn, true)
  assert.equal(desk.keyring.list()[0]!.sealedCount, 7)
})

test('keys of every length and ids of every length seal and open', () => {
  for (const length of [16, 24, 32]) {
    for (const idLength of [1, 64]) {
      const sender = new Desk('a'.repeat(idLength), { keys: [keyOf(1, length)] })
      const receiver = new Desk('b', { keys: [keyOf(2), keyOf(1, length)] })
      const packet = sender.packetOf([ASK, 1, 'b'])
      assert.equal(packet.bytes.length, 13 + idLength + 12 + 10 + 6 + 16)
      receiver.take('a:1', packet)
      assert.deepEqual(receiver.heard[0]!.sender, { id: sender.id, address: 'a:1', isStream: false })
      assert.deepEqual(receiver.messages(), [[ASK, 1, 'b']])
    }
  }
})

test('nothing of a sealed message can be read on the wire', () => {
  const desk = new Desk('a', { keys: [keyOf(1)] })
  const { bytes } = desk.packetOf([NOTE, 'very-secret', 1])
  assert.equal(new TextDecoder('latin1').decode(bytes).includes('very-secret'), false)
})

test('keys are rotated among three couriers without losing a packet between any two', () => {
  const desks = ['a', 'b', 'c'].map((id) => new Desk(id, { keys: [keyOf(1)] }))
  let exchanged = 0
  const exchange = () => {
    for (const from of desks) {
      for (const to of desks.filter((other) => other !== from)) {
        to.take(from.address, from.packetOf([NOTE, from.id, ++exchanged]))
        assert.deepEqual(to.messages(), [[NOTE, from.id, exchanged]])
      }
    }
  }
  const steps: ((keyring: Keyring, oldId: string, newId: string) => KeyringAnswer)[] = [
    (keyring) => keyring.install(keyOf(2)),
    (keyring, _oldId, newId) => keyring.use(newId),
    (keyring, oldId) => keyring.remove(oldId),
  ]
  const oldId = desks[0]!.keyring.primary!.id
  const newId = idOf(new Keyring(quiet).install(keyOf(2)))
  exchange()
  for (const step of steps) {
    for (const desk of desks) {
      idOf(step(desk.keyring, oldId, newId))
      exchange()
    }
  }
  for (const desk of desks) assert.deepEqual(dropsOf(desk), {})
  assert.equal(exchanged, 60)
  const straggler = new Desk('d', { keys: [keyOf(1)] })
  desks[0]!.take('d:1', straggler.packetOf([NOTE, 'd', 0]))
  assert.deepEqual(dropsOf(desks[0]!), { sealed: 1 })
})

test('encryption is switched on in a running mesh by two changes, each taken node by node', () => {
  const desks = ['a', 'b', 'c'].map((id) => new Desk(id))
  let exchanged = 0
  const exchange = () => {
    for (const from of desks) {
      for (const to of desks.filter((other) => other !== from)) {
        to.take(from.address, from.packetOf([NOTE, from.id, ++exchanged]))
        assert.deepEqual(to.messages(), [[NOTE, from.id, exchanged]])
      }
    }
  }
  const changes = [
    { verifyIncoming: false, verifyOutgoing: false },
    { verifyIncoming: false, verifyOutgoing: true },
    { verifyIncoming: true, verifyOutgoing: true },
  ]
  exchange()
  for (const verification of changes) {
    for (const desk of desks) {
      desk.courier.verify(verification)
      desk.keyring.install(keyOf(7))
      exchange()
    }
  }
  for (const desk of desks) assert.deepEqual(dropsOf(desk), {})
  desks[0]!.take('x:1', new Desk('x').packetOf([NOTE, 'x', 0]))
  assert.deepEqual(dropsOf(desks[0]!), { plain: 1 })
  assert.deepEqual(desks[0]!.courier.verification, changes[2])
})

test('a packet of another key, mesh, sender or path does not open', () => {
  const receiver = new Desk('b', { keys: [keyOf(1)] })
  const sender = new Desk('a', { keys: [keyOf(1)] })
  receiver.take('x:1', new Desk('x', { keys: [keyOf(3)] }).packetOf([NOTE, 'x', 1]))
  assert.deepEqual(dropsOf(receiver), { sealed: 1 })

  const otherMesh = new Desk('a', { keys: [keyOf(1)], label: 'other' })
  const strayed = otherMesh.packetOf([NOTE, 'x', 1])
  receiver.take('a:1', strayed)
  assert.deepEqual(dropsOf(receiver), { sealed: 1, label: 1 })
  const relabelled = strayed.bytes.slice()
  relabelled.set(sender.packetOf([NOTE, 'x', 1]).bytes.subarray(4, 12), 4)
  receiver.take('a:1', { ...strayed, bytes: relabelled })
  assert.deepEqual(dropsOf(receiver), { sealed: 2, label: 1 })

  const spoofed = sender.packetOf([NOTE, 'x', 1])
  spoofed.bytes[13] = 'c'.charCodeAt(0)
  receiver.take('c:1', spoofed)
  assert.deepEqual(dropsOf(receiver), { sealed: 3, label: 1 })

  const captured = sender.packetOf([NOTE, 'x', 1])
  captured.bytes[2]! |= 2
  receiver.take('a:1', { ...captured, isStream: true })
  assert.deepEqual(dropsOf(receiver), { sealed: 4, label: 1 })
  assert.deepEqual(receiver.heard, [])
})

test('no single flipped bit of a sealed packet gets through', () => {
  const receiver = new Desk('b', { keys: [keyOf(1)] })
  const { bytes } = new Desk('a', { keys: [keyOf(1)] }).packetOf([ASK, 7, 'b'])
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const altered = bytes.slice()
    altered[bit >> 3]! ^= 1 << (bit & 7)
    receiver.nowMs += 10
    receiver.courier.onDatagram('a:1', altered)
  }
  assert.equal(receiver.heard.length, 0)
  assert.equal(receiver.courier.counters.dropped.rate, 0)
  receiver.courier.onDatagram('a:1', bytes)
  assert.equal(receiver.heard.length, 1)
})

test('a packet is heard once however often it is sent', () => {
  const receiver = new Desk('b', { keys: [keyOf(1)] })
  const sender = new Desk('a', { keys: [keyOf(1)] })
  const packets = [1, 2, 3].map((count) => sender.packetOf([NOTE, 'x', count]))
  for (const packet of [...packets].reverse()) receiver.take('a:1', packet)
  for (const packet of packets) receiver.take('a:1', packet)
  assert.equal(receiver.heard.length, 3)
  assert.deepEqual(dropsOf(receiver), { replayed: 3 })
})

test('a stream frame is heard once and does not share its window with datagrams', () => {
  const receiver = new Desk('b', { keys: [keyOf(1)] })
  const sender = new Desk('a', { keys: [keyOf(1)] })
  sender.courier.sendReliably('b:1', [NOTE, 'slow', 0])
  const [frame] = sender.sent()
  for (let count = 0; count < 3 * WINDOW_COUNT; count++) {
    receiver.nowMs += 10
    receiver.take('a:1', sender.packetOf([NOTE, 'x', count]))
  }
  receiver.take('a:1', frame!)
  assert.equal(receiver.heard.length, 3 * WINDOW_COUNT + 1)
  receiver.take('a:1', frame!)
  assert.deepEqual(dropsOf(receiver), { replayed: 1 })
})

test('a packet from a clock more than 30 s off is stale, whichever way', () => {
  const receiver = new Desk('b', { keys: [keyOf(1)] })
  const sender = new Desk('a', { keys: [keyOf(1)] })
  const recorded = sender.packetOf([NOTE, 'x', 1])
  receiver.wallNowMs += STALE_MS + 1000
  receiver.take('a:1', recorded)
  assert.deepEqual(dropsOf(receiver), { stale: 1 })
  receiver.wallNowMs -= 2 * STALE_MS + 2000
  receiver.take('a:1', recorded)
  assert.deepEqual(dropsOf(receiver), { stale: 2 })
  receiver.wallNowMs += STALE_MS + 1000
  receiver.take('a:1', recorded)
  assert.equal(receiver.heard.length, 1)
})

test('a restarted sender is heard at once, and its former life cannot be played back', () => {
  const receiver = new Desk('b', { keys: [keyOf(1)] })
  const former = new Desk('a', { keys: [keyOf(1)] })
  const recorded = Array.from({ length: 5000 }, (_, count) => former.packetOf([NOTE, 'former', count]))
  for (const packet of recorded.slice(0, 4999)) {
    receiver.nowMs += 10
    receiver.take('a:1', packet)
  }
  const again = new Desk('a', { keys: [keyOf(1)], wallMs: former.wallNowMs + 1000 })
  receiver.heard.length = 0
  receiver.take('a:1', again.packetOf([NOTE, 'again', 1]))
  assert.deepEqual(receiver.messages(), [[NOTE, 'again', 1]])
  receiver.take('a:1', recorded[4999]!)
  assert.deepEqual(dropsOf(receiver), { replayed: 1 })
})

test('the window takes the last 1,024 counts in any order, each once, and nothing older', () => {
  const window = new ReplayWindow()
  assert.ok(window.accept(5000))
  for (let count = 5000 - WINDOW_COUNT + 1; count < 5000; count++) assert.ok(window.accept(count))
  for (let count = 5000 - WINDOW_COUNT + 1; count <= 5000; count++) assert.equal(window.accept(count), false)
  assert.equal(window.accept(5000 - WINDOW_COUNT), false)
  assert.ok(window.accept(5001))
  assert.equal(window.accept(5001 - WINDOW_COUNT + 1), false)
  assert.ok(window.accept(9000))
  assert.equal(window.accept(5001), false)
  assert.ok(window.accept(8999))
  assert.ok(window.accept(2 ** 48 - 1))
  assert.ok(window.accept(2 ** 48 - WINDOW_COUNT))
})

test('senders that were not heard for a minute are forgotten, as all they sent is stale by then', () => {
  const guard = new ReplayGuard(64)
  assert.equal(guard.judge('a', 0, 1, 0, 0), 'fresh')
  for (let second = 1; second <= 61; second++)
    assert.notEqual(guard.judge('a', 0, 1, second * 1000, 0), 'fresh')
  assert.equal(guard.judge('b', 200_000, 1, 200_000, 200_000), 'fresh')
  assert.equal(guard.sendersCount, 1)
})

test('a stamp from the future stays refused until it is stale', () => {
  const guard = new ReplayGuard(64)
  assert.equal(guard.judge('a', 30_000, 1, 0, 0), 'fresh')
  for (let nowMs = 0; nowMs < 200_000; nowMs += 500) {
    assert.notEqual(guard.judge('a', 30_000, 1, nowMs, nowMs), 'fresh')
    guard.judge('b', nowMs, nowMs, nowMs, nowMs)
  }
})

test('the memory of senders is bounded, and those that go before their time are counted', () => {
  const guard = new ReplayGuard(64)
  for (let sender = 0; sender < 1000; sender++) guard.judge(`sender-${sender}`, 0, 1, 0, 0)
  assert.ok(guard.sendersCount <= 64)
  assert.equal(guard.sendersForgottenEarlyCount, 1000 - guard.sendersCount)
})
