/*
 * A mesh in the place of one server, for tests that compare two servers.
 *
 * The idea: a client must not notice. Either its node owns nothing and asks the one that owns everything; or three nodes
 * act for a third of the keys each, and requests over several are put together. Shape: door (tests only).
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
  kill(): Promise<void>
}

const NODES = 3
/** Owners that have just agreed may refuse each other's first writes. */
const WARM_UP = Array.from({ length: 200 }, (_, i) => `warm:${i}`)

/** Every key is elsewhere, and all in one place. */
export function startBrokeredSubject(flags: readonly string[] = []): Promise<Subject> {
  return startSubjectWith(['--replication-factor', '1', ...flags], NODES - 1)
}

/** Two thirds of the keys are acted for elsewhere, each third in another place. */
export function startDividedSubject(flags: readonly string[] = []): Promise<Subject> {
  return startSubjectWith(['--replication-factor', '2', ...flags], 0)
}

async function startSubjectWith(flags: readonly string[], brokerCount: number): Promise<Subject> {
  const mesh = await MeshProcesses.start(NODES, flags, brokerCount)
  for (const key of WARM_UP) await until(mesh.at(0), ['SET', key, 'x'], ({ type }) => type !== 'error')
  const farKeys = await findFarKeys(mesh)
  assert.equal(farKeys.length, brokerCount === 0 ? NODES - 1 : 1, 'some keys are elsewhere')
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
