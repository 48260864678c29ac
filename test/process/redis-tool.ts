/*
 * redis-cli and redis-benchmark as child processes: arguments and standard input in, output and exit code out.
 *
 * The idea: a tool that never ends by itself is ended once its output is enough. Shape: door (tests only).
 */
import { spawn } from 'node:child_process'
import type { ChildServer } from '../support/child-server.ts'

const DEADLINE_MS = 60_000

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

/** Runs a tool to its end, or until its output satisfies `enough`. */
export function run(
  tool: string,
  port: number,
  argv: readonly string[],
  input: string | Buffer = '',
  enough?: (out: string) => boolean,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, ['-p', String(port), ...argv], { timeout: DEADLINE_MS })
    let [out, errors] = ['', '']
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      out += text
      if (enough?.(out)) child.kill('SIGTERM')
    })
    child.stderr.setEncoding('latin1').on('data', (text: string) => (errors += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, errors }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

export function cli(server: ChildServer, argv: readonly string[], input?: string | Buffer): Promise<Outcome> {
  return run('redis-cli', server.port, argv, input)
}
