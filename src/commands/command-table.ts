/**
 * Command table [Machine]: rows by name, found from argument bytes in any case without making a string. Built once
 * at start from the families' tables; duplicate names end the process there.
 */
import type { Args } from '../../resp/index.ts'
import type { Command } from './command.ts'
import { CommandRow } from './command-row.ts'

const BUCKETS = 2048
const NAME_LENGTH_MAX = 32

export class CommandTable {
  /** Top-level rows in order of declaration. */
  readonly rows: readonly CommandRow[]
  /** All rows, sub-commands included, by number. */
  readonly byNumber: readonly CommandRow[]
  readonly #buckets: (CommandRow | undefined)[] = new Array(BUCKETS).fill(undefined)
  #last: CommandRow

  constructor(families: readonly (readonly Command[])[]) {
    const numbers = { next: 0 }
    this.rows = families.flat().map((command) => new CommandRow(command, undefined, numbers))
    const all: CommandRow[] = []
    for (const row of this.rows) {
      all[row.number] = row
      for (const sub of row.subcommands) all[sub.number] = sub
      this.#add(row)
    }
    this.byNumber = all
    this.#last = this.rows[0]!
  }

  /** Row named by argument 0, or undefined. */
  find(args: Args): CommandRow | undefined {
    const bytes = args.bytes
    const start = args.starts[0]!
    const end = args.ends[0]!
    if (isNamed(this.#last, bytes, start, end)) return this.#last
    const length = end - start
    if (length === 0 || length > NAME_LENGTH_MAX) return undefined
    let hash = length
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at]! & 0xdf)) | 0
    let bucket = (hash ^ (hash >>> 11)) & (BUCKETS - 1)
    for (;;) {
      const row = this.#buckets[bucket]
      if (row === undefined) return undefined
      if (isNamed(row, bytes, start, end)) {
        this.#last = row
        return row
      }
      bucket = (bucket + 1) & (BUCKETS - 1)
    }
  }

  named(name: string): CommandRow | undefined {
    const lower = name.toLowerCase()
    const row = this.rows.find((candidate) => candidate.name === lower)
    if (row !== undefined || !lower.includes('|')) return row
    const [container, sub] = lower.split('|')
    return this.named(container!)?.subrows.get(sub!)
  }

  #add(row: CommandRow): void {
    const name = row.upperName
    if (name.length > NAME_LENGTH_MAX) throw new Error(`command ${row.name}: name too long`)
    let hash = name.length
    for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + (name.charCodeAt(at) & 0xdf)) | 0
    let bucket = (hash ^ (hash >>> 11)) & (BUCKETS - 1)
    while (this.#buckets[bucket] !== undefined) {
      if (this.#buckets[bucket]!.name === row.name) throw new Error(`command ${row.name} is declared twice`)
      bucket = (bucket + 1) & (BUCKETS - 1)
    }
    this.#buckets[bucket] = row
  }
}

function isNamed(row: CommandRow, bytes: Uint8Array, start: number, end: number): boolean {
  const name = row.upperName
  const length = end - start
  if (length !== name.length) return false
  for (let i = 0; i < length; i++) {
    let byte = bytes[start + i]!
    if (byte >= 97 && byte <= 122) byte -= 32
    if (byte !== name.charCodeAt(i)) return false
  }
  return true
}
