/* Requests that are long: in frames of their own when a round brings many, and refused when none could carry them. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { carriedBytesMax } from '../../src/mesh/frame.ts'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B] = [0, 1].map((number) => keyOf(number, 'key')) as [string, string]
const VALUE = 'x'.repeat(6 * 1024 * 1024)

test('what a round sends to one node leaves in several frames when it is long, and in its order', () => {
  const stage = new MeshStage(3)
  const node = stage.nodes[0]!
  const client = node.client()
  const replies = client.ask(
    ...Array.from({ length: 5 }, () => `APPEND ${B} ${VALUE}`),
    `SETRANGE ${B} 0 y`,
    `GETRANGE ${B} 0 1`,
  )
  const lengths = [1, 2, 3, 4, 5, 5].map((times) => `:${times * VALUE.length}\r\n`)
  assert.equal(replies, `${lengths.join('')}$2\r\nyx\r\n`)
  assert.equal(node.forwards.counters.frames, 3)
})

test('a request that no frame could carry is refused before anything is touched, wherever its key is', () => {
  const stage = new MeshStage(3)
  const node = stage.nodes[0]!
  for (const key of [A, B]) {
    const args = Args.from('SET', key, 'v')
    args.requestEnd = args.requestStart + carriedBytesMax + 1
    const { session } = node.client()
    node.turn(session, args)
    const { bytes, length } = session.writer
    assert.match(bytes.toString('latin1', 0, length), /^-ERR the request is too long .*nothing was done/)
    assert.equal(node.client().ask(`EXISTS ${key}`), ':0\r\n')
  }
})

test('in a mesh a string may not grow beyond what can be sent to its owners', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask('CONFIG SET proto-max-bulk-len 2gb')
  assert.match(client.ask(`SETRANGE ${A} ${carriedBytesMax} x`), /^-ERR string exceeds maximum allowed size/)
  assert.equal(client.ask(`EXISTS ${A}`), ':0\r\n')
})
