/*
 * What all parts of one Swim have in common: the list, the words under way, the ports, the figures.
 *
 * The idea: the parts are split by concern and not by state, so what they share stands here once, and each
 * part is given this and the parts it calls. Shape: data.
 */
import type { Luck } from '../ports.ts'
import type { Awareness } from './awareness.ts'
import type { Broadcasts } from './broadcasts.ts'
import type { SwimConfig } from './config.ts'
import type { SwimCounters, SwimEvents } from './events.ts'
import type { Members } from './members.ts'
import type { PackingCourier } from './messages.ts'
import type { Timers } from './timers.ts'
import type { UdpPaths } from './udp-paths.ts'

export interface SwimContext {
  /** Replaced as a whole by `configure`: read it at each use. */
  config: SwimConfig
  readonly members: Members
  readonly broadcasts: Broadcasts
  readonly awareness: Awareness
  readonly udpPaths: UdpPaths
  readonly timers: Timers
  readonly luck: Luck
  readonly courier: PackingCourier
  readonly events: SwimEvents
  readonly counters: SwimCounters
}
