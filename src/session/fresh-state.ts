/** Fresh state [Rule]: the shared machines of a node that has just started, joined as NodeState asks. */
import type { ConnectionStats } from '../../resp/index.ts'
import type { Config } from '../config/index.ts'
import type { Log } from '../log.ts'
import { Pressure } from '../pressure.ts'
import type { Defragmentation } from '../store/defragmentation.ts'
import type { ExpiryCycle } from '../store/expiry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Channels } from './channels.ts'
import { Clients } from './clients.ts'
import { publishKeyspaceEvent } from './keyspace-events.ts'
import { LatencyMonitor } from './latency-monitor.ts'
import { LoneMesh } from './lone-mesh.ts'
import { Monitors } from './monitors.ts'
import type { NodePorts, NodeState } from './node-state.ts'
import { SlowLog } from './slow-log.ts'
import { Statistics } from './statistics.ts'
import { Waiters } from './waiters.ts'
import { Watches } from './watches.ts'

export function freshState(
  config: Config,
  log: Log,
  ports: NodePorts,
  runId: string,
  space: Keyspace,
  connectionStats: ConnectionStats,
  commandCount: number,
  expiry: ExpiryCycle,
  defragmentation: Defragmentation,
): NodeState {
  const channels = new Channels()
  const state: NodeState = {
    config,
    log,
    ports,
    space,
    runId,
    connectionStats,
    expiry,
    defragmentation,
    pressure: new Pressure(),
    channels,
    clients: new Clients(),
    waiters: new Waiters(space),
    watches: new Watches(space),
    monitors: new Monitors(),
    slowLog: new SlowLog(),
    latency: new LatencyMonitor(),
    statistics: new Statistics(commandCount),
    startedMs: ports.wallMs(),
    mesh: new LoneMesh(config, runId, () => state.port),
    router: null,
    relay: null,
    servedSlots: null,
    port: config.number('port'),
    configFile: '',
    notifyFlags: 0,
    pausedUntilMs: 0,
    pausesWritesOnly: false,
    isActiveExpireOn: true,
    isShuttingDown: false,
    runRow() {},
    notifyKeyspace(eventClass, event, database, key, start, end) {
      publishKeyspaceEvent(channels, space, state.notifyFlags, eventClass, event, database, key, start, end)
    },
  }
  return state
}
