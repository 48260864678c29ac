/*
 * node --import tsx test/bench/many-keys.ts [--keys 24000000] [--sample 1000000] [--only load,evict]: how the built
 * server bears very many small keys, and whether memory stays where maxmemory puts it. Not part of CI. Build first.
 *
 * The idea: keys are k + seven to nine digits, values eight digits that follow from the key, so every sampled read is
 * checked. While they get longer, memory kept for short ones has to serve the long ones: evict shows how far resident
 * memory runs ahead. Exits with 1 when a value is missing or wrong, or used_memory, which is what maxmemory is held
 * against, is out of bounds. Shape: door (bench only).
 */
import net from 'node:net'
import { ChildServer } from '../support/child-server.ts'
import { nodeCommand } from '../support/our-node.ts'
import { Prng } from '../support/prng.ts'

const CONNECTIONS = 4
const BATCH = 500
const BATCHES_IN_FLIGHT = 8
const SETTLE_MS = 1500
const LIMIT_MEGABYTES = 512
const TOLERANCE = 0.05

const words = process.argv.slice(2)
const wordAfter = (flag: string, otherwise: string): string => {
  const at = words.indexOf(flag)
  return at === -1 ? otherwise : (words[at + 1] ?? otherwise)
}
const keyCount = Number(wordAfter('--keys', '24000000'))
const sampleCount = Math.min(Number(wordAfter('--sample', '1000000')), keyCount)
const limitMegabytes = Number(wordAfter('--megabytes', String(LIMIT_MEGABYTES)))
const only = wordAfter('--only', 'load,evict').split(',')

const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const keyOf = (i: number): string => `k${String(i).padStart(7, '0')}`
const valueFor = (i: number): string => String((i * 7919) % 100_000_000).padStart(8, '0')
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

function start(flags: readonly string[] = []): Promise<ChildServer> {
  return ChildServer.start('hypercache', process.execPath, (port) => {
    return [...nodeCommand(true), 'start', '--port', String(port), '--bind', '127.0.0.1', ...flags]
  })
}

async function infoFigure(server: ChildServer, section: string, field: string): Promise<number> {
  const socket = await server.connect()
  const reply = await socket.call('INFO', section)
  socket.destroy()
  return Number(new RegExp(`\\b${field}:([\\d.]+)`).exec(String(reply.value))?.[1])
}

const usedMemory = (server: ChildServer): Promise<number> => infoFigure(server, 'memory', 'used_memory')

async function databaseSize(server: ChildServer): Promise<number> {
  const socket = await server.connect()
  const reply = await socket.call('DBSIZE')
  socket.destroy()
  return Number(reply.value)
}

interface Pipeline {
  readonly count: number
  /** The i-th request. */
  request(i: number): string
  /** Bytes of the i-th reply; the reply itself is checked by `check`. */
  readonly replyBytes: number
  /** Told of each whole reply in order. */
  check(i: number, chunk: Buffer, at: number): void
}

/** Sends all requests (one at least) over one socket; every reply is `replyBytes` long, or `check` throws. */
function run(port: number, pipeline: Pipeline): Promise<void> {
  return new Promise((resolve, reject) => {
    const { count, replyBytes } = pipeline
    const socket = net.connect({ port, host: '127.0.0.1' })
    let sent = 0
    let answered = 0
    let rest: Buffer = Buffer.alloc(0)
    const send = (): void => {
      while (sent < count && sent - answered < BATCH * BATCHES_IN_FLIGHT) {
        const end = Math.min(sent + BATCH, count)
        let text = ''
        for (; sent < end; sent++) text += pipeline.request(sent)
        socket.write(text, 'latin1')
      }
    }
    socket.setNoDelay(true)
    socket.once('connect', send)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`closed after ${answered} of ${count} replies`)))
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let at = 0
      try {
        for (; at + replyBytes <= bytes.length; at += replyBytes) pipeline.check(answered++, bytes, at)
      } catch (error) {
        socket.destroy()
        return reject(error as Error)
      }
      rest = bytes.subarray(at)
      if (answered < count) return send()
      socket.destroy()
      resolve()
    })
  })
}

/** SETs the keys `from` to `from + count - 1`; answers seconds. */
async function load(server: ChildServer, from: number, count: number): Promise<number> {
  const started = performance.now()
  const share = Math.ceil(count / CONNECTIONS)
  const runs: Promise<void>[] = []
  for (let first = 0; first < count; first += share) {
    runs.push(
      run(server.port, {
        count: Math.min(share, count - first),
        replyBytes: 5,
        request: (i) => {
          const key = keyOf(from + first + i)
          return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$8\r\n${valueFor(from + first + i)}\r\n`
        },
        check: (i, chunk, at) => {
          if (chunk[at] !== 43) throw new Error(`SET ${i}: ${chunk.toString('latin1', at, at + 100)}`)
        },
      }),
    )
  }
  await Promise.all(runs)
  return (performance.now() - started) / 1000
}

/** GETs a random sample and checks every value; answers seconds. */
async function readSample(server: ChildServer): Promise<number> {
  const started = performance.now()
  const prng = new Prng(1)
  const asked = Uint32Array.from({ length: sampleCount }, () => prng.below(keyCount))
  await run(server.port, {
    count: sampleCount,
    replyBytes: '$8\r\n12345678\r\n'.length,
    request: (i) => {
      const key = keyOf(asked[i]!)
      return `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`
    },
    check: (i, chunk, at) => {
      const found = chunk.toString('latin1', at + 4, at + 12)
      if (found !== valueFor(asked[i]!)) throw new Error(`${keyOf(asked[i]!)} is ${JSON.stringify(found)}`)
    },
  })
  return (performance.now() - started) / 1000
}

async function loadAndRead(): Promise<boolean> {
  const server = await start()
  try {
    await settle(SETTLE_MS)
    const [residentBefore, usedBefore] = [server.residentBytes, await usedMemory(server)]
    const loadSeconds = await load(server, 0, keyCount)
    await settle(SETTLE_MS)
    const [resident, used] = [server.residentBytes, await usedMemory(server)]
    const readSeconds = await readSample(server)
    const size = await databaseSize(server)
    console.log(
      `loaded ${keyCount} keys in ${loadSeconds.toFixed(1)} s, ${Math.round(keyCount / loadSeconds)} /s`,
    )
    console.log(
      `read ${sampleCount} of them in ${readSeconds.toFixed(1)} s, all values right; DBSIZE ${size}`,
    )
    console.log(
      `RSS ${megabytes(resident)} (idle ${megabytes(residentBefore)}), used_memory ${megabytes(used)}`,
    )
    const perKey = (bytes: number): string => (bytes / keyCount).toFixed(1)
    console.log(
      `bytes per key: ${perKey(resident - residentBefore)} of RSS, ${perKey(used - usedBefore)} used_memory`,
    )
    if (size !== keyCount) console.log(`FAILED: DBSIZE should be ${keyCount}`)
    return size === keyCount
  } finally {
    await server.kill()
  }
}

/** Loads far more than fits, in ten steps, looking at memory after each. */
async function stayWithin(policy: string): Promise<boolean> {
  const limit = limitMegabytes * 2 ** 20
  const server = await start(['--maxmemory', `${limitMegabytes}mb`, '--maxmemory-policy', policy])
  try {
    await settle(SETTLE_MS)
    const idle = server.residentBytes
    let [residentMax, usedMax, fragmentationMax] = [0, 0, 0]
    let seconds = 0
    for (let step = 0; step < 10; step++) {
      const from = Math.floor((keyCount / 10) * step)
      seconds += await load(server, from, Math.floor((keyCount / 10) * (step + 1)) - from)
      usedMax = Math.max(usedMax, await usedMemory(server))
      residentMax = Math.max(residentMax, server.residentBytes)
      fragmentationMax = Math.max(
        fragmentationMax,
        await infoFigure(server, 'memory', 'allocator_frag_ratio'),
      )
    }
    const size = await databaseSize(server)
    const moved = await infoFigure(server, 'stats', 'active_defrag_hits')
    const isWithin = usedMax <= limit * (1 + TOLERANCE)
    console.log(
      `${policy}, ${limitMegabytes} MB: used_memory at most ${megabytes(usedMax)}; ` +
        `${size} of ${keyCount} keys left, ${Math.round(keyCount / seconds)} SETs/s`,
    )
    console.log(
      `  RSS at most ${megabytes(residentMax)} (idle ${megabytes(idle)}), ${(residentMax / limit).toFixed(2)} of the limit; ` +
        `pages to cells at most ${fragmentationMax.toFixed(2)}; ${moved} keys moved`,
    )
    if (size === keyCount) console.log('NOTE: nothing was evicted; take more --keys or fewer --megabytes')
    if (!isWithin) console.log(`FAILED: used_memory beyond the limit by more than ${TOLERANCE * 100} %`)
    return isWithin
  } finally {
    await server.kill()
  }
}

let isGood = true
if (only.includes('load')) isGood = (await loadAndRead()) && isGood
if (only.includes('evict')) {
  for (const policy of ['allkeys-lru', 'allkeys-random']) isGood = (await stayWithin(policy)) && isGood
}
process.exitCode = isGood ? 0 : 1
