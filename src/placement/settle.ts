/**
 * Settle [Rule]: finds the factors at which everyone carries its fair share, or nearly.
 *
 * Who carries too much gets a larger factor and seems farther away, who carries too little a smaller one; who is within
 * the bound drifts back to 1, the pure ring. Because the factors are prices for the whole circle and are found from
 * 1 every time, the outcome is a function of the members alone and changes little when they change little; moving a
 * member's load by a bound on each arc would cascade. Steps shrink; in the end only those still beyond the bound are
 * touched, so that the others' jitter (a piece changes hands as a whole) cannot keep pushing them out again.
 * Multiplications and divisions only: every machine rounds them alike.
 */
const COMMON_ROUNDS = 16
/** When it is still not done, the best round seen counts. */
const ROUNDS_MAX = 64
/** Full steps at first, then smaller and smaller ones. */
const FULL_ROUNDS = 8
const STEP = 0.7
const LAST_STEP = 0.25
const FACTOR_CHANGE_MAX = 1.25
const FACTOR_MAX = 64
/** Loads are whole slots: one more or less is never too much. */
const SLACK_SLOTS = 1

export interface Scales {
  /** Slots each member should carry. */
  readonly shares: Float64Array
  /** Slots it carries; `weigh` fills them in for the factors given. */
  readonly loads: Float64Array
  weigh(factors: Float64Array): void
  /** By member: by what part its load falls when its factor grows by a small part. */
  readonly slopes: Float64Array
  /** Aimed at, and good enough to stop: parts of the share above or below it. */
  readonly aim: number
  readonly bound: number
}

/** Leaves the loads as the factors returned make them. */
export function settle(scales: Scales): Float64Array {
  const { loads } = scales
  const factors = new Float64Array(loads.length).fill(1)
  const best = new Float64Array(factors)
  let bestExcess = Infinity
  for (let round = 0; round < ROUNDS_MAX; round++) {
    scales.weigh(factors)
    const excess = worstExcess(scales)
    if (excess < bestExcess) {
      bestExcess = excess
      best.set(factors)
    }
    if (excess === 0 || (round >= COMMON_ROUNDS && excess <= scales.bound)) break
    if (round < FULL_ROUNDS) adjust(scales, factors, STEP)
    else if (round < COMMON_ROUNDS) adjust(scales, factors, (STEP * FULL_ROUNDS) / round)
    else touchUp(scales, factors)
  }
  scales.weigh(best)
  return best
}

function worstExcess({ shares, loads }: Scales): number {
  let worst = 0
  for (let member = 0; member < loads.length; member++) {
    const offSlots = Math.abs(loads[member]! - shares[member]!)
    if (offSlots > SLACK_SLOTS) worst = Math.max(worst, offSlots / shares[member]!)
  }
  return worst
}

function adjust(scales: Scales, factors: Float64Array, step: number): void {
  for (let member = 0; member < factors.length; member++) {
    factors[member] = nextFactor(scales, member, factors[member]!, step, scales.aim)
  }
}

function touchUp(scales: Scales, factors: Float64Array): void {
  const aim = (scales.aim + scales.bound) / 2
  for (let member = 0; member < factors.length; member++) {
    const share = scales.shares[member]!
    const isWithin = Math.abs(scales.loads[member]! - share) <= Math.max(SLACK_SLOTS, share * scales.bound)
    if (!isWithin) factors[member] = nextFactor(scales, member, factors[member]!, LAST_STEP, aim)
  }
}

/** Whoever carries more than aimed at grows beyond 1, who carries less shrinks below it, all others tend to 1. */
function nextFactor(scales: Scales, member: number, factor: number, step: number, aim: number): number {
  const excess = scales.loads[member]! / scales.shares[member]! - 1
  const stepHere = step / scales.slopes[member]!
  const toUpperEdge = factor * changeBy(stepHere * (excess - aim))
  const toLowerEdge = factor * changeBy(stepHere * (excess + aim))
  const next = toUpperEdge > 1 ? toUpperEdge : toLowerEdge < 1 ? toLowerEdge : 1
  return Math.min(FACTOR_MAX, Math.max(1 / FACTOR_MAX, next))
}

function changeBy(part: number): number {
  return Math.min(FACTOR_CHANGE_MAX, Math.max(1 / FACTOR_CHANGE_MAX, 1 + part))
}
