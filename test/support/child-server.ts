/*
 * A Redis-speaking server as a child process: start, wait for PONG, stop, kill.
 *
 * The idea: the real server and ours are started, watched and stopped by the same code, so that a test
 * cannot treat them differently. It refuses to know which one it runs. Shape: door (tests only).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { RespSocket } from './resp-socket.ts'

const LOOPBACK = '127.0.0.1'
const START_DEADLINE_MS = 30_000
const STOP_DEADLINE_MS = 10_000
const OUTPUT_BYTES_MAX = 256 * 1024

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class ChildServer {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly pid: number
  /** From spawning the process to its first PONG. */
  startMs = 0
  /** What the process wrote to stderr and stdout, the last 256 KiB of it. */
  output = ''
  private readonly child: ChildProcess
  private readonly exited: Promise<number | null>
  hasExited = false

  private constructor(name: string, host: string, port: number, child: ChildProcess) {
    this.name = name
    this.host = host
    this.port = port
    this.child = child
    this.pid = child.pid ?? 0
    running.add(child)
    const collect = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString('latin1')).slice(-OUTPUT_BYTES_MAX)
    }
    child.stderr?.on('data', collect)
    child.stdout?.on('data', collect)
    this.exited = new Promise((resolve) => {
      const end = (code: number | null): void => {
        this.hasExited = true
        running.delete(child)
        resolve(code)
      }
      child.once('exit', end)
      child.once('error', (error) => {
        this.output += String(error)
        end(null)
      })
    })
  }

  /** Starts the process, on a free port or that one, and waits until it answers PING. Throws when it does not. */
  static async start(
    name: string,
    command: string,
    argumentsOf: (port: number) => string[],
    environment: NodeJS.ProcessEnv = process.env,
    fixedPort = 0,
    host = LOOPBACK,
  ): Promise<ChildServer> {
    const port = fixedPort || (await freePort())
    const spawned = performance.now()
    const child = spawn(command, argumentsOf(port), { stdio: ['ignore', 'pipe', 'pipe'], env: environment })
    const server = new ChildServer(name, host, port, child)
    const deadline = Date.now() + START_DEADLINE_MS
    while (Date.now() < deadline && !server.hasExited) {
      if (await answersPing(host, port)) {
        server.startMs = performance.now() - spawned
        return server
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await server.kill()
    throw new Error(`${name} did not answer PING on port ${port}:\n${server.output}`)
  }

  connect(): Promise<RespSocket> {
    return RespSocket.connect(this.port, this.host)
  }

  /** SIGTERM, then SIGKILL when that is not enough. Answers the exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS)
    const code = await this.exited
    clearTimeout(timer)
    return code
  }

  /** kill -9: no goodbye. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  waitForExit(): Promise<number | null> {
    return this.exited
  }

  /** User and system time the process has used so far (Linux counts in hundredths). */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }

  get residentBytes(): number {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))
    return Number(kilobytes?.[1] ?? 0) * 1024
  }
}

async function answersPing(host: string, port: number): Promise<boolean> {
  let socket: RespSocket
  try {
    socket = await RespSocket.connect(port, host)
  } catch {
    return false
  }
  const reply = await socket.call('PING')
  socket.destroy()
  return reply.value === 'PONG' || (reply.type === 'error' && String(reply.value).startsWith('NOAUTH'))
}

/** The first of `count` ports in a row, each free as a `freePort` is. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = await freePort()
    const others = Array.from({ length: count - 1 }, (_, i) => first + 1 + i)
    const all = others.map(isFree)
    if ((await Promise.all(all)).every((one) => one)) return first
  }
  throw new Error(`no ${count} free ports in a row found`)
}

/**
 * A port nobody listens on, nor on those 10000 (a cluster's bus) and 2000 (HTTP) above it. All lie below the range the kernel gives
 * to outgoing connections (32768 on), so that nothing takes them between this check and the server's own bind.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if (await isFree(port)) return port
  }
  throw new Error('no free port found')
}

async function isFree(port: number): Promise<boolean> {
  return (await canListen(port)) && (await canListen(port + 10_000)) && (await canListen(port + 2000))
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, LOOPBACK, () => probe.close(() => resolve(true)))
  })
}
