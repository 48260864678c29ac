/*
 * One accident after the other, under load: each node is killed in turn, one is frozen between; what clients of every
 * kind of key were told is so afterwards, at every node.
 *
 * The idea: the soak in small, with the accidents in a fixed order. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Ledger } from '../soak/ledger.ts'
import { pause, Workload } from '../soak/workload.ts'
import { type MeshProcesses, withMesh } from '../support/mesh-processes.ts'
import { Prng, seedOfRun } from '../support/prng.ts'

const KEYS = 3000
const RATE = 1000
const DOWN_MS = 1000
/** The freeze alone stops a third of the keys for two of some thirty seconds. */
const FAILED_SHARE_MAX = 0.1
const WHOLE_MS = 30_000

type Accident = (mesh: MeshProcesses) => Promise<void>

function kill(index: number): Accident {
  return async (mesh) => {
    await mesh.at(index).kill()
    await pause(DOWN_MS)
    await mesh.restart(mesh.at(index))
  }
}

function freeze(index: number): Accident {
  return async (mesh) => {
    mesh.at(index).freeze()
    await pause(4 * DOWN_MS)
    mesh.at(index).thaw()
  }
}

test('five kills and a freeze, one after the other: nothing acknowledged is lost, nothing deleted comes back', {
  timeout: 180_000,
}, async () => {
  const seed = seedOfRun()
  await withMesh(3, [], async (mesh) => {
    const ledger = new Ledger(new Prng(seed), KEYS)
    const workload = new Workload(ledger, mesh.members, RATE)
    try {
      workload.start()
      for (const accident of [kill(1), kill(2), freeze(0), kill(0), kill(1), kill(2)]) {
        await accident(mesh)
        await mesh.formed(3, WHOLE_MS)
      }
      await workload.stop()
      const unread = await workload.readAll()
      const { complaints, failedShare } = ledger
      assert.deepEqual(complaints, [], `SEED=${seed}`)
      assert.equal(unread, 0, 'every key is told by every node')
      assert.ok(failedShare < FAILED_SHARE_MAX, `${failedShare} of all requests failed`)
    } finally {
      workload.end()
    }
  })
})
