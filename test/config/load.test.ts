/*
 * From arguments, environment and files to values: precedence, places of errors, notices; and back to a file.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type Loaded, loadConfig } from '../../src/config/load.ts'

interface Given {
  argv?: string[]
  environment?: Record<string, string>
  files?: Record<string, string>
  ownFlags?: string[]
}

function load({ argv = [], environment = {}, files = {}, ownFlags = [] }: Given): Loaded {
  return loadConfig({
    argv,
    environment,
    ownFlags,
    readFile(path) {
      const text = files[path]
      if (text === undefined) throw new Error('ENOENT')
      return text
    },
  })
}

function loadFile(text: string): Loaded {
  return load({ argv: ['redis.conf'], files: { 'redis.conf': text } })
}

test('flags win over the environment, the environment over the file, the file over defaults', () => {
  const { config, errors } = load({
    argv: ['--config', 'a.conf', '--maxmemory', '3mb'],
    environment: { HYPERCACHE_MAXMEMORY: '2mb', HYPERCACHE_HZ: '20' },
    files: { 'a.conf': 'maxmemory 1mb\nhz 30\ntimeout 40\n' },
  })
  assert.deepEqual(errors, [])
  assert.deepEqual([config.number('maxmemory'), config.source('maxmemory')], [3 * 2 ** 20, 'flag'])
  assert.deepEqual([config.number('hz'), config.source('hz')], [20, 'environment'])
  assert.deepEqual([config.number('timeout'), config.source('timeout')], [40, 'file'])
  assert.equal(config.source('port'), 'default')
})

test('flags may be spelt with a space, an equals sign or, for yes and no, alone', () => {
  const { config, errors } = load({
    argv: ['--port=7000', '--lazyfree-lazy-expire', '--bind', '127.0.0.1', '-::1', '--log-level', 'debug'],
  })
  assert.deepEqual(errors, [])
  assert.equal(config.number('port'), 7000)
  assert.equal(config.is('lazyfree-lazy-expire'), true)
  assert.deepEqual(config.words('bind'), ['127.0.0.1', '-::1'])
  assert.equal(config.text('loglevel'), 'debug')
})

test('the flags of the mesh are read', () => {
  const { config, errors } = load({
    argv: ['--id', 'n1', '--seeds', 'a:1,[::1]:2', '--roles', 'dc-x,edge', '--write-consistency', 'ALL'],
    environment: { HYPERCACHE_REPLICATION_FACTOR: '2' },
  })
  assert.deepEqual(errors, [])
  assert.deepEqual(config.words('seeds'), ['a:1', '[::1]:2'])
  assert.deepEqual(config.words('roles'), ['dc-x', 'edge'])
  assert.equal(config.text('write-consistency'), 'all')
  assert.equal(config.number('replication-factor'), 2)
})

test('bad mesh values are refused with words that help', () => {
  const { errors } = load({ argv: ['--seeds', 'nohost', '--id', 'a b', '--advertise', 'x/y'] })
  assert.deepEqual(errors, [
    '--seeds: argument must be a list of host:busport or dns://name[:busport] separated by commas',
    '--id: argument must be at most 64 letters, digits, dots, dashes or underscores',
    '--advertise: argument must be a host name or an address',
  ])
})

test('every error of a file is told at once, with its line', () => {
  const { errors } = loadFile(
    [
      '# comment',
      'maxmemory 1x',
      'maxmemroy 1gb',
      'hz 10 20',
      'port',
      'requirepass "hunter2',
      'rename-command CONFIG ""',
      'timeout 1',
      'TIMEOUT 2',
      'client-output-buffer-limit normal 1 2',
      'tls-port 6380',
    ].join('\r\n'),
  )
  assert.deepEqual(errors, [
    "redis.conf:3: unknown directive 'maxmemroy' (did you mean 'maxmemory'?)",
    'redis.conf:4: hz: wrong number of arguments',
    'redis.conf:5: port: wrong number of arguments',
    'redis.conf:6: unbalanced quotes',
    'redis.conf:7: rename-command: commands cannot be renamed: set a password instead',
    'redis.conf:9: timeout: already set at redis.conf:8',
    'redis.conf:2: maxmemory: argument must be a memory value',
    'redis.conf:10: client-output-buffer-limit: Wrong number of arguments in buffer limit configuration.',
    'redis.conf:11: tls-port: TLS is not supported: put a TLS terminator in front',
  ])
})

test('no error tells what was written after the name', () => {
  const { errors } = load({
    argv: ['f', '--requirepass', 'a', 'hunter2', '--hz', 'hunter2'],
    environment: { HYPERCACHE_PORT: 'hunter2' },
    files: { f: 'mesh-secret hunter2 hunter2\nrequirepass "hunter2\nid hunter2/\nuser hunter2\n' },
  })
  assert.equal(errors.length, 7)
  assert.ok(!errors.join().includes('hunter2'))
})

test('included files are read where they stand and may be overridden', () => {
  const { config, errors } = load({
    argv: ['a.conf'],
    files: { 'a.conf': 'include b.conf\nhz 20\n', 'b.conf': 'hz 10\ntimeout 5\n' },
  })
  assert.deepEqual(errors, [])
  assert.equal(config.number('hz'), 20)
  assert.equal(config.number('timeout'), 5)
})

test('a missing file and a circle of files are errors', () => {
  assert.deepEqual(load({ argv: ['a.conf'] }).errors, ['a.conf: the file a.conf cannot be read'])
  assert.deepEqual(loadFile('include b.conf').errors, ['redis.conf:1: the file b.conf cannot be read'])
  assert.deepEqual(loadFile('include redis.conf').errors, ['redis.conf:1: include: nested more than 8 deep'])
  assert.match(loadFile('include *.conf').errors[0]!, /wildcards are not supported/)
})

test('save lines add up and an empty one forgets them', () => {
  assert.equal(loadFile('save 3600 1\nsave 300 100\n').config.get(['save'])[1], '3600 1 300 100')
  assert.equal(loadFile('save 3600 1\nsave ""\nsave 1 2\n').config.get(['save'])[1], '1 2')
})

test('what has no meaning here is accepted, with a notice only when it asks for something', () => {
  const { errors, notices, config } = loadFile('daemonize no\nappendonly yes\nio-threads 4\n')
  assert.deepEqual(errors, [])
  assert.equal(notices.length, 2)
  assert.match(notices[0]!, /^redis\.conf:2: appendonly is accepted but has no effect: nothing is written/)
  assert.equal(config.get(['appendonly'])[1], 'yes')
})

test('unknown variables are a notice, empty ones nothing, and Kubernetes is understood', () => {
  const { errors, notices, config } = load({
    environment: {
      HYPERCACHE_PORT: 'tcp://10.0.0.1:6379',
      HYPERCACHE_MAXMEMROY: '1gb',
      HYPERCACHE_TIMEOUT: '',
      PATH: 'x',
    },
  })
  assert.deepEqual(errors, [])
  assert.equal(config.number('port'), 6379)
  assert.deepEqual(notices, [
    "HYPERCACHE_MAXMEMROY: ignored, there is no directive 'maxmemroy' (did you mean 'maxmemory'?)",
    'HYPERCACHE_PORT: ignored, this is the address of a Kubernetes service',
  ])
})

test('the file may be named by the environment, and a flag names another', () => {
  const files = { 'a.conf': 'hz 11', 'b.conf': 'hz 12' }
  const environment = { HYPERCACHE_CONFIG: 'a.conf' }
  assert.equal(load({ environment, files }).config.number('hz'), 11)
  assert.equal(load({ environment, files, argv: ['--config=b.conf'] }).configFile, 'b.conf')
})

test('flags that are unknown, doubled, stray or without a value are errors', () => {
  const { errors } = load({ argv: ['--prot', '1', '--hz', '1', '--hz', '2', '-x', '--timeout'] })
  assert.deepEqual(errors, [
    "--prot: unknown flag (did you mean 'port'?)",
    '--hz: given twice',
    'argument 7: not a flag (flags begin with --)',
    '--timeout: needs a value',
  ])
})

test("a command's own flags are handed back", () => {
  const { own, errors, config } = load({ argv: ['--nodes', '3', '--port', '1'], ownFlags: ['nodes'] })
  assert.deepEqual(errors, [])
  assert.equal(own.get('nodes'), '3')
  assert.equal(config.number('port'), 1)
})

test('help and version are actions', () => {
  assert.equal(load({ argv: ['--help'] }).action, 'help')
  assert.equal(load({ argv: ['--port', '1', '--version'] }).action, 'version')
  assert.equal(load({}).action, 'start')
})

test('a password in UTF-8 is the bytes a client sends', () => {
  const { config } = load({ argv: ['--requirepass', 'pä'] })
  assert.equal(config.text('requirepass'), Buffer.from('pä').toString('latin1'))
})

test('REWRITE keeps comments, order and true lines, changes the others and appends what is new', () => {
  const text =
    '# head\nport 6379\n\nmaxmemory 1gb\n  # note\nhash-max-ziplist-entries 3\nhz   10\ninclude b.conf\n'
  const { config } = load({ argv: ['a.conf'], files: { 'a.conf': text, 'b.conf': '' } })
  config.setMany(['maxmemory', '3mb', 'hash-max-listpack-entries', '4', 'requirepass', 'a"b c', 'hz', '10'])
  config.set('notify-keyspace-events', 'KEA')
  const rewritten = config.rewrite(text)
  assert.equal(
    rewritten,
    '# head\nport 6379\n\nmaxmemory 3mb\n  # note\nhash-max-listpack-entries 4\nhz   10\ninclude b.conf\n' +
      '\n# Generated by CONFIG REWRITE\nrequirepass "a\\"b c"\nnotify-keyspace-events AKE\n',
  )
  assert.equal(config.rewrite(rewritten), rewritten)
})

test('a rewritten file gives the same values at the next start', () => {
  const { config } = loadFile('save 1 2\nsave 3 4\nclient-output-buffer-limit normal 1 2 3\n')
  config.setMany(['maxmemory', '1000', 'bind-source-addr', 'a b', 'latency-tracking-info-percentiles', ''])
  config.setMany(['save', '', 'client-output-buffer-limit', 'pubsub 1gb 2 3', 'requirepass', '\x01\xff#'])
  const again = loadFile(config.rewrite('save 1 2\nsave 3 4\n'))
  assert.deepEqual(again.errors, [])
  assert.deepEqual(again.config.get(['*']), config.get(['*']))
  assert.equal(again.config.text('requirepass'), '\x01\xff#')
})

test('REWRITE does not write a secret that came from the environment or a flag', () => {
  const { config } = load({ environment: { HYPERCACHE_REQUIREPASS: 'x1' }, argv: ['--mesh-secret', 'x2'] })
  assert.equal(config.rewrite(''), '')
  assert.equal(config.rewrite('requirepass old\n'), 'requirepass old\n')
})
