/*
 * The values of a node: reading, CONFIG SET and GET, all-or-nothing, secrets.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Config } from '../../src/config/config.ts'
import { directives, findDirective } from '../../src/config/directives.ts'

test('a fresh node has a password-less, unlimited, 16-database configuration', () => {
  const config = new Config()
  assert.equal(config.number('port'), 6379)
  assert.equal(config.number('maxmemory'), 0)
  assert.equal(config.number('databases'), 16)
  assert.equal(config.text('requirepass'), '')
  assert.equal(config.text('maxmemory-policy'), 'noeviction')
  assert.deepEqual(config.words('bind'), ['*', '-::*'])
  assert.equal(config.is('protected-mode'), true)
  assert.equal(config.source('port'), 'default')
  assert.deepEqual(config.outputLimit('normal'), {
    hardBytes: 67108864,
    softBytes: 16777216,
    softSeconds: 30,
  })
  assert.equal(config.outputLimit('replica').hardBytes, 268435456)
})

test('every default is canonical and every row is complete', () => {
  const config = new Config()
  for (const row of directives) {
    if (!row.isSecret) assert.equal(config.get([row.name])[1], row.default, row.name)
    assert.ok(row.doc.endsWith('.'), row.name)
    assert.equal(row.values !== undefined, row.type === 'enum' || row.type === 'enum-set', row.name)
    assert.equal(row.min !== undefined, row.max !== undefined, row.name)
    assert.equal(row.pattern !== undefined, row.patternText !== undefined, row.name)
  }
})

test('a value is set, canonical, told to listeners, and its source is the run', () => {
  const config = new Config()
  let calls = 0
  config.onChange('maxmemory', () => calls++)
  assert.equal(config.set('MaxMemory', '1gb'), undefined)
  assert.equal(config.number('maxmemory'), 2 ** 30)
  assert.deepEqual(config.get(['maxmemory']), ['maxmemory', '1073741824'])
  assert.equal(config.source('maxmemory'), 'runtime')
  assert.equal(config.set('maxmemory', '1024mb'), undefined)
  assert.equal(calls, 1)
})

test('listeners see all changes of one call', () => {
  const config = new Config()
  const seen: number[] = []
  config.onChange('maxmemory', () => seen.push(config.number('maxmemory-samples')))
  config.setMany(['maxmemory', '1', 'maxmemory-samples', '9'])
  assert.deepEqual(seen, [9])
})

test('one bad value changes nothing at all', () => {
  const config = new Config()
  config.onChange('maxmemory', () => assert.fail('was told of a change that did not happen'))
  assert.match(config.setMany(['maxmemory', '5', 'hz', 'abc'])!, /related to argument 'hz'/)
  assert.equal(config.number('maxmemory'), 0)
  assert.equal(config.source('maxmemory'), 'default')
})

test('hz is moved into its range, other numbers are refused outside theirs', () => {
  const config = new Config()
  config.set('hz', '1000')
  assert.equal(config.number('hz'), 500)
  config.set('hz', '0')
  assert.equal(config.number('hz'), 1)
  assert.match(config.set('timeout', '-1')!, /must be between 0 and 2147483647 inclusive$/)
})

test('output limits are changed a class at a time', () => {
  const config = new Config()
  config.set('client-output-buffer-limit', 'replica 1kb 2 3')
  config.set('client-output-buffer-limit', 'pubsub 4 5 6')
  assert.equal(
    config.get(['client-output-buffer-limit'])[1],
    'normal 67108864 16777216 30 slave 1024 2 3 pubsub 4 5 6',
  )
})

test('an older name sets and gets the same value', () => {
  const config = new Config()
  config.set('hash-max-ziplist-entries', '3')
  assert.deepEqual(config.get(['hash-max-*-entries']), [
    'hash-max-listpack-entries',
    '3',
    'hash-max-ziplist-entries',
    '3',
  ])
})

test('GET answers each name once, however many patterns ask for it', () => {
  const config = new Config()
  assert.deepEqual(config.get(['maxmemory', 'MAXMEMORY', 'max[m]emory', 'nosuch']), ['maxmemory', '0'])
})

test('our own spellings are for files and flags, not for CONFIG', () => {
  const config = new Config()
  assert.deepEqual(config.get(['log-level']), [])
  assert.match(config.set('log-level', 'debug')!, /^Unknown option/)
})

test('protected directives need enable-protected-configs', () => {
  const config = new Config()
  assert.match(config.set('dir', '/x')!, /can't set protected config$/)
  config.assign(findDirective('enable-protected-configs')!, 'local', 'file')
  assert.match(config.set('dir', '/x')!, /can't set protected config$/)
  assert.equal(config.setMany(['dir', '/x'], true), undefined)
})

test('CR, LF and NUL are refused in any value, and nothing of it is quoted', () => {
  const config = new Config()
  for (const text of ['hunter2\r\nCONFIG', 'hunter2\n', 'hunter2\0']) {
    const error = config.set('requirepass', text)!
    assert.match(error, /must not contain CR, LF or NUL$/)
    assert.ok(!error.includes('hunter2'))
  }
  assert.match(config.set('requirepass', 'x'.repeat(70_000))!, /at most 65536 bytes/)
  assert.equal(config.text('requirepass'), '')
})

test('secrets are given to readers by name and to nobody else', () => {
  const config = new Config()
  config.set('requirepass', 'hunter2')
  config.assign(findDirective('mesh-secret')!, 'hunter2', 'environment')
  assert.equal(config.text('requirepass'), 'hunter2')
  assert.deepEqual(config.get(['requirepass']), ['requirepass', '(hidden)'])
  assert.ok(!JSON.stringify([config.describe(), config.get(['*'])]).includes('hunter2'))
  assert.ok(!JSON.stringify(config.set('hz', 'hunter2')).includes('hunter2'))
})

test('describe tells where each value came from', () => {
  const config = new Config()
  config.set('maxmemory', '1kb')
  const described = config.describe()
  assert.deepEqual(
    described.find(({ name }) => name === 'maxmemory'),
    { name: 'maxmemory', text: '1024', source: 'runtime' },
  )
  assert.equal(
    described.some(({ name }) => name === 'appendonly'),
    false,
  )
})

test('what would be dangerous to ignore is refused', () => {
  const config = new Config()
  assert.match(config.set('tls-port', '6380')!, /TLS is not supported/)
  assert.equal(config.set('tls-port', '0'), undefined)
})

test('a value beyond 2^53 is printed exactly', () => {
  const config = new Config()
  config.set('slowlog-max-len', '9223372036854775807')
  assert.equal(config.get(['slowlog-max-len'])[1], '9223372036854775807')
})
