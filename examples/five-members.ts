/**
 * Five members of a mesh on one machine, over real UDP and TCP: they find each other by one seed, lose one, get it back as
 * a new life, and say goodbye. Run it with `node --import tsx examples/five-members.ts`; it ends by itself.
 */
import {
  type GossipEvent,
  type RunningMembership,
  startMembership,
  type ToldMessage,
} from '../gossip/index.ts'

const COUNT = 5
const PATIENCE_MS = 60_000

/** Quicker than a real network should be asked to be, so that the story fits into half a minute. */
const QUICK = {
  swim: { probeIntervalMs: 300, pingTimeoutMs: 150, suspicionMult: 3, gossipIntervalMs: 50 },
  timings: { tickMs: 200, rebirthDelayMs: 200 },
}

const startedMs = performance.now()

function say(text: string): void {
  process.stdout.write(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(5)} s  ${text}\n`)
}

let onTold: (message: ToldMessage) => void = () => {}

function start(name: string, seeds: readonly string[], port = 0): Promise<RunningMembership> {
  const sink = { receive: (message: ToldMessage) => onTold(message) }
  return startMembership({
    id: name,
    cluster: 'five-members',
    host: '127.0.0.1',
    port,
    seeds,
    sink,
    ...QUICK,
  })
}

/** Resolves with the first event that is wanted. */
function heard(member: RunningMembership, wants: (event: GossipEvent) => boolean): Promise<GossipEvent> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('nothing was heard for too long')), PATIENCE_MS)
    const subscription = member.membership.events.subscribe((event) => {
      if (!wants(event)) return
      clearTimeout(timer)
      subscription.dispose()
      resolve(event)
    })
  })
}

/** Up, each in the life that it lives now: a former one counts for nothing. */
function hasAllUp(member: RunningMembership, all: readonly RunningMembership[]): boolean {
  const { members } = member.membership.snapshot()
  const births = new Map(members.filter(({ status }) => status === 'up').map(({ id, birth }) => [id, birth]))
  return all.every(({ membership: { self } }) => births.get(self.id) === self.birth)
}

async function untilAllAreUp(members: readonly RunningMembership[]): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!members.every((member) => hasAllUp(member, members))) {
    if (performance.now() > endMs) throw new Error('the members did not become one mesh')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const first = await start('ada', [])
say(`ada listens on ${first.address} and founds the mesh`)
const members = [first]
for (const name of ['bob', 'cy', 'dee', 'eve'].slice(0, COUNT - 1)) {
  members.push(await start(name, [first.address]))
  say(`${name} listens on ${members.at(-1)!.address} and asks ada`)
}
await untilAllAreUp(members)
say(`all ${COUNT} are up; the leader is ${first.membership.snapshot().leader}`)

const lost = members.pop()!
const isAboutEve = (event: GossipEvent): boolean =>
  ('id' in event && event.id === 'eve') || ('member' in event && event.member.id === 'eve')
for (const type of ['peer_suspect', 'peer_dead', 'member_removed'] as const) {
  void heard(first, (event) => event.type === type && isAboutEve(event)).then(() =>
    say(`ada hears: ${type.replace('_', ' ')}: eve`),
  )
}
const suspected = heard(first, (event) => event.type === 'peer_suspect' && isAboutEve(event))
const buried = heard(first, (event) => event.type === 'peer_dead' && isAboutEve(event))
await lost.close()
say('eve falls silent without a word')
await suspected
await buried

const back = await start('eve', [first.address], Number(lost.address.split(':')[1]))
say('eve comes back at the same address')
members.push(back)
await untilAllAreUp(members)
say(`all ${COUNT} are up again; eve is in a new life`)

const greeting = new Promise<ToldMessage>((resolve) => (onTold = resolve))
first.membership.tell('eve', '/greetings', 'text', Buffer.from('welcome back'))
const { fromId, payload } = await greeting
say(`eve has heard ${fromId} say: ${Buffer.from(payload).toString('latin1')}`)
for (const member of members.reverse()) {
  const { id } = member.membership.self
  await member.leave()
  say(`${id} has left`)
}
