/*
 * The server's rows over a whole node with a clock, files and an end of its own. What Redis answers too is compared
 * with it in test/conformance; here is what it cannot be asked.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Args, ReplyWriter, SlabPool } from '../../resp/index.ts'
import { drawMesh } from '../../src/commands/lolwut.ts'
import { Config } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import { Node } from '../../src/node.ts'
import type { NodePorts } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { Session } from '../../src/session/session.ts'

class Stage {
  readonly files = new Map<string, string>()
  readonly stops: string[] = []
  readonly node: Node
  readonly session: Session
  wallMs = 1_700_000_000_000
  monotonicUs = 0
  sleptMs = 0
  collections = 0

  constructor(settings: Readonly<Record<string, string>> = {}) {
    const config = new Config()
    for (const [name, value] of Object.entries(settings)) assert.equal(config.set(name, value), undefined)
    const log = new Log({ sink: () => {}, nowMs: () => this.wallMs })
    this.node = new Node(config, log, this.#ports(), 'a'.repeat(40))
    this.session = new Session(7, new ReplyWriter(new SlabPool(0)), ownSession().link, this.wallMs)
    this.session.isAuthenticated = true
  }

  say(...words: string[]): string {
    this.node.executor.beginTurn(this.wallMs)
    this.node.dispatch.onRequest(this.session, Args.from(...words))
    this.node.executor.endTurn()
    const writer = this.session.writer
    const text = writer.bytes.toString('latin1', 0, writer.length)
    writer.reset(false)
    return text
  }

  #ports(): NodePorts {
    let state = 1
    return {
      wallMs: () => this.wallMs,
      monotonicUs: () => this.monotonicUs++,
      random32: () => (state = Math.imul(state, 1664525) + 1013904223) | 0,
      every: () => {},
      readProcess: () => ({
        pid: 42,
        residentBytes: 2 ** 26,
        heapUsedBytes: 1,
        heapTotalBytes: 2,
        externalBytes: 3,
        cpuUserSeconds: 1.5,
        cpuSystemSeconds: 0.25,
        totalSystemBytes: 2 ** 33,
        platform: 'linux',
        architecture: 'x64',
        nodeVersion: 'v20',
        executable: 'node',
      }),
      readFile: (path) => {
        const text = this.files.get(path)
        if (text === undefined) throw new Error('no such file')
        return text
      },
      writeFile: (path, text) => this.files.set(path, text),
      sleepMs: (ms) => {
        this.sleptMs += ms
      },
      collectGarbage: () => {
        this.collections++
      },
      stop: (reason) => this.stops.push(reason),
    }
  }
}

function field(text: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1]
}

test('CONFIG REWRITE writes the present values into the file it was started with', () => {
  const stage = new Stage()
  assert.equal(stage.say('CONFIG', 'REWRITE'), '-ERR The server is running without a config file\r\n')
  stage.node.state.configFile = 'redis.conf'
  assert.equal(stage.say('CONFIG', 'REWRITE'), '-ERR Rewriting config file: no such file\r\n')
  stage.files.set('redis.conf', '# mine\nhz 10\n')
  assert.equal(stage.say('CONFIG', 'SET', 'hz', '50'), '+OK\r\n')
  assert.equal(stage.say('CONFIG', 'REWRITE'), '+OK\r\n')
  assert.match(stage.files.get('redis.conf')!, /^# mine\nhz 50\n/)
})

test('SHUTDOWN asks once for the end and answers nothing', () => {
  const stage = new Stage()
  assert.equal(stage.say('SHUTDOWN', 'NOSAVE', 'NOW'), '')
  assert.equal(stage.say('SHUTDOWN'), '')
  assert.deepEqual(stage.stops, ['SHUTDOWN'])
  assert.match(stage.say('SHUTDOWN', 'SAVE', 'NOSAVE'), /^-ERR syntax error/)
})

test('DEBUG is closed to everybody unless it is opened at start', () => {
  const stage = new Stage()
  for (const words of [['SLEEP', '9'], ['HELP'], ['BOGUS'], ['DIGEST']]) {
    assert.match(stage.say('DEBUG', ...words), /^-ERR DEBUG command not allowed/)
  }
  assert.equal(stage.sleptMs, 0)
  assert.match(stage.say('CONFIG', 'SET', 'enable-debug-command', 'yes'), /^-ERR .*immutable/)
})

test('INFO gives sections once and in their own order, and nothing for unknown ones', () => {
  const stage = new Stage()
  assert.equal(stage.say('INFO', 'nosuch'), '$0\r\n\r\n')
  const titles = [
    ...stage.say('INFO', 'keyspace', 'CPU', 'cpu', 'server', 'nosuch').matchAll(/^# (\w+)\r$/gm),
  ]
  assert.deepEqual(
    titles.map((match) => match[1]),
    ['Server', 'CPU', 'Keyspace'],
  )
  assert.doesNotMatch(stage.say('INFO'), /# Commandstats/)
  for (const word of ['all', 'everything'])
    assert.match(stage.say('INFO', word), /# Commandstats[\s\S]*# Latencystats/)
})

test('INFO counts what happened, and CONFIG RESETSTAT begins anew', () => {
  const stage = new Stage()
  for (const words of [
    ['SET', 'k', 'v'],
    ['GET', 'k'],
    ['GET', 'none'],
    ['LPUSH', 'k', 'x'],
    ['GET'],
    ['NOSUCH'],
  ]) {
    stage.say(...words)
  }
  const stats = stage.say('INFO', 'stats')
  assert.equal(field(stats, 'keyspace_hits'), '1')
  assert.equal(field(stats, 'keyspace_misses'), '1')
  assert.equal(field(stats, 'total_error_replies'), '3')
  const commands = stage.say('INFO', 'commandstats')
  assert.match(
    field(commands, 'cmdstat_get')!,
    /^calls=2,usec=\d+,usec_per_call=[\d.]+,rejected_calls=1,failed_calls=0$/,
  )
  assert.match(field(commands, 'cmdstat_lpush')!, /rejected_calls=0,failed_calls=1$/)
  assert.equal(field(stage.say('INFO', 'errorstats'), 'errorstat_WRONGTYPE'), 'count=1')
  assert.equal(stage.say('CONFIG', 'RESETSTAT'), '+OK\r\n')
  assert.equal(field(stage.say('INFO', 'stats'), 'keyspace_hits'), '0')
  assert.equal(field(stage.say('INFO', 'commandstats'), 'cmdstat_get'), undefined)
})

test('INFO tells of defragmentation, CONFIG RESETSTAT forgets what was moved and CONFIG SET turns it off', () => {
  const stage = new Stage({ 'active-defrag-ignore-bytes': '1', 'active-defrag-cycle-max': '1' })
  const { defragmentation } = stage.node
  const figures = (): (string | undefined)[] => {
    const text = stage.say('INFO', 'memory', 'stats')
    return ['running', 'hits', 'key_hits', 'misses', 'key_misses'].map((name) =>
      field(text, `active_defrag_${name}`),
    )
  }
  for (let i = 0; i < 20_000; i++) stage.say('SET', `key:${i}`, 'value')
  for (let i = 0; i < 20_000; i += 2) stage.say('DEL', `key:${i}`)
  assert.deepEqual(figures(), ['0', '0', '0', '0', '0'])
  defragmentation.run()
  const moved = String(defragmentation.stats.moved)
  assert.ok(defragmentation.stats.moved > 0)
  assert.deepEqual(figures(), ['1', moved, moved, '0', '0'])
  assert.equal(stage.say('CONFIG', 'RESETSTAT'), '+OK\r\n')
  assert.deepEqual(figures(), ['1', '0', '0', '0', '0'])
  assert.equal(stage.say('CONFIG', 'SET', 'activedefrag', 'no'), '+OK\r\n')
  defragmentation.run()
  assert.deepEqual(figures(), ['0', '0', '0', '0', '0'])
  for (let i = 0; i < 20_000; i++) {
    assert.equal(stage.say('GET', `key:${i}`), i % 2 === 0 ? '$-1\r\n' : '$5\r\nvalue\r\n')
  }
})

test('INFO tells the average time to live of keys that have one', () => {
  const stage = new Stage()
  stage.say('SET', 'a', '1')
  stage.say('SET', 'b', '1', 'PX', '1000')
  stage.say('SET', 'c', '1', 'PX', '3000')
  assert.equal(field(stage.say('INFO', 'keyspace'), 'db0'), 'keys=3,expires=2,avg_ttl=2000')
})

test('SLOWLOG and LATENCY remember a slow command', () => {
  const stage = new Stage({ 'slowlog-log-slower-than': '2000', 'latency-monitor-threshold': '2' })
  stage.say('KEYS', '*')
  assert.equal(stage.say('SLOWLOG', 'LEN'), ':0\r\n')
  const monotonicUs = stage.node.state.ports.monotonicUs
  stage.node.state.ports.monotonicUs = () => (stage.monotonicUs += 5000)
  stage.say('KEYS', 'slow*')
  stage.node.state.ports.monotonicUs = monotonicUs
  assert.match(
    stage.say('SLOWLOG', 'GET'),
    /^\*1\r\n\*6\r\n:0\r\n:1700000000\r\n:5000\r\n\*2\r\n\$4\r\nKEYS\r\n/,
  )
  assert.match(stage.say('LATENCY', 'LATEST'), /^\*1\r\n\*4\r\n\$7\r\ncommand\r\n:1700000000\r\n:5\r\n:5\r\n/)
})

test('TIME is the wall clock in seconds and microseconds', () => {
  const stage = new Stage()
  stage.wallMs += 250
  assert.equal(stage.say('TIME'), '*2\r\n$10\r\n1700000000\r\n$6\r\n250000\r\n')
})

test('LOLWUT draws the same mesh for the same number, within bounds', () => {
  const stage = new Stage()
  assert.equal(stage.say('LOLWUT', 'VERSION', '5'), stage.say('LOLWUT', 'VERSION', '5'))
  assert.match(stage.say('LOLWUT'), /Redis ver\. 7\.0\.15\n\r\n$/)
  for (let seed = 0; seed < 300; seed++) {
    const lines = drawMesh(seed, 20 + (seed % 100), 8 + (seed % 40)).split('\n')
    assert.equal(lines.length, 8 + (seed % 40))
    for (const line of lines) assert.ok(line.length <= 20 + (seed % 100), line)
    assert.ok(lines.join('').includes('(@)'))
  }
})

test('MEMORY PURGE collects the garbage of the process, once', () => {
  const stage = new Stage()
  assert.equal(stage.say('MEMORY', 'PURGE'), '+OK\r\n')
  assert.equal(stage.collections, 1)
})

test('INFO tells what the process takes besides the store', () => {
  const memory = new Stage().say('INFO', 'memory')
  assert.equal(field(memory, 'mem_heap_used'), '1')
  assert.equal(field(memory, 'mem_heap_total'), '2')
  assert.equal(field(memory, 'mem_external'), '3')
})

test('MEMORY USAGE grows with the value and is nil without a key', () => {
  const stage = new Stage()
  stage.say('SET', 'small', 'x')
  stage.say('SET', 'large', 'x'.repeat(100_000))
  const bytesOf = (key: string): number => Number(stage.say('MEMORY', 'USAGE', key).slice(1))
  assert.ok(bytesOf('small') > 0 && bytesOf('small') < 200)
  assert.ok(bytesOf('large') >= 100_000 && bytesOf('large') < 140_000)
  assert.equal(stage.say('MEMORY', 'USAGE', 'none'), '$-1\r\n')
})
