/*
 * A network of its own for each node of a mesh: namespaces, each with an address, joined by a bridge in one more
 * namespace; the test looks in through a cable to that bridge. What is lost and who hears whom is said with iptables.
 *
 * The idea: the kernel loses the packets, so nothing of ours can be mistaken about it; the cable of the test is never
 * touched. All of it goes away with its namespaces. Needs root, iproute2 and iptables. Shape: door (tests only).
 */
import { execFileSync } from 'node:child_process'
import type { Place } from '../support/mesh-processes.ts'

const OBSERVER = 254
const PREFIX_BITS = 24

function run(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function attempt(command: string, ...words: readonly string[]): void {
  try {
    run(command, ...words)
  } catch {
    // It may never have been there.
  }
}

export class Namespaces {
  readonly #count: number
  /** Names of interfaces have 15 letters at most. */
  readonly #prefix: string
  readonly #subnet: string

  /** Throws when this machine does not allow it; what was made until then is gone. */
  constructor(count: number) {
    this.#count = count
    this.#prefix = `hc${process.pid.toString(36)}`
    // Kept for tests of networks: nobody's addresses (RFC 2544).
    this.#subnet = `198.18.${process.pid % 256}`
    try {
      this.#make()
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Where node `index` of a mesh runs. */
  place(index: number): Place {
    const inside = ['netns', 'exec', this.#name(index)]
    return {
      host: this.#address(index),
      launch: (command, argv) => ['ip', [...inside, command, ...argv]],
    }
  }

  /** That share of what each node is sent by others is lost. */
  lose(share: number): void {
    for (let index = 0; index < this.#count; index++) {
      const chance = ['-m', 'statistic', '--mode', 'random', '--probability', String(share)]
      this.#drop(index, '!', '-s', this.#observer, ...chance)
    }
  }

  /** Node `to` no longer hears node `from`. */
  deafen(to: number, from: number): void {
    this.#drop(to, '-s', this.#address(from))
  }

  /** Neither hears the other. */
  cut(a: number, b: number): void {
    this.deafen(a, b)
    this.deafen(b, a)
  }

  /** No node of one side hears one of the other. */
  part(one: readonly number[], other: readonly number[]): void {
    for (const a of one) for (const b of other) this.cut(a, b)
  }

  /** Everybody hears everybody. */
  heal(): void {
    for (let index = 0; index < this.#count; index++) this.#in(index, 'iptables', '-F', 'INPUT')
  }

  remove(): void {
    attempt('ip', 'link', 'del', `${this.#prefix}o`)
    for (let index = 0; index < this.#count; index++) attempt('ip', 'netns', 'del', this.#name(index))
    attempt('ip', 'netns', 'del', this.#switch)
  }

  get #switch(): string {
    return `${this.#prefix}sw`
  }

  get #observer(): string {
    return `${this.#subnet}.${OBSERVER}`
  }

  #name(index: number): string {
    return `${this.#prefix}n${index + 1}`
  }

  #address(index: number): string {
    return `${this.#subnet}.${index + 1}`
  }

  #in(index: number, ...words: readonly string[]): void {
    run('ip', 'netns', 'exec', this.#name(index), ...words)
  }

  #drop(index: number, ...match: readonly string[]): void {
    this.#in(index, 'iptables', '-A', 'INPUT', ...match, '-j', 'DROP')
  }

  #make(): void {
    run('ip', 'netns', 'add', this.#switch)
    run('ip', '-n', this.#switch, 'link', 'add', 'br0', 'type', 'bridge')
    run('ip', '-n', this.#switch, 'link', 'set', 'br0', 'up')
    for (let index = 0; index < this.#count; index++) {
      const name = this.#name(index)
      run('ip', 'netns', 'add', name)
      this.#plug(`${name}s`, ['netns', name])
      this.#raise(['-n', name], 'eth0', this.#address(index))
      run('ip', '-n', name, 'link', 'set', 'lo', 'up')
      // Says at once whether there is such a table.
      this.#in(index, 'iptables', '-F', 'INPUT')
    }
    this.#plug(`${this.#prefix}s`, [])
    this.#raise([], `${this.#prefix}o`, this.#observer)
  }

  /** A cable from the bridge to `eth0` of that namespace, or to an interface of this machine. */
  #plug(bridgeEnd: string, inside: readonly string[]): void {
    const farEnd = inside.length === 0 ? `${this.#prefix}o` : 'eth0'
    const far = ['peer', 'name', farEnd, ...inside]
    run('ip', 'link', 'add', bridgeEnd, 'netns', this.#switch, 'type', 'veth', ...far)
    run('ip', '-n', this.#switch, 'link', 'set', bridgeEnd, 'master', 'br0', 'up')
  }

  #raise(where: readonly string[], name: string, address: string): void {
    run('ip', ...where, 'addr', 'add', `${address}/${PREFIX_BITS}`, 'dev', name)
    run('ip', ...where, 'link', 'set', name, 'up')
  }
}
