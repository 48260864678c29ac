/**
 * Statistics [Machine]: what INFO, LATENCY and metrics read, kept in typed arrays by command number so that the hot
 * path only adds numbers. Cheap commands are timed in runs: consecutive calls of one command share one pair of
 * clock readings.
 */
/** Times are sorted by their power of two and the three bits below it: 248 buckets from 8 ns to 1 s. */
const LATENCY_BUCKETS = 256
const BUCKETS_PER_DOUBLING = 8
const UNITS_MIN = 8
const UNITS_MAX = 2 ** 30
/** A little less than a thousand a microsecond, so that each doubling ends at the microsecond Redis prints for it. */
const UNITS_PER_US = 992

/** This many calls took at most so long. */
export interface HistogramStep {
  readonly upToUs: number
  readonly calls: number
}

export class Statistics {
  readonly calls: Float64Array
  readonly microseconds: Float64Array
  readonly rejectedCalls: Float64Array
  readonly failedCalls: Float64Array
  /** Per command: calls by how long they took, for percentiles and histograms. */
  readonly latencyBuckets: Float64Array
  /** Errors by their code (first word), as INFO errorstats prints them; limited so that nobody can grow it. */
  readonly errors = new Map<string, number>()
  commandsProcessed = 0
  errorReplies = 0
  peakUsedBytes = 0
  opsPerSecond = 0
  bytesInPerSecond = 0
  bytesOutPerSecond = 0
  #sampledCommands = 0
  #sampledBytesIn = 0
  #sampledBytesOut = 0
  #sampledMs = 0

  constructor(commandCount: number) {
    this.calls = new Float64Array(commandCount)
    this.microseconds = new Float64Array(commandCount)
    this.rejectedCalls = new Float64Array(commandCount)
    this.failedCalls = new Float64Array(commandCount)
    this.latencyBuckets = new Float64Array(commandCount * LATENCY_BUCKETS)
  }

  /** `count` calls of one command took `microseconds` together. */
  add(command: number, count: number, microseconds: number): void {
    this.calls[command]! += count
    this.microseconds[command]! += microseconds
    this.commandsProcessed += count
    this.latencyBuckets[command * LATENCY_BUCKETS + bucketOf(microseconds / count)]! += count
  }

  countError(code: string): void {
    this.errorReplies++
    const seen = this.errors.get(code)
    if (seen !== undefined) this.errors.set(code, seen + 1)
    else if (this.errors.size < 128) this.errors.set(code, 1)
  }

  /** Upper bound in microseconds of the given share (0..1) of a command's calls; a little above the truth. */
  percentileUs(command: number, share: number): number {
    const first = command * LATENCY_BUCKETS
    const wanted = Math.max(1, Math.ceil(this.calls[command]! * share))
    let seen = 0
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      seen += this.latencyBuckets[first + bucket]!
      if (seen >= wanted) return unitsBelow(bucket) / UNITS_PER_US
    }
    return 0
  }

  /** Calls of a command in steps of doubled time, each step holding those before it; steps without calls left out. */
  histogram(command: number): HistogramStep[] {
    const first = command * LATENCY_BUCKETS
    const steps: HistogramStep[] = []
    let calls = 0
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      if (this.latencyBuckets[first + bucket] === 0) continue
      calls += this.latencyBuckets[first + bucket]!
      const exponent = Math.max(0, Math.floor(bucket / BUCKETS_PER_DOUBLING) - 9)
      const upToUs = Math.floor((1032 * 2 ** exponent - 1) / 1000)
      if (steps.at(-1)?.upToUs === upToUs) steps.pop()
      steps.push({ upToUs, calls })
    }
    return steps
  }

  notePeak(usedBytes: number): void {
    if (usedBytes > this.peakUsedBytes) this.peakUsedBytes = usedBytes
  }

  /** Call about ten times a second: refreshes the per-second figures. */
  sample(nowMs: number, bytesIn: number, bytesOut: number): void {
    const elapsedMs = nowMs - this.#sampledMs
    if (elapsedMs < 900) return
    if (this.#sampledMs !== 0) {
      this.opsPerSecond = Math.round(((this.commandsProcessed - this.#sampledCommands) * 1000) / elapsedMs)
      this.bytesInPerSecond = ((bytesIn - this.#sampledBytesIn) * 1000) / elapsedMs
      this.bytesOutPerSecond = ((bytesOut - this.#sampledBytesOut) * 1000) / elapsedMs
    }
    this.#sampledMs = nowMs
    this.#sampledCommands = this.commandsProcessed
    this.#sampledBytesIn = bytesIn
    this.#sampledBytesOut = bytesOut
  }

  reset(): void {
    this.calls.fill(0)
    this.microseconds.fill(0)
    this.rejectedCalls.fill(0)
    this.failedCalls.fill(0)
    this.latencyBuckets.fill(0)
    this.errors.clear()
    this.commandsProcessed = this.errorReplies = 0
    this.#sampledCommands = this.#sampledMs = 0
  }
}

function bucketOf(microseconds: number): number {
  const units = Math.min(UNITS_MAX, Math.max(UNITS_MIN, microseconds * UNITS_PER_US)) | 0
  const exponent = 31 - Math.clz32(units)
  return exponent * BUCKETS_PER_DOUBLING + ((units >>> (exponent - 3)) & (BUCKETS_PER_DOUBLING - 1))
}

/** Where the next bucket begins. */
function unitsBelow(bucket: number): number {
  const exponent = Math.floor(bucket / BUCKETS_PER_DOUBLING)
  return 2 ** (exponent - 3) * (BUCKETS_PER_DOUBLING + (bucket % BUCKETS_PER_DOUBLING) + 1)
}
