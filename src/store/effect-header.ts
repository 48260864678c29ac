/**
 * Effect header [Data + rule]: the fixed part of an effect (effect-log.ts) as fields and as bytes: the one place that knows
 * where each lies.
 *
 *   u8 verb | u8 database | u32 argument count | f64 base | u32 its term | f64 version | u32 term
 *
 * Numbers go through the two scratch views below, because a float64 handed to a function may cost an object.
 */
import type { ByteWriter } from './byte-writer.ts'

export const EFFECT_RUN = 1
export const EFFECT_PUT = 2
export const EFFECT_REMOVE = 3
export const EFFECT_EXPIRE = 4
export const EFFECT_HEADER_BYTES = 30

const COUNT_AT = 2
const BASE_AT = 6
const BASE_TERM_AT = 14
const VERSION_AT = 18
const TERM_AT = 26

const doubles = new Float64Array(2)
const bytesOfDoubles = new Uint8Array(doubles.buffer)
const words = new Uint32Array(3)
const bytesOfWords = new Uint8Array(words.buffer)

/** Which of an effect's arguments is its key: a request's first word is its name. */
export function keyArgumentOf(verb: number): number {
  return verb === EFFECT_RUN ? 1 : 0
}

/** Of the effect whose header lies at `at`. */
export function argumentCountAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + COUNT_AT)
}

export class EffectHeader {
  verb = 0
  database = 0
  argumentCount = 0
  /** Both 0: it builds on nothing. */
  base = 0
  baseTerm = 0
  version = 0
  term = 0

  /** EFFECT_HEADER_BYTES lie at `at`. */
  read(bytes: Uint8Array, at: number): void {
    this.verb = bytes[at]!
    this.database = bytes[at + 1]!
    for (let i = 0; i < 4; i++) {
      bytesOfWords[i] = bytes[at + COUNT_AT + i]!
      bytesOfWords[4 + i] = bytes[at + BASE_TERM_AT + i]!
      bytesOfWords[8 + i] = bytes[at + TERM_AT + i]!
    }
    for (let i = 0; i < 8; i++) {
      bytesOfDoubles[i] = bytes[at + BASE_AT + i]!
      bytesOfDoubles[8 + i] = bytes[at + VERSION_AT + i]!
    }
    this.argumentCount = words[0]!
    this.baseTerm = words[1]!
    this.term = words[2]!
    this.base = doubles[0]!
    this.version = doubles[1]!
  }

  write(out: ByteWriter): void {
    out.reserve(EFFECT_HEADER_BYTES)
    const to = out.bytes
    const at = out.length
    to[at] = this.verb
    to[at + 1] = this.database
    words[0] = this.argumentCount
    words[1] = this.baseTerm
    words[2] = this.term
    doubles[0] = this.base
    doubles[1] = this.version
    for (let i = 0; i < 4; i++) {
      to[at + COUNT_AT + i] = bytesOfWords[i]!
      to[at + BASE_TERM_AT + i] = bytesOfWords[4 + i]!
      to[at + TERM_AT + i] = bytesOfWords[8 + i]!
    }
    for (let i = 0; i < 8; i++) {
      to[at + BASE_AT + i] = bytesOfDoubles[i]!
      to[at + VERSION_AT + i] = bytesOfDoubles[8 + i]!
    }
    out.length = at + EFFECT_HEADER_BYTES
  }
}
