/*
 * keep-referee: the side that reaches one named member goes on.
 *
 * The idea: an address belongs to one member, so one side has it; without the referee nobody goes on. A
 * referee's side that is too small to be of use ends as well. Akka.NET has this strategy and Pekko has not:
 * in Pekko's book it counts as that book counts, so a referee that is still joining is none yet. Shape: rule.
 */
import type { AtomrSides } from './atomr-sides.ts'
import type { Verdict } from './decision.ts'
import { hasIndirectlyConnected } from './indirect.ts'
import { AS_KNOWN, isCounted, type Partition, tally } from './partition.ts'
import type { SplitBrainSettings } from './settings.ts'
import { downAll, downIndirectlyConnected, downReachable, downSelf, downUnreachable } from './verdicts.ts'

export function keepReferee(partition: Partition, settings: SplitBrainSettings): Verdict {
  if (hasIndirectlyConnected(partition)) return downIndirectlyConnected()
  const { referee, downAllIfLessThan } = settings
  const { here, there } = tally(partition, AS_KNOWN)
  if (here + there === 0) return downAll('nobody can be counted')
  const isHere = partition.members.some(
    (member) =>
      member.address === referee &&
      isCounted(member, undefined, AS_KNOWN) &&
      !partition.unreachable.has(member.id),
  )
  if (!isHere) return downReachable(`the referee ${referee} is not in reach`)
  if (here < downAllIfLessThan) return downAll(tooFew(here, downAllIfLessThan))
  return downUnreachable(`the referee ${referee} is on this side`)
}

export function keepRefereeAtomr(sides: AtomrSides, settings: SplitBrainSettings): Verdict {
  const { referee, downAllIfLessThan } = settings
  if (!sides.reachable.some((member) => member.address === referee)) {
    return downSelf(`the referee ${referee} is not in reach`)
  }
  const here = sides.reachable.length
  if (here < downAllIfLessThan) return downAll(tooFew(here, downAllIfLessThan))
  return downUnreachable(`the referee ${referee} is on this side`)
}

function tooFew(here: number, needed: number): string {
  return `the referee is on this side, but only ${here} of the ${needed} members that it takes`
}
