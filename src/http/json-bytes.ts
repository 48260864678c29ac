/**
 * JSON bytes [Rule]: bytes in JSON and in queries. What is UTF-8 is written as text, anything else as base64, and a
 * field beside it says which: keys and values are binary, JSON is not.
 */
import { Buffer, isUtf8 } from 'node:buffer'

export type Encoding = 'utf8' | 'base64'

export interface EncodedBytes {
  readonly text: string
  readonly encoding: Encoding
}

export function encodeBytes(bytes: Buffer): EncodedBytes {
  if (isUtf8(bytes)) return { text: bytes.toString('utf8'), encoding: 'utf8' }
  return { text: bytes.toString('base64'), encoding: 'base64' }
}

export function isEncoding(word: unknown): word is Encoding {
  return word === 'utf8' || word === 'base64'
}

/** Undefined: the text is not what the encoding says, so that nothing is silently replaced. */
export function decodeBytes(text: string, encoding: Encoding): Buffer | undefined {
  const bytes = Buffer.from(text, encoding)
  return bytes.toString(encoding) === text ? bytes : undefined
}

/**
 * A query as names and values, each character a byte; undefined: it is broken, or says something twice. `%41` is a byte,
 * whatever text it may belong to, so any key can be named without base64.
 */
export function readQuery(query: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  for (const part of query === '' ? [] : query.split('&')) {
    const equals = part.indexOf('=')
    const name = percentDecoded(equals === -1 ? part : part.slice(0, equals))
    const value = percentDecoded(equals === -1 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined || found.has(name)) return undefined
    found.set(name, value)
  }
  return found
}

function percentDecoded(text: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined
  return text.replaceAll('+', ' ').replace(/%(..)/g, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
}

export function percentEncoded(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    text += /[A-Za-z0-9._-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`
  }
  return text
}
