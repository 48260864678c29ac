/**
 * Kept arguments [Rule]: copies of requests that must outlive the tick they came in. The raw request and its words lie
 * in one stretch of bytes, which is copied as it is, so that a kept request can still travel as it was sent.
 * Knows nothing of why a request is kept.
 */
import { Args } from '../../resp/index.ts'

/** Where the stretch of bytes begins that holds the raw request and all its words. */
export function firstByteOf(args: Args): number {
  return args.count === 0 ? args.requestStart : Math.min(args.requestStart, args.starts[0]!)
}

export function lastByteOf(args: Args): number {
  return args.count === 0 ? args.requestEnd : Math.max(args.requestEnd, args.ends[args.count - 1]!)
}

export function keepArgs(args: Args): Args {
  const first = firstByteOf(args)
  const last = lastByteOf(args)
  const kept = new Args()
  kept.bytes = Buffer.allocUnsafeSlow(last - first)
  args.bytes.copy(kept.bytes, 0, first, last)
  kept.requestStart = args.requestStart - first
  kept.requestEnd = args.requestEnd - first
  for (let i = 0; i < args.count; i++) kept.push(args.starts[i]! - first, args.ends[i]! - first)
  return kept
}
