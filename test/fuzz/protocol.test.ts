/*
 * Garbage over real sockets (table B-1): the node stays up, small and right for everybody else.
 * INPUTS=... makes it longer, SEED=... replays it. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { ChildServer } from '../support/child-server.ts'
import { startSubject } from '../support/our-node.ts'
import { Prng, seedOf, seedOfRun } from '../support/prng.ts'
import { show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { garbage } from './garbage.ts'

const INPUTS = Number(process.env.INPUTS ?? 50_000)
const INPUTS_PER_CONNECTION_MAX = 6
const CONNECTIONS_AT_ONCE = 20
const GROWTH_BYTES_MAX = 48 * 1024 * 1024

test('garbage from some clients changes nothing for the others', { timeout: 600_000 }, async () => {
  const seed = seedOfRun()
  const server = await startSubject()
  try {
    const bystander = await server.connect()
    // The heap finds its size in the first quarter; what grows after that would grow for ever.
    let residentBefore = 0
    let thrown = 0
    let round = 0
    while (thrown < INPUTS) {
      const throwers = Array.from({ length: CONNECTIONS_AT_ONCE }, (_, index) =>
        throwGarbage(server, seedOf(seed, round * CONNECTIONS_AT_ONCE + index)),
      )
      const wrong = await checkBystander(bystander, round)
      assert.ok(wrong === undefined, `SEED=${seed}, round ${round}: ${wrong}\n${server.output}`)
      for (const count of await Promise.all(throwers)) thrown += count
      if (residentBefore === 0 && thrown >= INPUTS / 4) residentBefore = server.residentBytes
      assert.ok(!server.hasExited, `SEED=${seed}, round ${round}: the node ended\n${server.output}`)
      round++
    }
    const grown = server.residentBytes - residentBefore
    assert.ok(grown < GROWTH_BYTES_MAX, `SEED=${seed}: grown by ${grown} bytes after ${thrown} inputs`)
    assert.doesNotMatch(server.output, /unhandled|uncaught|internal error/i, `SEED=${seed}`)
  } finally {
    await server.kill()
  }
})

/** One connection's worth of garbage, then goodbye. Answers how many inputs that was. */
async function throwGarbage(server: ChildServer, seed: number): Promise<number> {
  const random = new Prng(seed)
  const inputs = Array.from({ length: random.between(1, INPUTS_PER_CONNECTION_MAX) }, () => garbage(random))
  const socket = await server.connect()
  const bytes = Buffer.concat(inputs)
  const half = random.chance(0.3) ? random.below(bytes.length) : bytes.length
  socket.send(bytes.subarray(0, half))
  if (half < bytes.length) {
    await new Promise(setImmediate)
    socket.send(bytes.subarray(half))
  }
  socket.end()
  const isClosed = await socket.closed(10_000)
  socket.destroy()
  assert.ok(isClosed, `seed ${seed}: the connection was not closed after ours ended`)
  assert.equal(socket.failure, '', `seed ${seed}: the answer is not RESP`)
  return inputs.length
}

async function checkBystander(bystander: RespSocket, round: number): Promise<string | undefined> {
  const value = `round ${round}`
  bystander.command('SET', 'bystander', value)
  bystander.command('GET', 'bystander')
  bystander.command('PING')
  const replies = await bystander.take(3)
  const isRight = replies.map((reply) => reply.value).join('|') === `OK|${value}|PONG`
  return isRight ? undefined : replies.map((reply) => show(reply)).join(' ')
}
