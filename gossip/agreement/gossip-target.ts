/*
 * Whom to gossip with next.
 *
 * The idea: luck spreads news fastest when it favours those who do not have it, and data centres apart are
 * asked only now and then, because their link is long and shared.
 * Shape: rule.
 */
import type { Luck } from '../ports.ts'
import { memberDc } from '../datacenter.ts'
import type { MeshState } from './mesh-state.ts'
import { membersByDc, membersOfDc } from './roster.ts'

export interface Peer {
  readonly id: string
  readonly address: string
}

export interface TargetSettings {
  readonly selfId: string
  readonly dc: string
  /** Pekko's gossip-different-view-probability. */
  readonly differentViewProbability: number
  /** Of all gossip, the share that goes to another data centre. */
  readonly crossDcProbability: number
}

/** Drawn again so often when luck names somebody of the wrong kind. */
const DRAWS_MAX = 8

/** atomr's pick_gossip_target: from the cursor on, the first peer that is not self. */
export function pickGossipTarget(peers: readonly string[], self: string, cursor: number): string | undefined {
  for (let step = 0; step < peers.length; step++) {
    const peer = peers[(cursor + step) % peers.length]!
    if (peer !== self) return peer
  }
  return undefined
}

/**
 * Draws among the alive peers, preferring who has not seen this state; when only the other kind of data
 * centre comes up, draws from the list of members instead.
 */
export function chooseTarget(
  state: MeshState,
  luck: Luck,
  drawPeer: () => Peer | undefined,
  isReachable: (id: string) => boolean,
  settings: TargetSettings,
): Peer | undefined {
  const dcs = membersByDc(state.members)
  const wantsOther = dcs.size > 1 && luck.random() < settings.crossDcProbability
  const wantsUnseen =
    state.seen.size < state.members.size && luck.random() < settings.differentViewProbability
  let fallback: Peer | undefined
  let isFallbackRight = false
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const peer = drawPeer()
    if (peer === undefined) break
    const member = state.members.get(peer.id)
    const isRight = dcs.size <= 1 || member === undefined || (memberDc(member) !== settings.dc) === wantsOther
    if (isRight && !(wantsUnseen && state.seen.has(peer.id))) return peer
    if (fallback === undefined || (isRight && !isFallbackRight)) {
      fallback = peer
      isFallbackRight = isRight
    }
  }
  if (fallback === undefined || isFallbackRight) return fallback
  return drawMember(state, luck, isReachable, settings, wantsOther) ?? fallback
}

function drawMember(
  state: MeshState,
  luck: Luck,
  isReachable: (id: string) => boolean,
  settings: TargetSettings,
  wantsOther: boolean,
): Peer | undefined {
  const others = [...membersByDc(state.members).keys()].filter((dc) => dc !== settings.dc)
  const dc = wantsOther ? others[Math.floor(luck.random() * others.length)]! : settings.dc
  const members = membersOfDc(state.members, dc)
  for (let draw = 0; draw < DRAWS_MAX && members.length > 0; draw++) {
    const member = members[Math.floor(luck.random() * members.length)]!
    if (member.id === settings.selfId || !isReachable(member.id)) continue
    return { id: member.id, address: member.address }
  }
  return undefined
}
