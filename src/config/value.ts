/**
 * Value [Data]: what a directive is set to, in the three forms readers want it.
 *
 * `text` is canonical, as CONFIG GET prints it. `number` is what numeric readers get: the integer, the bytes, 1 or 0
 * for yes and no, the position among `values`, the event bits; a percentage is negative. `words` are the items of a
 * list.
 */
export interface Value {
  readonly text: string
  readonly number: number
  readonly words: readonly string[]
}

export type Parsed = { readonly value: Value } | { readonly error: string }

export const NO_WORDS: readonly string[] = []

export function accepted(text: string, number: number, words: readonly string[] = NO_WORDS): Parsed {
  return { value: { text, number, words } }
}

export function refusal(error: string): Parsed {
  return { error }
}
