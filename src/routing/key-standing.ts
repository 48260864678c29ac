/**
 * Key standing [Rule]: how a watched key stood and stands, as one word of text: `entry version term`, or `none
 * version term` of its removal. A key that was not there and is not there has not been touched when all that
 * happened is that its removal was forgotten.
 */
import type { Standing } from '../store/standing.ts'

const NEVER_HEARD_OF = 'none 0 0'

export function wordOf({ here, term, version }: Standing): string {
  return `${here === 'entry' ? 'entry' : 'none'} ${version} ${term}`
}

export function isTouched(before: string, now: string): boolean {
  if (before === now) return false
  return !(before.startsWith('none') && now === NEVER_HEARD_OF)
}
