/*
 * What happens to the liveness of members, and the bus that tells it.
 *
 * The idea: one synchronous bus; listeners are called in the order in which they subscribed and every listener sees
 * the events in the same order: what is emitted from inside a listener waits until all have seen the event at hand.
 * A listener may subscribe, dispose and emit as it likes, and may throw without harm to the others. It refuses to
 * know what an event means. Shape: data and machine.
 */
import type { MemberRecord } from './member.ts'

export type MembershipEventType =
  | 'peer_joined'
  | 'peer_alive'
  | 'peer_suspect'
  | 'peer_dead'
  | 'peer_evicted'
  | 'peer_left'
  | 'peer_updated'

/** `peer_alive` is a revival: a peer that was suspect or dead is heard again. */
export interface MembershipEvent<Type extends MembershipEventType = MembershipEventType> {
  readonly type: Type
  readonly id: string
  /** The member's newest word about itself, where it is known. */
  readonly record?: MemberRecord | undefined
  /** The calendar's time of the event, for people and logs. */
  readonly wallMs?: number | undefined
}

/** More subscribers than this is a leak in the embedding program: `subscribe` throws. */
export const SUBSCRIBERS_COUNT_MAX = 1024
/** Listeners that answer events with events without end are cut off here; what is beyond is dropped and counted. */
export const CHAINED_EVENTS_COUNT_MAX = 16_384

/** The well-known symbol where the runtime has it, so that `using subscription = ...` works; never put on a global. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose')

export interface Subscription extends Disposable {
  readonly isActive: boolean
  /** Not one more event after this, not even the one at hand. Doing it again does nothing. */
  dispose(): void
}

export interface SubscribeOptions<E> {
  /** Only events for which this answers true. */
  readonly filter?: (event: E) => boolean
}

export interface EventBusOptions<E> {
  readonly subscribersCountMax?: number
  /** Told of what a listener or its filter threw. */
  readonly onListenerError?: (error: unknown, event: E) => void
}

export class EventBus<E> {
  readonly counters = { emitted: 0, listenerErrors: 0, dropped: 0, subscribersRefused: 0 }
  private readonly subscribersCountMax: number
  private readonly onListenerError: ((error: unknown, event: E) => void) | undefined
  private subscribers: Subscriber<E>[] = []
  private activeCount = 0
  /** Events waiting for the one at hand to be seen by all. */
  private readonly waiting: E[] = []
  private isDelivering = false

  constructor(options: EventBusOptions<E> = {}) {
    this.subscribersCountMax = options.subscribersCountMax ?? SUBSCRIBERS_COUNT_MAX
    this.onListenerError = options.onListenerError
  }

  get subscriberCount(): number {
    return this.activeCount
  }

  /** Hears every event whose delivery begins after this call. */
  subscribe<F extends E>(
    listener: (event: F) => void,
    options: { readonly filter: (event: E) => event is F },
  ): Subscription
  subscribe(listener: (event: E) => void, options?: SubscribeOptions<E>): Subscription
  subscribe(listener: (event: E) => void, options: SubscribeOptions<E> = {}): Subscription {
    if (this.activeCount >= this.subscribersCountMax) {
      this.counters.subscribersRefused++
      throw new Error(`more than ${this.subscribersCountMax} subscribers: is one never disposed?`)
    }
    const subscriber = new Subscriber(listener, options.filter, () => this.forget())
    // A copy, because the array at hand may be under way.
    this.subscribers = [...this.subscribers, subscriber]
    this.activeCount++
    return subscriber
  }

  /** Calls the listeners before it returns; from inside a listener: after the event at hand. */
  emit(event: E): void {
    if (this.isDelivering) {
      if (this.waiting.length >= CHAINED_EVENTS_COUNT_MAX) this.counters.dropped++
      else this.waiting.push(event)
      return
    }
    this.isDelivering = true
    this.deliver(event)
    // The list only grows meanwhile, so its limit bounds the length of a chain as well.
    for (let at = 0; at < this.waiting.length; at++) this.deliver(this.waiting[at]!)
    this.waiting.length = 0
    this.isDelivering = false
  }

  private deliver(event: E): void {
    this.counters.emitted++
    for (const subscriber of this.subscribers) {
      if (!subscriber.isActive) continue
      try {
        if (subscriber.filter === undefined || subscriber.filter(event)) subscriber.listener(event)
      } catch (error) {
        this.report(error, event)
      }
    }
  }

  private report(error: unknown, event: E): void {
    this.counters.listenerErrors++
    try {
      this.onListenerError?.(error, event)
    } catch {
      // Who is told of errors has no one else to tell: it is counted like any listener's.
      this.counters.listenerErrors++
    }
  }

  private forget(): void {
    this.subscribers = this.subscribers.filter((one) => one.isActive)
    this.activeCount = this.subscribers.length
  }
}

class Subscriber<E> implements Subscription {
  readonly listener: (event: E) => void
  readonly filter: ((event: E) => boolean) | undefined
  isActive = true
  private readonly onDispose: () => void

  constructor(
    listener: (event: E) => void,
    filter: ((event: E) => boolean) | undefined,
    onDispose: () => void,
  ) {
    this.listener = listener
    this.filter = filter
    this.onDispose = onDispose
  }

  dispose(): void {
    if (!this.isActive) return
    this.isActive = false
    this.onDispose()
  }

  [DISPOSE](): void {
    this.dispose()
  }
}
