/*
 * A node whose mesh is written down in a test: members, ranges with their owners, and what it answers when asked to
 * change. Rows that show the mesh are called through the real dispatch. Shape: machine, for tests only.
 */
import assert from 'node:assert/strict'
import { Args, ReplyWriter, SlabPool } from '../../resp/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import { Node } from '../../src/node.ts'
import type { MeshFace, MeshNode, SlotRange } from '../../src/session/mesh-face.ts'
import type { NodePorts } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { Session } from '../../src/session/session.ts'
import { type Reply, ReplyParser } from '../support/reply.ts'

export function idOf(letter: string): string {
  return letter.repeat(40)
}

export function member(letter: string, changes: Partial<MeshNode> = {}): MeshNode {
  return {
    id: idOf(letter),
    name: `node-${letter}`,
    host: `10.0.0.${letter.charCodeAt(0) - 96}`,
    hostname: '',
    port: 7000,
    busPort: 17000,
    httpPort: 9000,
    roles: [],
    status: 'up',
    health: 'online',
    isSelf: letter === 'a',
    isLinkUp: true,
    circuit: letter === 'a' ? 'none' : 'closed',
    answerMs: 0.25,
    weight: 64,
    upNumber: letter.charCodeAt(0) - 96,
    pingSentMs: 0,
    pongReceivedMs: 1_700_000_000_000,
    ...changes,
  }
}

export class Stage {
  readonly node: Node
  readonly session: Session

  constructor(settings: Readonly<Record<string, string>> = {}, mesh?: MeshFace) {
    const argv = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const { config, errors } = loadConfig({ argv, environment: {}, readFile: () => '' })
    assert.deepEqual(errors, [])
    this.node = new Node(config, new Log({ sink: () => {}, nowMs: () => 0 }), quietPorts(), idOf('e'))
    const link = { ...ownSession().link, localAddress: '[fe80::1]:6379' }
    this.session = new Session(7, new ReplyWriter(new SlabPool(0)), link, 0)
    this.session.isAuthenticated = true
    if (mesh !== undefined) this.node.state.mesh = mesh
  }

  say(line: string): Reply {
    this.node.executor.beginTurn(1)
    this.node.dispatch.onRequest(this.session, Args.from(...line.split(' ')))
    this.node.executor.endTurn()
    const writer = this.session.writer
    const bytes = Buffer.from(writer.detach())
    writer.reset(false)
    const parser = new ReplyParser()
    parser.feed(bytes)
    const reply = parser.next()
    assert.ok(reply !== undefined && parser.bytesLeft === 0, line)
    return reply
  }

  text(line: string): string {
    return String(this.say(line).value)
  }
}

/** What the reply says, as plain values. */
export function plain(reply: Reply): unknown {
  if (typeof reply.value === 'string') return reply.type === 'integer' ? Number(reply.value) : reply.value
  return reply.value.map(plain)
}

/** A mesh of these nodes and ranges; whatever is not in `changes` is as quiet as can be. */
export function meshOf(
  nodes: readonly MeshNode[],
  ranges: readonly SlotRange[],
  changes: Partial<MeshFace> = {},
): MeshFace {
  return {
    isOn: true,
    clusterName: 'test',
    selfId: nodes.find((node) => node.isSelf)!.id,
    state: 'ok',
    slotsServed: 16384,
    slotsSuspect: 0,
    slotsFailed: 0,
    fingerprint: '0123456789abcdef',
    epoch: 3,
    limits: () => [],
    faults: null,
    nodes: () => nodes,
    ranges: () => ranges,
    links: () => [],
    messageCounts: () => [],
    failureReports: () => 0,
    explainSlot: (slot) => ({
      slot,
      owners: [],
      actingPrimary: undefined,
      isServedHere: false,
      explanation: 'nobody is asked',
    }),
    slotState: () => 'elsewhere',
    handOff: () => ({ state: 'idle', figures: [], ranges: [] }),
    hints: () => [],
    repair: () => 0,
    repairState: () => ({ figures: [], cycleTimes: [], owners: [] }),
    events: () => [],
    explainSplit: () => 'nothing is split',
    figures: () => [],
    meet: () => undefined,
    forget: () => undefined,
    leave: () => undefined,
    failover: () => undefined,
    ...changes,
  }
}

function quietPorts(): NodePorts {
  return {
    wallMs: () => 1_700_000_000_000,
    monotonicUs: () => 0,
    random32: () => 4711,
    every: () => {},
    readProcess: () => {
      throw new Error('nobody asks')
    },
    readFile: () => '',
    writeFile: () => {},
    sleepMs: () => {},
    collectGarbage: () => {},
    stop: () => {},
  }
}
