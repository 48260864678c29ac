/**
 * Small buffers [Rule]: a host whose sessions write into small buffers that grow. Replies of requests that run here on
 * their own are short as a rule, and wait for confirmation in large numbers.
 */
import { SlabPool } from '../../resp/index.ts'
import type { ForwardedHost } from './forwarded.ts'

const FIRST_BYTES = 512

class SmallBuffers extends SlabPool {
  override take(): Buffer {
    return Buffer.allocUnsafe(FIRST_BYTES)
  }
  override give(): void {}
}

export function withSmallBuffers(host: ForwardedHost): ForwardedHost {
  return { ...host, slabs: new SmallBuffers() }
}
