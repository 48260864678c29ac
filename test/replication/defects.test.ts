/*
 * What the forerunner gets wrong (peers-and-rules 1.1.8), each as a sentence about us, and beside it the defective rule
 * on the same history, which must end badly: so the history is one that tells the two apart.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { decide, type Here, type Incoming } from '../../src/replication/resolve.ts'
import { type Owner, slotOfKey, Stage } from './replica-stage.ts'

type Rule = (incoming: Incoming, version: number, here: Here, hereVersion: number) => boolean

interface Write {
  incoming: 'put' | 'remove'
  value: string
  version: number
}

const OURS: Rule = (incoming, version, here, hereVersion) =>
  decide(incoming, 0, 0, version, 1, here, hereVersion, hereVersion === 0 ? 0 : 1) === 'apply'

/** A replica reduced to one key and a rule; `keepsRemovals` is what tombstones are for. */
function endOf(writes: readonly Write[], rule: Rule, keepsRemovals: boolean): string {
  let here: Here = 'nothing'
  let version = 0
  let value = ''
  for (const write of writes) {
    if (!rule(write.incoming, write.version, here, version)) continue
    const isGone = write.incoming === 'remove'
    here = isGone ? (keepsRemovals ? 'tombstone' : 'nothing') : 'entry'
    version = isGone && !keepsRemovals ? 0 : write.version
    value = isGone ? '' : write.value
  }
  return value
}

const put = (value: string, version: number): Write => ({ incoming: 'put', value, version })
const remove = (version: number): Write => ({ incoming: 'remove', value: '', version })

test('defect 1: a hint, repair or hand-off older than what is here changes nothing', () => {
  const storesWhateverArrives: Rule = () => true
  const history = [put('new', 20), put('hinted long ago', 10)]
  assert.equal(endOf(history, OURS, true), 'new')
  assert.equal(endOf(history, storesWhateverArrives, true), 'hinted long ago')
  const { owners, nowMs } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  primary.effectsOf('SET k hinted')
  const hint = primary.entryOf('k')
  replica.take({ bytes: primary.effectsOf('SET k new') })
  replica.replica.onTransfer(hint, nowMs)
  assert.equal(replica.run('GET k'), '$3\r\nnew\r\n')
})

test('defect 1: a SET that is replayed after the DEL that followed it does not bring the key back', () => {
  const history = [put('v', 10), remove(20), put('v', 10)]
  assert.equal(endOf(history, OURS, true), '')
  assert.equal(endOf(history, OURS, false), 'v', 'without tombstones it would')
  const { owners, nowMs } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  const set = primary.effectsOf('SET k v')
  const hint = primary.entryOf('k')
  replica.take({ bytes: set })
  replica.take({ number: 2, previous: 1, bytes: primary.effectsOf('DEL k') })
  replica.replica.onTransfer(hint, nowMs)
  assert.equal(replica.run('EXISTS k'), ':0\r\n')
  replica.space.tombstones = null
  replica.replica.onTransfer(hint, nowMs)
  assert.equal(replica.run('EXISTS k'), ':1\r\n', 'the defect, injected')
})

test('defect 2: whoever becomes primary makes versions above all it has seen, though its clock lags', () => {
  for (const hasDefect of [false, true]) {
    const stage = new Stage(3)
    const [old, young, third] = stage.owners as [Owner, Owner, Owner]
    young.skewMs = -60_000
    for (const { space } of stage.owners) space.terms.fill(1)
    for (const request of ['SET k first', 'SET gone v', 'DEL gone']) {
      const bytes = old.effectsOf(request)
      for (const replica of [young, third])
        replica.take({ number: old.space.changes, previous: old.space.changes - 1, bytes })
    }
    // The defect: the counter is the process's own, never advanced by what it sees.
    if (hasDefect) young.space.hlc.last = 0
    const bytes = young.effectsOf('SET gone back')
    const verdict = third.take({ sender: 'owner-1', bytes })
    assert.equal(verdict.applied, hasDefect ? 0 : 1)
    assert.equal(third.run('EXISTS gone'), hasDefect ? ':0\r\n' : ':1\r\n')
  }
})

test('defect 4: a removal travels with its version, so that a replica that was away during it learns of it', () => {
  const { owners, nowMs } = new Stage(3)
  const [primary, replica, away] = owners as [Owner, Owner, Owner]
  const set = primary.effectsOf('SET k v')
  for (const owner of [replica, away]) owner.take({ bytes: set })
  replica.take({ number: 2, previous: 1, bytes: primary.effectsOf('DEL k') })
  const { version, term } = primary.look('k')
  assert.deepEqual([replica.look('k').version, replica.look('k').term], [version, term])
  // The hint is the key: what is sent when the owner returns is the removal as it stands.
  assert.equal(away.replica.onTransfer(primary.entryOf('k'), nowMs).applied, 1)
  assert.deepEqual([away.look('k').here, away.look('k').version], ['tombstone', version])
  // The defect: every replica invents a version of its own, here one above what it has, and the value may win again.
  const invented = [put('v', 10), remove(11)]
  const rewritten = [put('v', 10), put('written again before the removal', 12)]
  assert.notEqual(
    endOf([...invented, ...rewritten], OURS, true),
    endOf([remove(20), ...rewritten], OURS, true),
  )
})

test('defect 4: a removal is known to a replica that never had the key', () => {
  const { owners, nowMs } = new Stage(3)
  const [primary, replica, late] = owners as [Owner, Owner, Owner]
  late.take({ bytes: primary.effectsOf('SET k v') })
  replica.take({ bytes: primary.effectsOf('DEL k') })
  // Repair from the one who missed the removal.
  replica.replica.onTransfer(late.entryOf('k'), nowMs)
  assert.equal(replica.run('EXISTS k'), ':0\r\n')
  late.pullNewerFrom(replica)
  assert.equal(late.run('EXISTS k'), ':0\r\n')
})

test('defect 8: who asks learns of every effect whether it is applied, refused or still awaited', () => {
  const { owners } = new Stage(2)
  const [primary, replica] = owners as [Owner, Owner]
  primary.effectsOf('RPUSH l a')
  const requests = ['SET k v', 'RPUSH l b', 'SET outranked v', 'SET last v']
  const bytes = Buffer.concat(requests.map((request) => primary.effectsOf(request)))
  const outranked = slotOfKey('outranked')
  const verdict = replica.take({ number: 5, bytes }, (slot) => slot !== outranked)
  assert.deepEqual([verdict.applied, verdict.waiting, verdict.refusals.length], [2, 1, 1])
  const told = replica.replica.acknowledgementFor('owner-0')
  assert.deepEqual([told.upTo, told.waiting, told.refusals[0]!.index], [5, [5], 2])
  // The defect: a plain number. It says that all four are in.
  const plainly = told.upTo >= 5
  const honestly = plainly && !told.waiting.includes(5) && !told.refusals.some(({ batch }) => batch === 5)
  assert.deepEqual([plainly, honestly], [true, false])
  replica.onPulled(null)
  assert.equal(replica.replica.acknowledgementFor('owner-0').refusals.length, 2)
})
