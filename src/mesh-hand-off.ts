/**
 * Mesh hand-off [Rule]: what changes hands at this node, as operators are told: read off the parts that do it when somebody
 * asks. It changes nothing.
 */
import type { MeshHealing } from './mesh-healing.ts'
import type { Departure } from './replication/departure.ts'
import { ELSEWHERE, NOBODY, SERVING, type SlotRoles, UNSETTLED } from './replication/slot-roles.ts'
import type { HandOffFacts, SlotState } from './session/mesh-face.ts'

export function slotStateOf(roles: SlotRoles, { leftovers, settling }: MeshHealing, slot: number): SlotState {
  const role = roles.roles[slot]!
  if (role === SERVING) return 'serving'
  if (role === UNSETTLED) return 'settling'
  if (roles.owns(slot) && !settling.isWhole(slot)) return 'learning'
  if (leftovers.holds(slot)) return 'handing-over'
  if (role === NOBODY) return 'failed'
  return role === ELSEWHERE && roles.owns(slot) ? 'copy' : 'elsewhere'
}

export function handOffOf(
  healing: MeshHealing,
  departure: Departure,
  nameOf: (id: string) => string,
): HandOffFacts {
  const { leftovers, rebalance } = healing
  const progress = rebalance.progress()
  const isMoving = progress.slotsDone < progress.slotsPlanned
  const isBusy = isMoving || leftovers.pendingCount + leftovers.droppingCount > 0
  const resting = isBusy ? 'moving' : 'idle'
  return {
    state: departure.state === 'staying' ? resting : 'leaving',
    figures: [
      ['slots-planned', progress.slotsPlanned],
      ['slots-done', progress.slotsDone],
      ['ranges-planned', progress.rangesPlanned],
      ['ranges-moving', progress.rangesMoving],
      ['ranges-done', progress.rangesDone],
      ['primaries-changed', progress.primariesChanged],
      ['keys', progress.keys],
      ['bytes', progress.bytes],
      ['keys-per-second', progress.keysPerSecond],
      ['bytes-per-second', progress.bytesPerSecond],
      ['elapsed-ms', progress.elapsedMs],
      ['eta-ms', progress.etaMs],
      ...queueFigures(healing),
    ],
    ranges: rebalance.ranges().map(({ first, from, last, slotsDone, state }) => {
      return { first, last, state, slotsDone, from: from.map(nameOf) }
    }),
  }
}

function queueFigures({ intake, leftovers, settling }: MeshHealing): [name: string, value: number][] {
  const { counters } = intake
  return [
    ['queued', intake.queuedCount],
    ['under-way', intake.underWayCount],
    ['succeeded', counters.succeeded],
    ['failed', counters.failed],
    ['retries', settling.counters.rests],
    ['dropped', counters.dropped],
    ['rate-limit', intake.throttle.bytesPerSecond],
    ['throttled-ms', Math.round(intake.throttle.waitedMs)],
    ['slots-handing-over', leftovers.pendingCount],
    ['slots-dropping', leftovers.droppingCount],
    ['slots-dropped', leftovers.counters.dropped],
    ['keys-dropped', leftovers.counters.keysDropped],
    ['hand-over-retries', leftovers.counters.retries],
  ]
}

/** The same for INFO: what has happened since the process began. */
export function handOffLines(healing: MeshHealing): [name: string, value: number][] {
  const { contents, exchangeCounters, intake, leftovers, rebalance, settling } = healing
  return [
    ['mesh_rebalance_plans', rebalance.counters.plans],
    ['mesh_rebalance_places_gained', rebalance.counters.placesGained],
    ['mesh_rebalance_places_lost', rebalance.counters.placesLost],
    ['mesh_rebalance_slots_missing', settling.missingCount],
    ['mesh_rebalance_keys_in', exchangeCounters.keysPulled],
    ['mesh_rebalance_bytes_in', exchangeCounters.bytesPulled],
    ['mesh_rebalance_keys_out', contents.counters.entries],
    ['mesh_rebalance_bytes_out', contents.counters.bytes],
    ['mesh_rebalance_succeeded', intake.counters.succeeded],
    ['mesh_rebalance_failed', intake.counters.failed],
    ['mesh_rebalance_retries', settling.counters.rests],
    ['mesh_rebalance_dropped', intake.counters.dropped],
    ['mesh_rebalance_throttled_ms', Math.round(intake.throttle.waitedMs)],
    ['mesh_slots_handing_over', leftovers.pendingCount],
    ['mesh_slots_dropped', leftovers.counters.dropped],
    ['mesh_keys_dropped', leftovers.counters.keysDropped],
  ]
}
