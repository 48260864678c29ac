/*
 * The command as a shell sees it: how it starts, what it says when it cannot, where settings come from, how it ends.
 *
 * The idea: exit codes and messages are an interface: 0 asked to stop, 1 could not start, 2 misunderstood. Shape: test.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { freePort } from '../support/child-server.ts'
import { startOurNode } from '../support/our-node.ts'
import { type Reply, show } from '../support/reply.ts'
import { RespSocket } from '../support/resp-socket.ts'
import { clientList, eventually, MEBIBYTE } from './attended.ts'
import { Launched } from './launched.ts'

const LOOPBACK = ['--bind', '127.0.0.1']

async function ending(
  argv: readonly string[],
  environment: Record<string, string> = {},
): Promise<Launched & { code: number | null }> {
  const launched = new Launched(argv, environment)
  const timer = setTimeout(() => void launched.kill(), 20_000)
  const code = await launched.exited
  clearTimeout(timer)
  return Object.assign(launched, { code })
}

async function setting(client: RespSocket, name: string): Promise<string> {
  const reply = await client.call('CONFIG', 'GET', name)
  return String((reply.value as readonly Reply[])[1]?.value)
}

test('a started node answers, says that it is ready, and ends with 0 when asked to', async () => {
  const server = await startOurNode()
  const client = await server.connect()
  assert.equal(show(await client.call('PING')), '+PONG')
  assert.match(server.output, /ready/)
  server.signal('SIGINT')
  assert.equal(await server.waitForExit(), 0)
  assert.ok(await client.closed())
})

test('SIGTERM answers what is owed, closes everybody and exits with 0', { timeout: 30_000 }, async () => {
  const server = await startOurNode()
  const [witness, slow, idle, waiting] = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
  await witness!.call('SET', 'big', 'x'.repeat(MEBIBYTE))
  waiting!.command('BLPOP', 'queue', '0')
  slow!.pauseReading()
  for (let index = 0; index < 20; index++) slow!.command('GET', 'big')
  await eventually('the answers wait', async () => {
    return (await clientList(witness!)).some((line) => Number(line.omem) > MEBIBYTE && line.qbuf === '0')
  })
  server.signal('SIGTERM')
  assert.ok((await idle!.closed()) && (await waiting!.closed()))
  await assert.rejects(RespSocket.connect(server.port), 'nobody new is let in')
  slow!.resumeReading()
  const replies = await slow!.take(20)
  assert.ok(
    replies.length === 20 && replies.every((reply) => reply.value.length === MEBIBYTE),
    'all is answered',
  )
  assert.equal(await server.waitForExit(), 0)
})

test('SHUTDOWN ends the node as a signal does', async () => {
  const server = await startOurNode()
  const client = await server.connect()
  client.command('SHUTDOWN', 'NOSAVE')
  assert.equal(await server.waitForExit(), 0)
  assert.ok((await client.closed()) && client.replies.length === 0)
})

test('a port in use is an error that says so, and exit code 1', async () => {
  const server = await startOurNode()
  const second = await ending(['start', '--port', String(server.port), ...LOOPBACK])
  assert.equal(second.code, 1)
  assert.match(second.stderr, new RegExp(`port in use: .*${server.port}`))
  const client = await server.connect()
  assert.equal(show(await client.call('PING')), '+PONG', 'the first is unharmed')
  await server.kill()
})

test('an address that is not of this machine is an error, and exit code 1', async () => {
  const launched = await ending(['start', '--port', String(await freePort()), '--bind', '192.0.2.1'])
  assert.equal(launched.code, 1)
  assert.match(launched.stderr, /192\.0\.2\.1/)
})

const MISUNDERSTOOD: readonly (readonly [argv: string[], named: RegExp])[] = [
  [['start', '--prot', '7000'], /prot/],
  [['start', '--port', 'seven'], /port.*/],
  [['start', '--port', '65536'], /port/],
  [['start', '--port'], /port/],
  [['start', '--maxmemory', '12parsecs'], /maxmemory/],
  [['start', '--maxmemory-policy', 'whatever'], /maxmemory-policy/],
  [['start', '--config', join(tmpdir(), 'no-such-file.conf')], /no-such-file/],
  [['start', '--requirepass', 'secret', '--timeout', '-1'], /timeout/],
  [['frobnicate'], /frobnicate/],
]

test('arguments that make no sense are named, and exit code 2', { timeout: 60_000 }, async () => {
  await Promise.all(
    MISUNDERSTOOD.map(async ([argv, named]) => {
      const { code, stderr, stdout } = await ending(argv)
      assert.equal(code, 2, `${argv.join(' ')}: ${stderr}`)
      assert.match(stderr, named, argv.join(' '))
      assert.doesNotMatch(stderr + stdout, /secret|\n +at /, 'neither a secret nor a stack')
    }),
  )
})

test('a mistake in the file is named by its line', async () => {
  await withFile('maxclients 100\n\nmaxmemory lots\nbogus yes\n', async (file) => {
    const { code, stderr } = await ending(['start', '--config', file])
    assert.equal(code, 2)
    assert.match(stderr, /:3\b.*maxmemory/)
    assert.match(stderr, /:4\b.*bogus/)
  })
})

test('help and version are answered and leave nothing running', async () => {
  const [help, startHelp, version] = await Promise.all([
    ending(['--help']),
    ending(['start', '--help']),
    ending(['--version']),
  ])
  for (const { code, stdout, stderr } of [help, startHelp]) {
    assert.ok(code === 0 && stderr === '')
    assert.match(stdout, /Usage: hypercache start[\s\S]*--port[\s\S]*--maxmemory/)
  }
  assert.match(version.stdout, /^hypercache \d+\.\d+\.\d+/)
})

test('flags win over the environment, the environment over the file, the file over the defaults', async () => {
  const port = await freePort()
  await withFile(`port 1\nmaxclients 111\ntimeout 111\nmaxmemory 111mb\nbind 127.0.0.1\n`, async (file) => {
    const environment = { HYPERCACHE_PORT: '2', HYPERCACHE_MAXCLIENTS: '222', HYPERCACHE_TIMEOUT: '222' }
    const launched = new Launched(
      ['start', '--config', file, '--port', String(port), '--maxclients=333'],
      environment,
    )
    const client = await launched.connect(port)
    assert.equal(await setting(client, 'port'), String(port))
    assert.equal(await setting(client, 'maxclients'), '333')
    assert.equal(await setting(client, 'timeout'), '222')
    assert.equal(await setting(client, 'maxmemory'), String(111 * MEBIBYTE))
    assert.equal(await setting(client, 'maxmemory-samples'), '5')
    await launched.kill()
  })
})

test('CONFIG REWRITE keeps the file, its comments, and what was set meanwhile', async () => {
  const port = await freePort()
  await withFile(`# mine\nbind 127.0.0.1\n\nmaxclients 111 \nport ${port}\n`, async (file) => {
    const first = new Launched(['start', file])
    const client = await first.connect(port)
    assert.equal(show(await client.call('CONFIG', 'SET', 'maxclients', '99', 'maxmemory', '7mb')), '+OK')
    assert.equal(show(await client.call('CONFIG', 'REWRITE')), '+OK')
    await first.kill()
    const text = readFileSync(file, 'latin1')
    assert.match(text, /^# mine\nbind 127\.0\.0\.1\n\nmaxclients 99\n/)
    const second = new Launched(['start', file])
    const again = await second.connect(port)
    assert.equal(await setting(again, 'maxclients'), '99')
    assert.equal(await setting(again, 'maxmemory'), String(7 * MEBIBYTE))
    await second.kill()
  })
  const bare = await startOurNode()
  const reply = await (await bare.connect()).call('CONFIG', 'REWRITE')
  assert.equal(show(reply), '-ERR The server is running without a config file')
  await bare.kill()
})

async function withFile(text: string, use: (file: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'hypercache-'))
  try {
    const file = join(directory, 'node.conf')
    writeFileSync(file, text)
    await use(file)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
