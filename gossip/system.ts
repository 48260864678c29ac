/*
 * The library on the real world: a membership over UDP and TCP on one port number.
 *
 * The idea: for programs that bring no streams of their own; a node that does builds a Membership over its own ports.
 * Measures how late the event loop is, since a pause of ours looks like silence to others. Shape: door.
 */
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { GossipEvent } from './membership-events.ts'
import { Membership, type MembershipOptions } from './membership.ts'
import type { MembershipTimings } from './membership-timings.ts'
import type { Address, GossipPorts, Timing } from './ports.ts'
import { joinAddress } from './wire/socket-address.ts'
import { openTcp, type TcpDoor } from './wire/tcp.ts'
import { openUdp, type UdpDoor } from './wire/udp.ts'

const LAG_INTERVAL_MS = 100
/** A port of the system's choice has to be free twice. */
const FREE_PORT_TRIES = 8

export interface SystemOptions extends MembershipOptions {
  readonly id: string
  /** Bound, and told to others unless `advertise` says otherwise. */
  readonly host: string
  /** 0 takes any port that is free for both. */
  readonly port: number
  readonly advertise?: Address
  readonly roles?: readonly string[]
  readonly meta?: Uint8Array
  readonly seeds?: readonly Address[]
  readonly timings?: Partial<MembershipTimings>
  /** Hears every event, those of the start included, which are over when `startMembership` resolves. */
  readonly onEvent?: (event: GossipEvent) => void
  readonly onError?: (what: string, error: unknown) => void
}

export interface RunningMembership {
  readonly membership: Membership
  readonly address: Address
  /** Says goodbye and resolves when it has been said. */
  leave(): Promise<void>
  /** Falls silent at once. */
  close(): Promise<void>
}

export async function startMembership(options: SystemOptions): Promise<RunningMembership> {
  const doors = await openDoors(options)
  const { udp, tcp, address } = doors
  const timers = new Set<NodeJS.Timeout>()
  const ports: GossipPorts = {
    ...timingBy(timers),
    random: () => Math.random(),
    randomBytes: (count) => randomBytes(count),
    sendDatagram: (to, bytes) => udp.sendDatagram(to, bytes),
    sendStream: (to, bytes) => tcp.sendStream(to, bytes),
  }
  const { id, roles = [], meta = new Uint8Array(0) } = options
  const membership = new Membership({ id, address, roles, meta }, options, ports, options.timings)
  const { onEvent } = options
  if (onEvent !== undefined) membership.events.subscribe(onEvent)
  doors.owner = membership
  membership.start(options.seeds ?? [])
  const lagTimer = watchLag(membership)
  const close = async (): Promise<void> => {
    clearInterval(lagTimer)
    membership.stop()
    for (const timer of timers) clearTimeout(timer)
    await Promise.all([udp.close(), tcp.close()])
  }
  return { membership, address, close, leave: () => leaveAndClose(membership, close) }
}

/** Timers that can all be cleared: none of them may keep a process alive whose membership is over. */
function timingBy(timers: Set<NodeJS.Timeout>): Timing {
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(delayMs, run) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        run()
      }, delayMs)
      timers.add(timer)
    },
  }
}

interface Doors {
  readonly udp: UdpDoor
  readonly tcp: TcpDoor
  readonly address: Address
  /** Who hears what comes in; until there is somebody it is lost, as datagrams may be. */
  owner: Membership | undefined
}

/** UDP and TCP on one number. */
async function openDoors(options: SystemOptions): Promise<Doors> {
  for (let tries = 1; ; tries++) {
    const doors = { owner: undefined } as { owner: Membership | undefined; address: Address }
    const { host, cluster } = options
    const onError = options.onError ?? (() => {})
    const udp = await openUdp({
      host,
      port: options.port,
      onDatagram: (from, bytes) => doors.owner?.onDatagram(from, bytes),
      onTurn: () => doors.owner?.onTurn(),
      onError,
    })
    doors.address = options.advertise ?? joinAddress(host, udp.port)
    try {
      const tcp = await openTcp({
        host,
        port: udp.port,
        label: cluster,
        listeningAddress: () => doors.address,
        onStream: (from, bytes) => doors.owner?.onStream(from, bytes),
        onFailed: (to) => doors.owner?.onStreamFailed(to),
        isKnownAddress: (address) => doors.owner?.life.isKnownAddress(address) ?? false,
        onError,
      })
      return Object.assign(doors, { udp, tcp })
    } catch (error) {
      await udp.close()
      if (options.port !== 0 || tries === FREE_PORT_TRIES) throw error
    }
  }
}

async function leaveAndClose(membership: Membership, close: () => Promise<void>): Promise<void> {
  if (membership.isRunning) {
    await new Promise<void>((resolve) => {
      const subscription = membership.events.subscribe((event: GossipEvent) => {
        if (event.type !== 'self_left') return
        subscription.dispose()
        resolve()
      })
      membership.leave()
      if (!membership.isRunning) resolve()
    })
  }
  await close()
}

function watchLag(membership: Membership): NodeJS.Timeout {
  let dueMs = performance.now() + LAG_INTERVAL_MS
  return setInterval(() => {
    const nowMs = performance.now()
    membership.onLoopLag(Math.max(0, nowMs - dueMs))
    dueMs = nowMs + LAG_INTERVAL_MS
  }, LAG_INTERVAL_MS)
}
