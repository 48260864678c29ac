/*
 * Many agreements in virtual time, with loss, partitions, crashes and restarts: one seed is one run.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Prng, seedOf, seedOfRun } from '../support/prng.ts'
import { AgreementMesh } from './agreement-mesh.ts'

const idsOf = (count: number, host = 'a') => Array.from({ length: count }, (_, at) => `${host}${at + 1}`)

function meshOf(
  seed: number,
  ids: readonly string[],
  rolesOf: (id: string) => string[] = () => [],
): AgreementMesh {
  const mesh = new AgreementMesh(seed)
  for (const id of ids) mesh.start(id, rolesOf(id))
  mesh.agreementOf(ids[0]!).form()
  return mesh
}

function settledMesh(
  seed: number,
  ids: readonly string[],
  rolesOf?: (id: string) => string[],
): AgreementMesh {
  const mesh = meshOf(seed, ids, rolesOf)
  assert.ok(
    mesh.runUntil(() => mesh.isAgreedOn(ids), 60_000),
    `seed ${seed}`,
  )
  return mesh
}

function upNumbers(mesh: AgreementMesh, id: string): number[] {
  return mesh
    .agreementOf(id)
    .snapshot()
    .members.map((member) => member.upNumber)
}

test('a mesh agrees on its members, numbered one by one, and everyone names the same leader', () => {
  const ids = idsOf(7)
  const mesh = settledMesh(1, ids)
  for (const id of ids) {
    assert.equal(mesh.agreementOf(id).leaderId, 'a1')
    assert.deepEqual(upNumbers(mesh, id), [1, 2, 3, 4, 5, 6, 7])
  }
  assert.deepEqual(mesh.violations, [])
})

test('a third of all datagrams lost delays the agreement and does not prevent it', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const ids = idsOf(9)
    const mesh = meshOf(seed, ids)
    mesh.lossShare = 0.33
    assert.ok(
      mesh.runUntil(() => mesh.isAgreedOn(ids), 90_000),
      `seed ${seed}`,
    )
    assert.deepEqual(mesh.violations, [], `seed ${seed}`)
  }
})

test('the same seed is the same run', () => {
  const trace = () => {
    const mesh = settledMesh(5, idsOf(6))
    mesh.crash('a3')
    mesh.run(10_000)
    const digests = mesh.running().map((node) => node.agreement.snapshot().digest)
    return [mesh.nowMs, mesh.messagesSent, mesh.bytesSent, ...digests].join()
  }
  assert.equal(trace(), trace())
})

test('meshes that formed apart become one, with every number once', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const mesh = new AgreementMesh(seed)
    const ids = idsOf(6)
    for (const id of ids) mesh.start(id)
    mesh.partition(['a1', 'a2', 'a3'], ['a4', 'a5', 'a6'])
    mesh.agreementOf('a1').form()
    mesh.agreementOf('a4').form()
    mesh.run(20_000)
    assert.equal(mesh.agreementOf('a5').leaderId, 'a4', `seed ${seed}`)
    mesh.partition()
    assert.ok(
      mesh.runUntil(() => mesh.isAgreedOn(ids) && new Set(upNumbers(mesh, 'a1')).size === 6, 60_000),
      `seed ${seed}`,
    )
  }
})

test('a member leaves through exiting, is told so, and everyone buries it', () => {
  const ids = idsOf(5)
  const mesh = settledMesh(2, ids)
  const left = mesh.nodes.get('a4')!
  assert.ok(left.agreement.leave())
  assert.ok(mesh.runUntil(() => left.isOver, 60_000))
  assert.equal(
    left.events.some((event) => event.type === 'member_exited' && event.member.id === 'a4'),
    true,
  )
  mesh.crash('a4')
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(['a1', 'a2', 'a3', 'a5']), 60_000))
})

test('a member that lingers stays exiting until it may go, and the others go on without its word', () => {
  const ids = idsOf(4)
  const mesh = settledMesh(4, ids)
  const left = mesh.nodes.get('a3')!
  left.agreement.lingers = true
  assert.ok(left.agreement.leave())
  const statusAt = (id: string) => mesh.agreementOf(id).state.members.get('a3')?.status
  assert.ok(mesh.runUntil(() => ids.every((id) => statusAt(id) === 'exiting'), 60_000))
  mesh.start('a5', [])
  assert.ok(mesh.runUntil(() => mesh.agreementOf('a1').state.members.get('a5')?.status === 'up', 60_000))
  assert.equal(
    mesh.runUntil(() => left.isOver, 30_000),
    false,
  )
  left.agreement.lingers = false
  assert.ok(mesh.runUntil(() => left.isOver, 60_000))
})

test('a crashed leader is followed by the next, who buries it when it is given up', () => {
  const ids = idsOf(5)
  const mesh = settledMesh(3, ids)
  mesh.crash('a1')
  assert.ok(mesh.runUntil(() => mesh.running().every((node) => node.agreement.leaderId === 'a2'), 20_000))
  assert.equal(mesh.agreementOf('a3').isConverged, false)
  mesh.agreementOf('a5').down(['a1'])
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(ids.slice(1)), 30_000))
})

test('a node restarted in an instant comes back as a new life, whoever it is', () => {
  const ids = idsOf(5)
  for (const id of ids) {
    const mesh = settledMesh(4, ids)
    mesh.start(id)
    const isBack = () => mesh.agreementOf(id).isMember && mesh.isAgreedOn(ids)
    assert.ok(mesh.runUntil(isBack, 60_000), id)
    assert.equal(Math.max(...upNumbers(mesh, id)), id === 'a5' ? 5 : 6)
  }
})

test('all but one restarted at once come back', () => {
  const ids = idsOf(6)
  const mesh = settledMesh(6, ids)
  for (const id of ids.slice(0, 5)) mesh.start(id)
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(ids), 120_000))
})

test('all restarted one after another, faster than they are let in, go on with the mesh they had', () => {
  const ids = idsOf(3)
  const mesh = settledMesh(2, ids)
  mesh.crash('a3')
  for (const id of ['a1', 'a2', 'a3']) {
    mesh.run(1000)
    mesh.start(id)
  }
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(ids), 60_000))
})

test('the downed half of a partition learns of its end when the cut heals, and comes back as new', () => {
  const ids = idsOf(5)
  const mesh = settledMesh(7, ids)
  mesh.isReborn = true
  mesh.partition(['a1', 'a2'], ['a3', 'a4', 'a5'])
  mesh.run(8000)
  mesh.agreementOf('a3').down(['a1', 'a2'])
  assert.ok(mesh.runUntil(() => mesh.agreementOf('a4').state.members.size === 3, 30_000))
  assert.equal(mesh.agreementOf('a1').state.members.size, 5)
  mesh.partition()
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(ids), 60_000))
  assert.deepEqual(upNumbers(mesh, 'a1'), [3, 4, 5, 6, 7])
})

test('a partition nobody decides on changes no membership and heals by itself', () => {
  const ids = idsOf(6)
  const mesh = settledMesh(8, ids)
  const before = upNumbers(mesh, 'a1')
  mesh.partition(['a1', 'a2'], ['a3', 'a4'], ['a5', 'a6'])
  mesh.run(30_000)
  for (const node of mesh.running()) assert.equal(node.agreement.snapshot().unreachableCount, 4)
  mesh.partition()
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(ids), 60_000))
  assert.deepEqual(upNumbers(mesh, 'a6'), before)
  assert.equal(mesh.agreementOf('a6').snapshot().unreachableCount, 0)
})

test('a removed member never comes back by stale envelopes', () => {
  const ids = idsOf(6)
  const mesh = new AgreementMesh(9)
  mesh.record()
  for (const id of ids) mesh.start(id)
  mesh.agreementOf('a1').form()
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(ids), 60_000))
  mesh.crash('a3')
  mesh.run(8000)
  mesh.agreementOf('a1').down(['a3'])
  const left = ids.filter((id) => id !== 'a3')
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(left), 30_000))
  assert.ok(mesh.recorded.length > 10)
  for (const node of mesh.running()) node.events.length = 0
  mesh.replay()
  mesh.run(20_000)
  assert.ok(mesh.isAgreedOn(left))
  for (const node of mesh.running()) {
    assert.equal(
      node.events.some((event) => 'member' in event && event.member.id === 'a3'),
      false,
    )
  }
})

test('data centres cut apart go on by themselves and agree again afterwards', () => {
  const east = idsOf(4, 'a')
  const west = idsOf(4, 'b')
  const rolesOf = (id: string) => [id.startsWith('a') ? 'dc-east' : 'dc-west']
  const mesh = settledMesh(10, [...east, ...west], rolesOf)
  mesh.partition([...east, 'a5'], [...west, 'b5'])
  mesh.run(10_000)
  mesh.start('a5', ['dc-east'])
  mesh.start('b5', ['dc-west'])
  const isUp = (at: string, id: string) => mesh.agreementOf(at).state.members.get(id)?.status === 'up'
  assert.ok(mesh.runUntil(() => isUp('a2', 'a5') && isUp('b2', 'b5'), 60_000))
  assert.equal(mesh.agreementOf('a2').leaderId, 'a1')
  assert.equal(mesh.agreementOf('b2').leaderId, 'b1')
  mesh.partition()
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn([...east, ...west, 'a5', 'b5']), 60_000))
})

test('sixty members agree within half a minute, and a settled mesh whispers', () => {
  const ids = idsOf(60)
  const mesh = meshOf(11, ids)
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(ids), 30_000))
  const before = mesh.bytesSent
  mesh.run(10_000)
  const bytesPerMemberSecond = (mesh.bytesSent - before) / 60 / 10
  assert.ok(bytesPerMemberSecond < 30, String(bytesPerMemberSecond))
})

/** One round of trouble: cut, crash, restart, give up, lose, and whatever comes of it. */
function trouble(mesh: AgreementMesh, luck: Prng, ids: readonly string[], centres: readonly string[]): void {
  const isRunning = (id: string) => mesh.nodes.get(id)!.isRunning
  mesh.lossShare = luck.pick([0, 0.1, 0.4])
  const kind = luck.below(5)
  if (kind === 0) mesh.partition()
  else if (kind === 1) {
    const sides: string[][] = [[], [], []]
    for (const id of ids) luck.pick(sides).push(id)
    mesh.partition(...sides)
  } else if (kind === 2) {
    const victims = ids.filter(isRunning)
    if (victims.length > 2) mesh.crash(luck.pick(victims))
  } else if (kind === 3) mesh.start(luck.pick(ids), [luck.pick(centres)])
  else {
    const judge = mesh.agreementOf(luck.pick(ids.filter(isRunning)))
    const silent = judge.snapshot().members.filter((member) => member.reachability !== 'reachable')
    if (silent.length * 2 < judge.state.members.size) judge.down(silent.map((member) => member.id))
  }
  mesh.run(luck.between(1, 15) * 1000)
}

/** What each node holds, one line a node. */
function pictureOf(mesh: AgreementMesh): string {
  const lines = mesh.running().map(({ record, agreement }) => {
    const { members, leader, isConverged, digest } = agreement.snapshot()
    const parts = members.map((one) => {
      const silence = one.observedBy.length > 0 ? ` ${one.reachability} by ${one.observedBy.join('+')}` : ''
      const head = `${one.id}@${one.birth % 1e6} ${one.roles.join()} ${one.status}`
      return `${head}${silence}${one.hasSeen ? ' seen' : ''}`
    })
    const head = `${record.id}@${record.birth % 1e6} ${record.roles.join()}`
    return `${head} ${digest} leader ${leader} ${isConverged}: ${parts.join('; ')}`
  })
  return lines.join('\n')
}

test('after any trouble the mesh agrees again, and no version ever had two acting leaders', () => {
  const seedOfAll = seedOfRun()
  for (let run = 0; run < 25; run++) {
    const seed = seedOf(seedOfAll, run)
    const luck = new Prng(seed)
    const ids = idsOf(luck.between(3, 8))
    const centres = luck.pick([['dc-east'], ['dc-east'], ['dc-east', 'dc-west']])
    const mesh = meshOf(seed, ids, () => [luck.pick(centres)])
    mesh.isReborn = true
    mesh.run(20_000)
    for (let round = 0; round < 12; round++) trouble(mesh, luck, ids, centres)
    mesh.partition()
    mesh.lossShare = 0
    for (const id of ids) if (!mesh.nodes.get(id)!.isRunning) mesh.start(id, [luck.pick(centres)])
    const hasState = mesh.running().some((node) => node.agreement.state.members.size > 0)
    if (!hasState) mesh.agreementOf(ids[0]!).form()
    const isAgreed = mesh.runUntil(() => mesh.isAgreedOn(ids), 300_000)
    assert.ok(isAgreed, `SEED=${seedOfAll} run ${run}:\n${pictureOf(mesh)}`)
    assert.deepEqual(mesh.violations, [], `SEED=${seedOfAll} run ${run}`)
    assert.ok(mesh.actors.size > 0)
    const names = mesh
      .agreementOf(ids[0]!)
      .snapshot()
      .members.map((member) => `${member.roles[0]} ${member.upNumber}`)
    assert.equal(new Set(names).size, ids.length, `SEED=${seedOfAll} run ${run}`)
  }
})
