/**
 * Secret arguments [Rule]: which words of a request nobody but the node may see: passwords. MONITOR and SLOWLOG show
 * '(redacted)' in their place, as Redis does. Knows the requests that carry passwords, nothing else.
 */
import type { Args } from '../../resp/index.ts'
import { findDirective } from '../config/directives.ts'

export const REDACTED = '(redacted)'

/** May argument i not be shown? */
export function isSecretArgument(args: Args, i: number): boolean {
  if (i === 0) return false
  if (args.is(0, 'AUTH')) return true
  if (args.is(0, 'HELLO')) return isHelloSecret(args, i)
  if (i < 2) return false
  if (args.is(0, 'ACL')) return args.is(1, 'SETUSER')
  if (args.is(0, 'CONFIG') && args.is(1, 'SET')) {
    return i % 2 === 1 && findDirective(args.text(i - 1))?.isSecret === true
  }
  return false
}

/** HELLO [protover [AUTH username password] [SETNAME name]] */
function isHelloSecret(args: Args, i: number): boolean {
  let at = 2
  while (at < i) {
    if (args.is(at, 'AUTH')) {
      if (i <= at + 2) return true
      at += 3
    } else at += 2
  }
  return false
}
