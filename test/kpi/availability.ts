/*
 * The rows of availability: how long keys cannot be written when the node that acts for them stops, and what share of
 * QUORUM operations fails while one of three nodes is down, or the network loses every tenth packet.
 *
 * The idea: gaps are the longest wait of any key, and are measured several times, the worst counts; shares count every
 * request from the moment of the accident on. Packets are lost by the kernel, in networks of the nodes' own (root,
 * iproute2 and iptables are needed). Shape: door (measurements only).
 */
import { Namespaces } from '../namespaces/namespaces.ts'
import { gapAfter } from '../process/availability-gap.ts'
import { Ledger } from '../soak/ledger.ts'
import { pause, wantedOf, Workload } from '../soak/workload.ts'
import { type MeshMember, MeshProcesses } from '../support/mesh-processes.ts'
import { Prng } from '../support/prng.ts'
import type { Finding, Row, Task } from './row.ts'

const [RUNS, RUNS_QUICK] = [5, 1]
const KILL_GAP_MS = 1000
const FREEZE_GAP_MS = 3000
const NODES = 3
const KEYS = 5000
const RATE = 2000
const [LAST_MS, LAST_MS_QUICK] = [30_000, 5000]
const FAILED_SHARE = 0.01
const NETWORK_FLAGS = ['--protected-mode', 'no', '--mesh-secret', 'of the rows']

async function gaps(
  { isQuick, say }: Task,
  gapMsMax: number,
  accident: (victim: MeshMember) => void | Promise<void>,
): Promise<Finding> {
  const gapsMs: number[] = []
  let failedMax = 0
  for (let run = 0; run < (isQuick ? RUNS_QUICK : RUNS); run++) {
    const mesh = await MeshProcesses.start(NODES)
    try {
      const { failedShare, gapMs, story } = await gapAfter(mesh, accident)
      gapsMs.push(gapMs)
      failedMax = Math.max(failedMax, failedShare)
      say(`${gapMs.toFixed(0)} ms: ${story}`)
    } finally {
      await mesh.kill()
    }
  }
  const worstMs = Math.max(...gapsMs)
  const meanMs = gapsMs.reduce((sum, one) => sum + one, 0) / gapsMs.length
  return {
    values: { worst: worstMs, mean: meanMs, runs: gapsMs.length, 'failed %': failedMax * 100 },
    unit: 'ms',
    holds: worstMs < gapMsMax,
    note: 'the longest wait of any key of the victim',
  }
}

/** The share of operations that fail from the accident on, as all reachable nodes answer them. */
async function failing(
  { isQuick, seed }: Task,
  mesh: MeshProcesses,
  accident: () => void | Promise<void>,
): Promise<Finding> {
  const ledger = new Ledger(new Prng(seed), KEYS)
  const workload = new Workload(ledger, mesh.members, RATE)
  try {
    workload.start()
    await accident()
    await pause(isQuick ? LAST_MS_QUICK : LAST_MS)
    await workload.stop()
    const { complaints, doneCount, failedShare } = ledger
    const { sending } = workload
    return {
      values: {
        'failed %': failedShare * 100,
        operations: doneCount,
        unsent: wantedOf(sending) - sending.sent,
      },
      unit: '',
      holds: failedShare < FAILED_SHARE && complaints.length === 0,
      ...(complaints.length === 0 ? {} : { note: complaints[0]! }),
    }
  } finally {
    workload.end()
  }
}

async function withOneDown(task: Task): Promise<Finding> {
  const mesh = await MeshProcesses.start(NODES)
  try {
    return await failing(task, mesh, () => mesh.at(1).kill())
  } finally {
    await mesh.kill()
  }
}

async function withLoss(task: Task): Promise<Finding> {
  const network = new Namespaces(NODES)
  try {
    const mesh = await MeshProcesses.start(NODES, NETWORK_FLAGS, 0, {}, (index) => network.place(index))
    try {
      return await failing(task, mesh, () => network.lose(0.1))
    } finally {
      await mesh.kill()
    }
  } finally {
    network.remove()
  }
}

export const rows: readonly Row[] = [
  {
    name: 'gap-kill',
    question: 'How long keys of a node cannot be written after kill -9',
    target: '< 1 s',
    measure: (task) => gaps(task, KILL_GAP_MS, (victim) => victim.kill()),
  },
  {
    name: 'gap-freeze',
    question: 'How long keys of a node cannot be written after SIGSTOP',
    target: '< 3 s',
    measure: (task) => gaps(task, FREEZE_GAP_MS, (victim) => victim.freeze()),
  },
  {
    name: 'one-down',
    question: 'QUORUM operations failing with one of three nodes down, from its kill on',
    target: '< 1 %',
    measure: withOneDown,
  },
  {
    name: 'packet-loss',
    question: 'QUORUM operations failing while every tenth packet between three nodes is lost',
    target: '< 1 %',
    measure: withLoss,
  },
]
