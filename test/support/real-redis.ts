/*
 * The oracle: the installed redis-server, started fresh with nothing on disk; or, for what only Redis Cluster
 * answers, a cluster of one node that has all slots.
 *
 * The idea: where it is missing, tests that need it are skipped with one loud line, and fail instead when
 * HYPERCACHE_REQUIRE_REDIS is set (CI sets it). Shape: door (tests only).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ChildServer } from './child-server.ts'

const CLUSTER_DEADLINE_MS = 20_000

let isFound: boolean | undefined

/** Is the oracle installed? Says so loudly when not; throws when it is required. */
export function hasRealRedis(): boolean {
  if (isFound !== undefined) return isFound
  isFound = spawnSync('redis-server', ['--version']).status === 0
  if (isFound) return true
  if (process.env.HYPERCACHE_REQUIRE_REDIS) {
    throw new Error('redis-server not found, and HYPERCACHE_REQUIRE_REDIS is set')
  }
  console.error('SKIPPED: redis-server not found, conformance not run')
  return false
}

export function startRealRedis(flags: readonly string[] = []): Promise<ChildServer> {
  return ChildServer.start('redis-server', 'redis-server', (port) => [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--daemonize',
    'no',
    ...flags,
  ])
}

/** It insists on a file for what it knows of the cluster, and takes a moment until it trusts itself. */
export async function startRealCluster(flags: readonly string[] = []): Promise<ChildServer> {
  const directory = mkdtempSync(path.join(tmpdir(), 'cluster-oracle-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const ofCluster = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--dir', directory]
  const server = await startRealRedis([...ofCluster, ...flags])
  const client = await server.connect()
  await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  const deadline = Date.now() + CLUSTER_DEADLINE_MS
  while (!/cluster_state:ok/.test(String((await client.call('CLUSTER', 'INFO')).value))) {
    if (Date.now() > deadline) throw new Error('the cluster of one never became ok')
  }
  client.destroy()
  return server
}
