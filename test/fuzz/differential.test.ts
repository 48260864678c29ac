/*
 * Random sequences against the real server: SEED=... replays a run, SEQUENCES=... makes it longer,
 * SEQUENCE=... runs one sequence alone. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { startSubject } from '../support/our-node.ts'
import { seedOfRun } from '../support/prng.ts'
import { hasRealRedis, startRealRedis } from '../support/real-redis.ts'
import { Differential, type Finding, report, sequenceOf } from './differential.ts'

const SEQUENCES = Number(process.env.SEQUENCES ?? 10_000)
const BATCH = 25

test('random command sequences are answered exactly as redis-server answers them', {
  skip: !hasRealRedis(),
  timeout: 3_600_000,
}, async () => {
  const theirs = await startRealRedis()
  const ours = await startSubject()
  try {
    const fuzzer = new Differential(await ours.connect(), await theirs.connect())
    await fuzzer.prepare()
    const found = await findDifference(fuzzer)
    assert.ok(!ours.hasExited, `our node ended:\n${ours.output}`)
    assert.ok(found === undefined, found)
  } finally {
    await Promise.all([ours.kill(), theirs.kill()])
  }
})

async function findDifference(fuzzer: Differential): Promise<string | undefined> {
  const alone = process.env.SEQUENCE
  if (alone !== undefined) {
    const protocols = [2, 3] as const
    for (const protocol of protocols) {
      const commands = sequenceOf(Number(alone))
      const text = await fuzzer.runAlone(commands, protocol)
      if (text !== undefined) return report({ seed: Number(alone), protocol, commands, text })
    }
    return undefined
  }
  const seed = seedOfRun()
  for (let first = 0; first < SEQUENCES; first += BATCH) {
    const found: Finding | undefined = await fuzzer.runBatch(seed, first, Math.min(first + BATCH, SEQUENCES))
    if (found !== undefined) return `SEED=${seed} (SEQUENCE=${found.seed} replays it alone)\n${report(found)}`
  }
  return undefined
}
