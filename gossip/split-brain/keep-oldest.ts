/*
 * keep-oldest: the side of the oldest member goes on.
 *
 * The idea: there is one oldest, so one side has it. With down-if-alone an oldest that is cut off from at
 * least two others gives up and those others go on (Pekko); of two members the oldest always stays. atomr
 * ends the whole mesh when the oldest is alone, takes the lowest up-number whatever the status, and lets a
 * tie survive on both sides: a hole that its book has while up-numbers are not given out. Shape: rule.
 */
import type { StateMember } from '../agreement/mesh-state.ts'
import type { AtomrSides } from './atomr-sides.ts'
import type { Verdict } from './decision.ts'
import { hasIndirectlyConnected } from './indirect.ts'
import {
  AS_KNOWN,
  AT_LEAST,
  compareByAge,
  firstMember,
  type Partition,
  type Tally,
  tally,
} from './partition.ts'
import type { SplitBrainSettings } from './settings.ts'
import {
  downAll,
  downIndirectlyConnected,
  downReachable,
  downSelf,
  downUnreachable,
  stay,
} from './verdicts.ts'

export function keepOldest(partition: Partition, settings: SplitBrainSettings): Verdict {
  if (hasIndirectlyConnected(partition)) return downIndirectlyConnected()
  const { downIfAlone } = settings
  const oldest = firstMember(partition, compareByAge, AS_KNOWN)
  if (oldest === undefined) return downAll('nobody can be counted')
  const known = sideOfOldest(partition, oldest, tally(partition, AS_KNOWN), downIfAlone)
  if (known.action !== 'down-unreachable') return known
  // The edge: a leaving oldest may be exiting elsewhere, and joining members may spoil or make its loneliness.
  const heir = firstMember(partition, compareByAge, AT_LEAST)
  if (heir === undefined) return downAll(`${known.reason}, but all who are counted are leaving`)
  const counts = tally(partition, { countsJoining: downIfAlone, countsLeaving: false })
  const doubted = sideOfOldest(partition, heir, counts, downIfAlone)
  if (doubted.action === 'down-unreachable') return known
  return downAll(
    `${known.reason}, but should members join or leave on the other side just now, ${doubted.reason}`,
  )
}

function sideOfOldest(
  partition: Partition,
  oldest: StateMember,
  { here, there }: Tally,
  downIfAlone: boolean,
): Verdict {
  const name = `${oldest.id}, the oldest,`
  if (partition.unreachable.has(oldest.id)) {
    return downIfAlone && there === 1 && here >= 2
      ? downUnreachable(`${name} is alone on the other side`)
      : downReachable(`${name} is on the other side`)
  }
  return downIfAlone && here === 1 && there >= 2
    ? downReachable(`${name} is alone on this side`)
    : downUnreachable(`${name} is on this side`)
}

export function keepOldestAtomr(sides: AtomrSides, settings: SplitBrainSettings): Verdict {
  const here = lowestUpNumber(sides.reachable)
  const there = lowestUpNumber(sides.unreachable)
  if (here === undefined) return there === undefined ? stay('nobody is left') : downSelf('nobody is in reach')
  if (there === undefined) return downUnreachable('nobody is out of reach')
  const numbers = `lowest up-number ${here} in reach, ${there} out of reach`
  if (here > there) return downSelf(`the oldest is on the other side: ${numbers}`)
  if (settings.downIfAlone && sides.reachable.length === 1) return downAll(`the oldest is alone: ${numbers}`)
  return downUnreachable(`the oldest is on this side: ${numbers}`)
}

function lowestUpNumber(members: readonly StateMember[]): number | undefined {
  let lowest: number | undefined
  for (const member of members) {
    if (lowest === undefined || member.upNumber < lowest) lowest = member.upNumber
  }
  return lowest
}
