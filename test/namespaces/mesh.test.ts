/*
 * Five nodes in networks of their own, whose packets the kernel loses: under loss nobody is buried, whoever is cut off
 * refuses, and when all is well again everything that was acknowledged is there.
 *
 * The idea: one mesh and one workload through all troubles; clients reach every node all the time, only nodes do not reach
 * each other. Skipped, and it says so, where namespaces cannot be made. Shape: test.
 */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { preferCurrentBuild } from '../process/current-build.ts'
import { Ledger } from '../soak/ledger.ts'
import { pause, Workload } from '../soak/workload.ts'
import { type MeshMember, MeshProcesses } from '../support/mesh-processes.ts'
import { Prng, seedOfRun } from '../support/prng.ts'
import { type Reply, show } from '../support/reply.ts'
import { Namespaces } from './namespaces.ts'

const NODES = 5
const KEYS = 2000
const RATE = 500
const FLAGS = ['--protected-mode', 'no', '--mesh-secret', 'of the namespaces', '--replication-factor', '5']
const WHOLE_MS = 60_000
const LOSS_MS = 5000
const CUT_MS = 3000
const FAILED_SHARE_MAX = 0.02
const REFUSED = /^-(?:CLUSTERDOWN|NOREPLICAS)/

function namespaces(context: TestContext): Namespaces | undefined {
  try {
    return new Namespaces(NODES)
  } catch (error) {
    const why = (error as Error).message.trim().split('\n').at(-1)
    context.skip(`SKIPPED: no network namespaces here (root, iproute2 and iptables are needed): ${why}`)
    return undefined
  }
}

/** What a node says it saw happen to others. */
async function eventsAt(member: MeshMember): Promise<string[]> {
  const client = await member.connect()
  const { value } = await client.call('MESH', 'EVENTS', '100')
  client.destroy()
  return (value as readonly Reply[]).map((row) => show(row))
}

/** Until each of these keys is refused at that node. */
async function refusesAll(member: MeshMember, keys: readonly string[]): Promise<void> {
  const client = await member.connect()
  const deadlineMs = performance.now() + WHOLE_MS
  for (;;) {
    for (const key of keys) client.command('SET', key, 'of the minority')
    const replies = (await client.take(keys.length)).map((reply) => show(reply))
    if (replies.every((reply) => REFUSED.test(reply))) break
    const wrong = replies.find((reply) => !REFUSED.test(reply))
    assert.ok(performance.now() < deadlineMs, `${member.name} still answers ${wrong}`)
    await pause(50)
  }
  client.destroy()
}

class Scene {
  readonly mesh: MeshProcesses
  readonly network: Namespaces
  readonly workload: Workload
  readonly seed = seedOfRun()

  constructor(mesh: MeshProcesses, network: Namespaces) {
    this.mesh = mesh
    this.network = network
    this.workload = new Workload(new Ledger(new Prng(this.seed), KEYS), mesh.members, RATE)
  }

  /** The trouble begins, lasts, ends; then all are one mesh and every acknowledged write is at every node. */
  async trouble(begin: () => void, whileItLasts: () => Promise<void>): Promise<void> {
    this.workload.start()
    begin()
    await whileItLasts()
    this.network.heal()
    await this.mesh.formed(NODES, WHOLE_MS)
    await this.workload.stop()
    // Slots may still be settling at a node that has just come back: it refuses until it knows, and never guesses.
    const deadlineMs = performance.now() + WHOLE_MS
    let unread = await this.workload.readAll()
    while (unread > 0 && performance.now() < deadlineMs) unread = await this.workload.readAll()
    assert.deepEqual(this.workload.ledger.complaints, [], `SEED=${this.seed}`)
    assert.equal(unread, 0, 'every key is told by every node')
  }
}

test('five nodes on networks of their own', { timeout: 300_000 }, async (context) => {
  preferCurrentBuild()
  const network = namespaces(context)
  if (network === undefined) return
  let scene: Scene | undefined
  try {
    const mesh = await MeshProcesses.start(NODES, FLAGS, 0, {}, (index) => network.place(index))
    scene = new Scene(mesh, network)
    await troubles(context, scene)
  } finally {
    scene?.workload.end()
    await scene?.mesh.kill()
    network.remove()
  }
})

async function troubles(context: TestContext, scene: Scene): Promise<void> {
  const { mesh, network, workload } = scene

  await context.test('ten percent loss buries nobody and fails less than two percent', async () => {
    await scene.trouble(
      () => network.lose(0.1),
      () => pause(LOSS_MS),
    )
    for (const member of mesh.members) {
      const deaths = (await eventsAt(member)).filter((event) => /peer dead|member removed/.test(event))
      assert.deepEqual(deaths, [], member.name)
    }
    assert.ok(workload.ledger.failedShare < FAILED_SHARE_MAX, `${workload.ledger.failedShare} failed`)
  })

  await context.test('one node that no longer hears another loses nothing', () =>
    scene.trouble(
      () => network.deafen(0, 1),
      () => pause(CUT_MS),
    ),
  )

  await context.test('of two sides the smaller refuses, and nothing is lost', () =>
    scene.trouble(
      () => network.part([0, 1, 2], [3, 4]),
      async () => {
        const keys = Array.from({ length: 200 }, (_, i) => `minority:${i}`)
        await Promise.all([mesh.at(3), mesh.at(4)].map((member) => refusesAll(member, keys)))
      },
    ),
  )

  await context.test('two sides that hear each other through one node only lose nothing', () =>
    scene.trouble(
      () => network.part([0, 1], [3, 4]),
      () => pause(CUT_MS),
    ),
  )
}
