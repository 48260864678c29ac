// Whose turn it is: connections that used up theirs wait here for the next, and connections with
// output wait here for the end of the round.
//
// One waiting connection is served between two looks at the network, so a pipeline of a million commands
// delays the others by one turn at most. It knows no timers: `wake` asks for a call of `onWake`. Shape: machine.

import type { Connection } from './connection.ts'
import type { Turns } from './connection-ports.ts'

/** Every dirty connection holds a slab, so a message to thousands goes out in groups. */
const dirtyMax = 256

export class TurnQueue implements Turns {
  readonly #wake: () => void
  #isAwaited: boolean
  #waiting: Connection[]
  #next: number
  #dirty: Connection[]

  constructor(wake: () => void) {
    this.#wake = wake
    this.#isAwaited = false
    this.#waiting = []
    this.#next = 0
    this.#dirty = []
  }

  later(connection: Connection): void {
    this.#waiting.push(connection)
    this.#ask()
  }

  dirty(connection: Connection): void {
    this.#dirty.push(connection)
    if (this.#dirty.length >= dirtyMax) this.flush()
    else this.#ask()
  }

  /** The time `wake` asked for has come: answers whose turn it is, if anybody's. */
  onWake(): Connection | undefined {
    this.#isAwaited = false
    const connection = this.#waiting[this.#next]
    if (connection === undefined) return undefined
    this.#next++
    if (this.#next === this.#waiting.length) {
      this.#waiting = []
      this.#next = 0
    } else {
      if (this.#next >= 1024) {
        this.#waiting = this.#waiting.slice(this.#next)
        this.#next = 0
      }
      this.#ask()
    }
    return connection
  }

  /** Sends what was written from outside. A connection in the middle of a reply sends its output itself. */
  flush(): void {
    while (this.#dirty.length > 0) {
      const connection = this.#dirty.pop()!
      connection.isDirty = false
      if (!connection.isRunning) connection.flush()
    }
  }

  #ask(): void {
    if (this.#isAwaited) return
    this.#isAwaited = true
    this.#wake()
  }
}
