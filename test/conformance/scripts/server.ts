/*
 * What commands about the server answer: CONFIG, INFO, SLOWLOG, LATENCY, MEMORY, DEBUG, MONITOR and their
 * kin. Where the answer is about this very process, its structure. Commands only; redis-server knows the
 * answers. Shape: table.
 */
import { type Case, errorCode, fields, ignore, near, pairs, shape, typeOnly } from '../script.ts'

/** What redis-cli --stat, redis_exporter, Grafana's dashboards and RedisInsight read. */
// biome-ignore format: a section a line
const INFO_FIELDS: Readonly<Record<string, readonly string[]>> = {
  server: ['redis_version', 'redis_git_sha1', 'redis_git_dirty', 'redis_build_id', 'redis_mode', 'os', 'arch_bits', 'multiplexing_api', 'process_id', 'run_id', 'tcp_port', 'server_time_usec', 'uptime_in_seconds', 'uptime_in_days', 'hz', 'configured_hz', 'lru_clock', 'executable', 'config_file'],
  clients: ['connected_clients', 'cluster_connections', 'maxclients', 'client_recent_max_input_buffer', 'client_recent_max_output_buffer', 'blocked_clients', 'tracking_clients', 'clients_in_timeout_table'],
  memory: ['used_memory', 'used_memory_human', 'used_memory_rss', 'used_memory_rss_human', 'used_memory_peak', 'used_memory_peak_human', 'used_memory_peak_perc', 'used_memory_overhead', 'used_memory_startup', 'used_memory_dataset', 'used_memory_dataset_perc', 'total_system_memory', 'total_system_memory_human', 'maxmemory', 'maxmemory_human', 'maxmemory_policy', 'allocator_frag_ratio', 'mem_fragmentation_ratio', 'mem_fragmentation_bytes', 'mem_not_counted_for_evict', 'mem_clients_normal', 'mem_clients_slaves', 'mem_aof_buffer', 'mem_allocator', 'lazyfree_pending_objects', 'lazyfreed_objects'],
  persistence: ['loading', 'async_loading', 'rdb_changes_since_last_save', 'rdb_bgsave_in_progress', 'rdb_last_save_time', 'rdb_last_bgsave_status', 'rdb_last_bgsave_time_sec', 'rdb_current_bgsave_time_sec', 'aof_enabled', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled', 'aof_last_rewrite_time_sec', 'aof_current_rewrite_time_sec', 'aof_last_bgrewrite_status', 'aof_last_write_status'],
  stats: ['total_connections_received', 'total_commands_processed', 'instantaneous_ops_per_sec', 'total_net_input_bytes', 'total_net_output_bytes', 'instantaneous_input_kbps', 'instantaneous_output_kbps', 'rejected_connections', 'sync_full', 'sync_partial_ok', 'sync_partial_err', 'expired_keys', 'expired_stale_perc', 'evicted_keys', 'evicted_clients', 'keyspace_hits', 'keyspace_misses', 'pubsub_channels', 'pubsub_patterns', 'latest_fork_usec', 'total_error_replies', 'total_reads_processed', 'total_writes_processed'],
  replication: ['role', 'connected_slaves', 'master_failover_state', 'master_replid', 'master_replid2', 'master_repl_offset', 'second_repl_offset', 'repl_backlog_active', 'repl_backlog_size', 'repl_backlog_first_byte_offset', 'repl_backlog_histlen'],
  cpu: ['used_cpu_sys', 'used_cpu_user', 'used_cpu_sys_children', 'used_cpu_user_children'],
  cluster: ['cluster_enabled'],
}
const EVERY_FIELD = Object.values(INFO_FIELDS).flat()

/** What clients, benchmarks and dashboards read or set; and one directive of each type. */
// biome-ignore format: many short names
const DIRECTIVES = ['maxmemory', 'maxmemory-policy', 'maxmemory-samples', 'save', 'appendonly', 'databases', 'maxclients', 'timeout', 'tcp-keepalive', 'hz', 'slowlog-log-slower-than', 'slowlog-max-len', 'latency-monitor-threshold', 'notify-keyspace-events', 'hash-max-listpack-entries', 'hash-max-listpack-value', 'list-max-listpack-size', 'list-compress-depth', 'set-max-intset-entries', 'zset-max-listpack-entries', 'zset-max-listpack-value', 'proto-max-bulk-len', 'lfu-log-factor', 'lfu-decay-time', 'lazyfree-lazy-eviction', 'lazyfree-lazy-user-del', 'activerehashing', 'active-expire-effort', 'dynamic-hz', 'requirepass', 'tcp-backlog', 'maxmemory-eviction-tenacity']

/** [directive, values]: taken or refused, in the same words. */
// biome-ignore format: a directive a line
const SETTINGS: readonly (readonly [string, readonly string[]])[] = [
  ['maxmemory', ['100mb', '1gb', '1000000', '1k', '1kb', '0', '-1', 'abc', '', '10xb', '1.5gb', '1GB', '2Mb', '99999999999999999999']],
  ['maxmemory-policy', ['allkeys-lru', 'volatile-ttl', 'noeviction', 'ALLKEYS-LFU', 'bogus', '']],
  ['maxmemory-samples', ['10', '0', '-1', '5', 'x']],
  ['timeout', ['100', '0', '-1', 'abc', '99999999999']],
  ['hz', ['50', '10', '1000', '0', 'x']],
  ['hash-max-listpack-entries', ['64', '-1', 'x', '512']],
  ['list-max-listpack-size', ['-2', '5', 'x', '-2']],
  ['slowlog-log-slower-than', ['-1', '0', '10000', 'x']],
  ['slowlog-max-len', ['10', '-1', '128', 'x']],
  ['lazyfree-lazy-user-del', ['yes', 'no', 'YES', '1', 'true']],
  ['notify-keyspace-events', ['KEA', 'Ex', 'bogus!', '']],
  ['lfu-log-factor', ['5', '-1', '10']],
  ['client-output-buffer-limit', ['normal 1mb 512kb 10', 'pubsub 1 2', 'bogus 1 1 1', 'normal x 1 1', 'normal -1 1 1']],
  ['databases', ['32', '16']],
  ['maxclients', ['0', 'x']],
  ['latency-tracking-info-percentiles', ['50 99', '101', 'x', '50 99 99.9']],
  ['no-such-directive', ['x']],
]

/** What the directives above are put back to. */
const RESTORED: Readonly<Record<string, string>> = {
  'maxmemory-policy': 'noeviction',
  'maxmemory-samples': '5',
  hz: '10',
  'hash-max-listpack-entries': '128',
  'list-max-listpack-size': '-2',
  'slowlog-log-slower-than': '10000',
  'slowlog-max-len': '128',
  'lazyfree-lazy-user-del': 'no',
  'notify-keyspace-events': '',
  'lfu-log-factor': '10',
  'client-output-buffer-limit': 'normal 0 0 0',
  'latency-tracking-info-percentiles': '50 99 99.9',
}

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'CONFIG GET takes patterns', run: [...DIRECTIVES.filter((name) => !['maxclients', 'client-query-buffer-limit'].includes(name)).map((name) => pairs(`CONFIG GET ${name}`)), 'CONFIG GET no-such-directive', pairs('CONFIG GET hash-max-listpack-*'), pairs('CONFIG GET MAXMEMORY'), pairs('CONFIG GET maxmemory maxmemory-policy maxmemory'), pairs('CONFIG GET maxmemory* no-such set-max-*'), typeOnly('CONFIG GET *'), 'CONFIG GET', 'config get hz', 'CONFIG GET maxmemor[xy]'] },
  ...SETTINGS.map(([name, values]) => ({
    name: `CONFIG SET ${name} takes good values and refuses bad ones in the same words`,
    run: [...values.flatMap((value) => [['CONFIG', 'SET', name, value], pairs(`CONFIG GET ${name}`)]), ignore(['CONFIG', 'SET', name, RESTORED[name] ?? '0']), 'DBSIZE'],
  })),
  { name: 'CONFIG SET takes several directives, all or none', run: ['CONFIG SET hz 20 timeout 50', pairs('CONFIG GET hz timeout'), 'CONFIG SET hz 30 timeout abc', pairs('CONFIG GET hz timeout'), 'CONFIG SET timeout abc hz 30', 'CONFIG SET hz 30 hz 40', 'CONFIG SET hz 30 no-such x', 'CONFIG SET no-such x also-not y', 'CONFIG SET hz', 'CONFIG SET hz 30 timeout', 'CONFIG SET', pairs('CONFIG GET hz'), 'CONFIG SET HZ 10 Timeout 0'] },
  { name: 'CONFIG SET of a directive that only counts at start', run: ['CONFIG SET tcp-backlog 100', 'CONFIG SET databases 5', 'CONFIG SET supervised no', 'CONFIG SET daemonize yes', 'CONFIG SET enable-debug-command no'] },
  { name: 'CONFIG RESETSTAT and REWRITE', run: ['CONFIG RESETSTAT', 'CONFIG RESETSTAT x', 'CONFIG REWRITE', 'CONFIG REWRITE x', 'CONFIG HELP', 'CONFIG HELP x'] },
  { name: 'INFO has the fields that tools read', run: [...Object.entries(INFO_FIELDS).flatMap(([section, names]) => [fields(`INFO ${section}`, ...names), fields(`info ${section.toUpperCase()}`, ...names)]), fields('INFO', ...EVERY_FIELD), fields('INFO default', ...EVERY_FIELD), fields('INFO all', ...EVERY_FIELD), fields('INFO everything', ...EVERY_FIELD), fields('INFO server clients', ...INFO_FIELDS.server!, ...INFO_FIELDS.clients!), 'INFO nosuchsection'] },
  { name: 'INFO counts commands, errors and keys', run: ['CONFIG RESETSTAT', 'SET k v', 'GET k', 'NOSUCH', 'GET', 'LPUSH k x', fields('INFO commandstats', 'cmdstat_set', 'cmdstat_get', 'cmdstat_lpush', 'calls', 'usec', 'usec_per_call', 'rejected_calls', 'failed_calls'), fields('INFO errorstats', 'errorstat_ERR', 'errorstat_WRONGTYPE', 'count'), fields('INFO latencystats', 'latency_percentiles_usec_set', 'p50'), fields('INFO keyspace', 'db0', 'keys', 'expires', 'avg_ttl'), 'FLUSHALL', 'INFO keyspace'] },
  { name: 'INFO keyspace counts keys and times to live', run: ['SET a 1', 'SET b 1', 'SELECT 2', 'SET c 1', 'INFO keyspace', 'SET c 2', 'DEL c', 'INFO keyspace'] },
  { name: 'DBSIZE, TIME, ROLE and LOLWUT', run: ['DBSIZE', 'SET a 1', 'DBSIZE', shape('TIME'), 'TIME x', 'ROLE', 'ROLE x', typeOnly('LOLWUT'), typeOnly('LOLWUT VERSION 1')] },
  { name: 'SLOWLOG keeps slow commands', config: { 'slowlog-log-slower-than': '100000' }, run: ['SLOWLOG RESET', 'SLOWLOG LEN', 'SLOWLOG GET', 'DEBUG SLEEP 0.12', 'SLOWLOG LEN', shape('SLOWLOG GET'), shape('SLOWLOG GET 10'), 'SLOWLOG GET 0', shape('SLOWLOG GET -1'), 'SLOWLOG GET -2', 'SLOWLOG GET x', 'SLOWLOG RESET', 'SLOWLOG LEN', 'SLOWLOG', 'SLOWLOG BOGUS', 'SLOWLOG LEN x'] },
  { name: 'SLOWLOG shortens long commands', config: { 'slowlog-log-slower-than': '0', 'slowlog-max-len': '3' }, run: ['SLOWLOG RESET', ['MSET', ...Array.from({ length: 40 }, (_, index) => `word-${index}`)], ['SET', 'k', 'x'.repeat(300)], shape('SLOWLOG GET 3'), 'SLOWLOG LEN', 'PING', 'PING', 'PING', 'SLOWLOG LEN'] },
  { name: 'LATENCY answers about events', run: ['LATENCY RESET', 'LATENCY LATEST', 'LATENCY HISTORY command', 'LATENCY HISTORY bogus', 'LATENCY RESET bogus', 'LATENCY GRAPH bogus', typeOnly('LATENCY DOCTOR'), 'LATENCY HISTORY', 'LATENCY', 'LATENCY BOGUS', typeOnly('LATENCY HISTOGRAM'), 'LATENCY HISTOGRAM nosuch', 'CONFIG RESETSTAT', 'SET a 1', fields('LATENCY HISTOGRAM set', 'set', 'calls', 'histogram_usec')] },
  { name: 'LATENCY remembers slow commands', config: { 'latency-monitor-threshold': '100' }, run: ['LATENCY RESET', 'DEBUG SLEEP 0.12', shape('LATENCY LATEST'), shape('LATENCY HISTORY command'), typeOnly('LATENCY GRAPH command'), 'LATENCY RESET command', 'LATENCY LATEST'] },
  { name: 'SLOWLOG, LATENCY and MEMORY HELP explain themselves', run: ['SLOWLOG HELP', 'LATENCY HELP', 'MEMORY HELP'] },
  { name: 'MODULE LIST is empty', run: ['MODULE LIST', 'MODULE LIST x', 'MODULE', 'MODULE BOGUS', typeOnly('MODULE HELP')] },
  { name: 'MEMORY reports', run: [typeOnly('MEMORY MALLOC-STATS'), typeOnly('MEMORY STATS'), fields('MEMORY STATS', 'peak.allocated', 'total.allocated', 'startup.allocated', 'overhead.total', 'keys.count', 'keys.bytes-per-key', 'dataset.bytes', 'dataset.percentage', 'fragmentation'), typeOnly('MEMORY DOCTOR'), typeOnly('MEMORY PURGE'), 'MEMORY MALLOC', 'MEMORY USAGE none'] },
  { name: 'DEBUG has the parts that tests use', run: ['DEBUG SLEEP 0', 'DEBUG SLEEP 0.001', 'DEBUG SET-ACTIVE-EXPIRE 0', 'DEBUG SET-ACTIVE-EXPIRE 1', 'SET k v', typeOnly('DEBUG OBJECT k'), 'DEBUG OBJECT none', 'DEBUG BOGUS', 'DEBUG JMAP'] },
  { name: 'DEBUG DIGEST of equal data is equal', run: ['DEBUG DIGEST', 'SET s "a\\x00b"', 'SET n 42', 'SET t 1 EX 1000', 'DEBUG DIGEST', 'RPUSH l c a b', 'SADD i 3 1 2', 'SADD m x 1 y', 'ZADD z 1.5 a -inf b 3 c 0.1 d', 'HSET h f v g w', 'DEBUG DIGEST', 'DEBUG DIGEST-VALUE s n t l i m z h none', ['RPUSH', 'big', ...Array.from({ length: 300 }, (_, index) => `element-${index}`)], ['SADD', 'bigset', ...Array.from({ length: 300 }, (_, index) => `member-${index}`)], ['HSET', 'bighash', ...Array.from({ length: 300 }, (_, index) => `word-${index}`)], ['ZADD', 'bigzset', ...Array.from({ length: 300 }, (_, index) => String(index)).flatMap((index) => [index, `m${index}`])], 'SELECT 3', 'SET other db', 'DEBUG DIGEST', 'DEBUG DIGEST-VALUE', 'DEBUG DIGEST x', 'FLUSHALL', 'DEBUG DIGEST'] },
  { name: 'DEBUG PROTOCOL shows every kind of reply', run: [...['string', 'integer', 'double', 'bignum', 'null', 'array', 'set', 'map', 'verbatim', 'true', 'false', 'STRING', 'bogus'].map((kind) => `DEBUG PROTOCOL ${kind}`), 'DEBUG PROTOCOL', 'DEBUG ERROR "CODE some words"', 'DEBUG LOG words', 'DEBUG SLEEP', 'DEBUG SLEEP x', 'DEBUG OBJECT', 'DEBUG SET-ACTIVE-EXPIRE'] },
  { name: 'WAIT without replicas, MODULE LIST and INFO of several sections', run: ['WAIT 0 0', 'WAIT 0 10', 'WAIT x 0', 'WAIT 0 x', 'WAIT 0 -1', 'WAIT x x', 'MODULE LIST', 'MODULE LIST x', 'MODULE BOGUS', 'LOLWUT VERSION x', 'INFO nosuch keyspace', 'INFO KEYSPACE keyspace', fields('INFO cpu nosuch memory', 'used_cpu_user', 'used_memory')] },
  { name: 'MEMORY USAGE reads its options before the key', run: ['SET k v', typeOnly('MEMORY USAGE k'), 'MEMORY USAGE none SAMPLES 5', 'MEMORY USAGE k SAMPLES', 'MEMORY USAGE k SAMPLES -1', 'MEMORY USAGE k SAMPLES x', 'MEMORY USAGE none SAMPLES x', 'MEMORY USAGE k BOGUS 1', typeOnly('MEMORY USAGE k SAMPLES 0 SAMPLES 3')] },
  { name: 'MONITOR shows what others do', run: ['c2> MONITOR', 'await c2', 'SET k "a b\\n\\x00\\xff\\"\\\\"', 'GET', 'NOSUCH x', 'SELECT 1', 'get k', 'MULTI', 'SET k v', 'LPUSH k x', 'EXEC', 'EXISTS k', 'AUTH secret', shape('HELLO 2 AUTH default secret'), 'CONFIG GET hz', 'CLIENT ID x', 'CLIENT SETNAME me', 'SELECT 0', 'BLPOP l 0.01', 'DEBUG SLEEP 0', 'PUBLISH a b', 'c3> SUBSCRIBE a', 'TIME x', 'COMMAND COUNT x', typeOnly('SLOWLOG LEN'), 'INFO nosuch', 'FLUSHALL'] },
  { name: 'a monitor shows woken and expired keys as they were asked for', run: ['c2> MONITOR', 'await c2', 'c3> BLPOP l 0', 'RPUSH l a', 'await c3', 'SET k v PX 5', 'DEBUG SLEEP 0.02', 'GET k'] },
  { name: 'a monitor may stop with RESET or QUIT', run: ['c2> MONITOR', 'await c2', 'SET k v', 'c2> RESET', 'SET k w', 'c2> PING', 'c3> MONITOR', 'c3> GET k', 'c3> QUIT', 'SET k x'] },
  { name: 'SHUTDOWN refuses bad words', run: ['SHUTDOWN BOGUS', 'SHUTDOWN SAVE NOSAVE', 'SHUTDOWN NOSAVE BOGUS', 'SHUTDOWN ABORT', 'SHUTDOWN ABORT NOW', 'SHUTDOWN NOW NOSAVE FORCE x'] },
  { name: 'maxmemory without eviction refuses what grows', config: { maxmemory: '1', 'maxmemory-policy': 'noeviction' }, run: ['GET k', 'SET k v', 'LPUSH l a', 'INCR n', 'DEL k', 'EXPIRE k 5', 'HSET h f v', 'SADD s a', 'ZADD z 1 a', 'APPEND k x', 'PING', 'RENAME a b', 'LPOP l', 'GETSET k v', 'SETRANGE k 0 x', 'HDEL h f', 'SREM s a', 'MSET a 1', 'GETEX k', 'BLPOP l 0.01', 'PUBLISH a b', 'SETBIT k 1 1', 'BITFIELD k SET u8 0 1', 'BITFIELD k GET u8 0', 'GETDEL k', 'LTRIM l 0 1', 'LREM l 0 a', 'LSET l 0 a', 'LINSERT l BEFORE a b', 'SPOP s', 'ZREM z a', 'ZPOPMIN z', 'PERSIST k', 'FLUSHALL'] },
  { name: 'results over several keys when memory is full', config: { maxmemory: '1', 'maxmemory-policy': 'noeviction' }, run: ['COPY a b', 'SORT l STORE d', 'BITOP NOT a b', 'SMOVE a b c', 'SINTERSTORE d a', 'ZUNIONSTORE d 1 a', 'LMOVE a b LEFT LEFT', 'SUBSCRIBE'] },
  { name: 'nothing that grows is queued inside a transaction when memory is full', config: { maxmemory: '1', 'maxmemory-policy': 'noeviction' }, run: ['MULTI', 'SET k v', 'EXEC', 'MULTI', 'DEL k', 'EXEC'] },
  { name: 'maxmemory of a volatile policy without volatile keys refuses too', config: { maxmemory: '1', 'maxmemory-policy': 'volatile-lru' }, run: ['SET k v', 'DBSIZE', 'GET k'] },
  { name: 'OBJECT FREQ and IDLETIME follow the policy', config: { 'maxmemory-policy': 'volatile-lfu' }, run: ['SET k v', near('OBJECT FREQ k', 1), errorCode('OBJECT IDLETIME k')] },
]
