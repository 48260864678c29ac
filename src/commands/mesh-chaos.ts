/**
 * Mesh chaos [Table]: MESH CHAOS: faults between this node and its peers, set while both run, so that tests and people
 * can see what a mesh does when its network fails. Closed unless enable-debug-command opens it; what a fault is and
 * does is known below (mesh/faults.ts).
 */
import { joinAddress } from '../../gossip/index.ts'
import { anyAddress, type Fault, type Faults } from '../mesh/faults.ts'
import type { Address } from '../mesh/wires.ts'
import type { Call } from './call.ts'
import { closedText, isDebugOpen } from './debug-gate.ts'
import { misusedSubcommand } from './help-lines.ts'

const ALONE = 'ERR this node stands alone: there is nothing to disturb'
const NOT_A_SHARE = 'ERR percent must be a number from 0 to 100'
const NOT_A_DELAY = 'ERR delays must be milliseconds from 0 to 600000, the least first'
const DELAY_MS_MAX = 600_000

/** Words of the request before the names of peers: MESH CHAOS, the part's own name and what it takes. */
interface Part {
  readonly words: number
  /** Names of peers may follow, must follow, or must not. */
  readonly peers: 'all or some' | 'some' | 'none'
  readonly order: (call: Call, faults: Faults, addresses: readonly Address[]) => void
}

const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['DROP', { words: 4, peers: 'all or some', order: drop }],
  ['DELAY', { words: 5, peers: 'all or some', order: delay }],
  ['PARTITION', { words: 3, peers: 'some', order: cut({ isCutIn: true, isCutOut: true }) }],
  ['DEAFEN', { words: 3, peers: 'some', order: cut({ isCutIn: true }) }],
  ['MUTE', { words: 3, peers: 'some', order: cut({ isCutOut: true }) }],
  ['PAUSE', { words: 3, peers: 'none', order: pause }],
  ['CLEAR', { words: 3, peers: 'none', order: clear }],
  ['STATUS', { words: 3, peers: 'none', order: status }],
])

export const CHAOS_SYNTAX =
  'DROP percent [node [node ...]]|DELAY least-ms most-ms [node [node ...]]|PARTITION node [node ...]|' +
  'DEAFEN node [node ...]|MUTE node [node ...]|PAUSE|CLEAR|STATUS'

export const CHAOS_HELP: readonly string[] = [
  'CHAOS CLEAR',
  '    Let the network be as it is again.',
  'CHAOS DEAFEN|MUTE|PARTITION <node> [<node> ...]',
  '    Hear nothing from these nodes, say nothing to them, or both.',
  'CHAOS DELAY <least-ms> <most-ms> [<node> ...]',
  '    Delay what is sent to these nodes, or to all.',
  'CHAOS DROP <percent> [<node> ...]',
  '    Lose that share of the frames and datagrams sent to these nodes, or to all.',
  'CHAOS PAUSE',
  '    Halt towards all peers, until CLEAR.',
  'CHAOS STATUS',
  '    Return the faults that are set and what they have done.',
]

export function chaos(call: Call): void {
  const { args, node, reply } = call
  if (!isDebugOpen(call)) return reply.error(closedText('MESH CHAOS'))
  const { faults } = node.mesh
  if (faults === null) return reply.error(ALONE)
  const part = PARTS.get(args.text(2).toUpperCase())
  if (part === undefined || !fits(part, args.count)) return reply.error(misusedSubcommand('MESH', 'CHAOS'))
  const addresses: Address[] = []
  for (let i = part.words; i < args.count; i++) {
    const address = addressOf(call, args.text(i))
    if (address === undefined) return reply.error(`ERR Unknown node ${args.text(i).slice(0, 128)}`)
    addresses.push(address)
  }
  part.order(call, faults, addresses)
}

function fits({ peers, words }: Part, count: number): boolean {
  if (peers === 'none') return count === words
  return peers === 'some' ? count > words : count >= words
}

/** Another node, by its name or its id: where it listens for peers. */
function addressOf({ node }: Call, name: string): Address | undefined {
  const peer = node.mesh.nodes().find((one) => !one.isSelf && (one.name === name || one.id === name))
  return peer === undefined ? undefined : joinAddress(peer.host, peer.busPort)
}

function disturb(faults: Faults, addresses: readonly Address[], changes: Partial<Fault>): void {
  if (addresses.length === 0) faults.setAll(changes)
  for (const address of addresses) faults.set(address, changes)
}

function drop({ args, reply }: Call, faults: Faults, addresses: readonly Address[]): void {
  const percent = numberOf(args.text(3))
  if (!(percent <= 100)) return reply.error(NOT_A_SHARE)
  disturb(faults, addresses, { dropShare: percent / 100 })
  reply.ok()
}

function delay({ args, reply }: Call, faults: Faults, addresses: readonly Address[]): void {
  const delayMsMin = numberOf(args.text(3))
  const delayMsMax = numberOf(args.text(4))
  if (!(delayMsMin <= delayMsMax && delayMsMax <= DELAY_MS_MAX)) return reply.error(NOT_A_DELAY)
  disturb(faults, addresses, { delayMsMin, delayMsMax })
  reply.ok()
}

function cut(changes: Partial<Fault>): Part['order'] {
  return ({ reply }, faults, addresses) => {
    disturb(faults, addresses, changes)
    reply.ok()
  }
}

function pause({ reply }: Call, faults: Faults): void {
  faults.pause(true)
  reply.ok()
}

function clear({ reply }: Call, faults: Faults): void {
  faults.heal()
  reply.ok()
}

function status(call: Call, faults: Faults): void {
  const { node, reply } = call
  const nodes = node.mesh.nodes()
  const nameOf = (address: Address): string =>
    nodes.find(({ busPort, host }) => joinAddress(host, busPort) === address)?.name ?? address
  const { framesDropped, wiresBroken, writesHeld } = faults.counters
  const rows = faults.rows()
  reply.map(5)
  reply.bulkText('on')
  reply.bulkText(faults.isOn ? 'yes' : 'no')
  for (const [name, count] of Object.entries({ framesDropped, wiresBroken, writesHeld })) {
    reply.bulkText(name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
    reply.integer(count)
  }
  reply.bulkText('faults')
  reply.array(rows.length)
  for (const [address, { delayMsMax, delayMsMin, dropShare, isCutIn, isCutOut }] of rows) {
    const figures = [
      ['node', address === anyAddress ? anyAddress : nameOf(address)],
      ['drop-percent', String(dropShare * 100)],
      ['delay-ms', `${delayMsMin}-${delayMsMax}`],
      ['hears', isCutIn ? 'no' : 'yes'],
      ['is-heard', isCutOut ? 'no' : 'yes'],
    ] as const
    reply.map(figures.length)
    for (const [name, value] of figures) {
      reply.bulkText(name)
      reply.bulkUtf8(value)
    }
  }
}

/** NaN when it is none. */
function numberOf(text: string): number {
  return /^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(text) ? Number(text) : Number.NaN
}
