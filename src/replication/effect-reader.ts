/**
 * Effect reader [Machine]: goes through effects this node recorded itself (effect-log.ts), for what has to be known of
 * each without applying it: its key and the version it makes.
 */
import { ByteReader } from '../store/byte-writer.ts'
import { EFFECT_EXPIRE, EFFECT_RUN } from '../store/effect-log.ts'

export class EffectReader {
  database = 0
  version = 0
  term = 0
  /** The key lies in the bytes given. */
  keyStart = 0
  keyEnd = 0
  readonly #input: ByteReader

  constructor(bytes: Buffer, length: number) {
    this.#input = new ByteReader(bytes, 0, length)
  }

  /** Effects recorded here are sound: anything else is a defect. */
  next(): boolean {
    const input = this.#input
    if (input.isAtEnd) return false
    const verb = input.u8()
    this.database = input.u8()
    const count = input.u32()
    input.f64()
    input.u32()
    this.version = input.f64()
    this.term = input.u32()
    const keyAt = verb === EFFECT_RUN ? 1 : 0
    for (let at = 0; at < count && !input.isBroken; at++) {
      input.sized()
      if (at !== keyAt) continue
      this.keyStart = input.start
      this.keyEnd = input.stop
    }
    const isSound = !input.isBroken && count > keyAt && verb >= EFFECT_RUN && verb <= EFFECT_EXPIRE
    if (!isSound) throw new Error('own effects are broken')
    return true
  }
}
