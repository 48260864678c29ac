/*
 * Runs a script's cases on the real server and on ours, and shows the first difference.
 *
 * The idea: each case runs on fresh connections over an empty database, in RESP2 and RESP3, command by
 * command; a sample runs again with every request sent byte by byte, and all in one write (table B-2).
 * A command on a second connection is followed by round trips on a third, so that both servers have
 * surely read it before the next command is sent: no sleeps. Shape: machine (tests only).
 */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { difference } from '../support/comparison.ts'
import { startBrokeredSubject, type Subject } from '../support/mesh-subject.ts'
import { startSubject } from '../support/our-node.ts'
import { hasRealRedis, startRealRedis } from '../support/real-redis.ts'
import { type Argument, encodeRequest, type Reply, show, showCommand } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { type Action, actionOf, type Case, MAIN } from './script.ts'

/** How requests are put on the wire: one by one, one byte a write, or all in one write. */
type Delivery = 'stepwise' | 'bytewise' | 'together'

/** What one server said to one case: a reply for each action, then what else each connection got. */
interface Transcript {
  readonly replies: (Reply | undefined)[]
  readonly rests: Map<string, { replies: Reply[]; pushes: Reply[] }>
}

const FLAGS = ['--enable-debug-command', 'yes']
const SAMPLE_EVERY = 4
const BYTEWISE_BYTES_MAX = 600

/** Requests that are answered by messages of their own, not by one reply. */
const STREAMING = /^(p|s|pun|un|sun)?subscribe$|^monitor$/i
/** Together, replies could not be told apart, or another connection is needed in between. */
const NOT_TOGETHER = /^(p|s|pun|un|sun)?subscribe$|^monitor$|^quit$|^client$|^reset$|^hello$|^debug$|^scan$/i

export interface Contest {
  /** The judge; a plain redis-server unless told otherwise. */
  readonly startOracle?: (flags: readonly string[]) => Promise<Subject>
  /** Who is judged; one node of ours unless told otherwise. */
  readonly startOurs?: (flags: readonly string[]) => Promise<Subject>
  /**
   * An error of ours that is meant to differ: the rest of the case, which builds on it, is not compared. Who says so
   * is told of each command that was answered with it.
   */
  readonly meantToDiffer?: { readonly error: RegExp; onMet(command: string): void }
}

/** HYPERCACHE_SUBJECT=mesh puts a mesh in the place of one node, and asks one of it that owns nothing. */
const startUsual = process.env.HYPERCACHE_SUBJECT === 'mesh' ? startBrokeredSubject : startSubject

export function conformance(family: string, cases: readonly Case[], contest: Contest = {}): void {
  const { startOracle = startRealRedis, startOurs = startUsual } = contest
  if (!hasRealRedis()) {
    test(`${family}: SKIPPED: redis-server not found`, { skip: true }, () => {})
    return
  }
  let ours: Subject
  let theirs: Subject
  before(async () => {
    theirs = await startOracle(FLAGS)
    ours = await startOurs(FLAGS)
  })
  after(async () => {
    await Promise.all([ours?.kill(), theirs?.kill()])
  })
  for (const [index, one] of cases.entries()) {
    test(`${family}: ${one.name}`, { timeout: 120_000 }, async () => {
      const actions = one.run.map(actionOf)
      for (const protocol of one.protocol === undefined ? ([2, 3] as const) : [one.protocol]) {
        for (const delivery of deliveriesOf(index, actions)) {
          const run = { one, actions, protocol, delivery }
          const ourTranscript = await transcriptOf(ours, run, contest.meantToDiffer?.error)
          const theirTranscript = await transcriptOf(theirs, run)
          const found = firstDifference(actions, ourTranscript, theirTranscript, contest.meantToDiffer)
          assert.ok(found === undefined, `${one.name} (RESP${protocol}, ${delivery})\n  ${found}`)
        }
      }
      assert.ok(!ours.hasExited, `our node ended:\n${ours.output}`)
    })
  }
}

function deliveriesOf(index: number, actions: readonly Action[]): Delivery[] {
  const isAlone = actions.every((action) => action.client === MAIN && action.kind === 'send')
  const names = actions.map((action) => String(action.argv[0] ?? ''))
  if (index % SAMPLE_EVERY !== 0 || !isAlone || names.some((name) => NOT_TOGETHER.test(name)))
    return ['stepwise']
  const bytes = actions.reduce((sum, action) => sum + encodeRequest(action.argv).length, 0)
  return bytes <= BYTEWISE_BYTES_MAX ? ['stepwise', 'bytewise', 'together'] : ['stepwise', 'together']
}

function firstDifference(
  actions: readonly Action[],
  ours: Transcript,
  theirs: Transcript,
  meantToDiffer: Contest['meantToDiffer'],
): string | undefined {
  for (const [at, action] of actions.entries()) {
    const [mine, other] = [ours.replies[at], theirs.replies[at]]
    if (mine === undefined || other === undefined) continue
    if (mine.type === 'error' && meantToDiffer?.error.test(String(mine.value))) {
      meantToDiffer.onMet(nameOf(actions, at))
      return undefined
    }
    const found = difference(mine, other, action.comparison)
    if (found !== undefined) return `${showAction(action)}   (command ${at + 1})\n  ${found}`
  }
  for (const [client, rest] of theirs.rests) {
    const mine = ours.rests.get(client)!
    const found =
      firstInList(byKey(mine.replies), byKey(rest.replies)) ??
      firstInList(byKey(mine.pushes), byKey(rest.pushes))
    if (found !== undefined) return `what ${client} received besides\n  ${found}`
  }
  return undefined
}

function firstInList(ours: readonly Reply[], theirs: readonly Reply[]): string | undefined {
  for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
    const [mine, other] = [ours[at], theirs[at]]
    const isSame = mine !== undefined && other !== undefined && difference(mine, other) === undefined
    if (!isSame) return `(message ${at + 1})\n  ours   ${show(mine)}\n  theirs ${show(other)}`
  }
  return undefined
}

/** The command that the answer at a place belongs to; of one in a transaction, MULTI. */
function nameOf(actions: readonly Action[], at: number): string {
  const { client } = actions[at]!
  const sent = actions.slice(0, at + 1).filter((one) => one.kind === 'send' && one.client === client)
  const names = sent.map(({ argv }) => String(argv[0]).toUpperCase())
  const isQueued = names.lastIndexOf('MULTI') > names.slice(0, -1).lastIndexOf('EXEC')
  return isQueued ? 'MULTI' : names.at(-1)!
}

/** Events of keys, those of one key together and in their order; what else there is comes first, as it was. */
function byKey(messages: readonly Reply[]): Reply[] {
  const keyed = messages.map((message) => [keyOfEvent(message) ?? '', message] as const)
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, message]) => message)
}

/** `__keyspace@0__:key` event, or `__keyevent@0__:event` key; undefined: it is no event of a key. */
function keyOfEvent({ value }: Reply): string | undefined {
  const [channel, word] = typeof value === 'string' ? [] : value.slice(-2).map((part) => String(part.value))
  const named = /^__key(space|event)@\d+__:(.*)$/s.exec(channel ?? '')
  if (named === null) return undefined
  return named[1] === 'space' ? named[2] : word
}

/** An event of a key that this stage itself has looked for. */
function isOfStage(reply: Reply): boolean {
  return keyOfEvent(reply)?.startsWith('far:') === true
}

/** An event, no acknowledgement. */
function isOfCase(reply: Reply): boolean {
  return keyOfEvent(reply) !== undefined && !isOfStage(reply)
}

const LISTENING_TO_KEYS = /^psubscribe __key/i
const STAGE_LINES = /^seen \[0\] "(PING"$|EXISTS" "far:)/

/** Lines of MONITOR, without when and where from, and without this stage's own PINGs. */
function withoutClock(replies: readonly Reply[]): Reply[] {
  const cleaned = replies.map((reply) =>
    reply.type === 'status' && typeof reply.value === 'string'
      ? { ...reply, value: reply.value.replace(/^\d+\.\d{6} \[(\d+) [^\]]+\]/, 'seen [$1]') }
      : reply,
  )
  return cleaned.filter(({ value }) => !STAGE_LINES.test(String(value)))
}

function showAction(action: Action): string {
  return action.kind !== 'send'
    ? `${action.kind} ${action.client}`
    : `${action.client}> ${showCommand(action.argv)}`
}

interface Run {
  readonly one: Case
  readonly actions: readonly Action[]
  readonly protocol: 2 | 3
  readonly delivery: Delivery
}

/** `ending`: an error after which nothing more is asked, as what follows might wait for what it was to do. */
async function transcriptOf(server: Subject, run: Run, ending?: RegExp): Promise<Transcript> {
  const { actions, delivery, one, protocol } = run
  const stage = await Stage.open(server, one, actions, protocol)
  try {
    const replies =
      delivery === 'together' ? await stage.runTogether(actions) : await stage.run(actions, delivery, ending)
    return { replies, rests: await stage.collectRests() }
  } finally {
    await stage.close()
  }
}

/** To each node of a server, for as long as it runs: they are never in a state that a case could leave behind. */
const controls = new WeakMap<Subject, Promise<readonly RespSocket[]>>()

function controlsOf(server: Subject): Promise<readonly RespSocket[]> {
  let known = controls.get(server)
  if (known === undefined) {
    known = server.connectAll?.() ?? server.connect().then((one) => [one])
    controls.set(server, known)
  }
  return known
}

/** The connections of one case on one server. */
class Stage {
  private readonly clients = new Map<string, RespSocket>()
  private readonly server: Subject
  /** One to each node: what holds for a server holds for each of its nodes. The first is the one that is asked. */
  private readonly nodes: readonly RespSocket[]
  private readonly control: RespSocket
  private readonly protocol: 2 | 3
  private readonly ids = new Map<string, string>()
  private readonly before: [name: string, value: string][] = []

  /** Connections that have subscribed to events at the other nodes, where other keys' events are told. */
  private readonly listeners = new Map<string, RespSocket[]>()

  private constructor(server: Subject, nodes: readonly RespSocket[], protocol: 2 | 3) {
    this.server = server
    this.protocol = protocol
    this.nodes = nodes
    this.control = nodes[0]!
  }

  static async open(server: Subject, one: Case, actions: readonly Action[], protocol: 2 | 3): Promise<Stage> {
    const stage = new Stage(server, await controlsOf(server), protocol)
    await stage.control.call('FLUSHALL')
    // When the expiry cycle comes round is luck: a key past its time goes when it is met.
    await stage.everywhere('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    for (const [name, value] of Object.entries(one.config ?? {})) {
      const known = await stage.control.call('CONFIG', 'GET', name)
      stage.before.push([name, String((known.value as readonly Reply[])[1]?.value ?? '')])
      const set = await stage.everywhere('CONFIG', 'SET', name, value)
      if (set.type !== 'status') throw new Error(`${server.name}: CONFIG SET ${name} ${value}: ${show(set)}`)
    }
    const usesIds = actions.some((action) => action.argv.some((argument) => /^@c\d$/.test(String(argument))))
    for (const name of new Set([MAIN, ...actions.map((action) => action.client)].sort())) {
      const client = await server.connect()
      stage.clients.set(name, client)
      if (protocol === 3) await client.call('HELLO', '3')
      if (usesIds) stage.ids.set(`@${name}`, String((await client.call('CLIENT', 'ID')).value))
    }
    return stage
  }

  /** The answer of the node that is asked. */
  private async everywhere(...argv: string[]): Promise<Reply> {
    const replies = await Promise.all(this.nodes.map((node) => node.call(...argv)))
    return replies[0]!
  }

  private withIds(argv: readonly Argument[]): Argument[] {
    return argv.map((argument) =>
      typeof argument === 'string' ? (this.ids.get(argument) ?? argument) : argument,
    )
  }

  async run(
    actions: readonly Action[],
    delivery: Delivery,
    ending: RegExp | undefined,
  ): Promise<(Reply | undefined)[]> {
    const replies: (Reply | undefined)[] = []
    for (const action of actions) {
      const last = replies.at(-1)
      if (last?.type === 'error' && ending?.test(String(last.value))) break
      const client = this.clients.get(action.client)!
      if (action.kind === 'await') {
        replies.push(await client.next())
        continue
      }
      if (action.kind === 'close') client.destroy()
      else {
        if (LISTENING_TO_KEYS.test(action.argv.join(' '))) await this.listenEverywhere(action)
        await this.deliver(client, encodeRequest(this.withIds(action.argv)), delivery)
      }
      const waits =
        action.kind === 'send' && action.client === MAIN && !STREAMING.test(String(action.argv[0] ?? ''))
      if (waits) replies.push(await this.wholeScan(client, action, await client.next()))
      else {
        await this.settle()
        replies.push(undefined)
      }
    }
    return replies
  }

  /** A page of SCAN ends where the keys of one node end: of a mesh all pages are taken, as those of one. */
  private async wholeScan(client: RespSocket, { argv }: Action, first: Reply): Promise<Reply> {
    if (this.nodes.length === 1 || !/^scan$/i.test(String(argv[0])) || typeof first.value === 'string')
      return first
    let [cursor, page] = first.value as [Reply, Reply]
    const keys = [...(page.value as readonly Reply[])]
    while (cursor.value !== '0') {
      const next = await client.call('SCAN', String(cursor.value), ...argv.slice(2))
      ;[cursor, page] = next.value as unknown as [Reply, Reply]
      keys.push(...(page.value as readonly Reply[]))
    }
    return { ...first, value: [cursor, { ...page, value: keys }] }
  }

  async runTogether(actions: readonly Action[]): Promise<Reply[]> {
    const client = this.clients.get(MAIN)!
    client.send(Buffer.concat(actions.map((action) => encodeRequest(action.argv))))
    return client.take(actions.length)
  }

  /** Who is to hear of all keys listens at each node: keyspace events are told where the key is acted for. */
  private async listenEverywhere({ argv, client }: Action): Promise<void> {
    const [asked, ...others] = (await this.server.connectAll?.()) ?? []
    asked?.destroy()
    for (const other of others) {
      if (this.protocol === 3) await other.call('HELLO', '3')
      other.send(encodeRequest(argv))
    }
    for (let turn = 0; turn < 3; turn++) await this.everywhere('PING')
    this.listeners.set(client, others)
  }

  private async deliver(client: RespSocket, bytes: Buffer, delivery: Delivery): Promise<void> {
    if (delivery !== 'bytewise') {
      client.send(bytes)
      return
    }
    for (let at = 0; at < bytes.length; at++) {
      client.send(bytes.subarray(at, at + 1))
      await setImmediate()
    }
  }

  /**
   * Bytes written on loopback before a PING are readable when the PING is. Servers serve what is readable
   * in any order within one turn, and may put a busy connection off by one: three turns are enough. Between nodes
   * requests stay in order, so that an answer about a key of another node comes after what was sent there before.
   */
  private async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await this.control.call('PING')
      for (const key of this.server.farKeys ?? []) await this.control.call('EXISTS', key)
    }
  }

  /** What nobody has asked for yet: answers of other connections, messages, pushes, a closed socket. */
  async collectRests(): Promise<Transcript['rests']> {
    await this.settle()
    await setImmediate()
    const rests: Transcript['rests'] = new Map()
    for (const [name, client] of this.clients) {
      await this.settle()
      const replies = withoutClock(client.replies).filter((reply) => !isOfStage(reply))
      const pushes = client.pushes.filter((push) => !isOfStage(push))
      for (const other of this.listeners.get(name) ?? []) {
        replies.push(...other.replies.filter(isOfCase))
        pushes.push(...other.pushes.filter(isOfCase))
      }
      rests.set(name, { replies, pushes })
    }
    return rests
  }

  async close(): Promise<void> {
    for (const client of this.clients.values()) client.destroy()
    await this.control.call('CLIENT', 'UNPAUSE')
    await this.everywhere('DEBUG', 'SET-ACTIVE-EXPIRE', '1')
    for (const [name, value] of this.before) await this.everywhere('CONFIG', 'SET', name, value)
    for (const client of [...this.listeners.values()].flat()) client.destroy()
  }
}
