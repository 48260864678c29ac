/*
 * Input that no client sends: random bytes, requests with broken bytes, requests cut short, headers that
 * lie (tables B-1 and B-4). Nothing in it may write outside the keys named `fuzz:`. Shape: rule.
 */
import type { Prng } from '../support/prng.ts'
import { encodeRequest } from '../support/reply.ts'

const REQUESTS: readonly (readonly string[])[] = [
  ['SET', 'fuzz:s', 'value'],
  ['GET', 'fuzz:s'],
  ['MSET', 'fuzz:a', '1', 'fuzz:b', '2'],
  ['INCRBY', 'fuzz:n', '5'],
  ['HSET', 'fuzz:h', 'field', 'value'],
  ['HGETALL', 'fuzz:h'],
  ['RPUSH', 'fuzz:l', 'a', 'b', 'c'],
  ['LRANGE', 'fuzz:l', '0', '-1'],
  ['SADD', 'fuzz:t', 'a', 'b'],
  ['ZADD', 'fuzz:z', '1.5', 'a', '2', 'b'],
  ['ZRANGE', 'fuzz:z', '0', '-1', 'WITHSCORES'],
  ['PING'],
  ['ECHO', 'hello'],
  ['HELLO', '3'],
  ['CLIENT', 'SETNAME', 'fuzz'],
  ['SUBSCRIBE', 'fuzz:channel'],
  ['MULTI'],
  ['EXEC'],
  ['SCAN', '0', 'MATCH', 'fuzz:*'],
  ['SETRANGE', 'fuzz:r', '10', 'x'],
  ['BITFIELD', 'fuzz:f', 'SET', 'u8', '0', '255'],
  ['COMMAND', 'INFO', 'get'],
]

// biome-ignore format: short inputs side by side
const HOSTILE: readonly string[] = [
  '*2147483647\r\n', '*33554431\r\n$1\r\na\r\n', '*99999999999\r\n', '*-1\r\n', '*0\r\n', '*-2147483648\r\n', '*\r\n', '*abc\r\n', '*1\r\n$99999999999\r\n', '*1\r\n$-1\r\n',
  '*1\r\n$-2\r\n', '*1\r\n$536870913\r\n', '*1\r\n$536870912\r\nabc', '*1\r\n*1\r\n$4\r\nPING\r\n', '*1\r\n:5\r\n', '*1\r\n\r\n', '$5\r\nhello\r\n', '+OK\r\n', '%1\r\n', '*1 \r\n$4\r\nPING\r\n',
  '*1\r\n$4\nPING\r\n', '*1\n$4\nPING\n', '\r\n\r\n\r\n', 'PING\r\n', 'PING\n', 'SET fuzz:i "a b"\r\n', 'SET fuzz:i "unbalanced\r\n', "SET fuzz:i 'a'b\r\n", '\x00\x00\x00\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  '*1\r\n$4\r\nPINGxx', '*1\r\n$0\r\n\r\n', '*2\r\n$0\r\n\r\n$0\r\n\r\n', '*3\r\n$3\r\nSET\r\n$6\r\nfuzz:k\r\n$3\r\nab', '*1000000\r\n$1\r\na\r\n', '*+1\r\n$4\r\nPING\r\n', '*01\r\n$4\r\nPING\r\n', '*1\r\n$+4\r\nPING\r\n', '*1\r\n$04\r\nPING\r\n',
]

/** One input: bytes to be thrown at a server. */
export function garbage(random: Prng): Buffer {
  const kind = random.below(5)
  if (kind === 0) return random.bytes(random.between(1, 200))
  if (kind === 1) return Buffer.from(random.pick(HOSTILE), 'latin1')
  const request = encodeRequest(random.pick(REQUESTS))
  if (kind === 2) return request.subarray(0, random.between(1, request.length))
  if (kind === 3) return Buffer.concat([request, Buffer.from(random.pick(HOSTILE), 'latin1')])
  return broken(request, random)
}

/** A request with a few bytes changed, put in, or left out. */
function broken(request: Buffer, random: Prng): Buffer {
  const bytes = [...request]
  for (let left = random.between(1, 4); left > 0; left--) {
    const at = random.below(bytes.length)
    const how = random.below(3)
    if (how === 0) bytes[at] = random.below(256)
    else if (how === 1)
      bytes.splice(at, 0, random.chance(0.5) ? random.pick([13, 10, 36, 42, 45, 57]) : random.below(256))
    else if (bytes.length > 1) bytes.splice(at, 1)
  }
  return Buffer.from(bytes)
}
