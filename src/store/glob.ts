/**
 * Glob [Rule]: does a byte string match a pattern of `*`, `?`, `[a-z]`, `[^a-z]` and `\x`? KEYS, the SCAN family,
 * PSUBSCRIBE and CONFIG GET ask. Answers as Redis' stringmatchlen does, its corners included: ranges compare
 * signed bytes and may be written backwards, an unterminated class ends with the pattern, and the empty string
 * matches the empty pattern only.
 *
 * Every token but `*` takes exactly one byte, so only the last star ever needs to be tried again: the time is at
 * most pattern length x string length, never exponential, and nothing is allocated.
 */
const STAR = 42
const QUESTION_MARK = 63
const BRACKET_OPEN = 91
const BRACKET_CLOSE = 93
const BACKSLASH = 92
const CARET = 94
const MINUS = 45

export function matchesGlob(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  ignoresCase: boolean,
): boolean {
  if (start === end) return patternStart === patternEnd
  let token = patternStart
  let at = start
  let tokenAfterStar = -1
  let starEnd = 0
  for (;;) {
    if (token < patternEnd && pattern[token] === STAR) {
      token = skipStars(pattern, token, patternEnd)
      if (token === patternEnd) return true
      tokenAfterStar = token
      starEnd = at
    }
    const next = token < patternEnd ? step(pattern, token, patternEnd, bytes[at]!, ignoresCase) : 0
    if (next !== 0) {
      token = next
      // No bytes left: a longer star would leave fewer still, so this answer is final.
      if (++at === end) return skipStars(pattern, token, patternEnd) === patternEnd
    } else {
      if (tokenAfterStar === -1 || ++starEnd === end) return false
      at = starEnd
      token = tokenAfterStar
    }
  }
}

/** True for the pattern `*`, which needs no matching at all. */
export function matchesAll(pattern: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && pattern[start] === STAR
}

function skipStars(pattern: Uint8Array, token: number, patternEnd: number): number {
  while (token < patternEnd && pattern[token] === STAR) token++
  return token
}

/** Position after the token if it takes this byte, else 0. */
function step(
  pattern: Uint8Array,
  token: number,
  patternEnd: number,
  byte: number,
  ignoresCase: boolean,
): number {
  let wanted = pattern[token]!
  if (wanted === QUESTION_MARK) return token + 1
  if (wanted === BRACKET_OPEN) return stepClass(pattern, token + 1, patternEnd, byte, ignoresCase)
  if (wanted === BACKSLASH && token + 1 < patternEnd) wanted = pattern[++token]!
  if (wanted === byte || (ignoresCase && lower(wanted) === lower(byte))) return token + 1
  return 0
}

function stepClass(
  pattern: Uint8Array,
  at: number,
  patternEnd: number,
  byte: number,
  ignoresCase: boolean,
): number {
  const isNegated = at < patternEnd && pattern[at] === CARET
  if (isNegated) at++
  let isIn = false
  while (at < patternEnd && pattern[at] !== BRACKET_CLOSE) {
    const wanted = pattern[at]!
    if (wanted === BACKSLASH && at + 1 < patternEnd) {
      // An escaped byte in a class is compared as it is, whatever the case.
      if (pattern[++at] === byte) isIn = true
    } else if (at + 2 < patternEnd && pattern[at + 1] === MINUS) {
      if (isBetween(wanted, pattern[at + 2]!, byte, ignoresCase)) isIn = true
      at += 2
    } else if (wanted === byte || (ignoresCase && lower(wanted) === lower(byte))) isIn = true
    at++
  }
  if (isIn === isNegated) return 0
  return at < patternEnd ? at + 1 : at
}

function isBetween(a: number, b: number, byte: number, ignoresCase: boolean): boolean {
  let low = Math.min(signed(a), signed(b))
  let high = Math.max(signed(a), signed(b))
  let value = signed(byte)
  if (ignoresCase) {
    low = lower(low)
    high = lower(high)
    value = lower(value)
  }
  return value >= low && value <= high
}

function signed(byte: number): number {
  return (byte << 24) >> 24
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte
}
