/*
 * A mesh in the place of one server, for tests that compare two servers.
 *
 * The idea: a client must not notice. Its node owns nothing: it asks the one that owns everything, or two others that
 * act for half of the keys each, keep copies for each other, and put requests over several together. Shape: door (tests
 * only).
 */
import assert from 'node:assert/strict'
import { MeshProcesses, until } from './mesh-processes.ts'
import type { Reply } from './reply.ts'
import type { RespSocket } from './resp-socket.ts'

/** What comparisons need of a server. */
export interface Subject {
  readonly name: string
  readonly hasExited: boolean
  readonly output: string
  /** Keys that live elsewhere, one for each other node; none for a server that stands alone. */
  readonly farKeys?: readonly string[]
  connect(): Promise<RespSocket>
  /** One connection to each node; a server that stands alone has none but `connect`. */
  connectAll?(): Promise<readonly RespSocket[]>
  kill(): Promise<void>
}

const NODES = 3
/** Owners that have just agreed may refuse each other's first writes. */
const WARM_UP = Array.from({ length: 200 }, (_, i) => `warm:${i}`)

/** Every key is elsewhere, and all in one place. */
export function startBrokeredSubject(flags: readonly string[] = []): Promise<Subject> {
  return startSubjectWith(['--replication-factor', '1', ...flags], NODES - 1)
}

/** Every key is elsewhere, each half in another place, and written when both have it. */
export function startDividedSubject(flags: readonly string[] = []): Promise<Subject> {
  return startSubjectWith(['--replication-factor', '2', ...flags], 1)
}

async function startSubjectWith(flags: readonly string[], brokerCount: number): Promise<Subject> {
  const mesh = await MeshProcesses.start(NODES, flags, brokerCount)
  for (const key of WARM_UP) await until(mesh.at(0), ['SET', key, 'x'], ({ type }) => type !== 'error')
  const farKeys = await findFarKeys(mesh)
  assert.equal(farKeys.length, NODES - brokerCount, 'each node that keeps data acts for some keys')
  await assertShared(mesh, farKeys[0]!)
  return {
    name: 'a mesh of three',
    get hasExited() {
      return mesh.running.length < NODES
    },
    get output() {
      return mesh.members.map(({ server }) => server.output).join('\n')
    },
    farKeys,
    connect: () => mesh.at(0).connect(),
    connectAll: () => Promise.all(mesh.members.map((member) => member.connect())),
    kill: () => mesh.kill(),
  }
}

/** A node that kept to itself what it is asked would pass every comparison. */
async function assertShared(mesh: MeshProcesses, key: string): Promise<void> {
  const [entry, other] = await Promise.all([mesh.at(0).connect(), mesh.at(NODES - 1).connect()])
  await until(mesh.at(0), ['SET', key, 'shared'], ({ type }) => type !== 'error')
  assert.equal((await other.call('GET', key)).value, 'shared', 'what one node is told the others know')
  entry.destroy()
  other.destroy()
}

async function findFarKeys(mesh: MeshProcesses): Promise<string[]> {
  const client = await mesh.at(0).connect()
  const keys = new Map<string, string>()
  for (let i = 0; keys.size < NODES && i < 100; i++) {
    const reply = await client.call('MESH', 'EXPLAIN', `far:${i}`)
    const flat = (reply.value as readonly Reply[]).map(({ value }) => String(value))
    const primary = flat[flat.indexOf('acting-primary') + 1]!
    if (!keys.has(primary)) keys.set(primary, `far:${i}`)
  }
  client.destroy()
  keys.delete(mesh.at(0).name)
  return [...keys.values()]
}
