/**
 * Statistics [Machine]: what INFO, LATENCY and metrics read, kept in typed arrays by command number so that the hot
 * path only adds numbers. Cheap commands are timed in runs: consecutive calls of one command share one pair of
 * clock readings.
 */
const LATENCY_BUCKETS = 32

export class Statistics {
  readonly calls: Float64Array
  readonly microseconds: Float64Array
  readonly rejectedCalls: Float64Array
  readonly failedCalls: Float64Array
  /** Per command: calls by power of two of their microseconds (bucket b: < 2^b us), for percentiles. */
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
    const each = microseconds / count
    const bucket = each < 1 ? 0 : Math.min(32 - Math.clz32(each), LATENCY_BUCKETS - 1)
    this.latencyBuckets[command * LATENCY_BUCKETS + bucket]! += count
  }

  countError(code: string): void {
    this.errorReplies++
    const seen = this.errors.get(code)
    if (seen !== undefined) this.errors.set(code, seen + 1)
    else if (this.errors.size < 128) this.errors.set(code, 1)
  }

  /** Upper bound in microseconds of the given share (0..1) of a command's calls. */
  percentileUs(command: number, share: number): number {
    const first = command * LATENCY_BUCKETS
    const wanted = Math.max(1, Math.ceil(this.calls[command]! * share))
    let seen = 0
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      seen += this.latencyBuckets[first + bucket]!
      if (seen >= wanted) return 2 ** bucket
    }
    return 0
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
    this.commandsProcessed = this.errorReplies = this.peakUsedBytes = 0
    this.#sampledCommands = this.#sampledMs = 0
  }
}
