/*
 * The rows of a join: a fourth node comes to three with many keys, under load. One join gives all figures.
 *
 * The idea: clients read and write whatever happens; no key is ever removed, so whatever is not found is a wrong nil.
 * How fast keys came is what the newcomer says of itself. Shape: door (measurements only).
 */
import { loadKeys } from '../bench/load.ts'
import { figuresOf, type MeshMember, MeshProcesses } from '../support/mesh-processes.ts'
import { Prng } from '../support/prng.ts'
import type { RespSocket } from '../support/resp-socket.ts'

interface Task {
  readonly isQuick: boolean
  readonly seed: number
  say(line: string): void
}

const [KEYS, KEYS_QUICK] = [1_000_000, 50_000]
const VALUE_BYTES = 100
const CLIENTS = 6
const READ_SHARE = 0.7
const CALM_MS = 5000
const JOIN_MS = 180_000
const LOOK_MS = 100
const COPIES = 3
const SLOT_COUNT = 16_384

interface Join {
  readonly failed: number
  readonly wrongNils: number
  readonly p99BeforeMs: number
  readonly p99DuringMs: number
  readonly keys: number
  readonly elapsedMs: number
  /** Of the primaries of one node, from an equal share, in percent. */
  readonly imbalance: number
  /** Copies that moved, against the fewest that could have. */
  readonly movedRatio: number
}

/** One conversation: the next request follows the last reply. */
class Client {
  readonly complaints: string[] = []
  latenciesMs: number[] = []
  wrongNils = 0
  readonly #socket: RespSocket
  readonly #random: Prng
  readonly #keys: number
  #isOver = false
  #running: Promise<void> = Promise.resolve()

  constructor(socket: RespSocket, random: Prng, keys: number) {
    this.#socket = socket
    this.#random = random
    this.#keys = keys
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
    this.#socket.destroy()
  }

  async #run(): Promise<void> {
    const value = 'w'.repeat(VALUE_BYTES)
    while (!this.#isOver) {
      const key = `key:${String(this.#random.below(this.#keys)).padStart(12, '0')}`
      const isRead = this.#random.chance(READ_SHARE)
      const startMs = performance.now()
      const reply = await (isRead ? this.#socket.call('GET', key) : this.#socket.call('SET', key, value))
      this.latenciesMs.push(performance.now() - startMs)
      if (reply.type === 'error') this.complaints.push(String(reply.value))
      else if (isRead && reply.value === null) this.wrongNils++
    }
  }
}

function p99Of(clients: readonly Client[]): number {
  const all = clients.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b)
  for (const client of clients) client.latenciesMs = []
  return all[Math.floor(all.length * 0.99)] ?? 0
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function figures(member: MeshMember, ...words: string[]): Promise<ReadonlyMap<string, string>> {
  const socket = await member.connect()
  const reply = figuresOf(await socket.call('MESH', ...words))
  socket.destroy()
  return reply
}

async function figureOfAll(mesh: MeshProcesses, name: string): Promise<number[]> {
  const all = await Promise.all(mesh.members.map((member) => figures(member, 'INFO')))
  return all.map((one) => Number(one.get(name)))
}

async function untilJoined(newcomer: MeshMember): Promise<ReadonlyMap<string, string>> {
  const deadline = performance.now() + JOIN_MS
  for (;;) {
    const status = await figures(newcomer, 'REBALANCE', 'STATUS')
    const planned = Number(status.get('slots-planned'))
    if (planned > 0 && Number(status.get('slots-done')) === planned) return status
    if (performance.now() > deadline) throw new Error(`no join: ${[...status].join(' ')}`)
    await pause(LOOK_MS)
  }
}

async function measureJoin({ isQuick, say, seed }: Task): Promise<Join> {
  const keys = isQuick ? KEYS_QUICK : KEYS
  const mesh = await MeshProcesses.start(3)
  const clients: Client[] = []
  try {
    say(`${keys} keys in ${(await loadKeys(mesh.at(0).port, keys, VALUE_BYTES)).toFixed(1)} s`)
    for (let i = 0; i < CLIENTS; i++)
      clients.push(new Client(await mesh.at(i % 3).connect(), new Prng(seed + i), keys))
    for (const client of clients) client.start()
    await pause(1000)
    p99Of(clients)
    await pause(CALM_MS)
    const p99BeforeMs = p99Of(clients)
    const gainedBefore = await figureOfAll(mesh, 'mesh_rebalance_places_gained')
    const newcomer = await mesh.add()
    const status = await untilJoined(newcomer)
    await mesh.formed(4)
    const p99DuringMs = p99Of(clients)
    const gained = await figureOfAll(mesh, 'mesh_rebalance_places_gained')
    const moved = gained.reduce((sum, count, i) => sum + count - (gainedBefore[i] ?? 0), 0)
    const acting = await figureOfAll(mesh, 'mesh_slots_acting')
    for (const client of clients) await client.stop()
    for (const { complaints } of clients) for (const complaint of complaints) say(complaint)
    const share = SLOT_COUNT / 4
    return {
      failed: clients.reduce((sum, { complaints }) => sum + complaints.length, 0),
      wrongNils: clients.reduce((sum, { wrongNils }) => sum + wrongNils, 0),
      p99BeforeMs,
      p99DuringMs,
      keys: Number(status.get('keys')),
      elapsedMs: Number(status.get('elapsed-ms')),
      imbalance: (Math.max(...acting.map((count) => Math.abs(count - share))) / share) * 100,
      movedRatio: moved / ((COPIES * SLOT_COUNT) / 4),
    }
  } finally {
    await mesh.kill()
  }
}

/** The rows are read off the same join, if nothing else was asked for in between. */
let known: { readonly seed: number; readonly isQuick: boolean; readonly join: Promise<Join> } | undefined

function joinOf(task: Task): Promise<Join> {
  const { isQuick, seed } = task
  if (known?.seed !== seed || known.isQuick !== isQuick) known = { seed, isQuick, join: measureJoin(task) }
  return known.join
}

export const rows = [
  {
    name: 'join',
    question: 'What do clients notice of the join of a fourth node with 1 M keys under load?',
    target: '0 failed, 0 wrong nils',
    async measure(task: Task) {
      const { failed, wrongNils, p99BeforeMs, p99DuringMs } = await joinOf(task)
      const values = {
        failed,
        'wrong nils': wrongNils,
        'p99 before, ms': p99BeforeMs,
        'p99 during, ms': p99DuringMs,
      }
      return { values, unit: '', holds: failed + wrongNils === 0 }
    },
  },
  {
    name: 'hand-off-speed',
    question:
      'How fast does a newcomer get its keys, unthrottled, with values of 100 bytes, and what does it cost clients?',
    target: '>= 200,000 keys/s, p99 < 3x',
    async measure(task: Task) {
      const { elapsedMs, keys, p99BeforeMs, p99DuringMs } = await joinOf(task)
      const speed = Math.round((keys / elapsedMs) * 1000)
      const ratio = p99DuringMs / p99BeforeMs
      return {
        values: { 'keys/s': speed, 'p99 ratio': ratio },
        unit: '',
        holds: speed >= 200_000 && ratio < 3,
      }
    },
  },
  {
    name: 'join-balance',
    question:
      'How evenly do primaries lie after a join, and how many copies moved against the fewest possible?',
    target: '<= 2 %, <= 1.15x',
    async measure(task: Task) {
      const { imbalance, movedRatio } = await joinOf(task)
      const values = { 'imbalance %': imbalance, moved: movedRatio }
      return { values, unit: '', holds: imbalance <= 2 && movedRatio <= 1.15 }
    },
  },
] as const
