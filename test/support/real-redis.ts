/*
 * The oracle: the installed redis-server, started fresh with nothing on disk.
 *
 * The idea: where it is missing, tests that need it are skipped with one loud line, and fail instead when
 * HYPERCACHE_REQUIRE_REDIS is set (CI sets it). Shape: door (tests only).
 */
import { spawnSync } from 'node:child_process'
import { ChildServer } from './child-server.ts'

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
