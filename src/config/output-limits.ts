/**
 * Output limits [Rule]: `class hard soft seconds ...`, how much unread output each class of client may have.
 *
 * What is not named keeps its limits, so a new value is read on top of the current one. Knows no clients.
 */
import { INT_MAX } from './directive.ts'
import { parseMemory } from './memory-units.ts'
import { accepted, type Parsed, refusal, type Value } from './value.ts'

export interface OutputLimit {
  /** 0 = no limit. */
  readonly hardBytes: number
  readonly softBytes: number
  readonly softSeconds: number
}

export type ClientClass = 'normal' | 'replica' | 'pubsub'

const CLASSES: readonly string[] = ['normal', 'slave', 'pubsub']
const WORDS_PER_CLASS = 4

export function parseOutputLimits(text: string, current: Value | undefined): Parsed {
  const limits = CLASSES.map((name, index) => {
    const at = index * WORDS_PER_CLASS
    return current === undefined ? [name, '0', '0', '0'] : current.words.slice(at, at + WORDS_PER_CLASS)
  })
  const words = text === '' ? [] : text.split(' ')
  if (words.length % WORDS_PER_CLASS !== 0) {
    return refusal('Wrong number of arguments in buffer limit configuration.')
  }
  for (let at = 0; at < words.length; at += WORDS_PER_CLASS) {
    const name = words[at]!.toLowerCase()
    const index = CLASSES.indexOf(name === 'replica' ? 'slave' : name)
    if (index === -1) return refusal('Invalid client class specified in buffer limit configuration.')
    const hard = parseMemory(words[at + 1]!)
    const soft = parseMemory(words[at + 2]!)
    const seconds = /^\d{0,10}$/.test(words[at + 3]!) ? Number(words[at + 3]) : INT_MAX + 1
    if (hard === undefined || soft === undefined || seconds > INT_MAX) {
      return refusal('Error in hard, soft or soft_seconds setting in buffer limit configuration.')
    }
    limits[index] = [CLASSES[index]!, String(hard), String(soft), String(seconds)]
  }
  const canonical = limits.flat()
  return accepted(canonical.join(' '), 0, canonical)
}

/** The limit of one class, from the words of the directive. */
export function outputLimit(words: readonly string[], clientClass: ClientClass): OutputLimit {
  const at = words.indexOf(clientClass === 'replica' ? 'slave' : clientClass)
  return {
    hardBytes: Number(words[at + 1]),
    softBytes: Number(words[at + 2]),
    softSeconds: Number(words[at + 3]),
  }
}
