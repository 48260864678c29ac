/**
 * Settings [Table]: which part of the node reads which directive. Applied once at start and again whenever CONFIG SET
 * changes one, so no hot path ever asks the configuration.
 */
import type { DirectiveName, Config } from './config/index.ts'
import type { LogLevel } from './log.ts'
import type { Node } from './node.ts'

type Apply = (node: Node, config: Config) => void

interface Setting {
  readonly directives: readonly DirectiveName[]
  readonly apply: Apply
}

const SETTINGS: readonly Setting[] = [
  {
    directives: ['maxmemory', 'maxmemory-policy', 'maxmemory-samples', 'lfu-log-factor', 'lfu-decay-time'],
    apply: (node, config) => {
      const settings = node.eviction.settings
      settings.maxmemoryBytes = config.number('maxmemory')
      settings.policy = config.text('maxmemory-policy')
      settings.samples = config.number('maxmemory-samples')
      settings.lfuLogFactor = config.number('lfu-log-factor')
      settings.lfuDecayMinutes = config.number('lfu-decay-time')
      node.eviction.refresh(node.state.ports.wallMs())
    },
  },
  {
    directives: [
      'activedefrag',
      'active-defrag-ignore-bytes',
      'active-defrag-threshold-lower',
      'active-defrag-threshold-upper',
      'active-defrag-cycle-min',
      'active-defrag-cycle-max',
    ],
    apply: (node, config) => {
      const settings = node.defragmentation.settings
      settings.isOn = config.is('activedefrag')
      settings.ignoreBytes = config.number('active-defrag-ignore-bytes')
      settings.thresholdLowerPercent = config.number('active-defrag-threshold-lower')
      settings.thresholdUpperPercent = config.number('active-defrag-threshold-upper')
      settings.cycleMinPercent = config.number('active-defrag-cycle-min')
      settings.cycleMaxPercent = config.number('active-defrag-cycle-max')
    },
  },
  {
    directives: [
      'hash-max-listpack-entries',
      'hash-max-listpack-value',
      'set-max-intset-entries',
      'list-max-listpack-size',
      'zset-max-listpack-entries',
      'zset-max-listpack-value',
    ],
    apply: (node, config) => {
      const limits = node.space.limits
      limits.hashListpackEntries = config.number('hash-max-listpack-entries')
      limits.hashListpackValueBytes = config.number('hash-max-listpack-value')
      limits.setIntsetEntries = config.number('set-max-intset-entries')
      limits.listListpackSize = config.number('list-max-listpack-size')
      limits.sortedSetListpackEntries = config.number('zset-max-listpack-entries')
      limits.sortedSetListpackValueBytes = config.number('zset-max-listpack-value')
    },
  },
  {
    directives: ['client-query-buffer-limit', 'proto-max-bulk-len'],
    apply: (node, config) => {
      node.serverLimits.parser.queryBytesMax = config.number('client-query-buffer-limit')
      node.serverLimits.parser.bulkBytesMax = config.number('proto-max-bulk-len')
    },
  },
  {
    directives: ['timeout', 'tcp-keepalive', 'maxclients', 'tcp-backlog'],
    apply: (node, config) => {
      node.serverLimits.idleTimeoutMs = config.number('timeout') * 1000
      node.serverLimits.tcpKeepAliveSeconds = config.number('tcp-keepalive')
      node.serverLimits.clientsMax = config.number('maxclients')
      node.serverLimits.backlogMax = config.number('tcp-backlog')
    },
  },
  {
    directives: ['client-output-buffer-limit'],
    apply: (node, config) => {
      for (const limited of ['normal', 'pubsub'] as const) {
        Object.assign(node.outputLimits[limited], config.outputLimit(limited))
      }
    },
  },
  {
    directives: ['slowlog-log-slower-than', 'slowlog-max-len'],
    apply: (node, config) => {
      node.state.slowLog.thresholdUs = config.number('slowlog-log-slower-than')
      node.state.slowLog.entriesMax = config.number('slowlog-max-len')
    },
  },
  {
    directives: ['latency-monitor-threshold'],
    apply: (node, config) => {
      node.state.latency.thresholdMs = config.number('latency-monitor-threshold')
    },
  },
  {
    directives: ['notify-keyspace-events'],
    apply: (node, config) => node.tellEvents(config.number('notify-keyspace-events')),
  },
  {
    directives: ['hz'],
    apply: (node, config) => {
      node.cycleMs = Math.max(1, Math.floor(1000 / config.number('hz')))
    },
  },
  {
    directives: ['loglevel'],
    apply: (node, config) => node.state.log.setLevel(config.text('loglevel') as LogLevel),
  },
]

export function applySettings(node: Node): void {
  const config = node.state.config
  for (const setting of SETTINGS) {
    const apply = () => setting.apply(node, config)
    apply()
    for (const directive of setting.directives) config.onChange(directive, apply)
  }
}
