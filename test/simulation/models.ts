/*
 * What each kind of key does when operations come one at a time: what the words of a command make of a state, and whether a
 * reply is possible in it.
 *
 * The idea: a state is a short text, so that states can be compared; the kind of a key is the first letter of its name.
 * Shape: table of rules.
 */
import type { Reply } from '../support/reply.ts'
import type { Operation } from './history.ts'
import type { Model } from './linearizability.ts'

/** No such key. */
const NONE = ''

/** The text a reply stands for; undefined: nothing was told. A missing key reads as the empty text. */
function told(reply: Reply | undefined): string | undefined {
  if (reply === undefined || reply.type === 'error') return undefined
  if (reply.type === 'nil' || reply.type === 'null') return NONE
  if (typeof reply.value === 'string') return reply.value
  const members = reply.value.map(({ value }) => value as string)
  return members.sort().join(',')
}

function fits(operation: Operation, expected: string): boolean {
  return operation.outcome === 'open' || told(operation.reply) === expected
}

function removed(state: string, operation: Operation): string | undefined {
  return fits(operation, state === NONE ? '0' : '1') ? NONE : undefined
}

/** SET, GET, DEL of values that are never written twice. */
export const register: Model = {
  initial: NONE,
  step(state, operation) {
    const [name, , value] = operation.words
    if (name === 'SET') return value!
    if (name === 'GET') return fits(operation, state) ? state : undefined
    return removed(state, operation)
  },
  // A value that nobody has read has either not been written or been overwritten; with DEL its length of life shows.
  isIdle(operation, all) {
    if (operation.words[0] !== 'SET' || all.some(({ words }) => words[0] === 'DEL')) return false
    return !all.some(({ reply, words }) => words[0] === 'GET' && told(reply) === operation.words[2])
  },
}

/** SET with PX, GET, DEL: a value may be gone at any time after it was written, for clocks differ; never come back. */
export const mortal: Model = {
  initial: NONE,
  step(state, operation) {
    const [name, , value] = operation.words
    if (name === 'SET') return value!
    if (name === 'GET') return fits(operation, state) ? state : fits(operation, NONE) ? NONE : undefined
    return fits(operation, '0') || (state !== NONE && fits(operation, '1')) ? NONE : undefined
  },
}

export const counter: Model = {
  initial: NONE,
  step(state, operation) {
    const [name, , amount] = operation.words
    if (name === 'GET') return fits(operation, state) ? state : undefined
    if (name === 'DEL') return removed(state, operation)
    const sum = String(Number(state) + (name === 'INCR' ? 1 : Number(amount)))
    return fits(operation, sum) ? sum : undefined
  },
}

export const set: Model = {
  initial: NONE,
  step(state, operation) {
    const [name, , member] = operation.words
    if (name === 'SMEMBERS') return fits(operation, state) ? state : undefined
    if (name === 'DEL') return removed(state, operation)
    const members = state === NONE ? [] : state.split(',')
    const isIn = members.includes(member!)
    if (name === 'SADD') {
      if (!fits(operation, isIn ? '0' : '1')) return undefined
      return isIn ? state : [...members, member].sort().join(',')
    }
    if (!fits(operation, isIn ? '1' : '0')) return undefined
    return members.filter((one) => one !== member).join(',')
  },
}

/** RPUSH of values that are never pushed twice, LPOP, LRANGE of all: a queue. */
export const list: Model = {
  initial: NONE,
  step(state, operation) {
    const [name, , value] = operation.words
    const items = state === NONE ? [] : state.split(',')
    if (name === 'LRANGE') {
      const isSame = operation.outcome === 'open' || listed(operation.reply) === state
      return isSame ? state : undefined
    }
    if (name === 'DEL') return removed(state, operation)
    if (name === 'RPUSH') {
      return fits(operation, String(items.length + 1)) ? [...items, value].join(',') : undefined
    }
    return fits(operation, items[0] ?? NONE) ? items.slice(1).join(',') : undefined
  },
}

function listed(reply: Reply | undefined): string {
  return reply === undefined || typeof reply.value === 'string'
    ? NONE
    : reply.value.map(({ value }) => value as string).join(',')
}

/** HSET, HDEL, HGETALL, or ZADD, ZREM, ZRANGE with scores: names with a value each. */
function named(put: string, drop: string): Model {
  return {
    initial: NONE,
    step(state, operation) {
      const [verb, , first, second] = operation.words
      if (verb === 'DEL') return removed(state, operation)
      if (verb !== put && verb !== drop) {
        return operation.outcome === 'open' || pairsIn(operation.reply) === state ? state : undefined
      }
      const [name, value] = put === 'ZADD' && verb === put ? [second, first] : [first, second]
      const others = state.split(',').filter((pair) => pair !== NONE && !pair.startsWith(`${name}=`))
      const isNew = others.length === (state === NONE ? 0 : state.split(',').length)
      if (!fits(operation, isNew === (verb === put) ? '1' : '0')) return undefined
      return (verb === put ? [...others, `${name}=${value}`] : others).sort().join(',')
    },
  }
}

function pairsIn(reply: Reply | undefined): string {
  if (reply === undefined || typeof reply.value === 'string') return NONE
  const flat = reply.value.map(({ value }) => value as string)
  const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [`${name}=${flat[i + 1]}`] : []))
  return pairs.sort().join(',')
}

/** The command that shows all there is of a key. */
export function readOf(key: string): readonly string[] {
  switch (key[0]) {
    case 's':
      return ['SMEMBERS', key]
    case 'l':
      return ['LRANGE', key, '0', '-1']
    case 'h':
      return ['HGETALL', key]
    case 'z':
      return ['ZRANGE', key, '0', '-1', 'WITHSCORES']
    default:
      return ['GET', key]
  }
}

export const KINDS: Readonly<Record<string, Model>> = {
  r: register,
  d: register,
  m: mortal,
  c: counter,
  s: set,
  l: list,
  h: named('HSET', 'HDEL'),
  z: named('ZADD', 'ZREM'),
}

export function modelOf(key: string): Model {
  return KINDS[key[0]!]!
}
