// What is believed of a peer joins what gossip says with how its links fare.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { MemberRecord } from '../../gossip/index.ts'
import { encodeSheet, PeerBeliefs } from '../../src/routing/peer-beliefs.ts'

const SHEET = { clientPort: 6379, httpPort: 8379, isReady: true, host: 'b', name: 'b' }

function recordOf(birth: number): MemberRecord {
  const record = { id: 'b', address: 'b:7000', roles: [], meta: encodeSheet(SHEET), birth, incarnation: 0 }
  return record as unknown as MemberRecord
}

function known(): PeerBeliefs {
  const beliefs = new PeerBeliefs(
    'a',
    () => true,
    () => undefined,
  )
  beliefs.onGossip(recordOf(1), true)
  beliefs.onLinkUp('b', 0)
  return beliefs
}

test('a peer that is lost may neither act nor hold until a link to it is up again, though gossip has not noticed', () => {
  const beliefs = known()
  assert.deepEqual([beliefs.mayAct('b'), beliefs.mayHold('b')], [true, true])
  beliefs.onLinkDown('b', true)
  beliefs.onGossip(recordOf(1), true)
  assert.deepEqual([beliefs.mayAct('b'), beliefs.mayHold('b')], [false, false])
  beliefs.onLinkUp('b', 10)
  assert.deepEqual([beliefs.mayAct('b'), beliefs.mayHold('b')], [true, true])
})

test('a peer whose link merely ended is no worse for it, and a new life of a lost one begins unblemished', () => {
  const beliefs = known()
  beliefs.onLinkDown('b', false)
  assert.equal(beliefs.mayAct('b'), true)
  beliefs.onLinkDown('b', true)
  beliefs.onGossip(recordOf(2), true)
  assert.equal(beliefs.mayAct('b'), true)
})
