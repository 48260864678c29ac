/*
 * The row of hints: an owner is away while the others take writes at a steady rate; how long after its return does it have all?
 *
 * The idea: every write is to a key of its own, so that nothing is spared; the owner is frozen, not killed, so that it keeps
 * what it had. When it is away for so long that the mesh gives it up, hints for it go, and it gets all it owns anew.
 * It counts until nobody keeps hints, all slots are settled, and the returned node, asked for its own copy,
 * has the last key of every thousand. Shape: door (measurements only).
 */
import { type MeshMember, MeshProcesses } from '../support/mesh-processes.ts'
import { type Reply, show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import type { Finding, Row, Task } from './row.ts'

const [AWAY_MS, AWAY_MS_QUICK] = [300_000, 15_000]
const RATE = 2000
const TURN_MS = 20
const VALUE = 'x'.repeat(100)
const DRAIN_MS_MAX = 30_000
const GIVE_UP_MS = 180_000
const LOOK_MS = 100
const CHECKED_EVERY = 1000

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Writes new keys at the rate until the time is up; answers how many, each of them acknowledged. */
async function write(client: RespSocket, forMs: number): Promise<number> {
  const startMs = performance.now()
  let written = 0
  for (let elapsedMs = 0; elapsedMs < forMs; elapsedMs = performance.now() - startMs) {
    const wanted = Math.floor((elapsedMs / 1000) * RATE) - written
    let left = Array.from({ length: wanted }, (_, i) => written + i)
    while (left.length > 0) {
      for (const key of left) client.command('SET', `missed:${key}`, VALUE)
      const replies = await client.take(left.length)
      left = left.filter((_, i) => replies[i]!.type === 'error')
    }
    written += wanted
    await pause(TURN_MS)
  }
  return written
}

async function hintsAt(member: MeshMember): Promise<number> {
  const client = await member.connect()
  const { value } = await client.call('MESH', 'HINTS')
  client.destroy()
  let count = 0
  for (const row of value as readonly Reply[]) {
    const flat = (row.value as readonly Reply[]).map((one) => String(one.value))
    count += Number(flat[flat.indexOf('count') + 1])
  }
  return count
}

/** How many of the keys this node lacks in its own copy. */
async function lacking(member: MeshMember, written: number): Promise<number> {
  const client = await member.connect()
  await client.call('READONLY')
  let count = 0
  for (let key = CHECKED_EVERY - 1; key < written; key += CHECKED_EVERY) {
    if (show(await client.call('GET', `missed:${key}`)) === '(nil)') count++
  }
  client.destroy()
  return count
}

async function measure({ isQuick, say }: Task): Promise<Finding> {
  const mesh = await MeshProcesses.start(3)
  try {
    const [first, victim, third] = [mesh.at(0), mesh.at(1), mesh.at(2)]
    const client = await first.connect()
    victim.freeze()
    const written = await write(client, isQuick ? AWAY_MS_QUICK : AWAY_MS)
    const hinted = (await hintsAt(first)) + (await hintsAt(third))
    say(`${written} keys written while it was away, ${hinted} hints kept`)
    victim.thaw()
    const backMs = performance.now()
    const sinceMs = (): number => performance.now() - backMs
    let left = Number.POSITIVE_INFINITY
    while (left > 0 && sinceMs() < GIVE_UP_MS) {
      await pause(LOOK_MS)
      left = (await hintsAt(first)) + (await hintsAt(third))
    }
    const drainedMs = sinceMs()
    await mesh.formed(3, GIVE_UP_MS)
    const lacks = await lacking(victim, written)
    const wholeMs = sinceMs()
    say(
      `hints gone after ${drainedMs.toFixed(0)} ms, all whole after ${wholeMs.toFixed(0)} ms, ${lacks} keys lacking`,
    )
    return {
      values: { whole: wholeMs / 1000, 'hints gone': drainedMs / 1000, written, hinted, lacking: lacks },
      unit: 's',
      holds: lacks === 0 && left === 0 && wholeMs < DRAIN_MS_MAX,
    }
  } finally {
    await mesh.kill()
  }
}

export const rows: readonly Row[] = [
  {
    name: 'hint-drain',
    question: 'How long an owner lacks what it missed in five minutes away at 2,000 writes/s',
    target: '< 30 s',
    measure,
  },
]
