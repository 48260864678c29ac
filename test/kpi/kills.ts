/*
 * The row of the kills: nodes killed with SIGKILL one after the other under load; what clients were told must be so.
 *
 * The idea: each node in turn, never two memories empty at once, since three copies promise to survive the loss of one.
 * Shape: door (measurements only).
 */
import { Ledger } from '../soak/ledger.ts'
import { pause, Workload } from '../soak/workload.ts'
import { MeshProcesses } from '../support/mesh-processes.ts'
import { Prng } from '../support/prng.ts'
import type { Finding, Row, Task } from './row.ts'

const [KILLS, KILLS_QUICK] = [20, 3]
const PACE_MS = 5000
const KEYS = 10_000
const RATE = 5000
const WHOLE_MS = 60_000

async function measure({ isQuick, say, seed }: Task): Promise<Finding> {
  const kills = isQuick ? KILLS_QUICK : KILLS
  const mesh = await MeshProcesses.start(3)
  const ledger = new Ledger(new Prng(seed), KEYS)
  const workload = new Workload(ledger, mesh.members, RATE)
  try {
    workload.start()
    let longestMs = 0
    for (let kill = 0; kill < kills; kill++) {
      const startMs = performance.now()
      const victim = mesh.at(kill % mesh.members.length)
      await victim.kill()
      await mesh.restart(victim)
      await mesh.formed(3, WHOLE_MS)
      const wholeMs = performance.now() - startMs
      longestMs = Math.max(longestMs, wholeMs)
      say(
        `${victim.name} killed, all whole after ${wholeMs.toFixed(0)} ms, ${ledger.doneCount} operations done`,
      )
      await pause(PACE_MS - wholeMs)
    }
    await workload.stop()
    const unread = await workload.readAll()
    for (const complaint of ledger.complaints) say(complaint)
    const { doneCount, failedShare, lostCount, resurrectedCount } = ledger
    return {
      values: {
        lost: lostCount,
        resurrected: resurrectedCount,
        unread,
        'failed %': failedShare * 100,
        kills,
        operations: doneCount,
        'longest until whole, s': longestMs / 1000,
      },
      unit: '',
      holds: ledger.complaints.length === 0 && unread === 0,
    }
  } finally {
    workload.end()
    await mesh.kill()
  }
}

export const rows: readonly Row[] = [
  {
    name: 'kills',
    question: 'Acknowledged QUORUM writes lost, deletes undone: 20 kills 5 s apart under 5,000 operations/s',
    target: '0',
    measure,
  },
]
