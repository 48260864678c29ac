/*
 * A node under attack, and the witness who checks that nobody else noticed.
 *
 * The idea: whatever a test does to a node, afterwards the process lives, a new client and an old one are
 * served, nothing unexpected was logged, no rejection or exception escaped. That check is written once, here, so
 * that no test can forget it. It refuses to know what the attack was. Shape: door (tests only).
 */
import assert from 'node:assert/strict'
import type { ChildServer } from '../support/child-server.ts'
import { startSubject } from '../support/our-node.ts'
import { type Argument, show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { preferCurrentBuild } from './current-build.ts'

preferCurrentBuild()

export const MEBIBYTE = 1024 * 1024

export interface Attended {
  readonly server: ChildServer
  /** Connected, and authenticated, before anything happened. */
  readonly witness: RespSocket
}

interface Attention {
  readonly flags?: readonly string[]
  readonly password?: string
}

/** Starts a node, runs the test, then checks that the node is as good as new, and kills it. */
export async function attended(attention: Attention, run: (node: Attended) => Promise<void>): Promise<void> {
  const { flags = [], password = '' } = attention
  const server = await startSubject(password === '' ? flags : [...flags, '--requirepass', password])
  try {
    const witness = await server.connect()
    if (password !== '') assert.equal((await witness.call('AUTH', password)).value, 'OK')
    await run({ server, witness })
    await serves(server, witness, password)
  } finally {
    await server.kill()
  }
}

async function serves(server: ChildServer, witness: RespSocket, password: string): Promise<void> {
  assert.ok(!server.hasExited, `the node ended:\n${server.output}`)
  assert.equal(show(await witness.call('PING')), '+PONG', 'the old client is served')
  const newcomer = await server.connect()
  if (password !== '') await newcomer.call('AUTH', password)
  assert.equal(show(await newcomer.call('SET', 'newcomer', 'here')), '+OK', 'a new client is served')
  assert.equal(show(await newcomer.call('GET', 'newcomer')), '"here"', 'a new client is served rightly')
  newcomer.destroy()
  assert.doesNotMatch(server.output, /unhandled|uncaught|unexpected error|defect/i, 'nothing escaped')
}

/** One number of INFO. */
export async function figure(client: RespSocket, name: string): Promise<number> {
  const text = String((await client.call('INFO', 'everything')).value)
  const found = new RegExp(`^${name}:(.*)\\r?$`, 'm').exec(text)
  assert.ok(found !== null, `INFO has no ${name}`)
  return Number(found[1])
}

/** The lines of CLIENT LIST as maps of their fields. */
export async function clientList(client: RespSocket): Promise<Record<string, string>[]> {
  const text = String((await client.call('CLIENT', 'LIST')).value)
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => Object.fromEntries(line.split(' ').map((field) => field.split(/=(.*)/s))))
}

/** Waits for a claim to become true, looking again and again; says what it waited for when it does not. */
export async function eventually(
  what: string,
  claim: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await claim())) {
    if (Date.now() > deadline) assert.fail(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Sends many requests down one connection, in portions, and asserts that each gets its answer. */
export async function pipeline(
  client: RespSocket,
  count: number,
  request: (index: number) => Argument[],
): Promise<void> {
  const portion = 2000
  for (let from = 0; from < count; from += portion) {
    const to = Math.min(count, from + portion)
    for (let index = from; index < to; index++) client.command(...request(index))
    const replies = await client.take(to - from)
    const refused = replies.find((reply) => reply.type === 'error')
    assert.ok(refused === undefined && replies.length === to - from, `of ${to - from}: ${show(refused)}`)
  }
}

/** How much more memory the process holds than it did, once the claim about the present is known. */
export function grownBy(server: ChildServer, beforeBytes: number): number {
  return server.residentBytes - beforeBytes
}
