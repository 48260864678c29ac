/**
 * Info sections [Table]: what INFO says, section by section, field by field in the order and by the names of Redis
 * 7.0, because that is what dashboards read. Every figure is a true one: what this node does not have (persistence,
 * forks, scripts, replicas in Redis' sense) reads as Redis reads when it is not used.
 */
import { lruClock } from '../store/access.ts'
import { REDIS_VERSION, VERSION } from '../version.ts'
import type { Call } from './call.ts'
import { keyspaceLines } from './info-keyspace.ts'
import { humanBytes, memoryFigures, ratio } from './memory-figures.ts'

export interface InfoSection {
  /** As the client writes it, in lower case. */
  readonly name: string
  readonly title: string
  /** Part of a plain INFO? The others only come when asked for or with `all`. */
  readonly isDefault: boolean
  readonly lines: (call: Call) => readonly string[]
}

function server({ node, nowMs }: Call): string[] {
  const host = node.ports.readProcess()
  const uptimeSeconds = Math.max(0, Math.floor((nowMs - node.startedMs) / 1000))
  const hz = node.config.number('hz')
  return [
    `redis_version:${REDIS_VERSION}`,
    'redis_git_sha1:00000000',
    'redis_git_dirty:0',
    'redis_build_id:0',
    'redis_mode:cluster',
    `hypercache_version:${VERSION}`,
    `node_version:${host.nodeVersion}`,
    `os:${host.platform} ${host.architecture}`,
    'arch_bits:64',
    'monotonic_clock:performance.now',
    'multiplexing_api:libuv',
    'atomicvar_api:none',
    `process_id:${host.pid}`,
    'process_supervised:no',
    `run_id:${node.runId}`,
    `tcp_port:${node.port}`,
    `server_time_usec:${Math.floor(nowMs * 1000)}`,
    `uptime_in_seconds:${uptimeSeconds}`,
    `uptime_in_days:${Math.floor(uptimeSeconds / 86400)}`,
    `hz:${hz}`,
    `configured_hz:${hz}`,
    `lru_clock:${lruClock(nowMs)}`,
    `executable:${host.executable}`,
    `config_file:${node.configFile}`,
    'io_threads_active:0',
  ]
}

function clients({ node }: Call): string[] {
  const figures = node.clients.figures()
  return [
    `connected_clients:${figures.connected}`,
    'cluster_connections:0',
    `maxclients:${node.config.number('maxclients')}`,
    `client_recent_max_input_buffer:${figures.inputBytesMax}`,
    `client_recent_max_output_buffer:${figures.outputBytesMax}`,
    `blocked_clients:${figures.blocked}`,
    `pubsub_clients:${figures.subscribed}`,
    'tracking_clients:0',
    'clients_in_timeout_table:0',
  ]
}

function memory({ node }: Call): string[] {
  const figures = memoryFigures(node)
  const { usedBytes, peakBytes, datasetBytes, residentBytes, activeBytes } = figures
  const maxmemory = node.config.number('maxmemory')
  return [
    `used_memory:${usedBytes}`,
    `used_memory_human:${humanBytes(usedBytes)}`,
    `used_memory_rss:${residentBytes}`,
    `used_memory_rss_human:${humanBytes(residentBytes)}`,
    `used_memory_peak:${peakBytes}`,
    `used_memory_peak_human:${humanBytes(peakBytes)}`,
    `used_memory_peak_perc:${(ratio(usedBytes, peakBytes) * 100).toFixed(2)}%`,
    `used_memory_overhead:${figures.overheadBytes}`,
    'used_memory_startup:0',
    `used_memory_dataset:${datasetBytes}`,
    `used_memory_dataset_perc:${(ratio(datasetBytes, usedBytes) * 100).toFixed(2)}%`,
    `allocator_allocated:${usedBytes}`,
    `allocator_active:${activeBytes}`,
    `allocator_resident:${residentBytes}`,
    `total_system_memory:${figures.systemBytes}`,
    `total_system_memory_human:${humanBytes(figures.systemBytes)}`,
    ...scriptMemory(),
    `maxmemory:${maxmemory}`,
    `maxmemory_human:${humanBytes(maxmemory)}`,
    `maxmemory_policy:${node.config.text('maxmemory-policy')}`,
    `allocator_frag_ratio:${ratio(activeBytes, usedBytes).toFixed(2)}`,
    `allocator_frag_bytes:${activeBytes - usedBytes}`,
    `allocator_rss_ratio:${ratio(residentBytes, activeBytes).toFixed(2)}`,
    `allocator_rss_bytes:${residentBytes - activeBytes}`,
    'rss_overhead_ratio:1.00',
    'rss_overhead_bytes:0',
    `mem_fragmentation_ratio:${ratio(residentBytes, usedBytes).toFixed(2)}`,
    `mem_fragmentation_bytes:${residentBytes - usedBytes}`,
    'mem_not_counted_for_evict:0',
    'mem_replication_backlog:0',
    'mem_total_replication_buffers:0',
    'mem_clients_slaves:0',
    `mem_clients_normal:${figures.clientBytes}`,
    'mem_cluster_links:0',
    'mem_aof_buffer:0',
    'mem_allocator:arena',
    `mem_heap_used:${figures.heapUsedBytes}`,
    `mem_heap_total:${figures.heapTotalBytes}`,
    `mem_external:${figures.externalBytes}`,
    `active_defrag_running:${Math.ceil(node.defragmentation.effortPercent)}`,
    'lazyfree_pending_objects:0',
    'lazyfreed_objects:0',
  ]
}

function scriptMemory(): string[] {
  return [
    'used_memory_lua:0',
    'used_memory_vm_eval:0',
    'used_memory_lua_human:0B',
    'used_memory_scripts_eval:0',
    'number_of_cached_scripts:0',
    'number_of_functions:0',
    'number_of_libraries:0',
    'used_memory_vm_functions:0',
    'used_memory_vm_total:0',
    'used_memory_vm_total_human:0B',
    'used_memory_functions:0',
    'used_memory_scripts:0',
    'used_memory_scripts_human:0B',
  ]
}

function persistence({ node, space }: Call): string[] {
  return [
    'loading:0',
    'async_loading:0',
    'current_cow_peak:0',
    'current_cow_size:0',
    'current_cow_size_age:0',
    'current_fork_perc:0.00',
    'current_save_keys_processed:0',
    'current_save_keys_total:0',
    `rdb_changes_since_last_save:${space.changes}`,
    'rdb_bgsave_in_progress:0',
    `rdb_last_save_time:${Math.floor(node.startedMs / 1000)}`,
    'rdb_last_bgsave_status:ok',
    'rdb_last_bgsave_time_sec:-1',
    'rdb_current_bgsave_time_sec:-1',
    'rdb_saves:0',
    'rdb_last_cow_size:0',
    'rdb_last_load_keys_expired:0',
    'rdb_last_load_keys_loaded:0',
    'aof_enabled:0',
    'aof_rewrite_in_progress:0',
    'aof_rewrite_scheduled:0',
    'aof_last_rewrite_time_sec:-1',
    'aof_current_rewrite_time_sec:-1',
    'aof_last_bgrewrite_status:ok',
    'aof_rewrites:0',
    'aof_rewrites_consecutive_failures:0',
    'aof_last_write_status:ok',
    'aof_last_cow_size:0',
    'module_fork_in_progress:0',
    'module_fork_last_cow_size:0',
  ]
}

function stats(call: Call): string[] {
  return [...traffic(call), ...keyFigures(call), ...replyFigures(call)]
}

function traffic({ node }: Call): string[] {
  const { statistics, connectionStats } = node
  return [
    `total_connections_received:${connectionStats.connectionsReceived}`,
    `total_commands_processed:${statistics.commandsProcessed}`,
    `instantaneous_ops_per_sec:${statistics.opsPerSecond}`,
    `total_net_input_bytes:${connectionStats.bytesIn}`,
    `total_net_output_bytes:${connectionStats.bytesOut}`,
    'total_net_repl_input_bytes:0',
    'total_net_repl_output_bytes:0',
    `instantaneous_input_kbps:${(statistics.bytesInPerSecond / 1024).toFixed(2)}`,
    `instantaneous_output_kbps:${(statistics.bytesOutPerSecond / 1024).toFixed(2)}`,
    'instantaneous_input_repl_kbps:0.00',
    'instantaneous_output_repl_kbps:0.00',
    `rejected_connections:${connectionStats.connectionsRejected}`,
    'sync_full:0',
    'sync_partial_ok:0',
    'sync_partial_err:0',
  ]
}

function keyFigures({ node, space }: Call): string[] {
  const { expiry, channels, defragmentation } = node
  const { moved, stuck, totalUs } = defragmentation.stats
  return [
    `expired_keys:${space.stats.expired}`,
    `expired_stale_perc:${expiry.stalePercent.toFixed(2)}`,
    `expired_time_cap_reached_count:${expiry.timeLimitReached}`,
    'expire_cycle_cpu_milliseconds:0',
    `evicted_keys:${space.stats.evicted}`,
    'evicted_clients:0',
    'total_eviction_exceeded_time:0',
    'current_eviction_exceeded_time:0',
    `keyspace_hits:${space.stats.hits}`,
    `keyspace_misses:${space.stats.misses}`,
    `pubsub_channels:${channels.channelCount}`,
    `pubsub_patterns:${channels.patternCount}`,
    `pubsubshard_channels:${channels.shardChannelCount}`,
    'latest_fork_usec:0',
    'total_forks:0',
    'migrate_cached_sockets:0',
    'slave_expires_tracked_keys:0',
    `active_defrag_hits:${moved}`,
    `active_defrag_misses:${stuck}`,
    // One cell is one key, and no key is looked at without being moved.
    `active_defrag_key_hits:${moved}`,
    'active_defrag_key_misses:0',
    `total_active_defrag_time:${Math.floor((totalUs + defragmentation.currentUs) / 1000)}`,
    `current_active_defrag_time:${Math.floor(defragmentation.currentUs / 1000)}`,
    'tracking_total_keys:0',
    'tracking_total_items:0',
    'tracking_total_prefixes:0',
  ]
}

function replyFigures({ node }: Call): string[] {
  const { statistics, connectionStats } = node
  return [
    `unexpected_error_replies:${connectionStats.internalErrors}`,
    `total_error_replies:${statistics.errorReplies + connectionStats.protocolErrors}`,
    'dump_payload_sanitizations:0',
    `total_reads_processed:${connectionStats.requests}`,
    `total_writes_processed:${statistics.commandsProcessed}`,
    'io_threaded_reads_processed:0',
    'io_threaded_writes_processed:0',
    'reply_buffer_shrinks:0',
    'reply_buffer_expands:0',
    `client_query_buffer_limit_disconnections:${connectionStats.queryLimitDisconnections}`,
    `client_output_buffer_limit_disconnections:${connectionStats.outputLimitDisconnections}`,
    `idle_disconnections:${connectionStats.idleDisconnections}`,
    `slow_request_disconnections:${connectionStats.slowRequestDisconnections}`,
  ]
}

function replication({ node }: Call): string[] {
  return [
    'role:master',
    'connected_slaves:0',
    'master_failover_state:no-failover',
    `master_replid:${node.runId}`,
    `master_replid2:${'0'.repeat(40)}`,
    'master_repl_offset:0',
    'second_repl_offset:-1',
    'repl_backlog_active:0',
    `repl_backlog_size:${1024 * 1024}`,
    'repl_backlog_first_byte_offset:0',
    'repl_backlog_histlen:0',
  ]
}

function cpu({ node }: Call): string[] {
  const { cpuSystemSeconds, cpuUserSeconds } = node.ports.readProcess()
  return [
    `used_cpu_sys:${cpuSystemSeconds.toFixed(6)}`,
    `used_cpu_user:${cpuUserSeconds.toFixed(6)}`,
    'used_cpu_sys_children:0.000000',
    'used_cpu_user_children:0.000000',
  ]
}

function commandStats({ node, table }: Call): string[] {
  const { calls, microseconds, rejectedCalls, failedCalls } = node.statistics
  const lines: string[] = []
  for (const row of table.byNumber) {
    const count = calls[row.number]!
    const rejected = rejectedCalls[row.number]!
    const failed = failedCalls[row.number]!
    if (count + rejected + failed === 0) continue
    const us = microseconds[row.number]!
    lines.push(
      `cmdstat_${row.fullName}:calls=${count},usec=${Math.floor(us)},usec_per_call=${ratio(us, count).toFixed(2)},` +
        `rejected_calls=${rejected},failed_calls=${failed}`,
    )
  }
  return lines
}

function errorStats({ node }: Call): string[] {
  const codes = [...node.statistics.errors].sort(([a], [b]) => (a < b ? -1 : 1))
  return codes.map(([code, count]) => `errorstat_${code}:count=${count}`)
}

function latencyStats({ node, table }: Call): string[] {
  if (!node.config.is('latency-tracking')) return []
  const percentiles = node.config.words('latency-tracking-info-percentiles')
  const lines: string[] = []
  for (const row of table.byNumber) {
    if (node.statistics.calls[row.number] === 0) continue
    const shares = percentiles.map((percentile) => {
      const us = node.statistics.percentileUs(row.number, Number(percentile) / 100)
      return `p${percentile}=${us.toFixed(3)}`
    })
    lines.push(`latency_percentiles_usec_${row.fullName}:${shares.join(',')}`)
  }
  return lines
}

const NOTHING: readonly string[] = []

export const infoSections: readonly InfoSection[] = [
  { name: 'server', title: 'Server', isDefault: true, lines: server },
  { name: 'clients', title: 'Clients', isDefault: true, lines: clients },
  { name: 'memory', title: 'Memory', isDefault: true, lines: memory },
  { name: 'persistence', title: 'Persistence', isDefault: true, lines: persistence },
  { name: 'stats', title: 'Stats', isDefault: true, lines: stats },
  { name: 'replication', title: 'Replication', isDefault: true, lines: replication },
  { name: 'cpu', title: 'CPU', isDefault: true, lines: cpu },
  { name: 'module_list', title: 'Modules', isDefault: true, lines: () => NOTHING },
  { name: 'commandstats', title: 'Commandstats', isDefault: false, lines: commandStats },
  { name: 'errorstats', title: 'Errorstats', isDefault: true, lines: errorStats },
  { name: 'latencystats', title: 'Latencystats', isDefault: false, lines: latencyStats },
  { name: 'cluster', title: 'Cluster', isDefault: true, lines: () => ['cluster_enabled:1'] },
  {
    name: 'mesh',
    title: 'Mesh',
    isDefault: true,
    lines: ({ node }) => node.mesh.figures().map(([name, value]) => `${name}:${value}`),
  },
  {
    name: 'keyspace',
    title: 'Keyspace',
    isDefault: true,
    lines: ({ space, nowMs, node }) => keyspaceLines(space, nowMs, node.ports.random32() >>> 18),
  },
]
