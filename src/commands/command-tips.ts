/**
 * Command tips [Table]: hints for clients and proxies that COMMAND gives beside the flags, in Redis' words, and what
 * has taken the place of commands that are only kept for old clients.
 */
const LINES: readonly (readonly [tip: string, names: string])[] = [
  [
    'nondeterministic_output',
    'client|info client|list cluster|bumpepoch cluster|count-failure-reports cluster|info cluster|links cluster|nodes cluster|replicas cluster|shards ' +
      'cluster|slaves cluster|slots cluster|getkeysinslot hrandfield hscan info latency|doctor latency|graph ' +
      'latency|histogram latency|history latency|latest memory|doctor memory|malloc-stats memory|stats ' +
      'object|encoding object|freq object|idletime object|refcount pttl randomkey scan slowlog|get slowlog|len spop ' +
      'srandmember sscan time ttl zrandmember zscan',
  ],
  [
    'nondeterministic_output_order',
    'command command|docs command|info command|list hgetall hkeys hvals keys module|list sdiff sinter smembers sunion',
  ],
  [
    'request_policy:all_nodes',
    'config|set latency|doctor latency|graph latency|histogram latency|history latency|latest latency|reset ' +
      'slowlog|get slowlog|len slowlog|reset',
  ],
  [
    'request_policy:all_shards',
    'dbsize flushall flushdb info keys memory|doctor memory|malloc-stats memory|purge memory|stats ping randomkey wait',
  ],
  ['request_policy:multi_shard', 'del exists mget mset msetnx touch unlink'],
  ['request_policy:special', 'scan'],
  [
    'response_policy:all_succeeded',
    'config|set flushall flushdb latency|reset memory|purge mset ping slowlog|reset',
  ],
  ['response_policy:agg_sum', 'dbsize del exists slowlog|len touch unlink'],
  ['response_policy:agg_min', 'msetnx wait'],
  [
    'response_policy:special',
    'info latency|doctor latency|graph latency|histogram latency|history latency|latest memory|doctor ' +
      'memory|malloc-stats memory|stats',
  ],
]

export interface Deprecation {
  readonly since: string
  readonly replacedBy: string
}

const DEPRECATED: Readonly<Record<string, Deprecation>> = {
  substr: { since: '2.0.0', replacedBy: '`GETRANGE`' },
  hmset: { since: '4.0.0', replacedBy: '`HSET` with multiple field-value pairs' },
  'cluster|slaves': { since: '5.0.0', replacedBy: '`CLUSTER REPLICAS`' },
  'cluster|slots': { since: '7.0.0', replacedBy: '`CLUSTER SHARDS`' },
  getset: { since: '6.2.0', replacedBy: '`SET` with the `!GET` argument' },
  rpoplpush: { since: '6.2.0', replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
  brpoplpush: { since: '6.2.0', replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
  zrevrange: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` argument' },
  zrangebyscore: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYSCORE` argument' },
  zrevrangebyscore: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments' },
  zrangebylex: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYLEX` argument' },
  zrevrangebylex: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments' },
}

const TIPS = new Map<string, string[]>()
for (const [tip, names] of LINES) {
  for (const name of names.split(' ')) TIPS.set(name, [...(TIPS.get(name) ?? []), tip])
}

const NONE: readonly string[] = []

export function tipsOf(fullName: string): readonly string[] {
  return TIPS.get(fullName) ?? NONE
}

export function deprecationOf(fullName: string): Deprecation | undefined {
  return DEPRECATED[fullName]
}
