/**
 * Keyspace events [Rule]: the letters of notify-keyspace-events as bits, and back.
 *
 * The bits are those of Redis, and so is the order in which letters are printed. Knows no keys and no channels.
 */
export const EVENT_KEYSPACE = 1 << 0
export const EVENT_KEYEVENT = 1 << 1
export const EVENT_GENERIC = 1 << 2
export const EVENT_STRING = 1 << 3
export const EVENT_LIST = 1 << 4
export const EVENT_SET = 1 << 5
export const EVENT_HASH = 1 << 6
export const EVENT_SORTED_SET = 1 << 7
export const EVENT_EXPIRED = 1 << 8
export const EVENT_EVICTED = 1 << 9
export const EVENT_STREAM = 1 << 10
export const EVENT_KEY_MISS = 1 << 11
export const EVENT_MODULE = 1 << 13
export const EVENT_NEW = 1 << 14

const CLASSES: readonly (readonly [letter: string, bit: number])[] = [
  ['g', EVENT_GENERIC],
  ['$', EVENT_STRING],
  ['l', EVENT_LIST],
  ['s', EVENT_SET],
  ['h', EVENT_HASH],
  ['z', EVENT_SORTED_SET],
  ['x', EVENT_EXPIRED],
  ['e', EVENT_EVICTED],
  ['t', EVENT_STREAM],
  ['d', EVENT_MODULE],
]

/** Not part of `A`: they would be too many. */
const EXTRAS: readonly (readonly [letter: string, bit: number])[] = [
  ['n', EVENT_NEW],
  ['K', EVENT_KEYSPACE],
  ['E', EVENT_KEYEVENT],
  ['m', EVENT_KEY_MISS],
]

/** What `A` stands for. */
export const EVENT_ALL = CLASSES.reduce((bits, [, bit]) => bits | bit, 0)

const BITS: ReadonlyMap<string, number> = new Map([...CLASSES, ...EXTRAS, ['A', EVENT_ALL]])

/** The bits, or -1 when a letter names no class. */
export function parseKeyspaceEvents(letters: string): number {
  let bits = 0
  for (const letter of letters) {
    const bit = BITS.get(letter)
    if (bit === undefined) return -1
    bits |= bit
  }
  return bits
}

export function formatKeyspaceEvents(bits: number): string {
  const isAll = (bits & EVENT_ALL) === EVENT_ALL
  let letters = isAll ? 'A' : ''
  for (const [letter, bit] of isAll
    ? EXTRAS.filter(([, bit]) => bit !== EVENT_NEW)
    : [...CLASSES, ...EXTRAS]) {
    if ((bits & bit) !== 0) letters += letter
  }
  return letters
}
