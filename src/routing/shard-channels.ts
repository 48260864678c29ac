/**
 * Shard channels [Rule]: where a client may listen and publish to them. Listening belongs to the node a client is
 * connected to, whoever owns the slot of the channel: messages find their listeners at every node. Only clients that
 * want to be redirected are told whose slot it is, as by Redis.
 */
import { PUBSUB } from '../commands/command.ts'
import { ELSEWHERE, NOBODY, type SlotRoles } from '../replication/slot-roles.ts'
import type { RoutedRow } from '../session/request-router.ts'
import { CROSS_SLOT, NOT_SERVED, type RouterSettings } from './router.ts'

/** Does the command begin or end a subscription? It acts on its own client, and its channels are no keys. */
export function isSubscribing(row: RoutedRow): boolean {
  return (row.flags & PUBSUB) !== 0 && row.fullName.endsWith('subscribe')
}

/** `slots`: those of the channels. Why not here, or undefined; who listens here may always cease to. */
export function refusesShardChannels(
  row: RoutedRow,
  slots: readonly number[],
  roles: SlotRoles,
  settings: RouterSettings,
): string | undefined {
  const [slot] = slots
  if (!settings.redirects || slot === undefined || row.fullName === 'sunsubscribe') return undefined
  if (roles.roles[slot] === NOBODY) return NOT_SERVED
  if (slots.some((other) => other !== slot)) return CROSS_SLOT
  if (roles.roles[slot] !== ELSEWHERE) return undefined
  const address = settings.clientAddressOf(roles.actingId(slot)!)
  return address === undefined ? undefined : `MOVED ${slot} ${address}`
}
