/**
 * Node state [Data + wiring]: the machines all sessions of a node share, and the ports they were given. `node.ts`
 * builds one; rows reach it as `call.node`. Flags that the hot path tests are plain fields kept current here.
 */
import type { Args, ConnectionStats } from '../../resp/index.ts'
import type { Config } from '../config/index.ts'
import type { Log } from '../log.ts'
import type { Defragmentation } from '../store/defragmentation.ts'
import type { ExpiryCycle } from '../store/expiry.ts'
import type { Pressure } from '../pressure.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Channels } from './channels.ts'
import type { Clients } from './clients.ts'
import type { LatencyMonitor } from './latency-monitor.ts'
import type { MeshFace } from './mesh-face.ts'
import type { MessageRelay } from './message-relay.ts'
import type { Monitors } from './monitors.ts'
import type { RequestRouter } from './request-router.ts'
import type { Session } from './session.ts'
import type { SlowLog } from './slow-log.ts'
import type { Statistics } from './statistics.ts'
import type { Waiters } from './waiters.ts'
import type { Watches } from './watches.ts'

/** Everything a node asks of the world; doors implement it, the simulator fakes it. */
export interface NodePorts {
  wallMs(): number
  /** Microseconds of a monotonic clock. */
  monotonicUs(): number
  random32(): number
  /** Calls `run` again and again until the process ends; the interval is asked for each time. */
  every(intervalMs: () => number, run: () => void): void
  /** Figures of the process for INFO: resident set, heap, CPU seconds, pid, run id, host facts. */
  readProcess(): ProcessFigures
  readFile(path: string): string
  writeFile(path: string, text: string): void
  /** DEBUG SLEEP: the whole node stands still. */
  sleepMs(ms: number): void
  /** MEMORY PURGE: what nothing refers to any longer goes back to the system. */
  collectGarbage(): void
  /** SHUTDOWN: end the node. */
  stop(reason: string): void
}

export interface ProcessFigures {
  pid: number
  residentBytes: number
  heapUsedBytes: number
  heapTotalBytes: number
  /** Outside of that heap, held by objects in it: all buffers, the arenas as a whole. */
  externalBytes: number
  cpuUserSeconds: number
  cpuSystemSeconds: number
  totalSystemBytes: number
  platform: string
  architecture: string
  nodeVersion: string
  executable: string
}

export interface NodeState {
  readonly config: Config
  readonly log: Log
  readonly ports: NodePorts
  readonly space: Keyspace
  readonly channels: Channels
  readonly clients: Clients
  readonly waiters: Waiters
  readonly watches: Watches
  readonly monitors: Monitors
  readonly slowLog: SlowLog
  readonly latency: LatencyMonitor
  readonly statistics: Statistics
  readonly startedMs: number
  /** 40 hex characters, fresh per start (INFO run_id). */
  readonly runId: string
  /** What the connections of the listener have counted. */
  readonly connectionStats: ConnectionStats
  readonly expiry: ExpiryCycle
  readonly defragmentation: Defragmentation
  /** How far this process is behind: what background work asks. */
  readonly pressure: Pressure
  /** What commands see of the mesh; in a node that stands alone, a mesh of one. */
  mesh: MeshFace
  /** Where requests run, in a mesh; null in a node that stands alone. */
  router: RequestRouter | null
  /** Tells listeners at other nodes what is published here; null while there are none. */
  relay: MessageRelay | null
  /** 1 for each slot whose keys count here, when a command asks for all keys; null: every slot. */
  servedSlots: Uint8Array | null
  /** The port in fact listened on. */
  port: number
  /** The file CONFIG REWRITE changes; empty when there is none. */
  configFile: string
  /** Event classes of notify-keyspace-events; 0 = off. */
  notifyFlags: number
  /** While set, commands of other sessions wait (CLIENT PAUSE); wall ms. */
  pausedUntilMs: number
  pausesWritesOnly: boolean
  isActiveExpireOn: boolean
  isShuttingDown: boolean
  /** Runs a row for a session inside the running command (EXEC's queue); nothing may block in there. */
  runRow: (session: Session, row: unknown, args: Args) => void
  notifyKeyspace(
    eventClass: number,
    event: string,
    database: number,
    key: Uint8Array,
    start: number,
    end: number,
  ): void
}
