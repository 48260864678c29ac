/*
 * Lanes for the client of our own: which connection asks whom for which keys.
 *
 * The idea: keys are drawn beforehand from those that loadKeys has put there, and where a lane knows the map of slots, only
 * those that belong - or do not belong - to the node it asks. Shape: rule (bench only).
 */
import { slotOf } from '../../src/store/hash-slot.ts'
import { encodeRequest, type Reply } from '../support/reply.ts'
import { RespSocket } from '../support/resp-socket.ts'
import type { Lane } from './closed-loop.ts'
import { KEY_SPACE } from './load.ts'

/** By slot: the port of the node that acts for it. */
export type SlotMap = readonly number[]

/** Who asks whom: any node for any key, the node that acts for the key, or one that does not. */
export type Manner = 'any' | 'direct' | 'proxied'

export interface Asking {
  readonly command: 'SET' | 'GET'
  readonly connections: number
  readonly pipeline: number
  readonly manner: Manner
  /** WAIT 1 after every so many commands; 0: none. */
  readonly waitEvery?: number
  readonly greeting?: readonly string[] | undefined
}

const BATCHES = 64
/** One of three fits, or two of three. */
const DRAWS_MAX = 1000
const VALUE = 'xxx'
const ANSWER_BYTES = { SET: '+OK\r\n'.length, GET: `$3\r\n${VALUE}\r\n`.length }
const WAIT = encodeRequest(['WAIT', '1', '0'])
const WAIT_ANSWER_BYTES = ':1\r\n'.length

export async function slotMapOf(port: number): Promise<SlotMap> {
  const client = await RespSocket.connect(port)
  const ranges = (await client.call('CLUSTER', 'SLOTS')).value as readonly Reply[]
  client.destroy()
  const ports: number[] = []
  for (const { value } of ranges) {
    const [first, last, acting] = value as readonly Reply[]
    const portOfActing = Number((acting!.value as readonly Reply[])[1]!.value)
    for (let slot = Number(first!.value); slot <= Number(last!.value); slot++) ports[slot] = portOfActing
  }
  return ports
}

/** `ports` are asked by turns. */
export function lanesOf(ports: readonly number[], map: SlotMap, asking: Asking): Lane[] {
  const { command, connections, greeting, pipeline, waitEvery = 0 } = asking
  const waits = waitEvery === 0 ? 0 : pipeline / waitEvery
  const answerBytes = pipeline * ANSWER_BYTES[command] + waits * WAIT_ANSWER_BYTES
  return Array.from({ length: connections }, (_, i) => {
    const port = ports[i % ports.length]!
    const batches = Array.from({ length: BATCHES }, () => batch(port, map, asking))
    return { port, batches, answerBytes, greeting: greeting && encodeRequest(greeting) }
  })
}

function batch(port: number, map: SlotMap, { command, manner, pipeline, waitEvery = 0 }: Asking): Buffer {
  const parts: Buffer[] = []
  for (let i = 1; i <= pipeline; i++) {
    const key = drawKey(port, map, manner)
    parts.push(encodeRequest(command === 'SET' ? ['SET', key, VALUE] : ['GET', key]))
    if (waitEvery > 0 && i % waitEvery === 0) parts.push(WAIT)
  }
  return Buffer.concat(parts)
}

function drawKey(port: number, map: SlotMap, manner: Manner): Buffer {
  for (let draws = 0; draws < DRAWS_MAX; draws++) {
    const number = Math.floor(Math.random() * KEY_SPACE)
    const key = Buffer.from(`key:${String(number).padStart(12, '0')}`)
    const isOwn = map[slotOf(key, 0, key.length)] === port
    if (manner === 'any' || isOwn === (manner === 'direct')) return key
  }
  throw new Error(`no key to be asked of port ${port} (${manner})`)
}
