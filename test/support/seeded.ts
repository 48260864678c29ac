/*
 * Tests that run once for each of some seeds, and say which seed failed.
 *
 * The idea: `SEED=5 node --import tsx --test file` runs every test of the file with that seed alone, so whatever a run
 * has found can be looked at again. Shape: rule (tests only).
 */
import test from 'node:test'

export function seeded(name: string, seeds: readonly number[], run: (seed: number) => void): void {
  test(name, () => {
    const given = process.env.SEED
    for (const seed of given === undefined ? seeds : [Number(given)]) {
      try {
        run(seed)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        throw new Error(`SEED=${seed}: ${why}`, { cause: error })
      }
    }
  })
}

/** Seeds nobody has seen before. */
export function freshSeeds(count: number): number[] {
  return Array.from({ length: count }, () => Math.floor(Math.random() * 2 ** 31))
}
