/*
 * A mesh of real processes on loopback: nodes that start, die, come back under the same name and port, are frozen, and leave.
 *
 * The idea: a test says what happens to which node; what it waits for is always what nodes answer, never a while. The
 * whole mesh is killed with its test. It refuses to know what is tested. Shape: door (tests only).
 */
import assert from 'node:assert/strict'
import { ChildServer, freePort } from './child-server.ts'
import { nodeCommand } from './our-node.ts'
import { type Reply, show } from './reply.ts'
import type { RespSocket } from './resp-socket.ts'

const DEADLINE_MS = 20_000
const CALM_ROUNDS = 3
const PROBES = 200
/** Of what a node printed, when a test has failed. */
const SHOWN_MAX = 3000
const LOOK_MS = 20
export const BROKER_FLAGS: readonly string[] = ['--virtual-nodes', '0']
const SLOT_COUNT = 16384

/** Where a node runs: its address, and how a command is run there. */
export interface Place {
  readonly host: string
  launch(command: string, argv: readonly string[]): readonly [command: string, argv: string[]]
}

const LOOPBACK: Place = { host: '127.0.0.1', launch: (command, argv) => [command, [...argv]] }

export class MeshMember {
  readonly name: string
  readonly port: number
  readonly busPort: number
  readonly #flags: readonly string[]
  readonly #environment: NodeJS.ProcessEnv
  readonly #place: Place
  #server: ChildServer | undefined

  constructor(
    name: string,
    port: number,
    flags: readonly string[],
    environment: NodeJS.ProcessEnv,
    place: Place,
  ) {
    this.#place = place
    this.name = name
    this.port = port
    this.busPort = port + 10_000
    this.#flags = flags
    this.#environment = environment
  }

  /** It owns nothing and only passes on what it is asked. */
  get isBroker(): boolean {
    return this.#flags.join(' ').includes(BROKER_FLAGS.join(' '))
  }

  get host(): string {
    return this.#place.host
  }

  get bus(): string {
    return `${this.host}:${this.busPort}`
  }

  get server(): ChildServer {
    if (this.#server === undefined) throw new Error(`${this.name} was never started`)
    return this.#server
  }

  get isRunning(): boolean {
    return this.#server !== undefined && !this.#server.hasExited
  }

  /** Until it answers PING, which is before it has found the others. */
  async start(seeds: readonly string[]): Promise<void> {
    const { host, name, port } = this
    const own = ['--port', String(port), '--bind', host, '--id', name, '--mesh', 'yes']
    const words = [...nodeCommand(), 'start', ...own, '--seeds', seeds.join(','), ...this.#flags]
    const [command, argv] = this.#place.launch(process.execPath, words)
    const environment = { ...process.env, ...this.#environment }
    this.#server = await ChildServer.start(name, command, () => argv, environment, port, host)
  }

  connect(): Promise<RespSocket> {
    return this.server.connect()
  }

  kill(): Promise<void> {
    return this.server.kill()
  }

  /** SIGSTOP: it lives on with all it knows, but does nothing. */
  freeze(): void {
    this.server.signal('SIGSTOP')
  }

  thaw(): void {
    this.server.signal('SIGCONT')
  }
}

export class MeshProcesses {
  readonly members: MeshMember[] = []
  readonly #flags: readonly string[]
  readonly #environment: NodeJS.ProcessEnv
  readonly #placeOf: (index: number) => Place

  private constructor(
    flags: readonly string[],
    environment: NodeJS.ProcessEnv,
    placeOf: (index: number) => Place,
  ) {
    this.#flags = flags
    this.#environment = environment
    this.#placeOf = placeOf
  }

  /**
   * Starts `count` nodes at once and waits until they are one mesh; the first `brokerCount` of them own nothing.
   * `environment`: what the nodes find there besides our own.
   */
  static async start(
    count: number,
    flags: readonly string[] = [],
    brokerCount = 0,
    environment: NodeJS.ProcessEnv = {},
    placeOf: (index: number) => Place = () => LOOPBACK,
  ): Promise<MeshProcesses> {
    const mesh = new MeshProcesses(flags, environment, placeOf)
    for (let i = 0; i < count; i++) await mesh.#make(i < brokerCount ? BROKER_FLAGS : [])
    try {
      await Promise.all(mesh.members.map((member) => member.start([mesh.members[0]!.bus])))
      await mesh.formed(count)
      await mesh.#untilWritable()
    } catch (error) {
      await mesh.kill()
      throw error
    }
    return mesh
  }

  /**
   * While slots still change hands, a write may be told that its outcome is open: asks until a round of writes to
   * many slots, through every node, is confirmed, three times in a row.
   */
  async #untilWritable(): Promise<void> {
    const clients = await Promise.all(this.members.map((member) => member.connect()))
    const deadline = Date.now() + DEADLINE_MS
    try {
      for (let calm = 0; calm < CALM_ROUNDS; ) {
        let refused = 0
        for (const client of clients) {
          for (let i = 0; i < PROBES; i++) client.command('SET', `probe:${i}`, 'x')
          const replies = await client.take(PROBES)
          refused += replies.filter(({ type, value }) => type === 'error' && !isRedirection(value)).length
        }
        calm = refused === 0 ? calm + 1 : 0
        assert.ok(Date.now() < deadline, 'the mesh never confirms all writes')
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      }
      for (let i = 0; i < PROBES; i++) await clients[0]!.call('DEL', `probe:${i}`)
    } finally {
      for (const client of clients) client.destroy()
    }
  }

  async #make(more: readonly string[] = []): Promise<MeshMember> {
    const taken = new Set(this.members.map(({ port }) => port))
    let port = await freePort()
    while (taken.has(port)) port = await freePort()
    const index = this.members.length
    const flags = [...this.#flags, ...more]
    const place = this.#placeOf(index)
    const member = new MeshMember(`node-${index + 1}`, port, flags, this.#environment, place)
    this.members.push(member)
    return member
  }

  at(index: number): MeshMember {
    return this.members[index]!
  }

  get running(): readonly MeshMember[] {
    return this.members.filter((member) => member.isRunning)
  }

  /** One more node; known to the others a moment after this has answered. */
  async add(): Promise<MeshMember> {
    const seeds = this.running.map(({ bus }) => bus)
    const member = await this.#make()
    await member.start(seeds)
    return member
  }

  /** A node that died comes back, empty, under its name and port. */
  async restart(member: MeshMember): Promise<void> {
    const others = this.running.filter((one) => one !== member)
    await member.start(others.map(({ bus }) => bus))
  }

  /** So many nodes agree on who owns what, each of those that run acts, and for each slot exactly one does. */
  async formed(count: number, deadlineMs = DEADLINE_MS): Promise<void> {
    const { running } = this
    const clients = await Promise.all(running.map((member) => member.connect()))
    const deadline = Date.now() + deadlineMs
    for (;;) {
      const infos = await Promise.all(clients.map((client) => client.call('MESH', 'INFO')))
      const views = infos.map(figuresOf)
      const owners = running.flatMap(({ isBroker }, i) => (isBroker ? [] : [i]))
      if (isFormed(views, count, owners)) break
      if (Date.now() > deadline) {
        const shown = views.map((view) => JSON.stringify([...view])).join('\n')
        assert.fail(
          `no mesh of ${count}:\n${shown}\n${running.map(({ server }) => server.output).join('\n')}`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    for (const client of clients) client.destroy()
  }

  async kill(): Promise<void> {
    for (const member of this.running) member.thaw()
    await Promise.all(this.running.map((member) => member.kill()))
  }
}

/** Who is told where to go has been answered as it wished (--redirect moved). */
function isRedirection(value: Reply['value']): boolean {
  return String(value).startsWith('MOVED ')
}

type Figures = ReadonlyMap<string, string>

export function figuresOf({ value }: Reply): Figures {
  const flat = typeof value === 'string' ? [] : value.map((one) => String(one.value))
  return new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!] as const] : [])))
}

/** `owners`: which of the views are those of nodes that own something. */
function isFormed(views: readonly Figures[], count: number, owners: readonly number[]): boolean {
  const isOne = new Set(views.map((view) => view.get('mesh_fingerprint'))).size === 1
  const areAll = views.every((view) => view.get('mesh_nodes') === String(count))
  const areOk = owners.every((i) => {
    return views[i]!.get('mesh_state') === 'ok' && views[i]!.get('mesh_slots_unsettled') === '0'
  })
  const acting = views.map((view) => Number(view.get('mesh_slots_acting')))
  const sum = acting.reduce((total, one) => total + one, 0)
  const isDivided = owners.every((i) => acting[i]! > 0) && sum === SLOT_COUNT
  return isOne && areAll && areOk && isDivided
}

export function knownNodes(clusterInfo: string): number {
  return Number(/^cluster_known_nodes:(\d+)/m.exec(clusterInfo)?.[1] ?? 0)
}

/** Asks until the answer is as wanted; fails with the last answer when it never is. */
export async function until(
  member: MeshMember,
  argv: readonly string[],
  isWanted: (reply: Reply) => boolean,
): Promise<void> {
  const client = await member.connect()
  const deadline = Date.now() + DEADLINE_MS
  try {
    for (;;) {
      const reply = await client.call(...argv)
      if (isWanted(reply)) return
      if (Date.now() > deadline) {
        assert.fail(
          `${member.name} still answers ${argv.join(' ')} with ${show(reply, 2000)}\n${member.server.output}`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  } finally {
    client.destroy()
  }
}

/** Starts a mesh, runs the test, and ends the mesh whatever came of it. */
export async function withMesh(
  count: number,
  flags: readonly string[],
  run: (mesh: MeshProcesses) => Promise<void>,
): Promise<void> {
  const mesh = await MeshProcesses.start(count, flags)
  try {
    await run(mesh)
    for (const { name, server } of mesh.members) {
      assert.doesNotMatch(
        server.output,
        /unhandled|uncaught|unexpected error|defect/i,
        `${name}: nothing escaped`,
      )
    }
  } catch (error) {
    for (const { name, server } of mesh.members)
      console.error(`${name} said:\n${server.output.slice(-SHOWN_MAX)}`)
    throw error
  } finally {
    await mesh.kill()
  }
}
