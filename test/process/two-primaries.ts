/*
 * Two nodes in this process, each told that the mesh is the two of them with half of the slots each.
 *
 * The idea: cluster-aware clients need several primaries before they route anything. Data stays where it is sent, so
 * a key in the wrong node shows a client that was misled. Shape: door (tests only).
 */
import { type RunningServer, startServer } from '../../resp/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import { Node } from '../../src/node.ts'
import type { MeshNode } from '../../src/session/mesh-face.ts'
import { systemPorts } from '../../src/system.ts'
import { idOf, member, meshOf } from '../commands/mesh-double.ts'

export const LAST_OF_FIRST = 8000
const LETTERS = ['a', 'b'] as const
const RANGES = [
  { first: 0, last: LAST_OF_FIRST, owners: [0] },
  { first: LAST_OF_FIRST + 1, last: 16383, owners: [1] },
]

export interface Primary {
  readonly node: Node
  readonly port: number
}

/** Starts both, runs the test, and stops them whatever came of it. */
export async function withTwoPrimaries(run: (primaries: readonly Primary[]) => Promise<void>): Promise<void> {
  const started: { node: Node; server: RunningServer }[] = []
  try {
    for (const letter of LETTERS) {
      const node = makeNode(letter)
      started.push({ node, server: await listen(node) })
    }
    const ports = started.map(({ server }) => server.port)
    for (const [self, { node }] of started.entries()) {
      node.state.port = ports[self]!
      const members = LETTERS.map((letter, i): MeshNode => {
        return member(letter, { host: '127.0.0.1', port: ports[i]!, isSelf: i === self })
      })
      node.state.mesh = meshOf(members, RANGES)
    }
    await run(started.map(({ node, server }) => ({ node, port: server.port })))
  } finally {
    for (const { server } of started) await server.close(0)
  }
}

function makeNode(letter: string): Node {
  const { config } = loadConfig({ argv: [], environment: {}, readFile: () => '' })
  const log = new Log({ sink: () => {}, nowMs: () => Date.now() })
  return new Node(
    config,
    log,
    systemPorts(() => {}),
    idOf(letter),
  )
}

function listen(node: Node): Promise<RunningServer> {
  return startServer({
    hosts: ['127.0.0.1'],
    port: 0,
    limits: node.serverLimits,
    stats: node.state.connectionStats,
    clock: { nowMs: () => Date.now() },
    onConnection: (connection) => node.converse(connection),
  })
}
