/**
 * Debug losses [Table]: DEBUG LOSE: a share of this node's own keys vanishes without a trace, as if it had never heard of
 * them: no removal is noted, nobody is told. So it can be seen how owners that differ become equal again.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Call } from './call.ts'

const NOT_A_SHARE = 'ERR percent must be a number from 0 to 100'
const WORD = 0x100000000

export const LOSE_HELP: readonly string[] = [
  'LOSE <percent>',
  '    Lose that share of the keys of this node without a trace, as if it had',
  '    missed them.',
]

export function lose({ args, node, reply, space }: Call): void {
  const percent = Number(args.text(2))
  if (args.length(2) === 0 || !(percent >= 0 && percent <= 100)) return reply.error(NOT_A_SHARE)
  const doomed: number[] = []
  for (let slot = 0; slot < SLOT_COUNT; slot++)
    space.index.each(slot, (_hash, ref) => {
      if ((node.ports.random32() >>> 0) * 100 < percent * WORD) doomed.push(ref)
    })
  for (const ref of doomed) space.vanish(ref, 'moved')
  reply.integer(doomed.length)
}
