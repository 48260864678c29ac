/* The event bus: order, safety from inside listeners, errors, limits, disposal. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  CHAINED_EVENTS_COUNT_MAX,
  EventBus,
  type MembershipEvent,
  SUBSCRIBERS_COUNT_MAX,
} from '../../gossip/events.ts'

test('listeners are called before emit returns, in the order in which they subscribed', () => {
  const bus = new EventBus<number>()
  const heard: string[] = []
  bus.subscribe((event) => heard.push(`first ${event}`))
  bus.subscribe((event) => heard.push(`second ${event}`))
  bus.emit(1)
  bus.emit(2)
  assert.deepEqual(heard, ['first 1', 'second 1', 'first 2', 'second 2'])
  assert.equal(bus.counters.emitted, 2)
})

test('a filter chooses the events, and may narrow their type', () => {
  const bus = new EventBus<MembershipEvent>()
  const dead: string[] = []
  const typed: 'peer_joined'[] = []
  bus.subscribe((event) => dead.push(event.id), { filter: (event) => event.type === 'peer_dead' })
  bus.subscribe((event) => typed.push(event.type), {
    filter: (event: MembershipEvent): event is MembershipEvent<'peer_joined'> => event.type === 'peer_joined',
  })
  bus.emit({ type: 'peer_joined', id: 'a' })
  bus.emit({ type: 'peer_dead', id: 'b' })
  assert.deepEqual(dead, ['b'])
  assert.deepEqual(typed, ['peer_joined'])
})

test('a disposed subscription hears nothing more, and disposing again is nothing', () => {
  const bus = new EventBus<number>()
  const heard: number[] = []
  const subscription = bus.subscribe((event) => heard.push(event))
  bus.emit(1)
  assert.equal(subscription.isActive, true)
  subscription.dispose()
  subscription.dispose()
  bus.emit(2)
  assert.deepEqual(heard, [1])
  assert.equal(subscription.isActive, false)
  assert.equal(bus.subscriberCount, 0)
})

test('a subscription ends with the block that uses it', () => {
  const bus = new EventBus<number>()
  const heard: number[] = []
  {
    using _subscription = bus.subscribe((event) => heard.push(event))
    bus.emit(1)
  }
  bus.emit(2)
  assert.deepEqual(heard, [1])
})

test('a listener disposed from inside another does not see the event at hand', () => {
  const bus = new EventBus<number>()
  const heard: string[] = []
  bus.subscribe(() => victim.dispose())
  const victim = bus.subscribe((event) => heard.push(`victim ${event}`))
  bus.subscribe((event) => heard.push(`last ${event}`))
  bus.emit(1)
  assert.deepEqual(heard, ['last 1'])
})

test('a listener may dispose itself while it is called, and no other is skipped', () => {
  const bus = new EventBus<number>()
  const heard: string[] = []
  const once = bus.subscribe((event) => {
    heard.push(`once ${event}`)
    once.dispose()
  })
  bus.subscribe((event) => heard.push(`always ${event}`))
  bus.emit(1)
  bus.emit(2)
  assert.deepEqual(heard, ['once 1', 'always 1', 'always 2'])
})

test('a listener added from inside another hears from the next event on', () => {
  const bus = new EventBus<number>()
  const heard: number[] = []
  const adder = bus.subscribe(() => {
    adder.dispose()
    bus.subscribe((event) => heard.push(event))
  })
  bus.emit(1)
  bus.emit(2)
  assert.deepEqual(heard, [2])
})

test('what is emitted from inside a listener comes after the event at hand, for everyone alike', () => {
  const bus = new EventBus<string>()
  const first: string[] = []
  const second: string[] = []
  bus.subscribe((event) => {
    first.push(event)
    if (event === 'cause') bus.emit('effect')
  })
  bus.subscribe((event) => second.push(event))
  bus.emit('cause')
  assert.deepEqual(first, ['cause', 'effect'])
  assert.deepEqual(second, first)
})

test('a throwing listener or filter is reported and counted, and stops nobody', () => {
  const reports: unknown[] = []
  const bus = new EventBus<number>({
    onListenerError: (error, event) => reports.push([String(error), event]),
  })
  const heard: number[] = []
  bus.subscribe(() => {
    throw new Error('listener')
  })
  bus.subscribe(() => {}, {
    filter: () => {
      throw new Error('filter')
    },
  })
  bus.subscribe((event) => heard.push(event))
  bus.emit(7)
  assert.deepEqual(heard, [7])
  assert.deepEqual(reports, [
    ['Error: listener', 7],
    ['Error: filter', 7],
  ])
  assert.equal(bus.counters.listenerErrors, 2)
})

test('who is told of errors may throw too', () => {
  const bus = new EventBus<number>({
    onListenerError() {
      throw new Error('again')
    },
  })
  bus.subscribe(() => {
    throw new Error('listener')
  })
  bus.emit(1)
  bus.emit(2)
  assert.equal(bus.counters.listenerErrors, 4)
  assert.equal(bus.counters.emitted, 2)
})

test('more subscribers than the limit are refused with a reason, and there is room after a disposal', () => {
  const bus = new EventBus<number>({ subscribersCountMax: 2 })
  const first = bus.subscribe(() => {})
  bus.subscribe(() => {})
  assert.throws(() => bus.subscribe(() => {}), /more than 2 subscribers/)
  assert.equal(bus.counters.subscribersRefused, 1)
  first.dispose()
  bus.subscribe(() => {})
  assert.equal(bus.subscriberCount, 2)
  assert.equal(SUBSCRIBERS_COUNT_MAX, 1024)
})

test('listeners that answer every event with another one are cut off, and the bus goes on working', () => {
  const bus = new EventBus<number>()
  let isEcho = true
  let heardCount = 0
  bus.subscribe((event) => {
    heardCount++
    if (isEcho) bus.emit(event + 1)
  })
  bus.emit(0)
  assert.equal(heardCount, CHAINED_EVENTS_COUNT_MAX + 1)
  assert.equal(bus.counters.dropped, 1)
  isEcho = false
  bus.emit(0)
  assert.equal(heardCount, CHAINED_EVENTS_COUNT_MAX + 2)
})
