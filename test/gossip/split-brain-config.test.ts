/*
 * Settings from an operator's words, and explanations in words.
 *
 * The idea: what is refused is refused with a sentence that helps; what is explained is what is decided.
 * Shape: table (tests only).
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { OPTIONS, parseSplitBrain, type SplitBrainOptions } from '../../gossip/split-brain/config.ts'
import { explain, NAMES_SHOWN_MAX } from '../../gossip/split-brain/explain.ts'
import { ATOMR_DEFAULTS, PEKKO_DEFAULTS, type SplitBrainSettings } from '../../gossip/split-brain/settings.ts'
import { STRATEGIES, STRATEGY_NAMES } from '../../gossip/split-brain/strategies.ts'
import { atomr, pekko, viewOfLinks, viewOfText } from './split-brain-scenes.ts'

function settingsOf(options: SplitBrainOptions): SplitBrainSettings {
  const parsed = parseSplitBrain(options)
  assert.ok('settings' in parsed, JSON.stringify(parsed))
  return parsed.settings
}

function errorsOf(options: SplitBrainOptions): string {
  const parsed = parseSplitBrain(options)
  assert.ok('errors' in parsed, JSON.stringify(options))
  return parsed.errors.join('\n')
}

test('without a word it is keep-majority by the rules of Pekko', () => {
  assert.deepEqual(settingsOf({}), PEKKO_DEFAULTS)
  assert.deepEqual(settingsOf({ compat: 'atomr' }), ATOMR_DEFAULTS)
})

test('every strategy can be set, with all its options', () => {
  const values: Record<string, unknown> = {
    role: 'data',
    'quorum-size': '3',
    'down-if-alone': 'off',
    referee: 'n1:7946',
    'down-all-if-less-than': 2,
    'role-weights': 'core=10, worker=1',
    'min-weight': 10,
    'acquire-lease-delay-for-minority': '3s',
    'release-after': '1m',
    'lease-ttl': '200 s',
    'lease-timeout': 750,
  }
  for (const row of STRATEGIES) {
    const names = row.options.filter((name) => name !== 'lease-acquired')
    const options = Object.fromEntries(names.map((name) => [name, values[name]]))
    assert.equal(settingsOf({ 'active-strategy': row.name, ...options }).strategy, row.name)
  }
  const lease = settingsOf({
    'active-strategy': 'lease-majority',
    'acquire-lease-delay-for-minority': '3s',
    'release-after': '1m',
    'lease-ttl': '200 s',
    'lease-timeout': '750',
  })
  assert.deepEqual(
    [lease.minorityDelayMs, lease.releaseAfterMs, lease.leaseTtlMs, lease.leaseAnswerMsMax],
    [3000, 60_000, 200_000, 750],
  )
  const weighted = settingsOf({
    'active-strategy': 'role-weighted-quorum',
    'role-weights': { core: 10, worker: 1 },
    'min-weight': '6',
  })
  assert.deepEqual(
    [...weighted.roleWeights],
    [
      ['core', 10],
      ['worker', 1],
    ],
  )
})

test('patience is on, off or a time; flags have their usual spellings', () => {
  assert.equal(settingsOf({ 'down-all-when-unstable': 'on' }).downAllWhenUnstableMs, 'derived')
  assert.equal(settingsOf({ 'down-all-when-unstable': 'off' }).downAllWhenUnstableMs, 0)
  assert.equal(settingsOf({ 'down-all-when-unstable': '25s' }).downAllWhenUnstableMs, 25_000)
  for (const yes of [true, 'on', 'yes', 'true']) {
    assert.equal(settingsOf({ 'active-strategy': 'keep-oldest', 'down-if-alone': yes }).downIfAlone, true)
  }
  assert.equal(settingsOf({ role: '' }).role, undefined)
})

const REFUSED: readonly (readonly [options: SplitBrainOptions, error: RegExp])[] = [
  [
    { 'active-strategy': 'keep-youngest' },
    /^active-strategy: expected one of keep-majority, .*got 'keep-youngest'$/,
  ],
  [{ 'stable-afer': '3s' }, /^stable-afer: no such option; there are active-strategy, /],
  [{ 'stable-after': 'soon' }, /^stable-after: expected a duration such as 20s/],
  [{ 'stable-after': -1 }, /^stable-after: expected/],
  [{ 'stable-after': 1.5 }, /^stable-after: expected/],
  [{ 'stable-after': '25h' }, /^stable-after: expected/],
  [{ 'down-all-when-unstable': '0s' }, /^down-all-when-unstable: expected on, off, or a duration/],
  [{ compat: 'akka' }, /^compat: expected pekko or atomr, got 'akka'$/],
  [{ role: 'two words' }, /^role: expected the name of a role/],
  [{ 'quorum-size': 3 }, /^quorum-size: belongs to static-quorum, not to keep-majority$/],
  [{ 'active-strategy': 'static-quorum' }, /^quorum-size: static-quorum needs it$/],
  [{ 'active-strategy': 'static-quorum', 'quorum-size': 0 }, /^quorum-size: expected a whole number from 1/],
  [{ 'active-strategy': 'keep-referee' }, /^referee: keep-referee needs it$/],
  [
    { 'active-strategy': 'keep-referee', referee: 'n1' },
    /^referee: expected an address host:port, got 'n1'$/,
  ],
  [{ 'active-strategy': 'keep-oldest', 'down-if-alone': 'perhaps' }, /^down-if-alone: expected on or off/],
  [
    { 'active-strategy': 'role-weighted-quorum', 'min-weight': 1 },
    /^role-weights: role-weighted-quorum needs it$/,
  ],
  [
    { 'active-strategy': 'role-weighted-quorum', 'role-weights': 'core', 'min-weight': 1 },
    /^role-weights: expected/,
  ],
  [
    { 'active-strategy': 'role-weighted-quorum', 'role-weights': 'a=1,a=2', 'min-weight': 1 },
    /^role-weights:/,
  ],
  [
    { 'active-strategy': 'role-weighted-quorum', 'role-weights': [], 'min-weight': 1 },
    /^role-weights: expected/,
  ],
  [{ compat: 'atomr', role: 'data' }, /^role: atomr's rules count members of every role$/],
  [{ 'active-strategy': 'lease-majority', 'lease-acquired': true }, /^lease-acquired: only atomr's rules/],
  [
    { 'active-strategy': 'lease-majority', 'lease-ttl': '20s', 'stable-after': '20s' },
    /^lease-ttl: 20000 ms must be/,
  ],
  [{ 'stable-after': Symbol('x') }, /^stable-after: expected .* got Symbol\(x\)$/],
]

for (const [options, error] of REFUSED) {
  test(`refused with a reason: ${Object.entries(options).map(([name, value]) => `${name} ${String(value)}`)}`, () => {
    assert.match(errorsOf(options), error)
  })
}

test('all mistakes are named at once, and a long one is cut', () => {
  const errors = errorsOf({ 'stable-after': 'x'.repeat(1000), compat: 1, nonsense: 2 }).split('\n')
  assert.equal(errors.length, 3)
  assert.ok(errors[0]!.length < 250)
})

test('role weights beyond the limit are refused', () => {
  const roles = Array.from({ length: 65 }, (_, index) => `r${index}=1`)
  const options = { 'active-strategy': 'role-weighted-quorum', 'min-weight': 1 }
  assert.match(errorsOf({ ...options, 'role-weights': roles.join(',') }), /at most 64 roles/)
  settingsOf({ ...options, 'role-weights': roles.slice(1).join(',') })
})

test('the table of strategies has a row for each name, and every option a row and an owner', () => {
  assert.equal(new Set(STRATEGY_NAMES).size, 8)
  const owned = new Set<string>(STRATEGIES.flatMap((row) => row.options))
  const common = ['active-strategy', 'compat', 'stable-after', 'down-all-when-unstable']
  assert.deepEqual(new Set(OPTIONS.map((row) => row.name)), new Set([...common, ...owned]))
  for (const row of STRATEGIES) {
    assert.ok(row.summary.endsWith('.'))
    for (const name of row.required) assert.ok(row.options.includes(name))
  }
})

test('an explanation says who counts, who does not and why, what would be decided and when', () => {
  const view = viewOfText('n1 n2 n3 n6/joining | n4 n5 n7/down n8/dc-west')
  const words = explain(view, pekko({}), 21_000, { decidesAtMs: 25_500, downsAllAtMs: 40_500 })
  assert.equal(
    words,
    [
      "Strategy keep-majority, Pekko's rules: The side with more members goes on; a tie goes to the side of the lowest address.",
      'Seen by n1, which counts 5 members of data centre default.',
      'In reach (3): n1, n2, n3',
      'Out of reach (2): n4, n5',
      'Not counted (3): n6 (joining), n7 (down, out of reach), n8 (data centre west)',
      'Indirectly connected: nobody',
      'Decision: down-unreachable, 2 go down: n4, n5.',
      'Why: the majority is on this side: 3 in reach against 2.',
      'Time: the decision falls in 4.5 s, unless something changes before.',
      'Patience: a split that is still there in 19.5 s undecided downs all.',
    ].join('\n'),
  )
})

test('an explanation names ties, edges, half links, the lease and roles', () => {
  const why = (sides: string, settings: SplitBrainSettings) => explain(viewOfText(sides), settings, 0)
  assert.match(
    why('a d | b c', pekko({})),
    /Why: a tie, and a:7000, the lowest address, is on this side: 2 in reach/,
  )
  assert.match(
    why('b c | d a/joining e/joining', pekko({})),
    /the majority is on this side: 2 in reach against 1, but should members join .* the majority is on the other side: 2 in reach against 3/,
  )
  assert.match(
    why('a#1 | b#2 c#3', pekko({ strategy: 'keep-oldest' })),
    /In reach \(1\): a #1[\s\S]*alone on this side/,
  )
  assert.match(why('a/data b | c/data', pekko({ role: 'data' })), /b \(without role data\)/)
  const lease = why('d e | a b c', pekko({ strategy: 'lease-majority' }))
  assert.match(lease, /ask for the lease after 2.0 s; if granted down-unreachable, 3 go down: a, b, c/)
  assert.match(lease, /If denied: down-reachable, 2 go down: e, d/)
  const half = explain(viewOfLinks('a b c d', 'c>d d>c', 'a b'), pekko({}), 0)
  assert.match(half, /Indirectly connected: [cd], [cd]\nDecision: down-indirectly-connected, 2 go down/)
})

test('an explanation by the rules of atomr shows its sides', () => {
  const words = explain(viewOfText('a b/leaving c/down | d'), atomr({ strategy: 'keep-majority' }), 0, {
    decidesAtMs: 0,
    downsAllAtMs: undefined,
  })
  assert.match(
    words,
    /atomr's rules[\s\S]*In reach \(2\): a, b \(leaving\)\nOut of reach \(1\): d\nNot counted \(1\): c/,
  )
  assert.match(
    words,
    /Decision: down-all, 4 go down: b, c, d, a\.\nWhy: a tie: 1 up[\s\S]*Time: the decision is due\./,
  )
})

test('an explanation of a whole mesh, of a stranger and of a large mesh stays short', () => {
  assert.match(explain(viewOfText('a b'), pekko({}), 0), /Decision: nothing to decide/)
  assert.match(explain({ ...viewOfText('a b'), selfId: 'z' }, pekko({}), 0), /^z is not a member/)
  const names = Array.from({ length: 1000 }, (_, index) => `n${index}`)
  const words = explain(viewOfText(`${names.slice(0, 600).join(' ')} | n600 n601`), pekko({}), 0)
  assert.match(words, new RegExp(`and ${600 - NAMES_SHOWN_MAX} more`))
  assert.ok(words.length < 2000)
})
