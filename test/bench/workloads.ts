/*
 * What the bench measures: one row a workload, for redis-benchmark.
 *
 * The idea: `-t` names redis-benchmark's own test where it has one; else `command` is sent as it stands,
 * `__rand_int__` drawn by redis-benchmark. `readsKeys` and `prepare` say what must be there before. Shape: table.
 */
export interface Workload {
  readonly name: string
  /** A name of redis-benchmark's -t list, or a command. */
  readonly test?: string
  readonly command?: readonly string[]
  /** Reads the keys that redis-benchmark's SET writes. */
  readonly readsKeys?: true
  readonly prepare?: readonly (readonly string[])[]
  readonly valueSizes: readonly number[]
  /** How many requests, compared to SET. */
  readonly share: number
}

export interface Run {
  readonly workload: Workload
  readonly valueSize: number
  readonly pipeline: number
}

const SMALL = [3]

export const WORKLOADS: readonly Workload[] = [
  { name: 'set', test: 'set', valueSizes: [3, 100, 1024], share: 1 },
  { name: 'get', test: 'get', readsKeys: true, valueSizes: [3, 100, 1024], share: 1 },
  { name: 'incr', test: 'incr', valueSizes: SMALL, share: 1 },
  { name: 'mset', test: 'mset', valueSizes: SMALL, share: 0.2 },
  { name: 'lpush', test: 'lpush', valueSizes: SMALL, share: 1 },
  {
    name: 'lrange',
    command: ['LRANGE', 'mylist', '0', '99'],
    prepare: [['RPUSH', 'mylist', ...Array.from({ length: 100 }, () => 'xxx')]],
    valueSizes: SMALL,
    share: 0.15,
  },
  { name: 'hset', test: 'hset', valueSizes: SMALL, share: 0.8 },
  { name: 'sadd', test: 'sadd', valueSizes: SMALL, share: 0.8 },
  { name: 'zadd', test: 'zadd', valueSizes: SMALL, share: 0.5 },
]

const PIPELINES = [1, 16, 64]

/** Every run; `isQuick` keeps the small values at every pipeline for SET and GET, and pipeline 16. */
export function runsOf(isQuick: boolean, only: readonly string[]): Run[] {
  const runs: Run[] = []
  for (const workload of WORKLOADS) {
    if (only.length > 0 && !only.includes(workload.name)) continue
    for (const valueSize of workload.valueSizes) {
      for (const pipeline of PIPELINES) {
        const isKept =
          pipeline === 16 || (workload.share === 1 && workload.valueSizes.length > 1 && valueSize === 3)
        if (isKept || !isQuick) runs.push({ workload, valueSize, pipeline })
      }
    }
  }
  return runs
}

/** Enough requests for a run of about two seconds, a quarter of a second when quick. */
export function requestsOf(run: Run, isQuick: boolean): number {
  const perSecond = run.pipeline === 1 ? 60_000 : run.pipeline === 16 ? 500_000 : 800_000
  return Math.ceil(perSecond * run.workload.share * (isQuick ? 0.25 : 2))
}
