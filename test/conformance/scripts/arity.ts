/*
 * Every command called with the wrong number of arguments: too few, and too many where there is an end.
 *
 * A row is a name and how many words the command takes, its own name included; negative = at least. To
 * add a command, add its row (other scripts read the list of names). Shape: table.
 */
import type { Case } from '../script.ts'

export const COMMANDS: readonly string[] = [
  // bitmap
  `bitcount -2, bitfield -2, bitfield_ro -2, bitop -4, bitpos -3, getbit 3, setbit 4`,
  // cluster
  `asking 1, cluster -2, cluster|addslots -3, cluster|addslotsrange -4, cluster|bumpepoch 2,
   cluster|count-failure-reports 3, cluster|countkeysinslot 3, cluster|delslots -3, cluster|delslotsrange -4,
   cluster|failover -2, cluster|flushslots 2, cluster|forget 3, cluster|getkeysinslot 4, cluster|help 2, cluster|info 2,
   cluster|keyslot 3, cluster|links 2, cluster|meet -4, cluster|myid 2, cluster|nodes 2, cluster|replicas 3,
   cluster|replicate 3, cluster|reset -2, cluster|saveconfig 2, cluster|set-config-epoch 3, cluster|setslot -4,
   cluster|shards 2, cluster|slaves 3, cluster|slots 2, readonly 1, readwrite 1`,
  // connection
  `auth -2, client -2, client|getname 2, client|help 2, client|id 2, client|info 2, client|kill -3,
   client|list -2, client|no-evict 3, client|pause -3, client|reply 3, client|setname 3, client|unblock
   -3, client|unpause 2, echo 2, hello -1, ping -1, quit -1, reset 1, select 2`,
  // generic
  `copy -3, del -2, exists -2, expire -3, expireat -3, expiretime 2, keys 2, move 3, object -2,
   object|encoding 3, object|freq 3, object|help 2, object|idletime 3, object|refcount 3, persist 2,
   pexpire -3, pexpireat -3, pexpiretime 2, pttl 2, randomkey 1, rename 3, renamenx 3, scan -2, sort
   -2, sort_ro -2, touch -2, ttl 2, type 2, unlink -2, wait 3`,
  // hash
  `hdel -3, hexists 3, hget 3, hgetall 2, hincrby 4, hincrbyfloat 4, hkeys 2, hlen 2, hmget -3, hmset
   -4, hrandfield -2, hscan -3, hset -4, hsetnx 4, hstrlen 3, hvals 2`,
  // list
  `blmove 6, blmpop -5, blpop -3, brpop -3, brpoplpush 4, lindex 3, linsert 5, llen 2, lmove 5, lmpop
   -4, lpop -2, lpos -3, lpush -3, lpushx -3, lrange 4, lrem 4, lset 4, ltrim 4, rpop -2, rpoplpush 3,
   rpush -3, rpushx -3`,
  // pubsub
  `psubscribe -2, publish 3, pubsub -2, pubsub|channels -2, pubsub|help 2, pubsub|numpat 2,
   pubsub|numsub -2, pubsub|shardchannels -2, pubsub|shardnumsub -2, punsubscribe -1, spublish 3,
   ssubscribe -2, subscribe -2, sunsubscribe -1, unsubscribe -1`,
  // server
  `command -1, command|count 2, command|docs -2, command|getkeys -4, command|getkeysandflags -4,
   command|help 2, command|info -2, command|list -2, config -2, config|get -3, config|help 2,
   config|resetstat 2, config|rewrite 2, config|set -4, dbsize 1, debug -2, flushall -1, flushdb -1,
   info -1, latency -2, latency|doctor 2, latency|graph 3, latency|help 2, latency|histogram -2,
   latency|history 3, latency|latest 2, latency|reset -2, lolwut -1, memory -2, memory|doctor 2, memory|help 2, memory|malloc-stats 2,
   memory|purge 2, module -2, module|help 2, module|list 2,
   memory|stats 2, memory|usage -3, monitor 1, role 1, shutdown -1, slowlog -2, slowlog|get -2,
   slowlog|help 2, slowlog|len 2, slowlog|reset 2, swapdb 3, time 1`,
  // set
  `sadd -3, scard 2, sdiff -2, sdiffstore -3, sinter -2, sintercard -3, sinterstore -3, sismember 3,
   smembers 2, smismember -3, smove 4, spop -2, srandmember -2, srem -3, sscan -3, sunion -2,
   sunionstore -3`,
  // sorted-set
  `bzmpop -5, bzpopmax -3, bzpopmin -3, zadd -4, zcard 2, zcount 4, zdiff -3, zdiffstore -4, zincrby 4,
   zinter -3, zintercard -3, zinterstore -4, zlexcount 4, zmpop -4, zmscore -3, zpopmax -2, zpopmin -2,
   zrandmember -2, zrange -4, zrangebylex -4, zrangebyscore -4, zrangestore -5, zrank 3, zrem -3,
   zremrangebylex 4, zremrangebyrank 4, zremrangebyscore 4, zrevrange -4, zrevrangebylex -4,
   zrevrangebyscore -4, zrevrank 3, zscan -3, zscore 3, zunion -3, zunionstore -4`,
  // string
  `append 3, decr 2, decrby 3, get 2, getdel 2, getex -2, getrange 4, getset 3, incr 2, incrby 3,
   incrbyfloat 3, lcs -3, mget -2, mset -3, msetnx -3, psetex 4, set -3, setex 4, setnx 3, setrange 4,
   strlen 2, substr 4`,
  // transactions
  `discard 1, exec 1, multi 1, unwatch 1, watch -2`,
].flatMap((family) => family.split(',').map((row) => row.trim().replace(/\s+/, ' ')))

function wrongCounts(words: readonly string[], arity: number): string[][] {
  const filled = (count: number): string[] => [
    ...words,
    ...Array<string>(Math.max(0, count - words.length)).fill('x'),
  ]
  const least = Math.abs(arity)
  const calls: string[][] = []
  if (least > words.length) calls.push(filled(least - 1))
  if (least > words.length + 1) calls.push(filled(words.length))
  if (arity > 0) calls.push(filled(least + 1), filled(least + 3))
  return calls
}

export const cases: readonly Case[] = COMMANDS.map((row) => {
  const [name, arity] = row.split(' ') as [string, string]
  const words = name.split('|')
  const calls = wrongCounts(words, Number(arity))
  const shouted = calls.map((call) => call.map((word) => word.toUpperCase()))
  return {
    name: `${name} with the wrong number of arguments`,
    run: ['SET x 1', ...calls, ...shouted.slice(0, 1), 'MULTI', ...calls.slice(0, 1), 'EXEC', 'GET x'],
  }
})
