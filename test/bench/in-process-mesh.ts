/*
 * in-process-mesh PORT PORT ...: a mesh of whole nodes in one process, each with clients of its own at its port, joined by
 * wires that are no sockets. What the transport costs is what the mesh of processes takes longer.
 *
 * The idea: the nodes are built as main builds them; only datagrams and wires between them stay in memory. It runs until it
 * is killed. Shape: door (bench only).
 */
import { randomBytes } from 'node:crypto'
import { startServer } from '../../resp/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import { InProcessNetwork } from '../../src/mesh/inprocess.ts'
import { MeshFacts } from '../../src/mesh-facts.ts'
import { MeshNode } from '../../src/mesh-node.ts'
import { meshSettings } from '../../src/mesh-settings.ts'
import { Node } from '../../src/node.ts'
import { freshId, systemPorts } from '../../src/system.ts'

const HOST = '127.0.0.1'

const after = (delayMs: number, run: () => void): void => {
  if (delayMs > 0) setTimeout(run, delayMs)
  else setImmediate(run)
}
const network = new InProcessNetwork({ after })
const homes = new Map<string, MeshNode>()

function carry(from: string, to: string, bytes: Uint8Array): void {
  const copy = Buffer.from(bytes)
  setImmediate(() => {
    const membership = homes.get(to)?.membership
    membership?.onTurn()
    membership?.onDatagram(from, copy)
  })
}

function makeNode(port: number, name: string): MeshNode {
  const argv = ['--port', String(port), '--id', name, '--mesh', 'yes']
  const { config } = loadConfig({ argv, environment: {}, readFile: () => '' })
  const log = new Log({
    sink: (line) => process.stdout.write(`${line}\n`),
    nowMs: () => Date.now(),
    node: name,
    level: 'notice',
  })
  const node = new Node(
    config,
    log,
    systemPorts(() => process.exit(0)),
    freshId(),
  )
  node.state.port = port
  const settings = meshSettings(config, node.state.runId, port, HOST)
  const address = `${HOST}:${settings.busPort}`
  const mesh = new MeshNode(node, settings, {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    after,
    soon: (run) => void setImmediate(run),
    random: () => Math.random(),
    randomBytes: (count) => randomBytes(count),
    sendDatagram: (to, bytes) => carry(address, to, bytes),
    wires: network.wiresOf(address),
  })
  node.state.mesh = new MeshFacts(mesh)
  network.listen(address, (wire, remote) => mesh.pool.accept(wire, remote))
  homes.set(address, mesh)
  return mesh
}

async function serve({ node }: MeshNode): Promise<void> {
  await startServer({
    hosts: [HOST],
    port: node.state.port,
    limits: node.serverLimits,
    stats: node.state.connectionStats,
    clock: { nowMs: () => Date.now() },
    onConnection: (connection) => node.converse(connection),
  })
}

const meshes = process.argv.slice(2).map((port, i) => makeNode(Number(port), `node-${i + 1}`))
for (const mesh of meshes) {
  await serve(mesh)
  mesh.start([...homes.keys()].slice(0, 1))
}
