/**
 * Effect reader [Machine]: goes through effects this node recorded itself (effect-log.ts), for what has to be known of
 * each without applying it: its key and the version it makes.
 */
import { ByteReader } from '../store/byte-writer.ts'
import {
  EFFECT_EXPIRE,
  EFFECT_HEADER_BYTES,
  EFFECT_RUN,
  EffectHeader,
  keyArgumentOf,
} from '../store/effect-header.ts'

const BROKEN = 'own effects are broken'

export class EffectReader {
  database = 0
  version = 0
  term = 0
  /** The key lies in the bytes given. */
  keyStart = 0
  keyEnd = 0
  readonly #input: ByteReader
  readonly #head = new EffectHeader()

  constructor(bytes: Buffer, length: number) {
    this.#input = new ByteReader(bytes, 0, length)
  }

  /** Effects recorded here are sound: anything else is a defect. */
  next(): boolean {
    const input = this.#input
    if (input.isAtEnd) return false
    const head = this.#head
    const headAt = input.position
    if (!input.skip(EFFECT_HEADER_BYTES)) throw new Error(BROKEN)
    head.read(input.bytes, headAt)
    const { argumentCount, database, term, verb, version } = head
    this.database = database
    this.version = version
    this.term = term
    const keyAt = keyArgumentOf(verb)
    for (let at = 0; at < argumentCount && !input.isBroken; at++) {
      input.sized()
      if (at !== keyAt) continue
      this.keyStart = input.start
      this.keyEnd = input.stop
    }
    const isSound = !input.isBroken && argumentCount > keyAt && verb >= EFFECT_RUN && verb <= EFFECT_EXPIRE
    if (!isSound) throw new Error(BROKEN)
    return true
  }
}
