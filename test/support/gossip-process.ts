/*
 * A member in a process of its own, and what it has told so far.
 *
 * The idea: a test waits for what a process tells, never for time to pass; what does not come until the deadline is
 * reported with everything that did. Shape: door (tests only).
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./gossip-member.ts', import.meta.url))
const DEADLINE_MS = 30_000

export interface Told {
  readonly type: string
  readonly id?: string
  readonly birth?: number
  readonly incarnation?: number
  readonly address?: string
}

const running = new Set<ChildProcessWithoutNullStreams>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class GossipProcess {
  readonly id: string
  readonly told: Told[] = []
  address = ''
  birth = 0
  readonly exited: Promise<number | null>
  readonly #child: ChildProcessWithoutNullStreams
  #listeners: (() => void)[] = []
  #complaints = ''

  private constructor(id: string, seeds: readonly string[]) {
    this.id = id
    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, id, ...seeds])
    this.#child = child
    running.add(child)
    child.stderr.on('data', (chunk) => (this.#complaints += chunk))
    createInterface(child.stdout).on('line', (line) => this.#onTold(JSON.parse(line)))
    this.exited = new Promise((resolve) => {
      child.once('close', (code) => {
        running.delete(child)
        resolve(code)
      })
    })
  }

  static async start(id: string, seeds: readonly string[]): Promise<GossipProcess> {
    const one = new GossipProcess(id, seeds)
    const { address, birth } = await one.hears((told) => told.type === 'listening', 'that it listens')
    one.address = address!
    one.birth = birth!
    return one
  }

  static async endAll(): Promise<void> {
    const ended = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)))
    for (const child of running) child.kill('SIGKILL')
    await Promise.all(ended)
  }

  /** The first that was told, from place `from` on, or will be. */
  hears(isIt: (told: Told) => boolean, what: string, from = 0): Promise<Told> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const words = this.told.map(({ type, id = '' }) => `${type} ${id}`).join(', ')
        reject(new Error(`${this.id} has not told ${what}, but: ${words}${this.#complaints}`))
      }, DEADLINE_MS)
      const look = (): void => {
        const found = this.told.slice(from).find(isIt)
        if (found === undefined) return
        clearTimeout(timer)
        this.#listeners = this.#listeners.filter((each) => each !== look)
        resolve(found)
      }
      this.#listeners.push(look)
      look()
    })
  }

  hearsOf(type: string, id: string, from = 0): Promise<Told> {
    return this.hears((told) => told.type === type && told.id === id, `${type} ${id}`, from)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  leave(): void {
    this.#child.stdin.write('leave\n')
  }

  #onTold(told: Told): void {
    this.told.push(told)
    for (const look of this.#listeners) look()
  }
}
