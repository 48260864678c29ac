/**
 * Many-process rows [Table]: directives of Redis about replicas, Redis Cluster, sockets and TLS.
 *
 * They are accepted so that an existing redis.conf works, except those that would be dangerous to ignore: these are
 * refused, with a hint.
 */
import {
  atStart,
  bool,
  bytes,
  choice,
  formerly,
  int,
  refused,
  secret,
  text,
  withoutEffect,
} from './compatibility.ts'
import { type Directive, INT64_MAX, INT_MAX, UINT32_MAX, UINT64_MAX } from './directive.ts'

const NO_REPLICAOF = 'there are no primaries and replicas to configure: peers find each other by `seeds`'
const NO_CLUSTER_FILE = "the mesh is always on and needs none of Redis Cluster's settings"
const NO_NETWORK = 'this node neither names its source address nor marks its sockets'
const NO_TLS = 'TLS is not supported, and no setting of it is read'

export const manyProcessRows: readonly Directive[] = [
  ...withoutEffect(NO_REPLICAOF, [
    secret('masterauth', 'Password of the primary.'),
    text('masteruser', '', 'User at the primary.'),
    formerly('slave-serve-stale-data', bool('replica-serve-stale-data', 'yes', 'Answer while out of touch.')),
    formerly('slave-read-only', bool('replica-read-only', 'yes', 'Refuse writes on a replica.')),
    formerly(
      'slave-lazy-flush',
      bool('replica-lazy-flush', 'no', 'Free in the background before a full copy.'),
    ),
    formerly(
      'slave-ignore-maxmemory',
      bool('replica-ignore-maxmemory', 'yes', 'Leave eviction to the primary.'),
    ),
    bool('replica-ignore-disk-write-errors', 'no', 'Go on when the disk is full.'),
    formerly('slave-priority', int('replica-priority', 100, [0, INT_MAX], 'Rank at failover.')),
    formerly('slave-announce-ip', text('replica-announce-ip', '', 'Address told to the primary.')),
    formerly('slave-announce-port', int('replica-announce-port', 0, [0, 65535], 'Port told to the primary.')),
    bool('replica-announced', 'yes', 'Show the replica to sentinels.'),
    bool('repl-diskless-sync', 'yes', 'Send full copies without a file.'),
    int('repl-diskless-sync-delay', 5, [0, INT_MAX], 'Wait for more replicas.'),
    int('repl-diskless-sync-max-replicas', 0, [0, INT_MAX], 'Replicas to wait for.'),
    choice('repl-diskless-load', ['disabled', 'on-empty-db', 'swapdb'], 'Load full copies without a file.'),
    formerly(
      'repl-ping-slave-period',
      int('repl-ping-replica-period', 10, [1, INT_MAX], 'Seconds between pings.'),
    ),
    int('repl-timeout', 60, [1, INT_MAX], 'Seconds until a link is given up.'),
    bool('repl-disable-tcp-nodelay', 'no', 'Fewer, later packets.'),
    bytes('repl-backlog-size', 1048576, [1, INT64_MAX], 'Stream kept for replicas that come back.'),
    int('repl-backlog-ttl', 3600, [0, INT64_MAX], 'Seconds it is kept.'),
    formerly(
      'min-slaves-to-write',
      int('min-replicas-to-write', 0, [0, INT_MAX], 'Replicas a write needs. Here: write-consistency.'),
    ),
    formerly(
      'min-slaves-max-lag',
      int('min-replicas-max-lag', 10, [0, INT_MAX], 'How far behind they may be.'),
    ),
    choice(
      'propagation-error-behavior',
      ['ignore', 'panic', 'panic-on-replicas'],
      'What a failed effect does.',
    ),
  ]),
  ...withoutEffect(NO_CLUSTER_FILE, [
    atStart(bool('cluster-enabled', 'no', 'Run as a node of Redis Cluster.')),
    atStart(text('cluster-config-file', 'nodes.conf', 'File of Redis Cluster.')),
    int('cluster-node-timeout', 15000, [0, INT64_MAX], 'Milliseconds until a node is failing.'),
    atStart(int('cluster-port', 0, [0, 65535], 'The bus port. Here: bus-port.')),
    text('cluster-announce-ip', '', 'Address told to others. Here: advertise.'),
    text('cluster-announce-hostname', '', 'Host name told to others.'),
    int('cluster-announce-port', 0, [0, 65535], 'Port told to others.'),
    int('cluster-announce-tls-port', 0, [0, 65535], 'TLS port told to others.'),
    int('cluster-announce-bus-port', 0, [0, 65535], 'Bus port told to others.'),
    choice(
      'cluster-preferred-endpoint-type',
      ['ip', 'hostname', 'unknown-endpoint'],
      'What clients are told.',
    ),
    bool('cluster-require-full-coverage', 'yes', 'Refuse all when a slot has no owner.'),
    bool('cluster-allow-reads-when-down', 'no', 'Answer reads without a majority.'),
    bool('cluster-allow-pubsubshard-when-down', 'yes', 'Publish without a majority.'),
    bool('cluster-allow-replica-migration', 'yes', 'Move replicas where they lack.'),
    int('cluster-migration-barrier', 1, [0, INT_MAX], 'Replicas a primary keeps.'),
    formerly(
      'cluster-slave-validity-factor',
      int('cluster-replica-validity-factor', 10, [0, INT_MAX], 'How stale a new primary may be.'),
    ),
    formerly('cluster-slave-no-failover', bool('cluster-replica-no-failover', 'no', 'Never fail over.')),
    bytes('cluster-link-sendbuf-limit', 0, [0, UINT64_MAX], 'Unsent bytes of a link.'),
  ]),
  ...withoutEffect(NO_NETWORK, [
    text('bind-source-addr', '', 'Source address of outgoing connections.'),
    atStart(int('socket-mark-id', 0, [0, UINT32_MAX], 'Mark on every socket.')),
    atStart(int('unixsocketperm', 0, [0, 777], 'Permissions of the local socket.')),
    choice(
      'acl-pubsub-default',
      ['allchannels', 'resetchannels'],
      'Channels of a new user.',
      'resetchannels',
    ),
    atStart(choice('enable-module-command', ['no', 'yes', 'local'], 'Who may load modules: there are none.')),
  ]),
  ...withoutEffect(NO_TLS, [
    text('tls-cert-file', '', 'A file or list for TLS.'),
    text('tls-key-file', '', 'A file or list for TLS.'),
    text('tls-client-cert-file', '', 'A file or list for TLS.'),
    text('tls-client-key-file', '', 'A file or list for TLS.'),
    text('tls-dh-params-file', '', 'A file or list for TLS.'),
    text('tls-ca-cert-file', '', 'A file or list for TLS.'),
    text('tls-ca-cert-dir', '', 'A file or list for TLS.'),
    text('tls-protocols', '', 'A file or list for TLS.'),
    text('tls-ciphers', '', 'A file or list for TLS.'),
    text('tls-ciphersuites', '', 'A file or list for TLS.'),
    secret('tls-key-file-pass', 'The pass phrase of a key.'),
    secret('tls-client-key-file-pass', 'The pass phrase of a key.'),
    choice('tls-auth-clients', ['no', 'yes', 'optional'], 'Ask clients for a certificate.', 'yes'),
    bool('tls-prefer-server-ciphers', 'no', 'Who chooses the cipher.'),
    bool('tls-session-caching', 'yes', 'Resume sessions.'),
    int('tls-session-cache-size', 20480, [0, INT_MAX], 'Sessions to remember.'),
    int('tls-session-cache-timeout', 300, [0, INT_MAX], 'Seconds to remember them.'),
  ]),
  refused(
    'TLS is not supported: put a TLS terminator in front',
    int('tls-port', 0, [0, 65535], 'The port for TLS.'),
  ),
  refused('TLS is not supported', bool('tls-cluster', 'no', 'TLS between nodes.')),
  refused('TLS is not supported', bool('tls-replication', 'no', 'TLS to replicas.')),
  refused(
    'local sockets are not supported: use port',
    atStart(text('unixsocket', '', 'A local socket to listen on.')),
  ),
  refused(
    'users from a file are not supported: use requirepass',
    atStart(text('aclfile', '', 'File with users.')),
  ),
  refused(
    'there is no primary to copy: join a mesh with seeds',
    formerly('slaveof', atStart(text('replicaof', '', 'The primary to copy.'))),
  ),
]
