/*
 * A prober in a process of its own: PING a thousand times a second, how long was the longest wait?
 *
 * The idea: it sends whether or not the last answer came (a stalled server does not slow it down), and it
 * also reports how late its own timer was at worst, because that is the noise of the machine.
 * Usage: prober PORT; ends with one line of JSON when its standard input ends. Shape: door (bench only).
 */
import net from 'node:net'

const PONG_BYTES = '+PONG\r\n'.length
const INTERVAL_MS = 1

const waits: number[] = []
const sentAt: number[] = []
let answeredBytes = 0
let ownLatenessMs = 0
let lastTick = performance.now()

const socket = net.connect({ port: Number(process.argv[2]), host: '127.0.0.1' })
socket.setNoDelay(true)
socket.on('data', (chunk: Buffer) => {
  const now = performance.now()
  answeredBytes += chunk.length
  while (waits.length < Math.floor(answeredBytes / PONG_BYTES)) waits.push(now - sentAt[waits.length]!)
})
socket.once('connect', () => {
  lastTick = performance.now()
  setInterval(() => {
    const now = performance.now()
    ownLatenessMs = Math.max(ownLatenessMs, now - lastTick - INTERVAL_MS)
    lastTick = now
    sentAt.push(now)
    socket.write('PING\r\n')
  }, INTERVAL_MS)
})

process.stdin.on('end', () => {
  const now = performance.now()
  for (let index = waits.length; index < sentAt.length; index++) waits.push(now - sentAt[index]!)
  waits.sort((a, b) => a - b)
  const at = (share: number): number =>
    waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0
  process.stdout.write(
    `${JSON.stringify({ pings: waits.length, p99Ms: at(0.99), p999Ms: at(0.999), longestMs: at(1), ownLatenessMs })}\n`,
    () => process.exit(0),
  )
})
process.stdin.resume()
