/**
 * Pub/sub [Table]: subscribing, publishing and looking at who listens. Subscribing answers one message per name, in
 * the shape of a push, so that RESP3 clients can tell it from replies.
 * Who listens to what, and delivery, belong to the session's Channels.
 */
import type { Kind } from '../session/channels.ts'
import type { Call } from './call.ts'
import {
  ALL_KEYS,
  type Command,
  FAST,
  FIRST_KEY,
  LOADING,
  MAY_REPLICATE,
  NOSCRIPT,
  PUBSUB,
  STALE,
} from './command.ts'
import { misusedSubcommand, writeHelp } from './help-lines.ts'

/** Channels and patterns are counted together in acknowledgements, shard channels apart. */
function subscriptionCount(call: Call, kind: Kind): number {
  const subscriptions = call.session.subscriptions
  if (subscriptions === null) return 0
  return kind === 'shard' ? subscriptions.shard.size : subscriptions.channel.size + subscriptions.pattern.size
}

function subscribe(call: Call, kind: Kind, word: string): void {
  const { args, reply, session } = call
  const channels = call.node.channels
  const nameBytes = args.ends[args.count - 1]! - args.starts[1]!
  const refusal = channels.refusal(session, args.count - 1, nameBytes)
  if (refusal !== undefined) {
    reply.error(refusal)
    return
  }
  for (let i = 1; i < args.count; i++) {
    channels.subscribe(session, kind, args.text(i))
    reply.push(3)
    reply.bulkText(word)
    reply.bulk(args.bytes, args.starts[i]!, args.ends[i]!)
    reply.integer(subscriptionCount(call, kind))
  }
}

function subscribeToChannels(call: Call): void {
  subscribe(call, 'channel', 'subscribe')
}

function subscribeToPatterns(call: Call): void {
  subscribe(call, 'pattern', 'psubscribe')
}

function subscribeToShards(call: Call): void {
  if (call.mayBlock) subscribe(call, 'shard', 'ssubscribe')
  else call.reply.error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
}

function unsubscribe(call: Call, kind: Kind, word: string): void {
  const { args, reply, session } = call
  const channels = call.node.channels
  for (let i = 1; i < args.count; i++) {
    channels.unsubscribe(session, kind, args.text(i))
    reply.push(3)
    reply.bulkText(word)
    reply.bulk(args.bytes, args.starts[i]!, args.ends[i]!)
    reply.integer(subscriptionCount(call, kind))
  }
  if (args.count === 1) unsubscribeFromAll(call, kind, word)
}

function unsubscribeFromAll(call: Call, kind: Kind, word: string): void {
  const { reply, session } = call
  const names = session.subscriptions === null ? [] : [...session.subscriptions[kind]]
  for (const name of names) {
    call.node.channels.unsubscribe(session, kind, name)
    reply.push(3)
    reply.bulkText(word)
    reply.bulkText(name)
    reply.integer(subscriptionCount(call, kind))
  }
  if (names.length > 0) return
  reply.push(3)
  reply.bulkText(word)
  reply.nil()
  reply.integer(subscriptionCount(call, kind))
}

function unsubscribeFromChannels(call: Call): void {
  unsubscribe(call, 'channel', 'unsubscribe')
}

function unsubscribeFromPatterns(call: Call): void {
  unsubscribe(call, 'pattern', 'punsubscribe')
}

function unsubscribeFromShards(call: Call): void {
  unsubscribe(call, 'shard', 'sunsubscribe')
}

function publish(call: Call): void {
  const { args, reply } = call
  const { channels, relay } = call.node
  if (relay !== null) relay.publish(args)
  if (!channels.hasListeners) {
    reply.integer(0)
    return
  }
  reply.integer(channels.publish(args.text(1), args.bytes, args.starts[2]!, args.ends[2]!))
}

function publishToShard(call: Call): void {
  const { args, reply, session } = call
  const { channels, relay } = call.node
  const isAnyHere = channels.shardChannelCount !== 0
  const receivers = isAnyHere
    ? channels.publishToShard(args.text(1), args.bytes, args.starts[2]!, args.ends[2]!)
    : 0
  // EXEC answers at once, with the listeners of the node that acts for the slot.
  if (relay !== null && call.mayBlock && !session.isProxied) {
    relay.publishToShard(session, args, receivers)
    return
  }
  relay?.publishToShardUncounted(args)
  reply.integer(receivers)
}

function listActive(call: Call, kind: Kind): void {
  const { args, reply } = call
  if (args.count > 3) {
    reply.error(misusedSubcommand('PUBSUB', args.text(1)))
    return
  }
  const names = call.node.channels.active(kind, args.count === 3 ? args.copy(2) : undefined)
  reply.array(names.length)
  for (const name of names) reply.bulkBuffer(name)
}

function activeChannels(call: Call): void {
  listActive(call, 'channel')
}

function activeShardChannels(call: Call): void {
  listActive(call, 'shard')
}

function countListeners(call: Call, kind: Kind): void {
  const { args, reply } = call
  reply.array((args.count - 2) * 2)
  for (let i = 2; i < args.count; i++) {
    reply.bulk(args.bytes, args.starts[i]!, args.ends[i]!)
    reply.integer(call.node.channels.listenerCount(kind, args.text(i)))
  }
}

function channelListeners(call: Call): void {
  countListeners(call, 'channel')
}

function shardChannelListeners(call: Call): void {
  countListeners(call, 'shard')
}

function countPatterns(call: Call): void {
  call.reply.integer(call.node.channels.patternCount)
}

function help(call: Call): void {
  writeHelp(call.reply, 'PUBSUB', [
    'CHANNELS [<pattern>]',
    "    Return the currently active channels matching a <pattern> (default: '*').",
    'NUMPAT',
    '    Return number of subscriptions to patterns.',
    'NUMSUB [<channel> ...]',
    '    Return the number of subscribers for the specified channels, excluding',
    '    pattern subscriptions(default: no channels).',
    'SHARDCHANNELS [<pattern>]',
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    'SHARDNUMSUB [<shardchannel> ...]',
    '    Return the number of subscribers for the specified shard level channel(s)',
  ])
}

const LISTENING = PUBSUB | NOSCRIPT | LOADING | STALE
const LOOKING = PUBSUB | LOADING | STALE

const lookingCommands: readonly Command[] = [
  {
    name: 'channels',
    arity: -2,
    flags: LOOKING,
    group: 'pubsub',
    serve: activeChannels,
    summary: 'Names the channels somebody listens to',
    since: '2.8.0',
    complexity: 'O(N) where N is the number of active channels',
    syntax: '[pattern]',
  },
  {
    name: 'numpat',
    arity: 2,
    flags: LOOKING,
    group: 'pubsub',
    serve: countPatterns,
    summary: 'Counts the different patterns somebody listens to',
    since: '2.8.0',
    complexity: 'O(1)',
    syntax: '',
  },
  {
    name: 'numsub',
    arity: -2,
    flags: LOOKING,
    group: 'pubsub',
    serve: channelListeners,
    summary: 'Counts the listeners of channels, those by pattern left out',
    since: '2.8.0',
    complexity: 'O(N) where N is the number of requested channels',
    syntax: '[channel [channel ...]]',
  },
  {
    name: 'shardchannels',
    arity: -2,
    flags: LOOKING,
    group: 'pubsub',
    serve: activeShardChannels,
    summary: 'Names the shard channels somebody listens to',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of active shard channels',
    syntax: '[pattern]',
  },
  {
    name: 'shardnumsub',
    arity: -2,
    flags: LOOKING,
    group: 'pubsub',
    serve: shardChannelListeners,
    summary: 'Counts the listeners of shard channels',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of requested shard channels',
    syntax: '[shardchannel [shardchannel ...]]',
  },
  {
    name: 'help',
    arity: 2,
    flags: LOADING | STALE,
    group: 'pubsub',
    serve: help,
    summary: 'Explains the sub-commands',
    since: '6.2.0',
    complexity: 'O(1)',
    syntax: '',
  },
]

export const pubSubCommands: readonly Command[] = [
  {
    name: 'subscribe',
    arity: -2,
    flags: LISTENING,
    group: 'pubsub',
    serve: subscribeToChannels,
    summary: 'Listens to channels',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of channels to subscribe to',
    syntax: 'channel [channel ...]',
  },
  {
    name: 'unsubscribe',
    arity: -1,
    flags: LISTENING,
    group: 'pubsub',
    serve: unsubscribeFromChannels,
    summary: 'Stops listening to channels, or to all of them',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of channels to unsubscribe from',
    syntax: '[channel [channel ...]]',
  },
  {
    name: 'psubscribe',
    arity: -2,
    flags: LISTENING,
    group: 'pubsub',
    serve: subscribeToPatterns,
    summary: 'Listens to all channels whose names match patterns',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of patterns to subscribe to',
    syntax: 'pattern [pattern ...]',
  },
  {
    name: 'punsubscribe',
    arity: -1,
    flags: LISTENING,
    group: 'pubsub',
    serve: unsubscribeFromPatterns,
    summary: 'Stops listening by patterns, or by all of them',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of patterns to unsubscribe from',
    syntax: '[pattern [pattern ...]]',
  },
  {
    name: 'ssubscribe',
    arity: -2,
    flags: LISTENING,
    keys: ALL_KEYS,
    group: 'pubsub',
    serve: subscribeToShards,
    summary: 'Listens to shard channels',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of shard channels to subscribe to',
    syntax: 'shardchannel [shardchannel ...]',
  },
  {
    name: 'sunsubscribe',
    arity: -1,
    flags: LISTENING,
    keys: ALL_KEYS,
    group: 'pubsub',
    serve: unsubscribeFromShards,
    summary: 'Stops listening to shard channels, or to all of them',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of shard channels to unsubscribe from',
    syntax: '[shardchannel [shardchannel ...]]',
  },
  {
    name: 'publish',
    arity: 3,
    flags: LOOKING | FAST | MAY_REPLICATE,
    group: 'pubsub',
    serve: publish,
    summary: 'Sends a message to everybody who listens to a channel',
    since: '2.0.0',
    complexity: 'O(N+M) where N is the number of listeners and M the number of patterns',
    syntax: 'channel message',
  },
  {
    name: 'spublish',
    arity: 3,
    flags: LOOKING | FAST | MAY_REPLICATE,
    keys: FIRST_KEY,
    group: 'pubsub',
    serve: publishToShard,
    summary: 'Sends a message to everybody who listens to a shard channel',
    since: '7.0.0',
    complexity: 'O(N) where N is the number of listeners',
    syntax: 'shardchannel message',
  },
  {
    name: 'pubsub',
    arity: -2,
    flags: 0,
    group: 'pubsub',
    subcommands: lookingCommands,
    summary: 'Shows who listens to what',
    since: '2.8.0',
    complexity: 'Depends on subcommand.',
    syntax: 'subcommand [argument ...]',
  },
]
