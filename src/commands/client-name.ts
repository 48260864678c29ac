/**
 * Client name [Rule]: what CLIENT SETNAME, CLIENT SETINFO and HELLO accept as a name: printable ASCII without spaces,
 * because names are printed in lines of `field=value` words.
 */
import type { Args } from '../../resp/index.ts'

export const NAME_LENGTH_MAX = 65536
export const BAD_CLIENT_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.'

export function isName(args: Args, i: number): boolean {
  if (args.length(i) > NAME_LENGTH_MAX) return false
  for (let at = args.starts[i]!; at < args.ends[i]!; at++) {
    const byte = args.bytes[at]!
    if (byte < 33 || byte > 126) return false
  }
  return true
}
