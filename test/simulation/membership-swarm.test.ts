/*
 * Random troubles for random meshes, from seeds nobody has seen: crashes, restarts, pauses, splits, loss, skewed clocks.
 * Whatever happened, at most one side survives each split, and when the troubles end the mesh is whole.
 * SEED=... replays what a failure prints.
 */
import assert from 'node:assert/strict'
import type { Membership } from '../../gossip/index.ts'
import { freshSeeds, seeded } from '../support/seeded.ts'
import { addressOf, awaitWhole, idOf, SimulatedMesh } from './scenes.ts'

const TROUBLES = 12
const SEEDS_FIXED = [1, 2, 3, 4]
/** SWARM=500 looks longer. */
const SEEDS_FRESH = Number(process.env.SWARM ?? 6)

class Swarm {
  readonly mesh: SimulatedMesh
  readonly size: number
  readonly log: string[] = []

  constructor(seed: number, size: number) {
    this.size = size
    this.mesh = new SimulatedMesh({
      seed,
      size,
      seedsOf: () => [addressOf(0), addressOf(1), addressOf(2)],
      skewOf: (index) => ({ offsetMs: ((index * 7919) % 600_000) - 300_000, driftPpm: index * 20 }),
    })
  }

  trouble(): void {
    const { luck } = this.mesh.world
    const index = luck.below(this.size)
    const address = addressOf(index)
    const kind = ['crash', 'restart', 'pause', 'split', 'cut', 'loss', 'heal', 'clock'][luck.below(8)]!
    this.log.push(`${this.mesh.world.nowMs} ${kind} ${index}`)
    if (kind === 'crash') this.mesh.crash(index)
    else if (kind === 'restart') this.mesh.start(index)
    else if (kind === 'pause') this.pause(index)
    else if (kind === 'split') this.split()
    else if (kind === 'cut') this.mesh.world.cut(address, addressOf(luck.below(this.size)))
    else if (kind === 'loss') this.mesh.world.setLinks({ lossRate: luck.below(4) / 10 })
    else if (kind === 'clock') this.mesh.world.stepWallClock(address, luck.between(-600_000, 600_000))
    else this.mesh.world.heal()
  }

  private pause(index: number): void {
    const { world } = this.mesh
    if (world.isPaused(addressOf(index))) this.mesh.resume(index)
    else if (world.isUp(addressOf(index))) this.mesh.pause(index)
  }

  private split(): void {
    const { luck } = this.mesh.world
    const sides: number[][] = [[], []]
    for (let index = 0; index < this.size; index++) sides[luck.below(2)]!.push(index)
    this.mesh.partition(...sides)
  }

  /** All is well again for the network, and everyone runs. */
  end(): void {
    const { world } = this.mesh
    world.heal()
    world.setLinks({ lossRate: 0 })
    for (let index = 0; index < this.size; index++) {
      if (world.isPaused(addressOf(index))) this.mesh.resume(index)
      if (!world.isUp(addressOf(index))) this.mesh.start(index)
    }
  }

  /** Two who both go on though each has buried the other. */
  rivals(): string | undefined {
    const members = this.mesh.awake.filter((one) => one.life.agreement.status === 'up')
    for (const a of members) {
      for (const b of members) {
        if (a.self.id < b.self.id && hasBuried(a, b) && hasBuried(b, a))
          return `${a.self.id} and ${b.self.id}`
      }
    }
    return undefined
  }
}

function hasBuried(a: Membership, b: Membership): boolean {
  return (a.life.agreement.state.tombstones.get(b.self.id)?.birth ?? -1) >= b.self.birth
}

function run(seed: number): void {
  const size = 3 + (seed % 7)
  const swarm = new Swarm(seed, size)
  const { mesh } = swarm
  mesh.isRecording = false
  mesh.world.runFor(15_000)
  for (let count = 0; count < TROUBLES; count++) {
    swarm.trouble()
    for (let second = mesh.world.luck.below(25); second >= 0; second--) {
      mesh.world.runFor(1000)
      assert.equal(swarm.rivals(), undefined, swarm.log.join(', '))
    }
  }
  swarm.end()
  try {
    awaitWhole(mesh, size, 240_000)
  } catch (error) {
    throw new Error(`${(error as Error).message} after ${swarm.log.join(', ')}`)
  }
  for (let index = 0; index < size; index++) assert.equal(mesh.at(index).self.id, idOf(index))
}

seeded('a mesh that has seen every trouble is one mesh in the end', SEEDS_FIXED, run)
seeded('so it is from seeds nobody has seen', freshSeeds(SEEDS_FRESH), run)
