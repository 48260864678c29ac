/*
 * A node by itself behind a real HTTP door on loopback, and a client that may say anything to it: well-formed requests by
 * fetch, and raw bytes. Shape: door, for tests only.
 */
import { once } from 'node:events'
import net from 'node:net'
import { loadConfig } from '../../src/config/index.ts'
import { defaultHttpLimits, type HttpLimits, openHttp, type RunningHttp } from '../../src/http/http-door.ts'
import { HttpDesk } from '../../src/http/http-desk.ts'
import { NodeItems } from '../../src/http/node-items.ts'
import { OwnClient } from '../../src/http/own-client.ts'
import { Log } from '../../src/log.ts'
import { Node } from '../../src/node.ts'
import { systemPorts } from '../../src/system.ts'

export interface Answer {
  readonly status: number
  readonly json: Record<string, unknown>
  readonly headers: Headers
}

export class HttpStage {
  readonly node: Node
  readonly client: OwnClient
  readonly items: NodeItems
  readonly errors: unknown[] = []
  http!: RunningHttp

  private constructor(settings: Readonly<Record<string, string>>) {
    const argv = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const { config, errors } = loadConfig({ argv, environment: {}, readFile: () => '' })
    if (errors.length > 0) throw new Error(errors.join())
    this.node = new Node(
      config,
      new Log({ sink: () => {}, nowMs: () => 0 }),
      systemPorts(() => {}),
      'e'.repeat(40),
    )
    this.client = new OwnClient(this.node, {
      wallMs: () => Date.now(),
      after: (delayMs, run) => void setTimeout(run, delayMs).unref(),
      soon: (run) => void setImmediate(run),
    })
    this.items = new NodeItems(this.node, this.client, undefined)
  }

  static async open(
    settings: Readonly<Record<string, string>> = {},
    limits: Partial<HttpLimits> = {},
  ): Promise<HttpStage> {
    const stage = new HttpStage(settings)
    stage.http = await openHttp({
      hosts: ['127.0.0.1'],
      port: 0,
      desk: new HttpDesk(stage.node.state, stage.items, { servesItems: true, advertised: '' }),
      limits: { ...defaultHttpLimits(), ...limits },
      onError: (error) => stage.errors.push(error),
    })
    return stage
  }

  get url(): string {
    return `http://127.0.0.1:${this.http.port}`
  }

  async ask(
    method: string,
    path: string,
    json?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const body = json === undefined ? null : typeof json === 'string' ? json : JSON.stringify(json)
    const type = json === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(`${this.url}${path}`, { method, body, headers: { ...type, ...headers } })
    const text = await response.text()
    return { status: response.status, json: text === '' ? {} : JSON.parse(text), headers: response.headers }
  }

  /** All that is answered to these bytes until the node hangs up. */
  async raw(...parts: string[]): Promise<string> {
    const socket = net.connect(this.http.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('error', () => {})
    await once(socket, 'connect')
    for (const part of parts) socket.write(part, 'latin1')
    if (!socket.closed) await once(socket, 'close')
    return answer
  }

  close(): Promise<void> {
    return this.http.close()
  }
}

export async function withStage(
  settings: Readonly<Record<string, string>>,
  limits: Partial<HttpLimits>,
  run: (stage: HttpStage) => Promise<void>,
): Promise<void> {
  const stage = await HttpStage.open(settings, limits)
  try {
    await run(stage)
  } finally {
    await stage.close()
  }
}
