/*
 * Our node as a child process: from source by default, from the build when HYPERCACHE_NODE=dist.
 *
 * The idea: started exactly as a user starts it, on loopback, with a port of its own. Tests that compare
 * two servers may put another subject in its place: HYPERCACHE_SUBJECT=redis compares the oracle with
 * itself, which must find no difference. Shape: door (tests only).
 */
import { fileURLToPath } from 'node:url'
import { ChildServer } from './child-server.ts'
import { startRealRedis } from './real-redis.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** How our node is started: the arguments for `node`, without the node binary itself. */
export function nodeCommand(isBuilt = process.env.HYPERCACHE_NODE === 'dist'): string[] {
  return isBuilt ? [`${root}dist/src/main.js`] : ['--import', 'tsx', `${root}src/main.ts`]
}

export function startOurNode(flags: readonly string[] = []): Promise<ChildServer> {
  return ChildServer.start('hypercache', process.execPath, (port) => [
    ...nodeCommand(),
    'start',
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    // By itself unless the flags say otherwise: its bus port may be anybody's.
    '--mesh',
    'no',
    ...flags,
  ])
}

/** The server under test: ours, or a second oracle when the harness itself is under test. */
export function startSubject(flags: readonly string[] = []): Promise<ChildServer> {
  return process.env.HYPERCACHE_SUBJECT === 'redis' ? startRealRedis(flags) : startOurNode(flags)
}
