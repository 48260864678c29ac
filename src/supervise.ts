/**
 * Supervise [Door]: a mesh on this machine: one child process a node, their output under their names, one end for all.
 *
 * What to start and what an end means is said by local-mesh.ts; this spawns, waits and passes on. Children hold a channel to
 * this process and end when it breaks, so none outlives its supervisor.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { connect } from '../resp/index.ts'
import { afterEnd, isShortLife, isWhole, type PlannedNode, readyText } from './local-mesh.ts'
import { HUGE_PAGES } from './huge-pages.ts'

const LOOK_MS = 100
const ANSWER_MS = 1000
const SLOW_START_MS = 20_000
/** Beyond what a node takes to drain: its clients, its goodbye. */
const DRAIN_MS = 20_000

interface Child {
  readonly node: PlannedNode
  process: ChildProcess | undefined
  shortLives: number
  restart: NodeJS.Timeout | undefined
}

export interface Credentials {
  readonly password?: string
}

/** Runs the nodes until they end or are asked to; answers the exit code. */
export function supervise(nodes: readonly PlannedNode[], credentials: Credentials): Promise<number> {
  return new Promise((resolve) => new Supervisor(nodes, credentials, resolve).start())
}

class Supervisor {
  readonly #children: readonly Child[]
  readonly #credentials: Credentials
  readonly #onOver: (code: number) => void
  #hasFormed = false
  #isStopping = false
  #code = 0

  constructor(nodes: readonly PlannedNode[], credentials: Credentials, onOver: (code: number) => void) {
    this.#children = nodes.map((node) => ({ node, process: undefined, shortLives: 0, restart: undefined }))
    this.#credentials = credentials
    this.#onOver = onOver
  }

  start(): void {
    let interrupts = 0
    process.on('SIGTERM', () => this.#stop())
    process.on('SIGINT', () => {
      if (++interrupts > 1) this.#kill(130)
      else this.#stop()
    })
    for (const child of this.#children) this.#launch(child, child.node.firstArgv)
    void this.#awaitMesh()
  }

  #launch(child: Child, argv: readonly string[]): void {
    const { name } = child.node
    const words = [...process.execArgv, process.argv[1]!, ...argv]
    const env = { ...HUGE_PAGES, ...process.env }
    const born = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const startedMs = performance.now()
    child.process = born
    passOn(born.stdout!, process.stdout, `[${name}] `)
    passOn(born.stderr!, process.stderr, `[${name}] `)
    born.once('error', (error) => warn(`${name}: ${error.message}`))
    born.once('close', (code, signal) => {
      child.process = undefined
      this.#onEnd(child, code, signal, performance.now() - startedMs)
    })
  }

  #onEnd(child: Child, code: number | null, signal: string | null, livedMs: number): void {
    const { name, laterArgv } = child.node
    const how = signal === null ? `exit code ${code}` : signal
    if (this.#isStopping) {
      if (code !== 0 && this.#code === 0) {
        this.#code = 1
        warn(`${name} did not end in order (${how})`)
      }
      return this.#lookForEnd()
    }
    const next = afterEnd(code, this.#hasFormed, child.shortLives)
    if (next.kind === 'gone') {
      warn(`${name} has ended, as it was asked to`)
      return this.#lookForEnd()
    }
    if (next.kind === 'failed') {
      warn(`${name} could not start (${how}): so the mesh is not started`)
      this.#code = code ?? 1
      this.#stop()
      return this.#lookForEnd()
    }
    child.shortLives = isShortLife(livedMs) ? child.shortLives + 1 : 0
    warn(`${name} ended unexpectedly (${how}): starting it again in ${next.delayMs} ms`)
    child.restart = setTimeout(() => {
      child.restart = undefined
      this.#launch(child, laterArgv)
    }, next.delayMs)
  }

  #stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    for (const child of this.#children) {
      clearTimeout(child.restart)
      child.restart = undefined
      child.process?.kill('SIGTERM')
    }
    setTimeout(() => this.#kill(1), DRAIN_MS).unref()
    this.#lookForEnd()
  }

  #kill(code: number): void {
    this.#isStopping = true
    this.#code = code
    for (const child of this.#children) {
      clearTimeout(child.restart)
      child.restart = undefined
      child.process?.kill('SIGKILL')
    }
    this.#lookForEnd()
  }

  #lookForEnd(): void {
    const isOver = this.#children.every((child) => child.process === undefined && child.restart === undefined)
    if (isOver) this.#onOver(this.#code)
  }

  async #awaitMesh(): Promise<void> {
    const slowMs = performance.now() + SLOW_START_MS
    let isLate = false
    while (!this.#isStopping && !(await this.#isMeshWhole())) {
      if (!isLate && performance.now() > slowMs) {
        isLate = true
        warn('the nodes have not found each other yet: still trying')
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    if (this.#isStopping) return
    this.#hasFormed = true
    const nodes = this.#children.map((child) => child.node)
    for (const line of readyText(nodes).split('\n')) process.stdout.write(`hypercache: ${line}\n`)
  }

  async #isMeshWhole(): Promise<boolean> {
    const answers = this.#children.map(({ node }) => clusterInfo(node, this.#credentials))
    const whole = (await Promise.all(answers)).map((answer) => isWhole(answer, this.#children.length))
    return whole.every((isOne) => isOne)
  }
}

/** Empty while the node does not answer. */
async function clusterInfo({ host, port }: PlannedNode, credentials: Credentials): Promise<string> {
  try {
    const client = await connect({ host, port, deadlineMs: ANSWER_MS, ...credentials })
    const answer = await client.call('CLUSTER', 'INFO')
    await client.close()
    return Buffer.isBuffer(answer) ? answer.toString('latin1') : ''
  } catch {
    return ''
  }
}

/** Line by line, so that the lines of several nodes do not run into each other. */
function passOn(from: NodeJS.ReadableStream, to: NodeJS.WritableStream, prefix: string): void {
  let rest = ''
  from.setEncoding('utf8')
  from.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    if (lines.length > 0) to.write(lines.map((line) => `${prefix}${line}\n`).join(''))
  })
  from.on('end', () => {
    if (rest !== '') to.write(`${prefix}${rest}\n`)
  })
}

function warn(text: string): void {
  process.stderr.write(`hypercache: ${text}\n`)
}
