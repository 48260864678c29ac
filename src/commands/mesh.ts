/**
 * Mesh [Table]: MESH: what Redis Cluster has no words for. Who is in the mesh and how it is doing, where a key lives
 * and why, what waits for whom, and how sure this connection wants its answers to be. Answers are for people to read:
 * lists of maps with names spelled out.
 */
import type { ReplyWriter } from '../../resp/index.ts'
import { LEVELS } from '../session/consistency.ts'
import type { KeyStanding } from '../session/mesh-face.ts'
import type { Level } from '../session/session.ts'
import { slotOf } from '../store/hash-slot.ts'
import { SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { hostOf, layoutOf } from './cluster-layout.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, STALE } from './command.ts'
import { misusedSubcommand, writeHelp } from './help-lines.ts'
import { CHAOS_HELP, CHAOS_SYNTAX, chaos } from './mesh-chaos.ts'
import { HAND_OFF_HELP, rebalanceCommand, SLOTS_HELP, slotsCommand } from './mesh-hand-off.ts'
import { itemCommand } from './mesh-item.ts'
import { REPAIR_HELP, repairCommand } from './mesh-repair.ts'

const EVENTS_DEFAULT = 20
const EVENTS_MAX = 1000

const HELP: readonly string[] = [
  ...CHAOS_HELP,
  'CONSISTENCY [READ one|quorum|all] [WRITE one|quorum|all]',
  '    Set how many owners stand behind the reads and writes of this connection;',
  '    without arguments, return both levels.',
  'EVENTS [<count>]',
  '    Return the latest membership events, newest first (default: 20).',
  'EXPLAIN <key>',
  '    Return which node serves <key> now, and why.',
  'EXPLAIN SPLIT',
  '    Return what the split-brain resolver would decide now.',
  'HINTS',
  '    Return what is kept for nodes that are away.',
  'INFO',
  '    Return figures about the mesh.',
  'ITEM <key>',
  '    Return the value of <key> with its version, term and expiry.',
  'LIMITS',
  '    Return everything that can grow: how much there is, may be, and was turned away.',
  'MEMBERS',
  '    Return the nodes of the mesh and how they are doing.',
  'OWNERS <key>',
  '    Return the nodes that keep <key>, the first in rank first.',
  ...HAND_OFF_HELP,
  ...REPAIR_HELP,
  'RING',
  '    Return which nodes own which slots.',
  ...SLOTS_HELP,
]

function help(call: Call): void {
  writeHelp(call.reply, 'MESH', HELP)
}

function members(call: Call): void {
  const { node, reply, session } = call
  const parts = layoutOf(node.mesh)
  reply.array(parts.length)
  for (const { node: member, slots } of parts) {
    let slotCount = 0
    for (let i = 0; i < slots.length; i += 2) slotCount += slots[i + 1]! - slots[i]! + 1
    reply.map(15)
    writeValue(reply, 'name', member.name)
    writeValue(reply, 'id', member.id)
    writeValue(reply, 'self', member.isSelf ? 'yes' : 'no')
    writeValue(reply, 'host', hostOf(member, session))
    writeValue(reply, 'port', member.port)
    writeValue(reply, 'bus-port', member.busPort)
    writeValue(reply, 'http-port', member.httpPort)
    writeWords(reply, 'roles', member.roles)
    writeValue(reply, 'status', member.status)
    writeValue(reply, 'health', member.health)
    writeValue(reply, 'link', member.isSelf || member.isLinkUp ? 'connected' : 'disconnected')
    writeValue(reply, 'circuit', member.circuit)
    writeValue(reply, 'answer-ms', member.answerMs.toFixed(1))
    writeValue(reply, 'weight', member.weight)
    writeValue(reply, 'primary-slots', slotCount)
  }
}

function ring(call: Call): void {
  const { node, reply } = call
  const { mesh } = node
  const nodes = mesh.nodes()
  const ranges = mesh.ranges()
  reply.map(4)
  writeValue(reply, 'state', mesh.state)
  writeValue(reply, 'epoch', mesh.epoch)
  writeValue(reply, 'fingerprint', mesh.fingerprint)
  reply.bulkText('ranges')
  reply.array(ranges.length)
  for (const { first, last, owners } of ranges) {
    reply.map(3)
    writeValue(reply, 'first', first)
    writeValue(reply, 'last', last)
    writeWords(
      reply,
      'owners',
      owners.map((owner) => nodes[owner]!.name),
    )
  }
}

function standingOf(call: Call): KeyStanding {
  const { args, node } = call
  return node.mesh.explainSlot(slotOf(args.bytes, args.starts[2]!, args.ends[2]!))
}

function owners(call: Call): void {
  const { reply } = call
  const standing = standingOf(call)
  reply.array(standing.owners.length)
  for (const { name, id, health } of standing.owners) {
    reply.map(4)
    writeValue(reply, 'name', name)
    writeValue(reply, 'id', id)
    writeValue(reply, 'health', health)
    writeValue(reply, 'acts-as', id === standing.actingPrimary ? 'primary' : 'replica')
  }
}

function explain(call: Call): void {
  const { args, node, reply } = call
  if (args.is(2, 'SPLIT')) {
    reply.bulkUtf8(node.mesh.explainSplit())
    return
  }
  const standing = standingOf(call)
  const primary = standing.owners.find((owner) => owner.id === standing.actingPrimary)
  reply.map(6)
  writeValue(reply, 'slot', standing.slot)
  writeValue(reply, 'state', node.mesh.slotState(standing.slot))
  writeWords(
    reply,
    'owners',
    standing.owners.map((owner) => owner.name),
  )
  writeValue(reply, 'acting-primary', primary?.name ?? standing.actingPrimary ?? 'none')
  writeValue(reply, 'served-here', standing.isServedHere ? 'yes' : 'no')
  writeValue(reply, 'explanation', standing.explanation)
}

function hints(call: Call): void {
  const { node, reply } = call
  const names = new Map(node.mesh.nodes().map((one) => [one.id, one.name]))
  const rows = node.mesh.hints()
  reply.array(rows.length)
  for (const { nodeId, count, bytes, oldestMs } of rows) {
    reply.map(5)
    writeValue(reply, 'name', names.get(nodeId) ?? nodeId)
    writeValue(reply, 'id', nodeId)
    writeValue(reply, 'count', count)
    writeValue(reply, 'bytes', bytes)
    writeValue(reply, 'oldest-ms', oldestMs)
  }
}

function limits(call: Call): void {
  const { node, reply } = call
  const bounds = node.mesh.limits()
  reply.array(bounds.length)
  for (const { beyond, most, name, now, shed } of bounds) {
    reply.map(5)
    writeValue(reply, 'name', name)
    writeValue(reply, 'now', now)
    writeValue(reply, 'most', most)
    writeValue(reply, 'shed', shed)
    writeValue(reply, 'beyond', beyond)
  }
}

function events(call: Call): void {
  const { args, node, reply } = call
  if (args.count > 3) {
    reply.error(misusedSubcommand('MESH', args.text(1)))
    return
  }
  const countMax = args.count === 3 ? call.integer(2) : EVENTS_DEFAULT
  if (!(countMax >= 1 && countMax <= EVENTS_MAX)) {
    reply.error(`ERR count must be between 1 and ${EVENTS_MAX}`)
    return
  }
  const latest = node.mesh.events(countMax)
  reply.array(latest.length)
  for (const { atMs, text } of latest) {
    reply.map(2)
    writeValue(reply, 'at-ms', atMs)
    writeValue(reply, 'event', text)
  }
}

function info(call: Call): void {
  const { node, reply } = call
  const figures = node.mesh.figures()
  reply.map(figures.length)
  for (const [name, value] of figures) writeValue(reply, name, value)
}

function consistency(call: Call): void {
  const { args, reply, session } = call
  if (args.count === 2) {
    reply.map(2)
    writeValue(reply, 'read', session.readLevel)
    writeValue(reply, 'write', session.writeLevel)
    return
  }
  let readLevel: Level | undefined
  let writeLevel: Level | undefined
  for (let i = 2; i < args.count; i += 2) {
    const isRead = args.is(i, 'READ') && readLevel === undefined
    const isWrite = args.is(i, 'WRITE') && writeLevel === undefined
    if ((!isRead && !isWrite) || i + 1 === args.count) {
      reply.error(SYNTAX_ERROR)
      return
    }
    const level = LEVELS.find((one) => args.is(i + 1, one.toUpperCase()))
    if (level === undefined) {
      reply.error('ERR consistency level must be one, quorum or all')
      return
    }
    if (isRead) readLevel = level
    else writeLevel = level
  }
  session.readLevel = readLevel ?? session.readLevel
  session.writeLevel = writeLevel ?? session.writeLevel
  session.hasOwnLevels = true
  reply.ok()
}

function writeValue(reply: ReplyWriter, name: string, value: string | number): void {
  reply.bulkText(name)
  if (typeof value === 'string') reply.bulkUtf8(value)
  else if (Number.isSafeInteger(value)) reply.integer(value)
  else reply.bulkText(String(value))
}

function writeWords(reply: ReplyWriter, name: string, words: readonly string[]): void {
  reply.bulkText(name)
  reply.array(words.length)
  for (const word of words) reply.bulkUtf8(word)
}

const ASKS = { flags: LOADING | STALE, group: 'cluster', since: '0.1.0', complexity: 'O(1)' } as const
const PER_NODE = 'O(N) where N is the number of nodes'

// biome-ignore format: a row a line, as in a table of contents
const subcommands: readonly Command[] = [
  { ...ASKS, name: 'members', arity: 2, serve: members, complexity: PER_NODE, syntax: '', summary: 'Answers the nodes of the mesh and how they are doing' },
  { ...ASKS, name: 'ring', arity: 2, serve: ring, complexity: 'O(N) where N is the number of slot ranges', syntax: '', summary: 'Answers which nodes own which slots' },
  { ...ASKS, name: 'owners', arity: 3, serve: owners, syntax: 'key', summary: 'Answers the nodes that keep a key, the first in rank first' },
  { ...ASKS, name: 'explain', arity: 3, serve: explain, syntax: 'key|SPLIT', summary: 'Answers which node serves a key and why, or what a split would come to' },
  { ...ASKS, name: 'hints', arity: 2, serve: hints, complexity: PER_NODE, syntax: '', summary: 'Answers what is kept for nodes that are away' },
  { ...ASKS, name: 'events', arity: -2, serve: events, complexity: 'O(N) where N is the number of events', syntax: '[count]', summary: 'Answers the latest membership events' },
  { ...ASKS, name: 'limits', arity: 2, serve: limits, syntax: '', summary: 'Answers what can grow, how far it has and how far it may' },
  { ...ASKS, name: 'info', arity: 2, serve: info, syntax: '', summary: 'Answers figures about the mesh' },
  { ...ASKS, name: 'consistency', arity: -2, serve: consistency, syntax: '[READ one|quorum|all] [WRITE one|quorum|all]', summary: 'Chooses or answers the levels at which this connection reads and writes' },
  { ...ASKS, name: 'chaos', arity: -3, flags: ADMIN | NOSCRIPT | LOADING | STALE, serve: chaos, complexity: PER_NODE, syntax: CHAOS_SYNTAX, summary: 'Disturbs what this node and its peers say to each other, for tests' },
  itemCommand,
  rebalanceCommand,
  repairCommand,
  slotsCommand,
  { ...ASKS, name: 'help', arity: 2, serve: help, syntax: '', summary: 'Explains the sub-commands of MESH' },
]

export const meshCommands: readonly Command[] = [
  {
    name: 'mesh',
    arity: -2,
    flags: 0,
    group: 'cluster',
    since: '0.1.0',
    complexity: 'Depends on subcommand',
    syntax: '',
    summary: 'Tells about the mesh what Redis Cluster has no words for',
    subcommands,
  },
]
