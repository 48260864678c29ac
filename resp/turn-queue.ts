// Whose turn it is: connections that used up theirs wait here for the next, and connections with
// output wait here for the end of the round.
//
// One waiting connection is served between two looks at the network, so a pipeline of a million commands
// delays the others by one turn at most. A connection that is owed replies by other nodes keeps what it has for a
// moment, so that the replies of a pipeline leave in one write and not in pieces as nodes answer.
// It knows no timers: `wake` asks for a call of `onWake`, `wakeSoon` for one of `onMoment`. Shape: machine.

import type { Connection } from './connection.ts'
import type { Turns } from './connection-ports.ts'

/** Every dirty connection holds a slab, so a message to thousands goes out in groups. */
const dirtyMax = 256

export class TurnQueue implements Turns {
  readonly #wake: () => void
  readonly #wakeSoon: (() => void) | null
  #isAwaited: boolean
  #isMomentAwaited: boolean
  #waiting: Connection[]
  #next: number
  #dirty: Connection[]
  /** Keep their output until they have all of it or the moment has passed; some are through already. */
  #keeping: Connection[]

  /** `wakeSoon`: within a millisecond or two, the longest that output is kept back; without it, none is. */
  constructor(wake: () => void, wakeSoon: (() => void) | null = null) {
    this.#wake = wake
    this.#wakeSoon = wakeSoon
    this.#isAwaited = false
    this.#isMomentAwaited = false
    this.#waiting = []
    this.#next = 0
    this.#dirty = []
    this.#keeping = []
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
      if (connection.isRunning) continue
      if (this.#wakeSoon !== null && connection.slots.openCount > 0) this.#keep(connection)
      else this.#send(connection)
    }
  }

  /** The time `wakeSoon` asked for has come: whoever still keeps output sends what it has. */
  onMoment(): void {
    this.#isMomentAwaited = false
    const keeping = this.#keeping
    this.#keeping = []
    for (const connection of keeping)
      if (connection.isKeeping && !connection.isRunning) this.#send(connection)
  }

  #send(connection: Connection): void {
    connection.isKeeping = false
    connection.flush()
  }

  #keep(connection: Connection): void {
    if (connection.isKeeping) return
    connection.isKeeping = true
    this.#keeping.push(connection)
    if (this.#isMomentAwaited) return
    this.#isMomentAwaited = true
    this.#wakeSoon!()
  }

  #ask(): void {
    if (this.#isAwaited) return
    this.#isAwaited = true
    this.#wake()
  }
}
