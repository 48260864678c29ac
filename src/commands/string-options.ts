/**
 * String options [Rule]: the words after SET and GETEX, read into one number so that nothing is allocated: a bit
 * per word, which of EX, PX, EXAT, PXAT was said, and the number of the argument with its amount.
 *
 *   bits 0..4 words | bits 5..7 expiry word | from bit 8 argument number
 */
import type { Args } from '../../resp/index.ts'
import { expiryWord } from './expiry-arguments.ts'

export const OPTION_NX = 1
export const OPTION_XX = 2
export const OPTION_GET = 4
export const OPTION_KEEPTTL = 8
export const OPTION_PERSIST = 16
export const OPTIONS_BROKEN = -1

const EXPIRY_SHIFT = 5
const EXPIRY_MASK = 7 << EXPIRY_SHIFT
const ARGUMENT_SHIFT = 8
const WORDS_MASK = EXPIRY_MASK | 31

/** The expiry word (see expiry-arguments), 0 if none was given. */
export function expiryOf(options: number): number {
  return (options & EXPIRY_MASK) >>> EXPIRY_SHIFT
}

export function expiryArgumentOf(options: number): number {
  return options >>> ARGUMENT_SHIFT
}

/** Options of SET: `[NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]` in any order; OPTIONS_BROKEN if they clash. */
export function readSetOptions(args: Args): number {
  let options = 0
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'NX') && (options & OPTION_XX) === 0) options |= OPTION_NX
    else if (args.is(i, 'XX') && (options & OPTION_NX) === 0) options |= OPTION_XX
    else if (args.is(i, 'GET')) options |= OPTION_GET
    else if (args.is(i, 'KEEPTTL') && (options & EXPIRY_MASK) === 0) options |= OPTION_KEEPTTL
    else {
      options = withExpiry(args, i, options)
      if (options === OPTIONS_BROKEN) return OPTIONS_BROKEN
      i++
    }
  }
  return options
}

/** Options of GETEX: `[EX s|PX ms|EXAT s|PXAT ms|PERSIST]`. */
export function readGetexOptions(args: Args): number {
  let options = 0
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, 'PERSIST') && (options & EXPIRY_MASK) === 0) options |= OPTION_PERSIST
    else {
      options = withExpiry(args, i, options)
      if (options === OPTIONS_BROKEN) return OPTIONS_BROKEN
      i++
    }
  }
  return options
}

/** One word may come twice (the last amount counts), two different ones may not. */
function withExpiry(args: Args, i: number, options: number): number {
  const word = expiryWord(args, i)
  if (word === 0 || i + 1 === args.count) return OPTIONS_BROKEN
  if ((options & (OPTION_KEEPTTL | OPTION_PERSIST)) !== 0) return OPTIONS_BROKEN
  const before = expiryOf(options)
  if (before !== 0 && before !== word) return OPTIONS_BROKEN
  return (options & WORDS_MASK) | (word << EXPIRY_SHIFT) | ((i + 1) << ARGUMENT_SHIFT)
}
