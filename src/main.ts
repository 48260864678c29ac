#!/usr/bin/env node
/**
 * Main [Door]: arguments and environment to a running node; signals and exit codes. Exit 0: asked to stop; 1: could
 * not start; 2: misunderstood arguments; 70: a defect ended the process.
 */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { connect, type RunningServer, startServer } from '../resp/index.ts'
import { helpText, loadConfig } from './config/index.ts'
import { openHttp, defaultHttpLimits, type RunningHttp } from './http/http-door.ts'
import { HttpDesk } from './http/http-desk.ts'
import { NodeItems } from './http/node-items.ts'
import { OwnClient } from './http/own-client.ts'
import { MESH_HELP, OWN_FLAGS, planLocalMesh } from './local-mesh.ts'
import { Log, type LogLevel } from './log.ts'
import { openMesh, type RunningMesh, reachableHost } from './mesh-doors.ts'
import { HTTP_OFFSET, meshSettings } from './mesh-settings.ts'
import { Node } from './node.ts'
import { refusesStranger } from './session/protected-mode.ts'
import { supervise } from './supervise.ts'
import { boundGarbage, freshId, systemPorts } from './system.ts'
import { VERSION } from './version.ts'

const GRACE_MS = 5000

async function main(): Promise<void> {
  const [command, ...rest] = process.argv.slice(2)
  if (command === 'start') return start(rest)
  if (command === 'mesh') return startMesh(rest)
  if (command === 'ping') return ping(rest)
  if (command === '--version' || command === '-v' || command === 'version')
    return say(`hypercache ${VERSION}`)
  const isQuestion = command === undefined || command === 'help' || command === '--help' || command === '-h'
  if (isQuestion) return say(helpText())
  complain(
    [`unknown command '${command.slice(0, 64)}': try hypercache start, hypercache mesh or hypercache --help`],
    2,
  )
}

async function start(argv: readonly string[]): Promise<void> {
  const loaded = loadConfig({
    argv,
    environment: process.env,
    readFile: (path) => readFileSync(path, 'latin1'),
  })
  if (loaded.action === 'help') return say(helpText())
  if (loaded.action === 'version') return say(`hypercache ${VERSION}`)
  if (loaded.errors.length > 0) return complain(loaded.errors, 2)
  const { config } = loaded
  const format = config.text('log-format')
  const log = new Log({
    sink: (line) => process.stdout.write(`${line}\n`),
    nowMs: () => Date.now(),
    node: config.text('id'),
    level: config.text('loglevel') as LogLevel,
    format: format === 'pretty' || (format === 'auto' && process.stdout.isTTY) ? 'pretty' : 'json',
  })
  let server: RunningServer | undefined
  let mesh: RunningMesh | undefined
  let http: RunningHttp | undefined
  let isStopping = false
  const stop = (reason: string): void => {
    if (isStopping) return
    isStopping = true
    log.notice('stopping', { reason })
    void drain(server, mesh, http).then(() => process.exit(0))
  }
  boundGarbage()
  const node = new Node(config, log, systemPorts(stop), freshId())
  node.state.configFile = loaded.configFile
  watchProcess(log, stop)
  server = await listen(node, log)
  node.state.port = server.port
  if (config.is('mesh')) mesh = await joinMesh(node)
  if (config.is('http')) http = await answerHttp(node, mesh)
  for (const notice of loaded.notices) log.notice(notice)
  log.notice('ready to accept connections', { port: server.port, pid: process.pid, version: VERSION })
}

/** Says goodbye to peers first, so that they look for answers elsewhere; then to clients. */
async function drain(
  server: RunningServer | undefined,
  mesh: RunningMesh | undefined,
  http: RunningHttp | undefined,
): Promise<void> {
  http?.drain()
  await mesh?.leave()
  await Promise.all([server?.close(GRACE_MS), http?.close()])
  await mesh?.close()
}

/** `hypercache mesh`: several nodes on this machine, each a process of its own. */
async function startMesh(argv: readonly string[]): Promise<void> {
  const loaded = loadConfig({
    argv,
    environment: process.env,
    readFile: (path) => readFileSync(path, 'latin1'),
    ownFlags: OWN_FLAGS,
  })
  if (loaded.action === 'help') return say(MESH_HELP.trimEnd())
  if (loaded.action === 'version') return say(`hypercache ${VERSION}`)
  const { nodes, errors } = planLocalMesh(argv, loaded, process.stdout.isTTY === true)
  if (errors.length > 0) return complain(errors, 2)
  const password = loaded.config.text('requirepass')
  process.exit(await supervise(nodes, password === '' ? {} : { password }))
}

function joinMesh(node: Node): Promise<RunningMesh> {
  const { config, port, runId } = node.state
  const hosts = bindHosts(config.words('bind'))
  const settings = meshSettings(config, runId, port, reachableHost(hosts))
  const options = { bindHosts: hosts, seeds: config.words('seeds') }
  return openMesh(node, settings, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE')
      error.message += ' (for the mesh: choose another --bus-port, or --mesh no)'
    throw error
  })
}

/** On a port that nobody named, being in the way of others is no reason to stay away from clients. */
async function answerHttp(node: Node, mesh: RunningMesh | undefined): Promise<RunningHttp | undefined> {
  const { config, log, ports } = node.state
  const isChosen = config.number('http-port') !== 0
  const port = isChosen ? config.number('http-port') : node.state.port + HTTP_OFFSET
  const client = new OwnClient(node, {
    wallMs: () => ports.wallMs(),
    after: (delayMs, run) => void setTimeout(run, delayMs).unref(),
    soon: (run) => void setImmediate(run),
  })
  const copies = mesh && {
    take: (bytes: Buffer) => mesh.mesh.replica.onTransfer(bytes, ports.wallMs()),
    termOf: (slot: number) => Math.max(mesh.mesh.healing.claims.termOf(slot), node.space.terms[slot]!),
  }
  const items = new NodeItems(node, client, copies)
  const desk = new HttpDesk(node.state, items, {
    servesItems: config.is('http-items'),
    advertised: config.text('advertise'),
  })
  const onError = (error: unknown): void =>
    log.warning('unexpected error', { what: 'http', error: `${error}` })
  const hosts = bindHosts(config.words('bind'))
  try {
    return await openHttp({ hosts, port, desk, limits: defaultHttpLimits(), onError })
  } catch (error) {
    if (isChosen) {
      const chosen = error as Error
      chosen.message += ' (for HTTP: choose another --http-port, or --http no)'
      throw error
    }
    log.warning('no answers over HTTP', { port, error: (error as Error).message })
    return undefined
  }
}

function listen(node: Node, log: Log): Promise<RunningServer> {
  const { config } = node.state
  return startServer({
    hosts: bindHosts(config.words('bind')),
    port: config.number('port'),
    limits: node.serverLimits,
    stats: node.state.connectionStats,
    clock: { nowMs: () => Date.now() },
    onConnection: (connection) => node.converse(connection),
    accept: (remoteAddress) => refusesStranger(config, remoteAddress),
    onError: (what, error) => {
      log.warning('unexpected error', { what, error: error instanceof Error ? error.stack : String(error) })
    },
  })
}

/** `*` and `-::*` as redis.conf writes them; a leading dash allows an address to be missing on this machine. */
function bindHosts(words: readonly string[]): string[] {
  const hosts = words.map((word) => word.replace(/^-/, '')).map((word) => (word === '*' ? '0.0.0.0' : word))
  const plain = hosts.map((host) => (host === '::*' ? '::' : host))
  return plain.filter((host, i) => isIP(host) !== 6 || !words[i]!.startsWith('-') || plain.length === 1)
}

function watchProcess(log: Log, stop: (reason: string) => void): void {
  let interrupts = 0
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => {
    if (++interrupts > 1) process.exit(130)
    stop('SIGINT')
  })
  // Whoever started this node and held a channel to it, as hypercache mesh does, is gone.
  process.once('disconnect', () => stop('disconnected'))
  process.on('uncaughtException', (error) => {
    log.warning('a defect ends this process', { error: error.stack ?? String(error) })
    process.exit(70)
  })
}

async function ping(argv: readonly string[]): Promise<void> {
  const loaded = loadConfig({
    argv,
    environment: process.env,
    readFile: (path) => readFileSync(path, 'latin1'),
  })
  if (loaded.errors.length > 0) return complain(loaded.errors, 2)
  const password = loaded.config.text('requirepass')
  const client = await connect({
    host: '127.0.0.1',
    port: loaded.config.number('port'),
    deadlineMs: 2000,
    ...(password === '' ? {} : { password }),
  })
  say(String(await client.call('PING')))
  await client.close()
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function complain(errors: readonly string[], code: number): void {
  for (const error of errors) process.stderr.write(`hypercache: ${error}\n`)
  process.exitCode = code
}

main().catch((error: NodeJS.ErrnoException) => {
  process.stderr.write(`hypercache: ${error.code === 'EADDRINUSE' ? 'port in use: ' : ''}${error.message}\n`)
  process.exit(1)
})
