/*
 * How many bytes a value takes as MessagePack, known without writing it.
 *
 * The idea: whoever fills a datagram asks this for every candidate, so it walks the value and adds up. It agrees to the
 * byte with what the codec writes, and refuses what the codec could not read back. Shape: rule.
 */

export function encodedSize(value: unknown): number {
  if (typeof value === 'number') return numberSize(value)
  if (typeof value === 'string') return stringSize(value)
  if (typeof value === 'boolean' || value === null) return 1
  if (Array.isArray(value)) {
    const { length } = value
    let total = length < 0x10 ? 1 : length < 0x10000 ? 3 : 5
    for (let at = 0; at < length; at++) total += encodedSize(value[at])
    return total
  }
  if (value instanceof Uint8Array) {
    const { length } = value
    return length + (length < 0x100 ? 2 : length < 0x10000 ? 3 : 5)
  }
  throw new Error(`a message cannot hold a value of type ${typeof value}`)
}

function numberSize(value: number): number {
  if (value >>> 0 === value) {
    if (value < 0x80) return 1
    return value < 0x100 ? 2 : value < 0x10000 ? 3 : 5
  }
  if (value >> 0 !== value) return 9
  if (value >= -0x20) return 1
  return value >= -0x80 ? 2 : value >= -0x8000 ? 3 : 5
}

function stringSize(text: string): number {
  const bytes = utf8Size(text)
  return bytes + (bytes < 0x20 ? 1 : bytes < 0x100 ? 2 : bytes < 0x10000 ? 3 : 5)
}

function utf8Size(text: string): number {
  let total = text.length
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) continue
    // A pair of surrogates makes four bytes of two units; one alone makes three, like any other unit above 0x7ff.
    const isPair = (unit & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00
    total += unit < 0x800 ? 1 : 2
    if (isPair) at++
  }
  return total
}
