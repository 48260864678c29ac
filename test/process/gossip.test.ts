/*
 * Five processes over UDP and TCP on loopback: one mesh by one seed, a pause that costs nothing, a death that all agree
 * on, a return as a new life, a goodbye.
 *
 * The idea: the same story is told by the simulator a thousand times; here it is told once by real processes, sockets and
 * signals. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { GossipProcess, type Told } from '../support/gossip-process.ts'

const PAUSE_MS = 2000
const DEATH = ['peer_suspect', 'peer_dead', 'member_downed', 'member_removed', 'peer_evicted']

/** What is told from now on. */
function marks(members: readonly GossipProcess[]): Map<GossipProcess, number> {
  return new Map(members.map((one) => [one, one.told.length]))
}

async function areAllUp(members: readonly GossipProcess[]): Promise<void> {
  await Promise.all(members.flatMap((one) => members.map((other) => hasUp(one, other.id, other.birth))))
}

function hasUp(one: GossipProcess, id: string, birth: number): Promise<unknown> {
  return one.hears(
    (told) => told.type === 'member_up' && told.id === id && told.birth === birth,
    `that ${id} is up`,
  )
}

/** One stands still for a while: the others doubt it, it answers, and nobody loses its place. */
async function pausesAndReturns(paused: GossipProcess, others: readonly GossipProcess[]): Promise<void> {
  const from = marks([paused, ...others])
  paused.signal('SIGSTOP')
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  const doubters = others.filter((one) =>
    one.told.slice(from.get(one)).some((told) => told.type === 'peer_suspect' && told.id === paused.id),
  )
  paused.signal('SIGCONT')
  assert.ok(doubters.length > 0, 'nobody has noticed')
  await Promise.all(doubters.map((one) => one.hearsOf('peer_alive', paused.id, from.get(one))))
}

async function diesForAll(lost: GossipProcess, others: readonly GossipProcess[]): Promise<void> {
  const from = marks(others)
  lost.signal('SIGKILL')
  await lost.exited
  await Promise.all(others.map((one) => one.hearsOf('peer_evicted', lost.id, from.get(one))))
  for (const one of others) {
    const story = one.told.slice(from.get(one)).filter((told) => told.id === lost.id)
    const types = story.map((told) => told.type).filter((type) => DEATH.includes(type))
    assert.deepEqual(types, DEATH, `what ${one.id} has heard`)
  }
}

/** Nobody but the one that was killed was ever given up, nobody began again who did not have to. */
function areUntouched(members: readonly GossipProcess[], killed: string, back: GossipProcess): void {
  for (const one of members) {
    const given = one.told.filter(({ type }) => ['peer_evicted', 'member_downed'].includes(type))
    assert.deepEqual([...new Set(given.map((told) => told.id))], one === back ? [] : [killed], one.id)
    const own = one.told.filter(({ type }) => type.startsWith('self_'))
    assert.deepEqual(own, [], one.id)
  }
}

async function leavesForAll(leaver: GossipProcess, others: readonly GossipProcess[]): Promise<void> {
  const from = marks(others)
  leaver.leave()
  assert.equal(await leaver.exited, 0)
  assert.equal(leaver.told.at(-1)!.type, 'self_left')
  for (const one of others) {
    await one.hearsOf('peer_evicted', leaver.id, from.get(one))
    const isDoubted = one.told.slice(from.get(one)).some(({ type }) => type === 'peer_suspect')
    assert.equal(isDoubted, false, `${one.id} has doubted one that left`)
  }
}

test('five processes become one mesh by one seed, bear a pause, bury who was killed, and take it back', {
  timeout: 120_000,
}, async (t) => {
  t.after(() => GossipProcess.endAll())
  const ada = await GossipProcess.start('ada', [])
  const begin = (id: string) => GossipProcess.start(id, [ada.address])
  const [bob, cy, dee, eve] = await Promise.all([begin('bob'), begin('cy'), begin('dee'), begin('eve')])
  await areAllUp([ada, bob, cy, dee, eve])

  await pausesAndReturns(bob, [ada, cy, dee, eve])
  await diesForAll(eve, [ada, bob, cy, dee])

  // On another port than before, as a restart in a container would be.
  const back = await begin('eve')
  assert.ok(back.birth > eve.birth)
  assert.notEqual(back.address, eve.address)
  await areAllUp([ada, bob, cy, dee, back])
  for (const one of [ada, bob, cy, dee]) {
    const isNewLife = (told: Told): boolean => told.type === 'peer_joined' && told.birth === back.birth
    await one.hears(isNewLife, 'that eve lives again')
  }
  areUntouched([ada, bob, cy, dee, back], 'eve', back)

  await leavesForAll(dee, [ada, bob, cy, back])
})
