/**
 * Mesh hand-off [Table]: MESH REBALANCE STATUS and MESH SLOTS: what changes hands at this node and how far that has come, and
 * what this node is to each slot. It moves nothing: owners follow from who is there and with what weight.
 */
import { SLOT_STATES, type SlotState } from '../session/mesh-face.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { type Command, LOADING, STALE } from './command.ts'
import { misusedSubcommand } from './help-lines.ts'

export const HAND_OFF_HELP: readonly string[] = [
  'REBALANCE STATUS',
  '    Return how far the slots that change hands at this node have come.',
]

export const SLOTS_HELP: readonly string[] = [
  'SLOTS [<state>]',
  '    Return how many slots are in each state here, or which are in this one.',
]

function rebalance(call: Call): void {
  const { args, node, reply } = call
  if (!args.is(2, 'STATUS')) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const { figures, ranges, state } = node.mesh.handOff()
  reply.map(figures.length + 2)
  reply.bulkText('state')
  reply.bulkText(state)
  for (const [name, value] of figures) {
    reply.bulkText(name)
    reply.integer(value)
  }
  reply.bulkText('ranges')
  reply.array(ranges.length)
  for (const { first, from, last, slotsDone, state: stage } of ranges) {
    reply.map(5)
    reply.bulkText('first')
    reply.integer(first)
    reply.bulkText('last')
    reply.integer(last)
    reply.bulkText('state')
    reply.bulkText(stage)
    reply.bulkText('slots-done')
    reply.integer(slotsDone)
    reply.bulkText('from')
    reply.array(from.length)
    for (const name of from) reply.bulkUtf8(name)
  }
}

function slots(call: Call): void {
  const { args, reply } = call
  if (args.count > 3) {
    reply.error(misusedSubcommand('MESH', args.text(1)))
    return
  }
  if (args.count === 2) return writeCounts(call)
  const state = SLOT_STATES.find((one) => args.is(2, one.toUpperCase()))
  if (state === undefined) reply.error(`ERR a slot is one of: ${SLOT_STATES.join(', ')}`)
  else writeRanges(call, state)
}

function writeCounts({ node, reply }: Call): void {
  const counts = new Map<SlotState, number>(SLOT_STATES.map((state) => [state, 0]))
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const state = node.mesh.slotState(slot)
    counts.set(state, counts.get(state)! + 1)
  }
  reply.map(counts.size)
  for (const [state, count] of counts) {
    reply.bulkText(state)
    reply.integer(count)
  }
}

function writeRanges({ node, reply }: Call, state: SlotState): void {
  const ranges: [first: number, last: number][] = []
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (node.mesh.slotState(slot) !== state) continue
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === slot - 1) last[1] = slot
    else ranges.push([slot, slot])
  }
  reply.array(ranges.length)
  for (const [first, last] of ranges) {
    reply.array(2)
    reply.integer(first)
    reply.integer(last)
  }
}

const ASKS = {
  flags: LOADING | STALE,
  group: 'cluster',
  since: '0.1.0',
  complexity: 'O(N) where N is the number of slots',
} as const

export const rebalanceCommand: Command = {
  ...ASKS,
  name: 'rebalance',
  arity: 3,
  serve: rebalance,
  syntax: 'STATUS',
  summary: 'Answers how far the slots that change hands have come',
}

export const slotsCommand: Command = {
  ...ASKS,
  name: 'slots',
  arity: -2,
  serve: slots,
  syntax: '[state]',
  summary: 'Answers what this node is to the slots',
}
