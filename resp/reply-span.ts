// Where a reply ends.
//
// The idea: replies say how long they are, so whoever knows where one begins can find its end without reading
// what it means: one loop, no recursion, whatever is nested in it. The bytes are our own; what is no reply is a
// defect. Shape: rule.

const CR = 13
const MINUS = 45

/** The byte behind the reply that begins at `start`. */
export function replyEnd(bytes: Uint8Array, start: number): number {
  let at = start
  for (let left = 1; left > 0; left--) {
    const marker = bytes[at]
    const lineEnd = endOfLine(bytes, at)
    switch (marker) {
      case 36: // $ bulk string
      case 61: // = verbatim string
      case 33: // ! long error
        at = bytes[at + 1] === MINUS ? lineEnd : lineEnd + numberAt(bytes, at + 1) + 2
        break
      case 42: // * array
      case 126: // ~ set
      case 62: // > push
        if (bytes[at + 1] !== MINUS) left += numberAt(bytes, at + 1)
        at = lineEnd
        break
      case 37: // % map
      case 124: // | attributes, which stand in front of a reply
        left += numberAt(bytes, at + 1) * 2 + (marker === 124 ? 1 : 0)
        at = lineEnd
        break
      default:
        at = lineEnd
    }
  }
  return at
}

function endOfLine(bytes: Uint8Array, at: number): number {
  while (bytes[at] !== CR) if (++at >= bytes.length) throw new Error('these bytes are no reply')
  return at + 2
}

function numberAt(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let byte = bytes[at]!; byte !== CR; byte = bytes[++at]!) value = value * 10 + byte - 48
  return value
}
