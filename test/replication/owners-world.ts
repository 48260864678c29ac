/*
 * Owners of the same slots, each with everything that replication is made of, joined by a network that is late and
 * loses, cuts or kills as it is told. Time is virtual and luck is given: one seed is one run. Effects are carried by
 * the test itself, to whom it likes. Shape: machine, for tests only.
 */
import { Args } from '../../resp/index.ts'
import { Config } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import { areFields } from '../../src/mesh/fields.ts'
import { Answer, type Answered, Arrival, type Correspondent } from '../../src/mesh/link-ports.ts'
import { type VerbRow, Verbs, verbs } from '../../src/mesh/verbs.ts'
import { Node } from '../../src/node.ts'
import { MeshRepair } from '../../src/mesh-repair.ts'
import { Placement } from '../../src/placement/placement.ts'
import { planOf } from '../../src/placement/plan.ts'
import { Claims } from '../../src/replication/claims.ts'
import { Confirming } from '../../src/replication/confirming.ts'
import { Dissent } from '../../src/replication/dissent.ts'
import { Doubts } from '../../src/replication/doubts.ts'
import { FormerOwners } from '../../src/replication/former-owners.ts'
import { Hints } from '../../src/replication/hints.ts'
import { Intake } from '../../src/replication/intake.ts'
import { Leftovers } from '../../src/replication/leftovers.ts'
import { OwnerAnswers, READ_AUTHORITATIVE, READ_ENTRIES } from '../../src/replication/owner-answers.ts'
import { type PeerPort, writeKeyName } from '../../src/replication/peer-port.ts'
import { Repairs } from '../../src/replication/repairs.ts'
import { Replica, type Verdict } from '../../src/replication/replica.ts'
import { Settling } from '../../src/replication/settling.ts'
import type { ExchangeParts } from '../../src/replication/slot-pull.ts'
import { SlotContents } from '../../src/replication/slot-contents.ts'
import { NO_MEMBER, type OwnersTable } from '../../src/replication/owners-table.ts'
import { SERVING, SlotRoles } from '../../src/replication/slot-roles.ts'
import { Transfers } from '../../src/replication/transfers.ts'
import type { NodePorts } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { ByteWriter } from '../../src/store/byte-writer.ts'
import { SLOT_COUNT, slotOf } from '../../src/store/hash-slot.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import { Standing } from '../../src/store/standing.ts'
import { Tombstones } from '../../src/store/tombstones.ts'
import { Clock } from '../mesh/mesh-world.ts'
import { Prng } from '../support/prng.ts'

const WALL_MS = 1_800_000_000_000
const TICK_MS = 20

export function slotOfKey(key: string): number {
  return slotOf(Buffer.from(key, 'latin1'), 0, key.length)
}

/** Some key of the slots whose first owner has this number. */
export function keyOf(world: OwnersWorld, first: number, from = 0): string {
  for (let i = from; ; i++) if (world.firstOwner(slotOfKey(`k${i}`)) === first) return `k${i}`
}

export class WorldNode implements PeerPort {
  readonly id: string
  readonly world: OwnersWorld
  readonly verbs = new Verbs()
  readonly node: Node
  readonly space: Keyspace
  readonly tombstones: Tombstones
  readonly roles: SlotRoles
  readonly claims = new Claims()
  readonly dissent: Dissent
  readonly replica: Replica
  readonly transfers: Transfers
  readonly repairs: Repairs
  readonly former: FormerOwners
  readonly intake: Intake
  readonly contents: SlotContents
  readonly leftovers: Leftovers
  readonly settling: Settling
  readonly exchange: ExchangeParts
  readonly hints: Hints
  readonly confirming: Confirming
  readonly doubts: Doubts
  readonly answers: OwnerAnswers
  readonly repair: MeshRepair
  /** 0: only by hand. */
  repairIntervalMs = 0
  /** How far this node's clock is off. */
  skewMs = 0
  /** What time passes here from one look at the clock to the next while leftovers are dropped, and how many there were. */
  lookUs = 0
  looks = 0
  readonly session = ownSession()
  readonly standing: Standing
  isReady = false
  /** Only a member can say that it is ready. */
  isMember = true
  /** Whom this node takes for dead. */
  readonly buried = new Set<string>()
  readonly waiting = new Set<number>()
  readonly settledSlots: number[] = []
  /** Slots in which effects are said to wait for whole entries. */
  readonly pulling = new Set<number>()
  /** Questions sent, by verb. */
  readonly asked: { to: string; verb: string; bytes: number }[] = []
  hasWoken = false

  constructor(world: OwnersWorld, number: number, seed: number) {
    this.world = world
    this.id = `n${number}`
    const random = new Prng(seed)
    const ports = {
      wallMs: () => this.wallMs(),
      monotonicUs: () => world.clock.nowMs * 1000,
      random32: () => random.bits(),
      every: () => {},
    }
    const log = new Log({ sink: () => {}, nowMs: () => world.clock.nowMs })
    this.node = new Node(new Config(), log, ports as unknown as NodePorts, '0'.repeat(40))
    this.space = this.node.space
    this.node.effects.isOn = true
    this.tombstones = new Tombstones(this.space.secret, ports.monotonicUs)
    this.space.tombstones = this.tombstones
    this.standing = new Standing(this.space)
    this.roles = this.#makeRoles()
    this.replica = new Replica(this.space, this.node.replay, {
      pull: (owner, _slot, database, key) => this.#pull(owner, database, key),
      noteTerm: (slot, term) => this.#noteTerm(slot, term),
      acknowledge: () => {},
      isWhole: (slot) => this.settling.isWhole(slot),
    })
    const wallMs = () => this.wallMs()
    const monotonicMs = () => world.clock.nowMs
    const ask = this.ask.bind(this)
    this.transfers = new Transfers(this.space, this.replica, {
      ask,
      wallMs,
      promisedTermOf: (slot) => this.claims.termOf(slot),
    })
    const { claims, replica, roles, space, transfers } = this
    this.dissent = new Dissent({ roles, claims, peers: this, fingerprint: () => world.fingerprint })
    const counters = { pages: 0, keysPulled: 0, keysPushed: 0, bytesPulled: 0 }
    const exchange = { space, replica, peers: this, wallMs, deadlineMs: () => 200, counters }
    this.exchange = exchange
    const fingerprint = () => world.fingerprint - (world.unaware.has(this.id) ? 1 : 0)
    this.repairs = new Repairs({ roles, transfers, exchange, fingerprint })
    this.contents = new SlotContents(space, wallMs)
    this.former = new FormerOwners(this.id, claims)
    this.intake = new Intake(exchange, { monotonicMs, waitingSlots: () => this.waiting })
    const mayAnswer = (peerId: string) => !this.buried.has(peerId) && world.isAlive(peerId)
    const monotonicUs = () => ports.monotonicUs() + this.lookUs * this.looks++
    const after = (delayMs: number, run: () => void) => world.clock.after(delayMs, run)
    const leftoverPorts = { monotonicMs, monotonicUs, fingerprint, mayAnswer, after }
    this.leftovers = new Leftovers({ roles, transfers, exchange }, leftoverPorts)
    const { former, intake, repairs } = this
    this.settling = new Settling(
      { selfId: this.id, roles, claims, repairs, former, intake, exchange },
      {
        monotonicMs,
        fingerprint,
        mayAnswer: (peerId) => !this.buried.has(peerId),
        waitingSlots: () => this.waiting,
        onSettled: (slots) => {
          for (const slot of slots) roles.settled(slot)
          this.settledSlots.push(...slots)
        },
        onWhole: () => {
          if (this.isMember) world.clock.after(1, () => world.announce(this))
          return this.isMember
        },
      },
    )
    this.hints = new Hints(transfers, {
      monotonicMs,
      repair: (peerId, done) => void this.repairs.repairPeer(peerId, done),
    })
    this.confirming = new Confirming(
      { space, roles, replica, transfers },
      {
        ask,
        monotonicMs,
        wallMs,
        wake: () => this.#wake(),
        noteTerm: (slot, term) => this.#noteTerm(slot, term),
      },
    )
    this.doubts = new Doubts(
      { selfId: this.id, space, roles, claims },
      { ask, monotonicMs, wake: () => this.#wake(), renew: (ref) => this.#renew(ref) },
    )
    this.replica.observer = this.doubts
    this.answers = new OwnerAnswers(
      { selfId: this.id, space, roles, claims, replica },
      {
        wallMs,
        fingerprint,
        isWhole: (slot) => this.settling.isWhole(slot),
        isHeld: (slot) => this.leftovers.isHeld(slot),
        isBereft: (slot) => this.settling.isBereft(slot),
        wasBereft: (slot) => this.leftovers.wasBereft(slot),
        hasPulls: (slot) => this.pulling.has(slot),
        onOutclaimed: (slots) => this.settling.onOutclaimed(slots),
      },
    )
    const { settling } = this
    this.repair = new MeshRepair(
      { exchange, roles, settling, transfers },
      {
        ...{ monotonicMs, wallMs, fingerprint, random32: ports.random32 },
        intervalMs: () => this.repairIntervalMs,
        mayAnswer: (peerId) => !this.buried.has(peerId) && world.isAlive(peerId),
        isAnyBehind: () => false,
      },
    )
    this.answers.bind(this.verbs)
    this.dissent.bind(this.verbs)
    this.transfers.bind(this.verbs)
    this.contents.bind(this.verbs)
    this.repair.bind(this.verbs)
  }

  wallMs(): number {
    return WALL_MS + this.world.clock.nowMs + this.skewMs
  }

  get counters() {
    return this.settling.counters
  }

  #makeRoles(): SlotRoles {
    const belief = {
      mayAct: (id: string) => !this.buried.has(id) && this.world.isReady(id),
      mayHold: (id: string) => !this.buried.has(id) && this.world.isAlive(id),
      heardMs: () => this.world.clock.nowMs,
    }
    const events = {
      onUnsettled: (slots: readonly number[]) => this.settling.onUnsettled(slots),
      onLost: (slots: readonly number[]) => this.settling.onLost(slots),
    }
    return new SlotRoles(this.id, belief, events, () => 1000)
  }

  #noteTerm(slot: number, term: number): boolean {
    if (!this.claims.isPossible(slot, term)) return false
    const isNews = this.claims.learn(slot, term)
    if (isNews && this.roles.roles[slot] === SERVING) this.settling.onOutclaimed([slot])
    return true
  }

  #wake(): void {
    if (this.hasWoken) return
    this.hasWoken = true
    this.world.clock.after(0, () => {
      this.hasWoken = false
      this.confirming.flush()
      this.doubts.flush()
    })
  }

  #pull(owner: string, database: number, key: Buffer): void {
    const body = new ByteWriter()
    writeKeyName({ database, key }, body)
    const fields = [READ_ENTRIES | READ_AUTHORITATIVE]
    this.ask(owner, verbs.read, fields, body.copy(), 200, (outcome) => {
      const bytes = outcome.kind === 'answer' ? outcome.body : null
      this.replica.onPulled(database, key, bytes, this.wallMs())
    })
  }

  ask(
    peerId: string,
    verb: VerbRow,
    fields: readonly unknown[],
    body: Buffer,
    deadlineMs: number,
    answered: Answered,
    start = 0,
    end = body.length,
  ): void {
    this.asked.push({ to: peerId, verb: verb.name, bytes: end - start })
    if (!areFields(verb.fields, fields)) throw new Error(`this is no ${verb.name}`)
    const own = Buffer.from(body.subarray(start, end))
    this.world.carry(this, peerId, verb, fields, own, deadlineMs, answered)
  }

  run(request: string): string {
    const { executor, dispatch } = this.node
    executor.beginTurn(this.wallMs())
    dispatch.onRequest(this.session, Args.from(...request.split(' ')))
    executor.endTurn()
    const reply = this.session.writer.detach().toString('latin1')
    this.session.writer.reset(true)
    return reply
  }

  effectsOf(request: string): Buffer {
    this.node.effects.out.clear()
    this.run(request)
    const bytes = this.node.effects.out.copy()
    this.node.effects.out.clear()
    return bytes
  }

  /** It leaves with the next batch, which here is one of its own. */
  #renew(ref: number): void {
    this.node.effects.out.clear()
    this.node.effects.renew(ref)
    const bytes = this.node.effects.out.copy()
    for (const other of this.world.nodes) if (other !== this) this.world.carryEffects(this, other, bytes)
  }

  /** Effects as another node sends them. */
  take(sender: string, bytes: Buffer): Verdict {
    const mayAct = (slot: number, term: number) => {
      const isOurs = this.roles.roles[slot] === SERVING
      const isAccepted = this.roles.owns(slot) && this.claims.accepts(slot, sender, term)
      if (isAccepted && isOurs) this.settling.onOutclaimed([slot])
      return isAccepted
    }
    const number = ++this.world.batches
    return this.replica.onEffects({ sender, number, previous: 0, floor: 0, bytes }, mayAct, this.wallMs())
  }

  look(key: string): Standing {
    this.space.nowMs = this.wallMs()
    const bytes = Buffer.from(key, 'latin1')
    this.standing.look(0, bytes, 0, bytes.length)
    return this.standing
  }

  get(key: string): string {
    return this.run(`GET ${key}`).split('\r\n')[1] ?? ''
  }

  has(key: string): boolean {
    return this.look(key).here === 'entry'
  }

  serves(key: string): boolean {
    return this.roles.roles[slotOfKey(key)] === SERVING
  }

  onOwners(): void {
    this.leftovers.onOwners(
      (slot) => this.settling.isWhole(slot),
      (slot) => this.settling.wasBereft(slot),
    )
    this.settling.onOwners()
  }

  countAsked(verb: string): number {
    return this.asked.filter((one) => one.verb === verb).length
  }
}

export class OwnersWorld {
  readonly clock = new Clock()
  readonly nodes: WorldNode[] = []
  readonly random: Prng
  table: OwnersTable
  fingerprint = 1
  batches = 0
  lossShare = 0
  latencyMs = 1
  /** What these say takes so much longer. */
  readonly latenessMs = new Map<string, number>()
  /** These have yet to hear that the owners are others, and refuse who asks about slots. */
  readonly unaware = new Set<string>()
  readonly #dead = new Set<string>()
  readonly #cut = new Set<string>()
  #lives = 0

  constructor(count: number, copies = Math.min(3, count), seed = 1) {
    this.random = new Prng(seed)
    for (let number = 0; number < count; number++) this.nodes.push(this.#make(number))
    this.table = tableOf(this.nodes, copies)
    this.refresh(true)
    this.#tick()
  }

  /** Nodes that have found each other and settled everything. */
  static settled(count: number, copies = Math.min(3, count)): OwnersWorld {
    const world = new OwnersWorld(count, copies)
    world.run(200)
    for (const node of world.nodes) {
      if (!node.isReady || node.settling.pendingCount > 0) throw new Error(`${node.id} has not settled`)
      node.asked.length = 0
      node.settledSlots.length = 0
    }
    return world
  }

  run(ms: number): void {
    this.clock.run(ms)
  }

  isAlive(id: string): boolean {
    return !this.#dead.has(id)
  }

  isReady(id: string): boolean {
    return this.isAlive(id) && this.nodes.find((node) => node.id === id)?.isReady === true
  }

  firstOwner(slot: number): number {
    return this.table.owners[slot * this.table.copies]!
  }

  announce(node: WorldNode): void {
    if (!this.isAlive(node.id) || !this.nodes.includes(node)) return
    node.isReady = true
    this.refresh(false)
  }

  refresh(isNewTable: boolean): void {
    for (const node of this.nodes) {
      if (!this.isAlive(node.id)) continue
      node.roles.update(this.table, this.clock.nowMs)
      if (isNewTable) node.onOwners()
      node.repair.antiEntropy.onMembers()
    }
  }

  replace(table: OwnersTable): void {
    const { ranges } = planOf(placementOf(this.table), placementOf(table))
    for (const node of this.nodes) if (this.isAlive(node.id)) node.former.onPlaced(ranges)
    this.table = table
    this.fingerprint++
    this.refresh(true)
  }

  kill(number: number): void {
    this.#dead.add(`n${number}`)
    this.refresh(false)
  }

  /** One more that owns nothing yet. */
  add(): WorldNode {
    const node = this.#make(this.nodes.length)
    this.nodes.push(node)
    this.refresh(false)
    return node
  }

  /** A dead one comes back with an empty memory. */
  restart(number: number): WorldNode {
    const node = this.#make(number)
    this.nodes[number] = node
    this.#dead.delete(node.id)
    this.refresh(false)
    node.onOwners()
    return node
  }

  /** One that was only out of reach comes back as it was. */
  revive(number: number): void {
    this.#dead.delete(`n${number}`)
    this.refresh(false)
  }

  cut(a: number, b: number): void {
    this.#cut.add(`n${a} n${b}`).add(`n${b} n${a}`)
  }

  mend(): void {
    this.#cut.clear()
  }

  carry(
    from: WorldNode,
    to: string,
    verb: VerbRow,
    fields: readonly unknown[],
    body: Buffer,
    deadlineMs: number,
    answered: Answered,
  ): void {
    let isOpen = true
    const fail = (reason: 'deadline' | 'closed' | 'refused', detail = '') => {
      if (!isOpen) return
      isOpen = false
      if (this.isThere(from)) answered({ kind: 'failed', reason, detail })
    }
    if (this.#dead.has(to)) return this.clock.after(0, () => fail('closed'))
    this.clock.after(deadlineMs, () => fail('deadline'))
    const arrive = () => {
      const node = this.nodes.find(({ id }) => id === to)
      if (node === undefined || !this.isThere(node)) return
      const peer = { id: from.id, birth: 1, address: '', linkSerial: 0, features: new Set<string>() }
      const correspondent = {
        peer,
        send: () => false,
        ask: () => {},
        fail: (_correlation: number, detail: string) =>
          this.#later(to, from.id, () => fail('refused', detail)),
        answer: (_correlation: number, words: readonly unknown[], bytes = body, start = 0, end = 0) => {
          const own = Buffer.from(bytes.subarray(start, end))
          if (!areFields(verb.answer!.fields, words)) throw new Error(`this does not answer ${verb.name}`)
          this.#later(to, from.id, () => {
            if (!isOpen || !this.isThere(from)) return
            isOpen = false
            const answer = new Answer()
            answer.set(1, words, own, 0, own.length)
            answered(answer)
          })
        },
      }
      const arrival = new Arrival()
      arrival.set(1, fields, body, 0, body.length)
      node.verbs.handlerOf(verb.number)!(correspondent as unknown as Correspondent, arrival)
    }
    this.#later(from.id, to, arrive)
  }

  carryEffects(from: WorldNode, to: WorldNode, bytes: Buffer): void {
    this.#later(from.id, to.id, () => void to.take(from.id, bytes))
  }

  isThere(node: WorldNode): boolean {
    return this.isAlive(node.id) && this.nodes.includes(node)
  }

  #later(from: string, to: string, run: () => void): void {
    if (this.#cut.has(`${from} ${to}`) || this.random.chance(this.lossShare)) return
    this.clock.after(this.latencyMs + (this.latenessMs.get(from) ?? 0), run)
  }

  #make(number: number): WorldNode {
    return new WorldNode(this, number, 1000 * ++this.#lives + number)
  }

  #tick(): void {
    for (const node of this.nodes) {
      if (!this.isAlive(node.id)) continue
      node.intake.onTick()
      node.dissent.onTick(this.clock.nowMs)
      node.settling.onTick(this.clock.nowMs)
      node.leftovers.onTick(this.clock.nowMs)
      node.hints.onTick(this.clock.nowMs)
      node.confirming.onTick(this.clock.nowMs)
      node.doubts.onTick(this.clock.nowMs)
      node.repair.onTick(this.clock.nowMs)
    }
    this.clock.after(TICK_MS, () => this.#tick())
  }
}

function placementOf({ copies, members, owners }: OwnersTable): Placement {
  return new Placement(members, copies, owners)
}

/** Slot n belongs first to member n modulo their number, then to the following ones. */
export function tableOf(nodes: readonly WorldNode[], copies: number): OwnersTable {
  const owners = new Uint16Array(SLOT_COUNT * copies).fill(NO_MEMBER)
  for (let slot = 0; slot < SLOT_COUNT; slot++)
    for (let rank = 0; rank < copies; rank++) owners[slot * copies + rank] = (slot + rank) % nodes.length
  return { members: nodes.map(({ id }) => id), copies, owners }
}
