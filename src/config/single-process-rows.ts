/**
 * Single-process rows [Table]: directives of Redis about disk, process, log files and allocator.
 *
 * They are accepted so that an existing redis.conf works and CONFIG GET answers them. Nothing reads them; each group
 * says why.
 */
import {
  atStart,
  bool,
  bytes,
  choice,
  choices,
  int,
  savePoints,
  text,
  withoutEffect,
  words,
} from './compatibility.ts'
import { type Directive, INT64_MAX, INT_MAX } from './directive.ts'

const NO_DISK = 'nothing is written to disk: a cache is refilled, its copies are on its peers'
const NO_PROCESS = 'the process is left to whoever starts it: systemd, a container, a shell'
const NO_LOG_FILE = 'logs go to standard output; redirect it'
const NO_ALLOCATOR =
  'one thread and its own arena serve the data: there is no jemalloc to steer and no thread to add'

export const singleProcessRows: readonly Directive[] = [
  ...withoutEffect(NO_DISK, [
    savePoints('save', 'Snapshot points, as pairs of seconds and changes.'),
    bool('appendonly', 'no', 'Keep an append-only file.'),
    atStart(text('appendfilename', 'appendonly.aof', 'Name of the append-only file.')),
    atStart(text('appenddirname', 'appendonlydir', 'Directory of the append-only files.')),
    choice('appendfsync', ['everysec', 'always', 'no'], 'When the append-only file is flushed.'),
    bool('no-appendfsync-on-rewrite', 'no', 'Flushing during a rewrite.'),
    int('auto-aof-rewrite-percentage', 100, [0, INT_MAX], 'Growth that starts a rewrite.'),
    bytes('auto-aof-rewrite-min-size', 67108864, [0, INT64_MAX], 'Size below which nothing is rewritten.'),
    bool('aof-load-truncated', 'yes', 'Accept an append-only file with a torn end.'),
    bool('aof-use-rdb-preamble', 'yes', 'Start the append-only file with a snapshot.'),
    bool('aof-timestamp-enabled', 'no', 'Timestamps in the append-only file.'),
    bool('aof-rewrite-incremental-fsync', 'yes', 'Flush a rewrite piece by piece.'),
    bool('aof-disable-auto-gc', 'no', 'Keep old append-only files.'),
    bool('stop-writes-on-bgsave-error', 'yes', 'Refuse writes when a snapshot failed.'),
    bool('rdbcompression', 'yes', 'Compress snapshots.'),
    atStart(bool('rdbchecksum', 'yes', 'Checksum snapshots.')),
    bool('rdb-del-sync-files', 'no', 'Remove snapshots used for replication.'),
    bool('rdb-save-incremental-fsync', 'yes', 'Flush a snapshot piece by piece.'),
    choice(
      'sanitize-dump-payload',
      ['no', 'yes', 'clients'],
      'How deeply restored payloads are checked. Here they always are.',
    ),
    text('dbfilename', 'dump.rdb', 'Name of the snapshot.', { isProtected: true }),
    text('dir', '.', 'Directory of the files Redis writes.', { isProtected: true }),
  ]),
  ...withoutEffect(NO_PROCESS, [
    atStart(bool('daemonize', 'no', 'Run in the background.')),
    atStart(choice('supervised', ['upstart', 'systemd', 'auto', 'no'], 'Which supervisor to tell.', 'no')),
    atStart(text('pidfile', '', 'File with the process id.')),
    atStart(bool('set-proc-title', 'yes', 'Change the title of the process.')),
    text('proc-title-template', '{title} {listen-addr} {server-mode}', 'The title of the process.'),
    atStart(bool('always-show-logo', 'no', 'Print a logo at start.')),
    bool('crash-log-enabled', 'yes', 'Log crashes.'),
    bool('crash-memcheck-enabled', 'yes', 'Check memory after a crash.'),
    atStart(bool('disable-thp', 'yes', 'Turn off huge pages.')),
    choice('oom-score-adj', ['no', 'yes', 'relative', 'absolute'], 'Tell the kernel whom to kill first.'),
    words('oom-score-adj-values', '0 200 800', 3, 'What to tell it.'),
    text('ignore-warnings', '', 'Start warnings to ignore.'),
    atStart(text('server_cpulist', '', 'CPUs of the server.')),
    atStart(text('bio_cpulist', '', 'CPUs of background threads.')),
    atStart(text('aof_rewrite_cpulist', '', 'CPUs of the rewriting process.')),
    atStart(text('bgsave_cpulist', '', 'CPUs of the saving process.')),
    choices(
      'shutdown-on-sigterm',
      ['default', 'save', 'nosave', 'now', 'force'],
      'What SIGTERM does. Here it always drains.',
    ),
    choices(
      'shutdown-on-sigint',
      ['default', 'save', 'nosave', 'now', 'force'],
      'What SIGINT does. Here it always drains.',
    ),
  ]),
  ...withoutEffect(NO_LOG_FILE, [
    atStart(text('logfile', '', 'File to log to.')),
    atStart(bool('syslog-enabled', 'no', 'Log to syslog.')),
    atStart(text('syslog-ident', 'redis', 'Name used with syslog.')),
    atStart(
      choice(
        'syslog-facility',
        ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
        'Facility used with syslog.',
        'local0',
      ),
    ),
  ]),
  ...withoutEffect(NO_ALLOCATOR, [
    atStart(int('io-threads', 1, [1, 128], 'Threads for reading and writing.')),
    atStart(bool('io-threads-do-reads', 'no', 'Threads for reading.')),
    bool('jemalloc-bg-thread', 'yes', 'Background thread of the allocator.'),
  ]),
  ...withoutEffect('defragmentation walks pages of memory, not the fields of collections', [
    int('active-defrag-max-scan-fields', 1000, [1, INT64_MAX], 'Fields looked at in one go.'),
  ]),
]
