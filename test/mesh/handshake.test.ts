/* Who gets in: the same mesh, the same protocol, the same secret, the right name; everybody else is told no and counted. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import { Handshake, type HandshakeStep } from '../../src/mesh/handshake.ts'
import { HeaderCodec } from '../../src/mesh/header.ts'
import type { MeshIdentity, Refusal } from '../../src/mesh/link-ports.ts'
import { type VerbRow, verbs } from '../../src/mesh/verbs.ts'
import { identityOf, luckOf, MeshWorld, type NodeOptions } from './mesh-world.ts'

const codec = new HeaderCodec()
const random = luckOf(5)
let serial = 0

function partOf(side: 'dialler' | 'acceptor', expectedId = '') {
  const nonce = Buffer.from(Array.from({ length: 16 }, () => Math.floor(random() * 256)))
  return { side, expectedId, serial: ++serial, nonce }
}

interface Said {
  verb: VerbRow
  header: Buffer
}

function say(by: Handshake, verb: VerbRow, fields: readonly unknown[]): Said {
  const header = Buffer.from(codec.encode(verb.number, 0, fields))
  by.onSent(verb, header)
  return { verb, header }
}

function hear(by: Handshake, said: Said): HandshakeStep {
  const fields = codec.decode(said.header, 0, said.header.length)!
  return by.onGreeting(fields[0] as number, fields.slice(2), () => said.header)
}

/** Plays the four steps; returns the last word and all that was said. */
function play(a: MeshIdentity, b: MeshIdentity, alter: (said: Said) => Said = (said) => said) {
  const admits = (): Refusal | undefined => undefined
  const sides = [new Handshake(a, partOf('dialler'), admits), new Handshake(b, partOf('acceptor'), admits)]
  const opening = sides[0]!.onOpen()
  const said = [alter(say(sides[0]!, opening.verb, opening.fields))]
  for (let turn = 1; ; turn++) {
    const step = hear(sides[turn % 2]!, said[turn - 1]!)
    if (step.send === undefined) return { step, said, sides }
    said.push(alter(say(sides[turn % 2]!, step.send.verb, step.send.fields)))
  }
}

test('two of one mesh get to know each other, with and without a secret', () => {
  for (const secret of ['', 'open sesame']) {
    const { step, said, sides } = play(
      { ...identityOf('a', { secret }), features: ['new', 'both'] },
      { ...identityOf('b', { secret, birth: 7 }), features: ['both', 'other'] },
    )
    assert.equal(step.isDone, true)
    assert.deepEqual(
      said.map(({ verb }) => verb.name),
      ['hello', 'challenge', 'proof', 'welcome'],
    )
    assert.equal(sides[0]!.peer?.id, 'b')
    assert.equal(sides[0]!.peer?.birth, 7)
    assert.equal(sides[1]!.peer?.address, 'a:7000')
    assert.deepEqual([...sides[1]!.peer!.features], ['both'], 'unknown features are ignored')
  }
})

test('a wrong secret ends the handshake before the acceptor has proven anything', () => {
  for (const wrong of ['other', 'open sesam', 'open sesame ']) {
    const { step, said } = play(
      identityOf('a', { secret: wrong }),
      identityOf('b', { secret: 'open sesame' }),
    )
    assert.equal(step.refusal, 'secret')
    assert.equal(said.at(-1)!.verb.name, 'proof')
  }
  assert.equal(play(identityOf('a'), identityOf('b', { secret: 'x' })).step.refusal, 'secret')
  assert.equal(play(identityOf('a', { secret: 'x' }), identityOf('b')).step.refusal, 'secret')
})

test('an acceptor that does not know the secret is not believed', () => {
  const a = new Handshake(identityOf('a', { secret: 'right' }), partOf('dialler'), () => undefined)
  const b = new Handshake(identityOf('b', { secret: 'wrong' }), partOf('acceptor'), () => undefined)
  const opening = a.onOpen()
  const challenge = hear(b, say(a, opening.verb, opening.fields)).send!
  const proof = hear(a, say(b, challenge.verb, challenge.fields)).send!
  // It echoes the dialler's own proof, for want of a better one.
  assert.equal(hear(a, say(b, verbs.welcome, proof.fields)).refusal, 'secret')
})

test('a recorded proof is worthless the next time', () => {
  const secret = 'open sesame'
  const first = play(identityOf('a', { secret }), identityOf('b', { secret }))
  const b = new Handshake(identityOf('b', { secret }), partOf('acceptor'), () => undefined)
  const challenge = hear(b, first.said[0]!).send!
  say(b, challenge.verb, challenge.fields)
  assert.equal(hear(b, first.said[2]!).refusal, 'secret')
})

test('a word of an introduction that is altered on the way spoils the proof', () => {
  const secret = 'open sesame'
  const meddle = (said: Said): Said => {
    if (said.verb !== verbs.challenge) return said
    const fields = codec.decode(said.header, 0, said.header.length)!.slice(2)
    fields[6] = 'evil:1'
    return { verb: said.verb, header: Buffer.from(codec.encode(said.verb.number, 0, fields)) }
  }
  const { step } = play(identityOf('a', { secret }), identityOf('b', { secret }), meddle)
  assert.equal(step.refusal, 'secret')
})

test('another mesh, another protocol, another one than expected and oneself are refused', () => {
  const hello = (fields: unknown[]) => Buffer.from(codec.encode(verbs.hello.number, 0, fields))
  const acceptor = () => new Handshake(identityOf('b'), partOf('acceptor'), () => undefined)
  assert.equal(play(identityOf('a', { cluster: 'other' }), identityOf('b')).step.refusal, 'cluster')
  assert.equal(play(identityOf('b'), identityOf('b')).step.refusal, 'identity')
  assert.equal(
    hear(acceptor(), { verb: verbs.hello, header: hello([2, 'whatever comes']) }).refusal,
    'version',
  )
  assert.equal(hear(acceptor(), { verb: verbs.hello, header: hello([1, 0]) }).refusal, 'malformed')
  assert.equal(hear(acceptor(), { verb: verbs.hello, header: hello([]) }).refusal, 'malformed')
  const proof = {
    verb: verbs.proof,
    header: Buffer.from(codec.encode(verbs.proof.number, 0, [Buffer.alloc(32)])),
  }
  assert.equal(hear(acceptor(), proof).refusal, 'malformed', 'out of turn')
})

function meetingOf(a: NodeOptions, b: NodeOptions) {
  const world = new MeshWorld()
  const left = world.node('a', a)
  const right = world.node('b', b)
  world.meet()
  left.pool.to('b')
  world.run(400)
  return { world, left, right }
}

test('links come up between nodes that agree, and refusals are counted, told and logged on both sides', () => {
  const good = meetingOf({ secret: 's' }, { secret: 's' })
  assert.deepEqual([good.left.events, good.right.events], [['up b'], ['up a']])
  const cases: [NodeOptions, NodeOptions, Refusal, RegExp][] = [
    [{ secret: 's' }, { secret: 't' }, 'secret', /mesh secret/],
    [{}, { secret: 't' }, 'secret', /mesh secret/],
    [{ cluster: 'x' }, { cluster: 'y' }, 'cluster', /another mesh/],
  ]
  for (const [a, b, refusal, line] of cases) {
    const { left, right } = meetingOf(a, b)
    assert.ok(right.pool.room.counters.refusals[refusal] > 0)
    assert.ok(left.pool.room.counters.turnedAway > 0)
    assert.match(right.logLines.join('\n'), line)
    assert.match(left.logLines.join('\n'), /refused this node/)
    assert.ok(!left.events.includes('up b') && !right.events.includes('up a'))
    assert.equal(left.pool.describe().length + right.pool.describe().length, 0)
  }
})

test('a peer of another protocol version is told apart in the log', () => {
  const world = new MeshWorld()
  const node = world.node('a')
  const wire = dialRaw(world, 'a')
  world.run(10)
  wire.say(verbs.hello.number, 0, [9, 'something new'])
  world.run(10)
  assert.equal(node.pool.room.counters.refusals.version, 1)
  assert.match(node.logLines.join('\n'), /another protocol version.*"theirs":9,"ours":1/)
  assert.ok(wire.isClosed())
})

test('who says nothing, or too much, before the handshake is over is shown out', () => {
  const world = new MeshWorld()
  const node = world.node('a')
  const silent = dialRaw(world, 'a')
  const loud = dialRaw(world, 'a')
  const browser = dialRaw(world, 'a')
  world.run(10)
  loud.write(Buffer.from([0, 0, 0x20, 0, 1, 2, 3]))
  browser.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  world.run(100)
  assert.deepEqual([silent.isClosed(), loud.isClosed(), browser.isClosed()], [false, true, true])
  assert.equal(node.pool.room.counters.badFrames, 2)
  world.run(6000)
  assert.ok(silent.isClosed())
  assert.equal(node.pool.room.counters.greetingsLate, 1)
  assert.equal(node.pool.linksCount, 0)
})

/** A stranger that speaks frames by hand. */
function dialRaw(world: MeshWorld, to: string) {
  let hasEnded = false
  const wire = world.network.wiresOf('x:1').dial(`${to}:7000`, {
    onOpen() {},
    onBytes() {},
    onDrain() {},
    onClosed() {
      hasEnded = true
    },
  })
  return {
    isClosed: () => hasEnded,
    write: (bytes: Buffer) => wire.write(bytes),
    say(verb: number, correlation: number, fields: unknown[]) {
      const header = codec.encode(verb, correlation, fields)
      const frame = Buffer.alloc(6 + header.length)
      frame.writeUInt32BE(2 + header.length)
      frame.writeUInt16BE(header.length, 4)
      frame.set(header, 6)
      wire.write(frame)
    },
  }
}
