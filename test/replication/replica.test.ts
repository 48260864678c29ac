import assert from 'node:assert/strict'
import test from 'node:test'
import { Hlc, wallMsOf } from '../../src/hlc.ts'
import { dump } from '../commands/effect-pair.ts'
import { Prng } from '../support/prng.ts'
import { type Owner, removalOf, slotOfKey, Stage } from './replica-stage.ts'

const NOWHERE = (): boolean => false

/** A primary and a replica that has missed how the list began. */
function behind(): { stage: Stage; primary: Owner; replica: Owner } {
  const stage = new Stage(2)
  const [primary, replica] = stage.owners as [Owner, Owner]
  primary.effectsOf('RPUSH l a')
  return { stage, primary, replica }
}

test('effects of the acting primary are applied, and acknowledged up to their batch', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  const first = replica.take({ number: 4, bytes: primary.effectsOf('SET k v') })
  const second = replica.take({ number: 9, previous: 4, bytes: primary.effectsOf('APPEND k w') })
  assert.deepEqual([first.applied, second.applied], [1, 1])
  assert.deepEqual(dump(replica.space), dump(primary.space))
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0'), {
    upTo: 9,
    waiting: [],
    refusals: [],
    lost: [],
  })
  assert.equal(replica.replica.acknowledgementFor('owner-5').upTo, 0)
})

test('a gap asks once for the whole entry, and its batch waits until that is in', () => {
  const { primary, replica } = behind()
  const verdict = replica.take({ number: 1, bytes: primary.effectsOf('RPUSH l b') })
  assert.deepEqual([verdict.applied, verdict.waiting, verdict.refusals], [0, 1, []])
  replica.take({ number: 2, previous: 1, bytes: primary.effectsOf('RPUSH l c') })
  replica.take({ number: 3, previous: 2, bytes: primary.effectsOf('SET other v') })
  assert.equal(replica.asked.length, 1)
  assert.deepEqual([replica.asked[0]!.owner, replica.asked[0]!.slot], ['owner-0', slotOfKey('l')])
  const before = replica.replica.acknowledgementFor('owner-0')
  assert.deepEqual([before.upTo, before.waiting], [3, [1, 2]])
  assert.deepEqual(replica.told, [])
  replica.onPulled(primary.entryOf('l'))
  assert.deepEqual(replica.told, ['owner-0'])
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0').waiting, [])
  assert.deepEqual(dump(replica.space), dump(primary.space))
  assert.deepEqual([replica.replica.pulls.size, replica.replica.counters.pulls], [0, 1])
})

test('an answer older than what waits heals what it covers, and the rest is asked for again', () => {
  const { primary, replica } = behind()
  replica.take({ number: 1, bytes: primary.effectsOf('RPUSH l b') })
  const answer = primary.entryOf('l')
  // This one overtakes the answer.
  replica.take({ number: 2, previous: 1, bytes: primary.effectsOf('RPUSH l c') })
  replica.onPulled(answer)
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0').waiting, [2])
  assert.equal(replica.asked.length, 1)
  replica.onPulled(primary.entryOf('l'))
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0').waiting, [])
  assert.deepEqual(dump(replica.space), dump(primary.space))
})

test('a pull that fails, or is always too old, ends as a refused gap and never as an acknowledgement', () => {
  const { primary, replica } = behind()
  replica.take({ number: 1, bytes: primary.effectsOf('RPUSH l b') })
  replica.onPulled(null)
  const old = primary.entryOf('l')
  replica.take({ number: 2, previous: 1, bytes: primary.effectsOf('RPUSH other a') })
  primary.effectsOf('RPUSH l x')
  replica.take({ number: 3, previous: 2, bytes: primary.effectsOf('RPUSH l c') })
  let tries = 0
  for (; replica.asked.length > 0; tries++) replica.onPulled(old)
  assert.equal(tries, replica.replica.pulls.limits.attemptsMax)
  const { waiting, refusals } = replica.replica.acknowledgementFor('owner-0')
  assert.deepEqual(waiting, [])
  assert.deepEqual(
    refusals.map(({ batch, index, reason, key }) => [batch, index, reason, key.toString()]),
    [
      [1, 0, 'gap', 'l'],
      [3, 0, 'gap', 'l'],
    ],
  )
  assert.equal(replica.replica.pulls.waitCount, 0)
})

test('a whole entry that comes by another way heals the gap too', () => {
  const { primary, replica } = behind()
  replica.take({ number: 1, bytes: primary.effectsOf('RPUSH l b') })
  replica.take({ number: 2, previous: 1, bytes: primary.effectsOf('SET l now-a-string') })
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0').waiting, [])
  replica.onPulled(primary.entryOf('l'))
  assert.deepEqual(dump(replica.space), dump(primary.space))
  const again = behind()
  again.replica.take({ number: 1, bytes: again.primary.effectsOf('RPUSH l b') })
  again.replica.replica.onTransfer(again.primary.entryOf('l'), again.stage.nowMs)
  assert.deepEqual(again.replica.told, ['owner-0'])
  assert.deepEqual(again.replica.replica.acknowledgementFor('owner-0').waiting, [])
})

test('an owner that knows nothing of the key any more has seen it expire: the older value goes here as well', () => {
  const { stage, primary, replica } = behind()
  replica.replica.onTransfer(primary.entryOf('l'), stage.nowMs)
  primary.effectsOf('RPUSH l missed')
  const bytes = primary.effectsOf('RPUSH l b')
  primary.effectsOf('PEXPIRE l 5')
  replica.take({ number: 1, bytes })
  stage.nowMs += 5
  assert.equal(primary.entryOf('l').length, 0)
  replica.onPulled(primary.entryOf('l'))
  assert.equal(replica.look('l').here, 'tombstone')
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0').waiting, [])
})

test('after a change of primary the new one is asked, when the old one does not answer', () => {
  const stage = new Stage(3)
  const [old, young, replica] = stage.owners as [Owner, Owner, Owner]
  old.effectsOf('RPUSH l a')
  young.replica.onTransfer(old.entryOf('l'), stage.nowMs)
  replica.take({ bytes: old.effectsOf('RPUSH l b') })
  young.replica.onTransfer(old.entryOf('l'), stage.nowMs)
  replica.take({ sender: 'owner-1', bytes: young.effectsOf('RPUSH l c') })
  assert.deepEqual(
    replica.asked.map(({ owner }) => owner),
    ['owner-0'],
  )
  replica.onPulled(null)
  assert.deepEqual(
    replica.asked.map(({ owner }) => owner),
    ['owner-1'],
  )
  replica.onPulled(young.entryOf('l'))
  assert.deepEqual(replica.told.sort(), ['owner-0', 'owner-1'])
  assert.deepEqual(dump(replica.space), dump(young.space))
})

test('a sender that is not the acting primary of a slot is refused there and nowhere else', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  const bytes = primary.effectsOf('MSET a 1 b 2')
  const verdict = replica.take({ bytes }, (slot) => slot === slotOfKey('b'))
  assert.equal(verdict.applied, 1)
  assert.deepEqual(
    verdict.refusals.map(({ index, slot, key, reason }) => [index, slot, key.toString(), reason]),
    [[0, slotOfKey('a'), 'a', 'outranked']],
  )
  assert.deepEqual([replica.look('a').here, replica.look('b').here], ['nothing', 'entry'])
})

test('what is older than the entry or the removal that is here is refused as behind', () => {
  const { owners } = new Stage(3)
  const [primary, other, replica] = owners as [Owner, Owner, Owner]
  const old = [
    primary.effectsOf('SET k old'),
    primary.effectsOf('APPEND k er'),
    primary.effectsOf('SET gone v'),
  ]
  other.space.hlc.observe(primary.space.hlc.last)
  replica.take({ sender: 'owner-1', bytes: other.effectsOf('SET k new') })
  other.effectsOf('SET gone x')
  replica.take({ sender: 'owner-1', number: 2, previous: 1, bytes: other.effectsOf('DEL gone') })
  const verdict = replica.take({ bytes: Buffer.concat(old) })
  assert.deepEqual(
    verdict.refusals.map(({ reason, key }) => `${reason} ${key.toString()}`),
    ['ahead k', 'ahead k', 'ahead gone'],
  )
  assert.equal(replica.run('GET k'), '$3\r\nnew\r\n')
  assert.equal(replica.run('EXISTS gone'), ':0\r\n')
})

test('broken bytes refuse the effect and all behind it, and harm nothing', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  const good = primary.effectsOf('SET k v')
  const verdict = replica.take({ bytes: Buffer.concat([good, Buffer.from([9, 9, 9]), good]) })
  assert.equal(verdict.applied, 1)
  assert.deepEqual(
    verdict.refusals.map(({ index, slot, reason }) => [index, slot, reason]),
    [[1, -1, 'broken']],
  )
  const random = new Prng(3)
  const bytes = Buffer.concat([good, primary.effectsOf('RPUSH l a b'), primary.effectsOf('DEL k')])
  for (let round = 0; round < 500; round++) {
    const changed = Buffer.from(bytes)
    changed[random.below(changed.length)]! ^= 1 << random.below(8)
    replica.take({ number: round + 2, previous: round + 1, bytes: changed })
    replica.replica.onTransfer(changed.subarray(0, random.below(changed.length)), primary.nowMs)
    while (replica.asked.length > 0) replica.onPulled(random.bytes(random.below(60)))
  }
  assert.equal(replica.replica.pulls.waitCount, 0)
  assert.ok(wallMsOf(replica.space.hlc.last) <= primary.nowMs + replica.replica.limits.driftMsMax)
})

test('requests that build on a version are no whole entries, and are not taken for such', () => {
  const { stage, primary, replica } = behind()
  const { refusals } = replica.replica.onTransfer(primary.effectsOf('RPUSH l b'), stage.nowMs)
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['broken'],
  )
})

test('a version too far ahead of our clock is refused and counted, and our clock stays where it is', () => {
  const stage = new Stage(2)
  const [primary, replica] = stage.owners as [Owner, Owner]
  primary.skewMs = 3_600_000
  const verdict = replica.take({ bytes: primary.effectsOf('SET k v') })
  assert.deepEqual(
    verdict.refusals.map(({ reason }) => reason),
    ['skewed'],
  )
  const transfer = replica.replica.onTransfer(primary.entryOf('k'), stage.nowMs)
  assert.equal(transfer.refusals[0]!.reason, 'skewed')
  assert.ok(!replica.replica.onFlush(-1, primary.space.hlc.last, stage.nowMs))
  assert.equal(replica.replica.counters.refused.skewed, 2)
  assert.deepEqual([replica.space.hlc.last, replica.look('k').here], [0, 'nothing'])
  primary.skewMs = 60_000
  const near = new Hlc()
  near.next(primary.nowMs, 0)
  assert.equal(replica.take({ number: 2, bytes: removalOf('k', near.last, 1) }).applied, 1)
})

test('batches that never came are told as lost until the sender awaits them no longer', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  replica.take({ number: 2, bytes: primary.effectsOf('SET a 1') })
  primary.effectsOf('SET b 1')
  primary.effectsOf('SET c 1')
  replica.take({ number: 9, previous: 7, bytes: primary.effectsOf('SET d 1') })
  const { upTo, lost } = replica.replica.acknowledgementFor('owner-0')
  assert.deepEqual([upTo, lost], [9, [{ after: 2, upTo: 7 }]])
  replica.take({ number: 12, previous: 9, bytes: primary.effectsOf('SET e 1') })
  assert.equal(replica.replica.acknowledgementFor('owner-0').lost.length, 1)
  replica.take({ number: 15, previous: 12, floor: 8, bytes: primary.effectsOf('SET f 1') })
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0').lost, [])
  // A new link begins anew: what was sent over the old one is for the sender to know.
  replica.take({ number: 30, previous: 0, bytes: primary.effectsOf('SET g 1') })
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0').lost, [])
  assert.equal(replica.replica.counters.lostBatches, 1)
})

test('a batch that comes twice changes nothing, and is never acknowledged for more than it did', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  const first = Buffer.concat([primary.effectsOf('SET k v'), primary.effectsOf('RPUSH l a')])
  const second = primary.effectsOf('RPUSH l b')
  for (let i = 0; i < 2; i++) assert.equal(replica.take({ number: 1, bytes: first }).applied, 2)
  replica.take({ number: 2, previous: 1, bytes: second })
  const before = dump(replica.space)
  const again = replica.take({ number: 1, previous: 0, bytes: first })
  assert.deepEqual(
    again.refusals.map(({ reason }) => reason),
    ['ahead'],
  )
  assert.deepEqual(dump(replica.space), before)
})

test('beyond its limits the replica refuses, or tells of whole batches as lost', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  const { pulls, limits } = replica.replica
  pulls.limits.pullsMax = 2
  pulls.limits.waitsMax = 3
  limits.exceptionsMax = 2
  for (const key of ['a', 'b', 'c']) primary.effectsOf(`RPUSH ${key} x`)
  let number = 0
  const push = (key: string): string[] => {
    const bytes = primary.effectsOf(`RPUSH ${key} y`)
    const { refusals } = replica.take({ number: number + 1, previous: number, bytes })
    number++
    return refusals.map(({ reason }) => reason)
  }
  assert.deepEqual([push('a'), push('b')], [[], []])
  assert.deepEqual(push('c'), ['gap'], 'a third key to ask for')
  assert.deepEqual(push('a'), [])
  assert.deepEqual(push('a'), ['gap'], 'a fourth effect to wait')
  for (let i = 0; i < 3; i++) push('c')
  const { refusals, lost } = replica.replica.acknowledgementFor('owner-0')
  assert.equal(refusals.length, 2)
  assert.deepEqual(lost, [{ after: 5, upTo: 8 }])
})

test('exceptions beyond the limit are told more coarsely, never left out', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  replica.replica.limits.exceptionsMax = 3
  const bytes = primary.effectsOf('SET k v')
  const refused: number[] = []
  const random = new Prng(8)
  for (let number = 1; number <= 200; number++) {
    const isRefused = random.chance(0.3)
    if (isRefused) refused.push(number)
    replica.take({ number, previous: number - 1, bytes }, () => !isRefused)
  }
  const { upTo, refusals, lost } = replica.replica.acknowledgementFor('owner-0')
  assert.equal(upTo, 200)
  assert.ok(refusals.length <= 3 && lost.length <= 3)
  for (const number of refused) {
    const isTold =
      refusals.some(({ batch }) => batch === number) ||
      lost.some((range) => number > range.after && number <= range.upTo)
    assert.ok(isTold, `batch ${number} counts as applied`)
  }
})

test('a flush made known by another node empties what it covers and keeps what is newer', () => {
  const stage = new Stage(2)
  const [primary, replica] = stage.owners as [Owner, Owner]
  const put = primary.effectsOf('SET old v')
  replica.take({ bytes: put })
  primary.run('FLUSHALL')
  const version = primary.tombstones.flushVersion[0]!
  stage.nowMs += 10
  replica.run('SET new v')
  assert.ok(replica.replica.onFlush(-1, version, stage.nowMs))
  assert.deepEqual([replica.run('EXISTS old'), replica.run('EXISTS new')], [':0\r\n', ':1\r\n'])
  assert.equal(replica.tombstones.count, 0)
  // What the flush covers stays away, whoever still has it.
  assert.equal(replica.take({ number: 2, bytes: put }).refusals[0]!.reason, 'ahead')
  primary.run('SET k v')
  replica.run('FLUSHALL')
  assert.ok(primary.replica.onFlush(-1, replica.tombstones.flushVersion[0]!, stage.nowMs))
  assert.equal(primary.run('DBSIZE'), ':0\r\n')
  primary.run('SET k v')
  assert.ok(primary.space.newVersion > replica.tombstones.flushVersion[0]!)
})

test('what is replayed wakes nobody who waits, but touches whoever watches', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  replica.run('WATCH l')
  replica.space.attention++
  let isWoken = false
  const { observer } = replica.space
  observer!.onChanged = () => {
    isWoken = true
  }
  replica.take({ bytes: primary.effectsOf('RPUSH l a') })
  assert.ok(!isWoken)
  assert.equal(replica.space.observer, observer)
  replica.run('MULTI')
  replica.run('LLEN l')
  assert.equal(replica.run('EXEC'), '*-1\r\n')
})

test('a collection may be replaced whatever the keys around it are called', () => {
  const { stage, primary, replica } = behind()
  replica.replica.onTransfer(primary.entryOf('l'), stage.nowMs)
  replica.run('SET l\0staging v')
  primary.effectsOf('RPUSH l b')
  assert.equal(replica.replica.onTransfer(primary.entryOf('l'), stage.nowMs).applied, 1)
  assert.equal(replica.run('LLEN l'), ':2\r\n')
  assert.equal(replica.run('DBSIZE'), ':2\r\n')
  assert.equal(replica.tombstones.count, 0)
})

test('a sender that is forgotten is acknowledged nothing', () => {
  const { primary, replica } = behind()
  replica.take({ number: 7, bytes: primary.effectsOf('RPUSH l b') }, NOWHERE)
  replica.replica.forget('owner-0')
  assert.deepEqual(replica.replica.acknowledgementFor('owner-0'), {
    upTo: 0,
    waiting: [],
    refusals: [],
    lost: [],
  })
})
