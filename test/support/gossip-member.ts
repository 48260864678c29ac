/*
 * One member of a mesh as a process of its own: `gossip-member.ts ID [SEED...]`.
 *
 * The idea: everything its membership tells goes out as a line of JSON, so that a test hears what is believed in here
 * and nothing else; it ends with its standard input, so that it never outlives the test. Shape: door (tests only).
 */
import { type GossipEvent, PEKKO_DEFAULTS, startMembership } from '../../gossip/index.ts'

const [id = '', ...seeds] = process.argv.slice(2)

function say(words: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(words)}\n`)
}

/** Type, and of whom: that is all that is asked for. */
function told(event: GossipEvent): Record<string, unknown> {
  if ('member' in event) return { type: event.type, id: event.member.id, birth: event.member.birth }
  if ('record' in event && event.record !== undefined) {
    const { id, birth, incarnation } = event.record
    return { type: event.type, id, birth, incarnation }
  }
  return { type: event.type }
}

const running = await startMembership({
  id,
  cluster: 'processes',
  host: '127.0.0.1',
  port: 0,
  seeds,
  // Quicker than a network should be asked to be; a pause of two seconds still ends before anybody is given up.
  swim: { probeIntervalMs: 500, pingTimeoutMs: 250, gossipIntervalMs: 100, suspicionMult: 3 },
  splitBrain: { ...PEKKO_DEFAULTS, stableAfterMs: 3000 },
  timings: { tickMs: 250 },
  onEvent: (event) => say(told(event)),
})
const { self } = running.membership
say({ type: 'listening', id, birth: self.birth, address: running.address })

process.stdin.on('data', () => void running.leave().then(() => process.exit(0)))
process.stdin.on('end', () => process.exit(0))
