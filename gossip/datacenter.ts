/*
 * Data centres are roles: a member with the role `dc-<name>` stands in the data centre of that name.
 *
 * The idea: nothing else in a record says where a member stands, so placement, beats and gossip ask here.
 * Shape: rule.
 */

export const DC_ROLE_PREFIX = 'dc-'
export const DEFAULT_DC = 'default'

/** The name in the first role that names one. */
export function memberDc(member: { readonly roles: readonly string[] }): string {
  if (member.roles.length === 0) return DEFAULT_DC
  const role = member.roles.find((one) => one.startsWith(DC_ROLE_PREFIX))
  return role === undefined ? DEFAULT_DC : role.slice(DC_ROLE_PREFIX.length)
}

export function isSameDc(
  a: { readonly roles: readonly string[] },
  b: { readonly roles: readonly string[] },
): boolean {
  return memberDc(a) === memberDc(b)
}

export interface PartitionByDc<M> {
  readonly inDc: readonly M[]
  readonly crossDc: readonly M[]
}

export function partitionByDc<M extends { readonly roles: readonly string[] }>(
  members: readonly M[],
  local: { readonly roles: readonly string[] },
): PartitionByDc<M> {
  const inDc: M[] = []
  const crossDc: M[] = []
  for (const member of members) (isSameDc(member, local) ? inDc : crossDc).push(member)
  return { inDc, crossDc }
}

export interface CrossDcSettings {
  /** Beats across data centres are slower: the way is long and shared. */
  readonly heartbeatMs: number
  /** Silence across data centres that is still no reason to doubt. */
  readonly acceptablePauseMs: number
  /** How many members of each side watch the other one. */
  readonly monitoredCount: number
  /** Of all gossip, the share that goes to another data centre. */
  readonly gossipProbability: number
}

/** Pekko's reference values (its multi-data-center section). */
export const CROSS_DC_DEFAULTS: CrossDcSettings = {
  heartbeatMs: 3000,
  acceptablePauseMs: 10_000,
  monitoredCount: 5,
  gossipProbability: 0.2,
}

/** atomr's values. */
export const CROSS_DC_ATOMR: CrossDcSettings = {
  heartbeatMs: 5000,
  acceptablePauseMs: 30_000,
  monitoredCount: 5,
  gossipProbability: 0.2,
}

export function heartbeatIntervalFor(
  local: { readonly roles: readonly string[] },
  peer: { readonly roles: readonly string[] },
  localMs: number,
  cross: CrossDcSettings,
): number {
  return isSameDc(local, peer) ? localMs : cross.heartbeatMs
}
