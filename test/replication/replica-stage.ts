/*
 * Owners of the same slots side by side, each a whole node with a replica and tombstones, joined by nothing: the test
 * carries effects, pulls and entries between them as it likes. Time is given. Shape: machine, for tests only.
 */
import { Args } from '../../resp/index.ts'
import { Config } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import { Node } from '../../src/node.ts'
import {
  listEntries,
  listRemovals,
  VersionList,
  writeRemoval,
  writeStanding,
} from '../../src/replication/entry-transfer.ts'
import { Replica, type EffectBatch, type Verdict } from '../../src/replication/replica.ts'
import type { NodePorts } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { SLOT_COUNT, slotOf } from '../../src/store/hash-slot.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import { Standing } from '../../src/store/standing.ts'
import { Tombstones } from '../../src/store/tombstones.ts'
import { Prng } from '../support/prng.ts'

export const ANYWHERE = (_slot: number): boolean => true

export interface Asked {
  owner: string
  slot: number
  database: number
  key: Buffer
}

export class Owner {
  readonly id: string
  readonly node: Node
  readonly space: Keyspace
  readonly tombstones: Tombstones
  readonly replica: Replica
  readonly standing: Standing
  readonly session = ownSession()
  /** Pulls nobody has answered yet. */
  asked: Asked[] = []
  /** Senders that were told anew. */
  told: string[] = []
  /** How far this owner's clock is off. */
  skewMs = 0
  isFull = false
  readonly #stage: Stage

  constructor(stage: Stage, number: number, seed: number) {
    this.#stage = stage
    this.id = `owner-${number}`
    const random = new Prng(seed)
    const ports = {
      wallMs: () => this.nowMs,
      monotonicUs: () => stage.nowMs * 1000,
      random32: () => random.bits(),
      every: () => {},
    }
    const log = new Log({ sink: () => {}, nowMs: () => stage.nowMs })
    this.node = new Node(new Config(), log, ports as unknown as NodePorts, '0'.repeat(40))
    this.space = this.node.space
    this.space.terms.fill(number + 1)
    this.node.effects.isOn = true
    this.tombstones = new Tombstones(this.space.secret, ports.monotonicUs)
    this.space.tombstones = this.tombstones
    this.standing = new Standing(this.space)
    this.replica = new Replica(this.space, this.node.replay, {
      pull: (owner, slot, database, key) => this.asked.push({ owner, slot, database, key }),
      noteTerm: () => true,
      acknowledge: (sender) => this.told.push(sender),
      isFull: () => this.isFull,
    })
  }

  get nowMs(): number {
    return this.#stage.nowMs + this.skewMs
  }

  /** Runs a request as its primary; answers the raw reply. */
  run(request: string): string {
    const { executor, dispatch } = this.node
    executor.beginTurn(this.nowMs)
    dispatch.onRequest(this.session, Args.from(...request.split(' ')))
    executor.endTurn()
    const reply = this.session.writer.detach().toString('latin1')
    this.session.writer.reset(true)
    return reply
  }

  /** The same; answers its effects. */
  effectsOf(request: string): Buffer {
    this.run(request)
    const bytes = this.node.effects.out.copy()
    this.node.effects.out.clear()
    return bytes
  }

  take(batch: Partial<EffectBatch> & { bytes: Buffer }, mayAct = ANYWHERE): Verdict {
    return this.replica.onEffects(
      { sender: 'owner-0', number: 1, previous: 0, floor: 0, ...batch },
      mayAct,
      this.nowMs,
    )
  }

  look(key: string): Standing {
    this.space.nowMs = this.nowMs
    const bytes = Buffer.from(key, 'latin1')
    this.standing.look(0, bytes, 0, bytes.length)
    return this.standing
  }

  /** What a pull of the key answers here. */
  entryOf(key: string): Buffer {
    const out = new ByteWriter()
    const bytes = Buffer.from(key, 'latin1')
    writeStanding(this.space, this.look(key), 0, bytes, 0, bytes.length, out)
    return out.copy()
  }

  /** Answers the oldest open pull. */
  onPulled(bytes: Buffer | null): void {
    const { database, key } = this.asked.shift()!
    this.replica.onPulled(database, key, bytes, this.nowMs)
  }

  /** Pulls everything from another owner that is newer there; answers how many keys. */
  pullNewerFrom(other: Owner): number {
    const list = new ByteWriter()
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      for (let hash = 0; ; ) {
        hash = listEntries(other.space, slot, hash, 2, other.nowMs, list)
        if (hash === 0) break
      }
      for (let hash = 0; ; ) {
        hash = listRemovals(other.space, slot, hash, 2, list)
        if (hash === 0) break
      }
    }
    this.space.nowMs = this.nowMs
    const versions = new VersionList(new ByteReader(list.copy(), 0, list.length))
    const wanted: string[] = []
    while (versions.next())
      if (versions.isNewerThanHere(this.standing))
        wanted.push(versions.bytes.toString('latin1', versions.start, versions.end))
    if (versions.isBroken) throw new Error('a list of versions is broken')
    for (const key of wanted) this.replica.onTransfer(other.entryOf(key), this.nowMs)
    return wanted.length
  }

  /** Lets everything whose time has come vanish. */
  expireAll(): void {
    this.space.nowMs = this.nowMs
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const refs: number[] = []
      this.space.index.each(slot, (_hash, ref) => refs.push(ref))
      for (const ref of refs) {
        const expiryMs = this.space.entries.expiryOf(ref)
        if (expiryMs !== 0 && expiryMs <= this.nowMs) this.space.vanish(ref, 'expired')
      }
    }
  }
}

export class Stage {
  nowMs = 1_800_000_000_000
  readonly owners: Owner[]

  constructor(count: number, seed = 1) {
    this.owners = Array.from({ length: count }, (_, number) => new Owner(this, number, seed * 64 + number))
  }
}

export function removalOf(key: string, version: number, term: number): Buffer {
  const out = new ByteWriter()
  writeRemoval(0, Buffer.from(key, 'latin1'), 0, key.length, version, term, out)
  return out.copy()
}

export function slotOfKey(key: string): number {
  return slotOf(Buffer.from(key, 'latin1'), 0, key.length)
}
