/**
 * Glob [Rule]: does a name match `max*`, `[a-c]?x`, `\*`? For the names of directives: short, in any case.
 *
 * Two cursors and one place to return to instead of recursion, so that no pattern takes exponential time. Commands
 * match keys, which are bytes, by a rule of their own.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const glob = pattern.toLowerCase()
  const text = name.toLowerCase()
  let at = 0
  let from = 0
  let starAt = -1
  let starFrom = 0
  while (from < text.length) {
    if (glob[at] === '*') {
      starAt = at++
      starFrom = from
      continue
    }
    const next = at < glob.length ? matchOne(glob, at, text[from]!) : -1
    if (next !== -1) {
      at = next
      from++
    } else if (starAt !== -1) {
      at = starAt + 1
      from = ++starFrom
    } else {
      return false
    }
  }
  while (glob[at] === '*') at++
  return at === glob.length
}

export function isGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern)
}

/** Where the pattern goes on when the element at `at` matches `letter`, or -1. */
function matchOne(glob: string, at: number, letter: string): number {
  const element = glob[at]
  if (element === '?') return at + 1
  if (element === '[') return matchClass(glob, at + 1, letter)
  const isEscape = element === '\\' && at + 1 < glob.length
  return glob[isEscape ? at + 1 : at] === letter ? at + (isEscape ? 2 : 1) : -1
}

function matchClass(glob: string, start: number, letter: string): number {
  const isNegated = glob[start] === '^'
  let at = isNegated ? start + 1 : start
  let isMember = false
  while (at < glob.length && glob[at] !== ']') {
    if (glob[at] === '\\' && at + 1 < glob.length) at++
    const low = glob[at]!
    const isRange = glob[at + 1] === '-' && at + 2 < glob.length
    const high = isRange ? glob[at + 2]! : low
    const [least, most] = low <= high ? [low, high] : [high, low]
    if (letter >= least && letter <= most) isMember = true
    at += isRange ? 3 : 1
  }
  return isMember === isNegated ? -1 : Math.min(at + 1, glob.length)
}
