/* Both dial at once: one link is kept, the same at both ends, and whatever was sent arrives once and in order. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import { supersedes } from '../../src/mesh/precedence.ts'
import { verbs } from '../../src/mesh/verbs.ts'
import { Clock, luckOf, type MeshNode, MeshWorld } from './mesh-world.ts'

/** Time stands still; what happens next is chosen from all that could. */
class Choices extends Clock {
  readonly pending: (() => void)[] = []

  override after(delayMs: number, run: () => void): void {
    // Ticks and retries would never end, and here nothing depends on them.
    if (delayMs < 50) this.pending.push(run)
  }
}

const messagesCount = 6

class Side {
  readonly node: MeshNode
  readonly peerId: string
  readonly got: number[] = []
  readonly answers: string[] = []
  sentCount = 0

  constructor(node: MeshNode, peerId: string, clock: Choices) {
    this.node = node
    this.peerId = peerId
    node.verbs.bind('publish', (_from, { fields }) => this.got.push(fields[0] as number))
    node.verbs.bind('forward', (from, { correlation, body }) => {
      const text = Buffer.from(body)
      clock.after(0, () => from.answer(correlation, [], text))
    })
  }

  say(): void {
    const { pool } = this.node
    assert.ok(pool.send(this.peerId, verbs.publish, [this.sentCount]))
    const text = `${this.sentCount++}`
    pool.ask(this.peerId, verbs.forward, [1], Buffer.from(text), Number.POSITIVE_INFINITY, (outcome) =>
      this.answers.push(outcome.kind === 'answer' ? outcome.body.toString() : outcome.reason),
    )
  }
}

/** One history; `choose` says which of `count` things happens next. */
function play(choose: (count: number) => number): void {
  const clock = new Choices()
  const world = new MeshWorld(undefined, 1, clock)
  const sides = ['a', 'b'].map((id) => new Side(world.node(id), id === 'a' ? 'b' : 'a', clock))
  world.meet()
  for (const side of sides) side.say()
  for (let step = 0; clock.pending.length > 0; step++) {
    clock.pending.splice(choose(clock.pending.length), 1)[0]!()
    const side = sides[step % 2]!
    if (step % 3 === 0 && side.sentCount < messagesCount) side.say()
    assert.ok(step < 2000, 'it comes to an end')
  }
  const expected = Array.from({ length: messagesCount }, (_, at) => at)
  for (const [at, side] of sides.entries()) {
    const { pool, events, id } = side.node
    assert.deepEqual(side.got, expected, `what ${id} got`)
    assert.deepEqual(side.answers.map(Number).sort(), expected, `what ${id} was answered`)
    assert.deepEqual(
      pool.describe().map(({ direction }) => direction),
      [at === 0 ? 'to' : 'from'],
      'the dial of the lower id is kept',
    )
    assert.equal(pool.linksCount, 1)
    assert.deepEqual(events, [`up ${side.peerId}`], 'the peer was never out of reach')
    assert.equal(pool.room.counters.framesDropped, 0)
    assert.equal(pool.room.counters.badFrames, 0)
  }
}

test('in every order of the first events, nothing is lost, doubled or overtaken', () => {
  const depth = 8
  let prefix: number[] = []
  let count = 0
  for (;;) {
    const widths: number[] = []
    const path: number[] = []
    const luck = luckOf(count++)
    play((width) => {
      const at = path.length
      if (at >= depth) return Math.floor(luck() * width)
      widths.push(width)
      path.push(prefix[at] ?? 0)
      return path[at]!
    })
    let last = path.length - 1
    while (last >= 0 && path[last]! + 1 >= widths[last]!) last--
    if (last < 0) break
    prefix = [...path.slice(0, last), path[last]! + 1]
  }
  assert.ok(count > 100, `${count} histories`)
})

test('in many orders of all events, nothing is lost, doubled or overtaken', () => {
  for (let seed = 1; seed <= 1500; seed++) {
    const luck = luckOf(seed * 7919)
    // Some histories favour one part of the world, so that the other is late for long.
    const bias = 0.3 + luck() * 3
    play((width) => Math.min(width - 1, Math.floor(luck() ** bias * width)))
  }
})

test('both ends choose the same one of two links', () => {
  const farewell = { isHeard: false }
  // Seen from a and from b: who dialled, a's or b's number of the link.
  const links = [
    { dialler: 'a', a: 1, b: 5 },
    { dialler: 'b', a: 2, b: 3 },
    { dialler: 'a', a: 4, b: 2 },
    { dialler: 'b', a: 3, b: 9 },
  ]
  for (const one of links) {
    for (const other of links) {
      if (one === other) continue
      const choices = (['a', 'b'] as const).map((self) => {
        const peerId = self === 'a' ? 'b' : 'a'
        const [fresh, current] = [one, other].map((link) => ({
          direction: link.dialler === self ? ('to' as const) : ('from' as const),
          serial: link[self],
          peer: { id: peerId, birth: 1, linkSerial: link[peerId] },
          farewell,
        }))
        return supersedes(fresh!, current!, self)
      })
      assert.equal(choices[0], choices[1])
    }
  }
})
