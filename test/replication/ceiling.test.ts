/* An owner that has no room at all: what takes room is refused and said to be so, what makes room is not. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeAcknowledgement, encodeExceptions } from '../../src/replication/acknowledgement-codec.ts'
import { ByteWriter } from '../../src/store/byte-writer.ts'
import { dump } from '../commands/effect-pair.ts'
import { type Owner, Stage } from './replica-stage.ts'

function fullOwner(): { stage: Stage; primary: Owner; replica: Owner } {
  const stage = new Stage(2)
  const [primary, replica] = stage.owners as [Owner, Owner]
  for (const [i, request] of ['SET k v', 'RPUSH l a b', 'SET x 1'].entries())
    replica.take({ number: i + 1, previous: i, bytes: primary.effectsOf(request) })
  replica.isFull = true
  return { stage, primary, replica }
}

test('an owner without any room takes in nothing that grows, and counts it', () => {
  const { primary, replica } = fullOwner()
  const before = dump(replica.space)
  for (const [i, request] of ['SET new v', 'APPEND k w', 'RPUSH l c'].entries()) {
    const { applied, refusals } = replica.take({
      number: 4 + i,
      previous: 3 + i,
      bytes: primary.effectsOf(request),
    })
    assert.deepEqual([applied, refusals.map(({ reason }) => reason)], [0, ['full']], request)
  }
  assert.deepEqual(dump(replica.space), before)
  assert.equal(replica.replica.counters.refused.full, 3)
  assert.equal(replica.asked.length, 0, 'no whole entry is fetched for what there is no room for')
})

test('removals, expiries and what makes values shorter come in all the same', () => {
  const { primary, replica } = fullOwner()
  for (const [i, request] of ['LPOP l', 'PEXPIRE k 100000', 'DEL x'].entries()) {
    const { applied } = replica.take({ number: 4 + i, previous: 3 + i, bytes: primary.effectsOf(request) })
    assert.equal(applied, 1, request)
  }
  assert.deepEqual(dump(replica.space), dump(primary.space))
})

test('healing is not refused: whole entries come in, and then effects that build on them', () => {
  const { primary, replica, stage } = fullOwner()
  const missed = primary.effectsOf('SET k w')
  replica.take({ number: 4, previous: 3, bytes: missed })
  replica.replica.onTransfer(primary.entryOf('k'), stage.nowMs)
  replica.isFull = false
  replica.take({ number: 5, previous: 4, bytes: primary.effectsOf('APPEND k x') })
  assert.deepEqual(dump(replica.space), dump(primary.space))
})

test('the sender is told why', () => {
  const { primary, replica } = fullOwner()
  replica.take({ number: 4, previous: 3, bytes: primary.effectsOf('SET new v') })
  const out = new ByteWriter()
  const acknowledgement = replica.replica.acknowledgementFor('owner-0')
  encodeExceptions(acknowledgement, out)
  assert.deepEqual(decodeAcknowledgement(acknowledgement.upTo, out.bytes, 0, out.length), acknowledgement)
  assert.equal(acknowledgement.refusals[0]!.reason, 'full')
})
