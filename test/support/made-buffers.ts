/*
 * What a piece of code asks of the system's memory: the lengths of the buffers made meanwhile.
 *
 * The idea: memory outside of the heap is counted by V8 against it, so that who makes a buffer for each request has the whole
 * heap collected again and again. Shape: door (tests only).
 */
export function buffersMade(run: () => void): number[] {
  const lengths: number[] = []
  const make = Buffer.allocUnsafeSlow
  Buffer.allocUnsafeSlow = (length) => {
    lengths.push(length)
    return make(length)
  }
  try {
    run()
  } finally {
    Buffer.allocUnsafeSlow = make
  }
  return lengths
}
