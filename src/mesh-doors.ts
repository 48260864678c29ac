/**
 * Mesh doors [Door]: the bus port of a node - gossip over UDP and links over TCP on one number - and what a mesh node asks
 * of the world beside them.
 */
import { randomBytes } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { performance } from 'node:perf_hooks'
import { openUdp, splitAddress, type UdpDoor } from '../gossip/index.ts'
import { Faults } from './mesh/faults.ts'
import { FaultyDatagrams, type SendDatagram } from './mesh/faulty-datagrams.ts'
import { SeedNames } from './mesh/seed-names.ts'
import { TcpWires } from './mesh/tcp.ts'
import type { AcceptWire } from './mesh/wires.ts'
import type { Log } from './log.ts'
import { MeshFacts } from './mesh-facts.ts'
import { MeshNode } from './mesh-node.ts'
import type { MeshSettings } from './mesh-settings.ts'
import type { Node } from './node.ts'

export interface RunningMesh {
  readonly mesh: MeshNode
  /** Says goodbye; resolves when it has been said, or soon. */
  leave(): Promise<void>
  close(): Promise<void>
}

export interface MeshDoorOptions {
  readonly bindHosts: readonly string[]
  /** `host:port`, or `dns://name[:port]` for all addresses of a name. */
  readonly seeds: readonly string[]
}

const LEAVE_MS = 3000
const CONNECTIONS_MAX = 1024

export async function openMesh(
  node: Node,
  settings: MeshSettings,
  options: MeshDoorOptions,
): Promise<RunningMesh> {
  const wires = new TcpWires()
  let udp: UdpDoor | undefined
  const timing = {
    monotonicMs: () => performance.now(),
    after: (delayMs: number, run: () => void) => void setTimeout(run, delayMs).unref(),
    random: () => Math.random(),
  }
  const sendDatagram: SendDatagram = (to, bytes) => udp?.sendDatagram(to, bytes)
  // Faults stand in the way only of those who asked for them, so nobody else pays for them.
  const faults = node.state.config.text('enable-debug-command') === 'no' ? null : new Faults(timing)
  const datagrams = faults === null ? null : new FaultyDatagrams(faults, sendDatagram)
  const mesh = new MeshNode(node, settings, {
    ...timing,
    wallMs: () => Date.now(),
    soon: (run) => void setImmediate(run),
    randomBytes: (count) => randomBytes(count),
    sendDatagram: datagrams === null ? sendDatagram : (to, bytes) => datagrams.send(to, bytes),
    wires: faults?.wrap(wires) ?? wires,
  })
  node.state.mesh = new MeshFacts(mesh, faults)
  const { log } = node.state
  const mayEnter = (remote: string): boolean => settings.secret !== '' || isLocal(remote)
  udp = await openUdp({
    host: options.bindHosts[0]!,
    port: settings.busPort,
    onDatagram: (from, bytes) => {
      if (mayEnter(splitAddress(from).host) && datagrams?.hears(from) !== false)
        mesh.membership.onDatagram(from, bytes)
    },
    onTurn: () => mesh.membership.onTurn(),
    onError: (what, error) => log.warning(what, { error: String(error) }),
  })
  const accept: AcceptWire = (wire, remote) => mesh.pool.accept(wire, remote)
  const listener = await wires
    .listen({
      hosts: options.bindHosts,
      port: settings.busPort,
      connectionsMax: CONNECTIONS_MAX,
      accept: faults?.wrapAccept(accept) ?? accept,
      mayEnter,
    })
    .catch(async (error: unknown) => {
      await udp?.close()
      throw error
    })
  const seeds = await startWith(mesh, seedNames(options.seeds, settings.busPort, log))
  const close = async (): Promise<void> => {
    seeds.stop()
    mesh.stop()
    await Promise.all([udp?.close(), listener.close()])
  }
  return { mesh, close, leave: () => leave(mesh) }
}

/** Where others reach a node that is bound to these hosts: the first that is not a wildcard, else one of this machine's. */
export function reachableHost(bindHosts: readonly string[]): string {
  const literal = bindHosts.find((host) => host !== '0.0.0.0' && host !== '::')
  if (literal !== undefined) return literal
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, family, internal } of addresses ?? []) {
      if (!internal && family === 'IPv4') return address
    }
  }
  return '127.0.0.1'
}

async function leave(mesh: MeshNode): Promise<void> {
  await new Promise<void>((resolve) => {
    const patienceMs = mesh.node.state.config.number('shutdown-timeout') * 1000
    const timer = setTimeout(resolve, patienceMs + LEAVE_MS)
    const subscription = mesh.membership.events.subscribe((event) => {
      if (event.type !== 'self_left') return
      clearTimeout(timer)
      subscription.dispose()
      resolve()
    })
    mesh.members.departure.begin(patienceMs)
    if (mesh.membership.isRunning) return
    clearTimeout(timer)
    resolve()
  })
}

/** Without a secret only this machine is trusted. */
function isLocal(host: string): boolean {
  return host === '::1' || host.startsWith('127.') || host.startsWith('::ffff:127.')
}

async function startWith(mesh: MeshNode, seeds: SeedNames): Promise<SeedNames> {
  await new Promise<void>((resolve) => seeds.ask(resolve))
  mesh.start(seeds.addresses)
  const { membership } = mesh
  seeds.follow(
    () => membership.life.swim.aliveCount,
    (addresses) => membership.useSeeds(addresses),
  )
  return seeds
}

function seedNames(words: readonly string[], busPort: number, log: Log): SeedNames {
  return new SeedNames(words, busPort, {
    monotonicMs: () => performance.now(),
    after: (delayMs, run) => void setTimeout(run, delayMs).unref(),
    resolve: (name, answered) => {
      lookup(name, { all: true }).then(
        (found) => answered(found.map(({ address }) => address)),
        (error: NodeJS.ErrnoException) => answered([], error.code ?? error.message),
      )
    },
    onTrouble: (name, why) => log.warning('a seed cannot be found: it is asked for again', { name, why }),
    onRelief: (name, addresses) => log.notice('a seed is found', { name, addresses: addresses.join() }),
  })
}
