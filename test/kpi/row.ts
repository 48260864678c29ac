/*
 * A row of the table of proof: what is asked of a mesh, what is good enough, and how it is found out.
 *
 * The idea: a file of this directory that exports `rows` is in the table (run.ts finds it), so a figure and the way
 * it was measured never part. Nodes are the built ones. A row starts what it needs, ends it whatever happens, and
 * says itself whether it holds. Shape: data (measurements only).
 */

export interface Task {
  /** A fraction of the work, to see that the measurement itself works: never written into the docs. */
  readonly isQuick: boolean
  readonly seed: number
  /** A line for whoever watches. */
  say(line: string): void
}

export interface Finding {
  /** In the order they are shown; a row with one figure calls it `value`. */
  readonly values: Readonly<Record<string, number>>
  readonly unit: string
  readonly holds: boolean
  readonly note?: string
}

export interface Row {
  /** What `--only` takes: kebab-case, unique. */
  readonly name: string
  readonly question: string
  /** As people read it; whether it was met is `holds`. */
  readonly target: string
  measure(task: Task): Promise<Finding>
}
