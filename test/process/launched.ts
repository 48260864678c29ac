/*
 * The hypercache command as a shell would run it: any arguments, any environment, its output and its exit code.
 *
 * The idea: where test/support/child-server.ts insists on a server that answers, this one takes what comes, since
 * refusing to start is what some tests are about. It refuses to outlive its test. Shape: door (tests only).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { nodeCommand } from '../support/our-node.ts'
import { RespSocket } from '../support/resp-socket.ts'
import { eventually } from './attended.ts'

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class Launched {
  stdout = ''
  stderr = ''
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  #isOver = false

  constructor(argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^HYPERCACHE_/.test(name))
    // One node by itself unless the test says otherwise: its bus port may be anybody's.
    const env = { ...Object.fromEntries(inherited), HYPERCACHE_MESH: 'no', ...environment }
    const child = spawn(process.execPath, [...nodeCommand(), ...argv], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    running.add(child)
    child.stdout.on('data', (chunk) => (this.stdout += chunk))
    child.stderr.on('data', (chunk) => (this.stderr += chunk))
    this.exited = new Promise((resolve) => {
      child.once('close', (code) => {
        running.delete(child)
        this.#isOver = true
        resolve(code)
      })
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** A connection, as soon as there is somebody who accepts it. */
  async connect(port: number, host = '127.0.0.1'): Promise<RespSocket> {
    let socket: RespSocket | undefined
    await eventually(`somebody listens on ${port}`, async () => {
      if (this.#isOver) throw new Error(`it ended: ${this.stderr}${this.stdout}`)
      socket = await RespSocket.connect(port, host).catch(() => undefined)
      return socket !== undefined
    })
    return socket!
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }
}
