/*
 * What is to happen, ordered by time, and at one instant by the order in which it was asked for.
 *
 * The idea: a heap of four children a node over typed arrays - half the depth of a binary one, and the keys of four
 * siblings lie in one cache line - with the items themselves standing still in slots. Shape: machine.
 */
const CAPACITY_FIRST = 1024

export class SimulatedQueue<Item> {
  private times = new Float64Array(CAPACITY_FIRST)
  private sequences = new Float64Array(CAPACITY_FIRST)
  private slots = new Int32Array(CAPACITY_FIRST)
  private readonly items: (Item | undefined)[] = []
  private readonly freeSlots: number[] = []
  private sequenceLast = 0
  private count = 0

  get size(): number {
    return this.count
  }

  /** Infinity when there is nothing. */
  get nextMs(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.times[0]!
  }

  push(timeMs: number, item: Item): void {
    if (this.count === this.times.length) this.grow()
    const slot = this.freeSlots.pop() ?? this.items.length
    this.items[slot] = item
    this.siftUp(this.count++, timeMs, ++this.sequenceLast, slot)
  }

  /** The queue must not be empty. */
  pop(): Item {
    if (this.count === 0) throw new Error('nothing is left to happen')
    const slot = this.slots[0]!
    const item = this.items[slot]!
    this.items[slot] = undefined
    this.freeSlots.push(slot)
    const last = --this.count
    if (last > 0) this.siftDown(this.times[last]!, this.sequences[last]!, this.slots[last]!)
    return item
  }

  private siftUp(from: number, timeMs: number, sequence: number, slot: number): void {
    const { times, sequences, slots } = this
    let at = from
    while (at > 0) {
      // What is pushed has the highest sequence, so among equal times it stays behind.
      const parent = (at - 1) >> 2
      if (times[parent]! <= timeMs) break
      times[at] = times[parent]!
      sequences[at] = sequences[parent]!
      slots[at] = slots[parent]!
      at = parent
    }
    times[at] = timeMs
    sequences[at] = sequence
    slots[at] = slot
  }

  private siftDown(timeMs: number, sequence: number, slot: number): void {
    const { times, sequences, slots, count } = this
    let at = 0
    for (;;) {
      let child = at * 4 + 1
      if (child >= count) break
      const end = Math.min(child + 4, count)
      let least = child
      for (child++; child < end; child++) {
        const time = times[child]!
        const leastTime = times[least]!
        if (time < leastTime || (time === leastTime && sequences[child]! < sequences[least]!)) least = child
      }
      const leastTime = times[least]!
      if (leastTime > timeMs || (leastTime === timeMs && sequences[least]! > sequence)) break
      times[at] = leastTime
      sequences[at] = sequences[least]!
      slots[at] = slots[least]!
      at = least
    }
    times[at] = timeMs
    sequences[at] = sequence
    slots[at] = slot
  }

  private grow(): void {
    const capacity = this.times.length * 2
    const times = new Float64Array(capacity)
    times.set(this.times)
    this.times = times
    const sequences = new Float64Array(capacity)
    sequences.set(this.sequences)
    this.sequences = sequences
    const slots = new Int32Array(capacity)
    slots.set(this.slots)
    this.slots = slots
  }
}
