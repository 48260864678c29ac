/*
 * Nodes that were started together and saw only themselves in the name of their seeds have each founded a mesh. When the
 * name lists them all they become one, with everything each of them has confirmed. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { SeedNames } from '../../src/mesh/seed-names.ts'
import { DataClient } from './data-client.ts'
import { DataMesh } from './data-mesh.ts'
import { BUS_PORT, type DataNode } from './data-node.ts'
import type { Operation } from './history.ts'

const NAME = 'cache.default.svc'
const KEYS_EACH = 40

/** Node `number` finds in the name what `listed` says, as its own resolver has it; asked as its door asks. */
function follow(mesh: DataMesh, number: number, listed: () => readonly number[]): void {
  const { mesh: node } = mesh.nodes[number]!
  const seeds = new SeedNames([`dns://${NAME}`], BUS_PORT, {
    monotonicMs: () => node.monotonicMs(),
    after: (delayMs, run) => mesh.world.at(mesh.world.nowMs + delayMs, run),
    resolve: (_name, answered) => {
      const found = listed().map((one) => `10.0.0.${one + 1}`)
      mesh.world.at(mesh.world.nowMs + 5, () => answered(found))
    },
    onTrouble() {},
    onRelief() {},
  })
  seeds.ask(() => {})
  seeds.follow(
    () => node.membership.life.swim.aliveCount,
    (addresses) => node.membership.useSeeds(addresses),
  )
}

/** Each node is told its own keys; answers how many keys there are in all. */
function write(mesh: DataMesh): number {
  const clients = mesh.addresses.map((address, number) => {
    let asked = 0
    const history: Operation[] = []
    const client = new DataClient(mesh.world, mesh.wires, history, {
      name: `c${number}`,
      addresses: [address],
      readLevel: 'one',
      thinkMsMin: 1,
      thinkMsMax: 2,
      next: () => {
        asked++
        return ['SET', `key:${number}:${asked % KEYS_EACH}`, `value ${number}`]
      },
    })
    return { client, hasWritten: () => asked > KEYS_EACH * 2 }
  })
  mesh.world.runUntil(() => clients.every(({ hasWritten }) => hasWritten()), 60_000)
  for (const { client } of clients) client.isStopped = true
  mesh.world.runUntil(() => clients.every(({ client }) => client.isDone), 60_000)
  for (const { client } of clients) assert.deepEqual(client.defects, [])
  return mesh.addresses.length * KEYS_EACH
}

function sizeSeenBy({ mesh }: DataNode): number {
  return mesh.placement.members.length
}

/** `groups`: who sees whom at first; later everybody sees everybody. */
function mergeOf(groups: readonly (readonly number[])[], seed: number): void {
  const size = groups.flat().length
  const groupOf = (number: number): readonly number[] => groups.find((group) => group.includes(number))!
  const mesh = new DataMesh({
    seed,
    size,
    replicationFactor: size,
    areDatagramsBlocked: false,
    seedsOf: (number) => groupOf(number).map((one) => `10.0.0.${one + 1}:${BUS_PORT}`),
  })
  let isListed = false
  for (let number = 0; number < size; number++) {
    follow(mesh, number, () => (isListed ? groups.flat() : groupOf(number)))
  }
  const areApart = (): boolean => {
    return mesh.up.every((node, number) => node.mesh.isReady && sizeSeenBy(node) === groupOf(number).length)
  }
  assert.ok(mesh.world.runUntil(areApart, 60_000), mesh.describe())
  const keys = write(mesh)
  assert.ok(areApart(), 'they do not know of each other')
  isListed = true
  assert.ok(
    mesh.world.runUntil(() => mesh.isCalm, 180_000, 250),
    mesh.describe(),
  )
  // What a claimant has brought to a quorum reaches the last owner a moment later.
  mesh.world.runUntil(() => mesh.slotsThatDiffer().length === 0, 5000, 250)
  assert.deepEqual(mesh.slotsThatDiffer(), [])
  for (const { name, node } of mesh.up) assert.equal(node.space.keyCount[0], keys, `${name} has all keys`)
  assert.equal(mesh.rivals, undefined)
  assert.deepEqual(mesh.faults, [])
}

for (const seed of [1, 2, 3]) {
  test(`two nodes that each founded a mesh become one when the name lists both (seed ${seed})`, () => {
    mergeOf([[0], [1]], seed)
  })
}

test('two meshes of two become one when the name lists all four', () => {
  mergeOf(
    [
      [0, 1],
      [2, 3],
    ],
    4,
  )
})
