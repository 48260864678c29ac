/* Levels by key: what the directive may say, and what a request then works at. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { Config, type PolicyRule, policyRules } from '../../src/config/index.ts'
import { ConsistencyPolicy, stricter } from '../../src/session/consistency-policy.ts'
import { ownSession } from '../../src/session/own-session.ts'

function rulesOf(text: string): PolicyRule[] {
  const config = new Config()
  assert.equal(config.set('consistency-policy', text), undefined, text)
  return policyRules(config.words('consistency-policy'))
}

function levelsOf(text: string, ...keys: string[]): string {
  const session = ownSession()
  const policy = new ConsistencyPolicy(rulesOf(text), 'one', 'quorum')
  policy.use(
    session,
    Args.from('MGET', ...keys),
    keys.map((_, i) => i + 1),
  )
  return `${session.readLevel} ${session.writeLevel}`
}

test('the first pattern that matches counts, and what it leaves open is as the node is configured', () => {
  const text = 'user:1:* READ all, user:* WRITE all READ quorum, cache:* WRITE one'
  assert.equal(levelsOf(text, 'user:1:name'), 'all quorum')
  assert.equal(levelsOf(text, 'user:2:name'), 'quorum all')
  assert.equal(levelsOf(text, 'cache:x'), 'one one')
  assert.equal(levelsOf(text, 'other'), 'one quorum')
  assert.equal(levelsOf(text), 'one quorum')
  assert.equal(levelsOf('', 'user:1:name'), 'one quorum')
})

test('several keys work at the strictest of their levels', () => {
  const text = 'a* READ all WRITE one, b* READ quorum WRITE all, c* WRITE one'
  assert.equal(levelsOf(text, 'a', 'b'), 'all all')
  assert.equal(levelsOf(text, 'a', 'c'), 'all one')
  assert.equal(levelsOf(text, 'c', 'x'), 'one quorum')
  assert.equal(stricter(null, 'one'), 'one')
  assert.equal(stricter('quorum', 'one'), 'quorum')
})

test('patterns and keys are bytes', () => {
  assert.equal(levelsOf('\xff[\x80-\x90] READ all', '\xff\x85'), 'all quorum')
})

test('a connection that has chosen its levels itself keeps them', () => {
  const session = ownSession()
  session.hasOwnLevels = true
  session.readLevel = 'quorum'
  new ConsistencyPolicy(rulesOf('* READ all'), 'one', 'quorum').use(session, Args.from('GET', 'k'), [1])
  assert.equal(session.readLevel, 'quorum')
})

test('the directive is read back in one spelling, and survives CONFIG REWRITE', () => {
  const config = new Config()
  assert.equal(config.set('consistency-policy', ' a*  write ALL read one ,b READ Quorum'), undefined)
  const text = 'a* READ one WRITE all, b READ quorum'
  assert.deepEqual(config.get(['consistency-policy']), ['consistency-policy', text])
  const other = new Config()
  const line = config
    .rewrite('')
    .split('\n')
    .find((one) => one.startsWith('consistency-policy'))!
  assert.equal(line, `consistency-policy ${text}`)
  assert.equal(other.set('consistency-policy', line.slice('consistency-policy '.length)), undefined)
  assert.deepEqual(
    policyRules(other.words('consistency-policy')),
    policyRules(config.words('consistency-policy')),
  )
})

test('what is no rule is refused as a whole', () => {
  const config = new Config()
  config.set('consistency-policy', 'a READ all')
  const wrong = ['a', 'a READ', 'a READ two', 'a READ all READ one', 'a READ all,', 'a KEEP all', ',']
  for (const text of [...wrong, Array.from({ length: 65 }, () => 'a READ all').join()])
    assert.match(config.set('consistency-policy', text) ?? '', /each rule must be|at most 64 rules/, text)
  assert.equal(config.words('consistency-policy').length, 1)
})
