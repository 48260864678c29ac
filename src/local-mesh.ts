/**
 * Local mesh [Rule]: `hypercache mesh`: the words of one command line to those of each node's, what the end of a node
 * means for the others, and the words for people. It starts nothing itself; supervise.ts does.
 *
 * Node i listens on port + i, on bus port + i and on http port + i. At first only the first node may found the mesh and
 * the others ask it; a node started again asks all of them, so that it never founds a second one.
 */
import { joinAddress } from '../gossip/index.ts'
import type { Config, Loaded } from './config/index.ts'
import { BUS_OFFSET, HTTP_OFFSET } from './mesh-settings.ts'

/** Flags of `hypercache mesh` that `hypercache start` does not have. */
export const OWN_FLAGS: readonly string[] = ['nodes']
/** What each node gets a value of its own for: whatever was said is not handed on. */
const DIVIDED_FLAGS: readonly string[] = ['nodes', 'id', 'port', 'bus-port', 'http-port', 'seeds', 'mesh']
const NODES_DEFAULT = '3'
const NODES_MAX = 64
const PORT_MAX = 65535
const LOOPBACK = '127.0.0.1'

/** A node that ends too early is started again, later each time. */
const RESTART_MS = 500
const RESTART_MS_MAX = 30_000
/** Who has lived this long has proved itself. */
const PROBATION_MS = 60_000

export interface PlannedNode {
  readonly name: string
  /** Where this process reaches it. */
  readonly host: string
  readonly port: number
  readonly firstArgv: readonly string[]
  readonly laterArgv: readonly string[]
}

export interface LocalMesh {
  readonly nodes: readonly PlannedNode[]
  readonly errors: readonly string[]
}

/** `isTerminal`: what the nodes write is read by people, though each writes into a pipe. */
export function planLocalMesh(argv: readonly string[], loaded: Loaded, isTerminal: boolean): LocalMesh {
  const { config } = loaded
  const errors = [...loaded.errors]
  const count = readCount(loaded.own.get('nodes') ?? NODES_DEFAULT)
  if (count === 0) errors.push(`--nodes: argument must be a number from 1 to ${NODES_MAX}`)
  const first = firstPorts(config)
  errors.push(...portErrors(first, count))
  if (errors.length > 0) return { nodes: [], errors }
  const host = hostOf(config)
  const buses = Array.from({ length: count }, (_, i) => joinAddress(host, first.bus + i))
  const outer = config.words('seeds')
  const shared = [...withoutDivided(argv), ...manners(config, isTerminal)]
  const nodes = buses.map((bus, i): PlannedNode => {
    const name = `${config.text('id') || 'node'}-${i + 1}`
    const ports = ['--port', `${first.port + i}`, '--bus-port', `${first.bus + i}`]
    const own = ['--id', name, ...ports, '--http-port', `${first.http + i}`, '--mesh', 'yes']
    const argvFor = (seeds: readonly string[]): string[] => {
      return ['start', ...shared, ...own, '--seeds', [...outer, ...seeds].join(',')]
    }
    const isFounder = i === 0 && outer.length === 0
    const firstArgv = argvFor(isFounder ? [bus] : [buses[0]!])
    return { name, host, port: first.port + i, firstArgv, laterArgv: argvFor(buses) }
  })
  return { nodes, errors }
}

interface Ports {
  readonly port: number
  readonly bus: number
  readonly http: number
}

function firstPorts(config: Config): Ports {
  const port = config.number('port')
  const bus = config.number('bus-port') || port + BUS_OFFSET
  return { port, bus, http: config.number('http-port') || port + HTTP_OFFSET }
}

function readCount(text: string): number {
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
  return count <= NODES_MAX ? count : 0
}

function portErrors({ port, bus, http }: Ports, count: number): string[] {
  if (port === 0) return ['--port: argument must be the port of the first node, not 0']
  const ranges: [string, number][] = [
    ['port', port],
    ['bus-port', bus],
    ['http-port', http],
  ]
  const errors: string[] = []
  for (const [i, [name, from]] of ranges.entries()) {
    const last = from + count - 1
    if (last > PORT_MAX) errors.push(`--${name}: ${from} to ${last} are no ports: at most ${PORT_MAX}`)
    for (const [other, start] of ranges.slice(i + 1)) {
      const isApart = Math.abs(start - from) >= count
      if (!isApart) errors.push(`--${name}, --${other}: the nodes would need the same ports`)
    }
  }
  return errors
}

/** The words as they were, a file in front included, without the flags that each node has its own value of. */
function withoutDivided(argv: readonly string[]): string[] {
  const kept: string[] = []
  let isKept = true
  for (const word of argv) {
    if (word.startsWith('--')) isKept = !DIVIDED_FLAGS.includes(word.slice(2).split('=')[0]!.toLowerCase())
    if (isKept) kept.push(word)
  }
  return kept
}

/** What the nodes are told besides, unless somebody has said otherwise. */
function manners(config: Config, isTerminal: boolean): string[] {
  const words: string[] = []
  if (isTerminal && config.text('log-format') === 'auto') words.push('--log-format', 'pretty')
  // Without a secret peers, without a password clients are those of this machine: loopback is where they are welcome.
  const isForAnyone = config.text('mesh-secret') !== '' && config.text('requirepass') !== ''
  const isTold = config.text('advertise') !== '' || literalHost(config) !== undefined
  if (!isForAnyone && !isTold) words.push('--advertise', LOOPBACK)
  return words
}

function literalHost(config: Config): string | undefined {
  return config.words('bind').find((word) => !/^-?(\*|::\*|0\.0\.0\.0|::)$/.test(word))
}

function hostOf(config: Config): string {
  return literalHost(config)?.replace(/^-/, '') ?? LOOPBACK
}

export type AfterEnd =
  /** Somebody asked it to: it stays away, and the others go on. */
  | { readonly kind: 'gone' }
  /** The mesh cannot be started like this: all end. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'restart'; readonly delayMs: number }

/** `shortLives`: how many lives before this one ended early, one after the other. */
export function afterEnd(code: number | null, hasMeshFormed: boolean, shortLives: number): AfterEnd {
  if (code === 0) return { kind: 'gone' }
  if (!hasMeshFormed && (code === 1 || code === 2)) return { kind: 'failed' }
  return { kind: 'restart', delayMs: Math.min(RESTART_MS * 2 ** shortLives, RESTART_MS_MAX) }
}

export function isShortLife(livedMs: number): boolean {
  return livedMs < PROBATION_MS
}

/** Does this answer to CLUSTER INFO come from a node that knows so many, all of them at work? */
export function isWhole(clusterInfo: string, count: number): boolean {
  const figure = (name: string): number =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(clusterInfo)?.[1] ?? 0)
  const isOk = /^cluster_state:ok\r?$/m.test(clusterInfo)
  return isOk && figure('cluster_known_nodes') >= count && figure('cluster_size') >= count
}

export function readyText(nodes: readonly PlannedNode[]): string {
  const [first, last] = [nodes[0]!, nodes.at(-1)!]
  const where = first === last ? `port ${first.port}` : `ports ${first.port} to ${last.port}`
  const at = first.host === LOOPBACK ? '' : `-h ${first.host} `
  return [
    `the mesh is ready: ${nodes.length} ${first === last ? 'node' : 'nodes'} on ${where}; any of them answers for all`,
    `connect with: redis-cli ${at}-p ${first.port}   (cluster-aware clients: redis-cli ${at}-c -p ${last.port})`,
    'Ctrl-C ends all of them',
  ].join('\n')
}

export const MESH_HELP = `Usage: hypercache mesh [--nodes 3] [--port 6379] [file] [--name value ...]

Runs a mesh on this machine: one process a node, named node-1, node-2 and so on. Node i listens on port + i - 1, and
likewise on the bus port (port + 10000) and the HTTP port (port + 2000). The output of each node is prefixed with its name.

  --nodes <int>  [${NODES_DEFAULT}]
      How many nodes, 1 to ${NODES_MAX}.
  --port, --bus-port, --http-port <int>
      Those of the first node.
  --id <text>  [node]
      What the names of the nodes begin with.
  --seeds <list>
      Join the mesh that these belong to, instead of beginning one.

Every other flag, the environment and the file are handed to each node: see hypercache start --help. Memory limits
are per node.

Ctrl-C or SIGTERM drains all nodes and exits with 0; a second Ctrl-C kills them. A node that is killed or crashes is started
again, at once at first and later each time; one that ends because it was asked to (SHUTDOWN, SIGTERM) stays away.
`
