/**
 * Cluster [Table]: CLUSTER, and what goes with it on a connection: READONLY, READWRITE, ASKING. The mesh is shown
 * through Redis Cluster's words, so that cluster-aware clients find every key's primary at once; a plain client needs
 * none of this, for any node serves any key. Slots are placed by the ring: rows that would place them by hand say so.
 */
import { hexIdOf } from '../session/hex-id.ts'
import type { MeshNode } from '../session/mesh-face.ts'
import { SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { countKeysInSlot, getKeysInSlot, keySlot } from './cluster-keys.ts'
import { layoutOf, NOBODY } from './cluster-layout.ts'
import { infoText, nodesText, replicaLines } from './cluster-nodes.ts'
import { clusterRefusals } from './cluster-refusals.ts'
import { writeLinks, writeShards, writeSlots } from './cluster-slots.ts'
import { ADMIN, type Command, FAST, LOADING, NO_ASYNC_LOADING, NOSCRIPT, STALE } from './command.ts'
import { misusedSubcommand, writeHelp } from './help-lines.ts'

const BUS_PORT_DISTANCE = 10000
const HOST = /^[A-Za-z0-9._:-]{1,255}$/

const HELP: readonly string[] = [
  'COUNT-FAILURE-REPORTS <node-id>',
  '    Return number of failure reports for <node-id>.',
  'COUNTKEYSINSLOT <slot>',
  '    Return the number of keys in <slot>.',
  'FAILOVER [FORCE|TAKEOVER]',
  '    Hand the slots this node is primary of over to their next owners.',
  'FORGET <node-id>',
  '    Remove a node from the cluster.',
  'GETKEYSINSLOT <slot> <count>',
  '    Return key names stored by current node in a slot.',
  'INFO',
  '    Return information about the cluster.',
  'KEYSLOT <key>',
  '    Return the hash slot for <key>.',
  'MEET <ip> <port> [<bus-port>]',
  '    Connect nodes into a working cluster.',
  'MYID',
  '    Return the node id.',
  'MYSHARDID',
  '    Return the id of the shard the node is part of.',
  'NODES',
  '    Return cluster configuration seen by node. Output format:',
  '    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...',
  'RESET [HARD|SOFT]',
  '    Leave the cluster (default: soft).',
  'REPLICAS <node-id>',
  '    Return <node-id> replicas.',
  'SLOTS',
  '    Return information about slots range mappings. Each range is made of:',
  '    start, end, master and replicas IP addresses, ports and ids',
  'SHARDS',
  '    Return information about slot range mappings and the nodes associated with them.',
  'LINKS',
  '    Return information about all network links between this node and its peers.',
  '    Output format is an array where each array element is a map containing attributes of a link',
]

function help(call: Call): void {
  writeHelp(call.reply, 'CLUSTER', HELP)
}

function info(call: Call): void {
  call.reply.verbatim('txt', infoText(call.node.mesh))
}

function nodes(call: Call): void {
  call.reply.verbatim('txt', nodesText(call.node.mesh, call.session))
}

function slots(call: Call): void {
  writeSlots(call.reply, call.node.mesh, call.session)
}

function shards(call: Call): void {
  writeShards(call.reply, call.node.mesh, call.session)
}

function links(call: Call): void {
  writeLinks(call.reply, call.node.mesh)
}

function myId(call: Call): void {
  call.reply.bulkText(call.node.mesh.selfId)
}

/** A shard is a primary and its replicas, named after the primary. */
function myShardId(call: Call): void {
  const parts = layoutOf(call.node.mesh)
  const self = parts.find((part) => part.node.isSelf)!
  const primary = self.followed === NOBODY ? self : parts[self.followed]!
  call.reply.bulkText(hexIdOf(primary.node.id))
}

/** The node whose id is argument i, as an index; answers the error when there is none. */
function findNode(call: Call, i: number): number {
  const id = call.args.text(i)
  const found = call.node.mesh.nodes().findIndex((node: MeshNode) => node.id === id)
  if (found === NOBODY) call.reply.error(`ERR Unknown node ${id.split('\0')[0]}`)
  return found
}

function replicas(call: Call): void {
  const { node, reply, session } = call
  const primary = findNode(call, 2)
  if (primary === NOBODY) return
  const lines = replicaLines(node.mesh, primary, session)
  if (lines === undefined) {
    reply.error('ERR The specified node is not a master')
    return
  }
  reply.array(lines.length)
  for (const line of lines) reply.bulkText(line)
}

function countFailureReports(call: Call): void {
  const { args, node, reply } = call
  if (findNode(call, 2) !== NOBODY) reply.integer(node.mesh.failureReports(args.text(2)) ?? 0)
}

/** Done, begun, or refused with the reason. */
function answer(call: Call, refusal: string | undefined): void {
  if (refusal === undefined) call.reply.ok()
  else call.reply.error(refusal)
}

function meet(call: Call): void {
  const { args, node, reply } = call
  if (args.count > 5) {
    reply.error(misusedSubcommand('CLUSTER', args.text(1)))
    return
  }
  const port = call.integer(3)
  if (Number.isNaN(port)) {
    reply.error(`ERR Invalid TCP base port specified: ${args.text(3)}`)
    return
  }
  const busPort = args.count === 5 ? call.integer(4) : port + BUS_PORT_DISTANCE
  if (Number.isNaN(busPort)) {
    reply.error(`ERR Invalid TCP bus port specified: ${args.text(4)}`)
    return
  }
  const host = args.text(2)
  if (!HOST.test(host) || !isPort(port) || !isPort(busPort))
    reply.error(`ERR Invalid node address specified: ${host}:${args.text(3)}`)
  else answer(call, node.mesh.meet(host, busPort))
}

function isPort(port: number): boolean {
  return port > 0 && port <= 65535
}

function forget(call: Call): void {
  const { args, node, reply } = call
  const id = args.text(2).split('\0')[0]!
  // It need not be a member any more: what it may have known is given up.
  const isSelf = node.mesh.nodes().some((one: MeshNode) => one.isSelf && one.id === id)
  if (isSelf) reply.error("ERR I tried hard but I can't forget myself...")
  else answer(call, node.mesh.forget(id))
}

function failover(call: Call): void {
  if (takesOneOf(call, 'FORCE', 'TAKEOVER')) answer(call, call.node.mesh.failover())
}

function reset(call: Call): void {
  if (takesOneOf(call, 'HARD', 'SOFT')) answer(call, call.node.mesh.leave())
}

/** At most one argument, and that one of two words; answers the error otherwise. */
function takesOneOf(call: Call, first: string, second: string): boolean {
  const { args, reply } = call
  if (args.count > 3) reply.error(misusedSubcommand('CLUSTER', args.text(1)))
  else if (args.count === 3 && !args.is(2, first) && !args.is(2, second)) reply.error(SYNTAX_ERROR)
  else return true
  return false
}

/** Reads of this connection may be answered from this node's own copies. */
function readonly(call: Call): void {
  call.session.isReadonly = true
  call.reply.ok()
}

function readwrite(call: Call): void {
  call.session.isReadonly = false
  call.reply.ok()
}

/** Nobody is ever sent here by -ASK: slots move without their clients' help. */
function asking(call: Call): void {
  call.reply.ok()
}

const ASKS = { flags: STALE, group: 'cluster', since: '3.0.0', complexity: 'O(1)' } as const
const COMMANDS = { ...ASKS, flags: ADMIN | STALE | NO_ASYNC_LOADING } as const
const PER_NODE = 'O(N) where N is the number of nodes'

// biome-ignore format: a row a line, as in a table of contents
const subcommands: readonly Command[] = [
  { ...ASKS, name: 'help', arity: 2, flags: LOADING | STALE, serve: help, since: '5.0.0', syntax: '', summary: 'Explains the sub-commands of CLUSTER' },
  { ...ASKS, name: 'info', arity: 2, serve: info, syntax: '', summary: 'Answers whether the mesh serves all slots, and figures about it' },
  { ...ASKS, name: 'nodes', arity: 2, serve: nodes, complexity: PER_NODE, syntax: '', summary: 'Answers every node with its address, state and slots, as lines' },
  { ...ASKS, name: 'slots', arity: 2, serve: slots, complexity: PER_NODE, syntax: '', summary: 'Answers which nodes keep which slots, range by range' },
  { ...ASKS, name: 'shards', arity: 2, serve: shards, complexity: PER_NODE, since: '7.0.0', syntax: '', summary: 'Answers which nodes keep which slots, primary by primary' },
  { ...ASKS, name: 'links', arity: 2, serve: links, complexity: PER_NODE, since: '7.0.0', syntax: '', summary: 'Answers the connections to other nodes' },
  { ...ASKS, name: 'myid', arity: 2, serve: myId, syntax: '', summary: 'Answers the id of the node' },
  { ...ASKS, name: 'myshardid', arity: 2, serve: myShardId, since: '7.2.0', syntax: '', summary: 'Answers the id of the shard the node is part of' },
  { ...ASKS, name: 'keyslot', arity: 3, serve: keySlot, complexity: 'O(N) where N is the number of bytes in the key', syntax: 'key', summary: 'Answers the slot of a key' },
  { ...ASKS, name: 'countkeysinslot', arity: 3, serve: countKeysInSlot, syntax: 'slot', summary: 'Counts the keys of a slot that this node holds' },
  { ...ASKS, name: 'getkeysinslot', arity: 4, serve: getKeysInSlot, complexity: 'O(N) where N is the number of requested keys', syntax: 'slot count', summary: 'Answers keys of a slot that this node holds' },
  { ...ASKS, name: 'replicas', arity: 3, flags: ADMIN | STALE, serve: replicas, complexity: PER_NODE, since: '5.0.0', syntax: 'node-id', summary: 'Answers the nodes that keep copies of what a node is primary of' },
  { ...ASKS, name: 'slaves', arity: 3, flags: ADMIN | STALE, serve: replicas, complexity: PER_NODE, syntax: 'node-id', summary: 'Answers the nodes that keep copies of what a node is primary of' },
  { ...ASKS, name: 'count-failure-reports', arity: 3, flags: ADMIN | STALE, serve: countFailureReports, complexity: 'O(N) where N is the number of failure reports', syntax: 'node-id', summary: 'Counts who has reported a node as failing' },
  { ...COMMANDS, name: 'meet', arity: -4, serve: meet, syntax: 'ip port [cluster-bus-port]', summary: 'Joins the mesh that a node is part of' },
  { ...COMMANDS, name: 'forget', arity: 3, serve: forget, syntax: 'node-id', summary: 'Removes a node from the mesh' },
  { ...COMMANDS, name: 'failover', arity: -2, serve: failover, syntax: '[FORCE|TAKEOVER]', summary: 'Hands the slots this node is primary of over to their next owners' },
  { ...COMMANDS, name: 'reset', arity: -2, flags: ADMIN | NOSCRIPT | STALE, serve: reset, complexity: 'O(N) where N is the number of keys to hand over', syntax: '[HARD|SOFT]', summary: 'Leaves the mesh' },
  ...clusterRefusals,
]

export const clusterCommands: readonly Command[] = [
  {
    name: 'cluster',
    arity: -2,
    flags: 0,
    group: 'cluster',
    since: '3.0.0',
    complexity: 'Depends on subcommand',
    syntax: '',
    summary: 'Tells about the nodes of the mesh and the slots they keep',
    subcommands,
  },
  {
    name: 'readonly',
    arity: 1,
    flags: LOADING | STALE | FAST,
    group: 'cluster',
    categories: ['connection'],
    serve: readonly,
    since: '3.0.0',
    complexity: 'O(1)',
    syntax: '',
    summary: 'Lets the node answer reads of this connection from its own copies',
  },
  {
    name: 'readwrite',
    arity: 1,
    flags: LOADING | STALE | FAST,
    group: 'cluster',
    categories: ['connection'],
    serve: readwrite,
    since: '3.0.0',
    complexity: 'O(1)',
    syntax: '',
    summary: 'Has reads of this connection answered by primaries again',
  },
  {
    name: 'asking',
    arity: 1,
    flags: FAST,
    group: 'cluster',
    categories: ['connection'],
    serve: asking,
    since: '3.0.0',
    complexity: 'O(1)',
    syntax: '',
    summary: 'Is sent by cluster clients after an -ASK redirect; there are none here',
  },
]
