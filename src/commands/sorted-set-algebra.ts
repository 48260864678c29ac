/**
 * Sorted set algebra [Table]: unions, intersections and differences of sorted sets and sets, answered, counted or
 * stored. A result is gathered as a large sorted set, which becomes the stored value or is read out and released.
 */
import type { Keyspace } from '../store/keyspace.ts'
import { LargeSortedSet } from '../store/large-sorted-set.ts'
import { SortedSetWalk } from '../store/sorted-set-walk.ts'
import { NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from './arguments.ts'
import type { Call } from './call.ts'
import { type Command, DENYOOM, FIRST_KEY, MOVABLE_KEYS, READONLY, WRITE } from './command.ts'
import { keysAfterCount } from './counted-keys.ts'
import { eachMember, type ScoredVisitor, type Source, scoreIn, sourceOf } from './sorted-set-sources.ts'
import { storeSortedSet } from './sorted-set-store.ts'

type Aggregate = (a: number, b: number) => number

/** What a request asks for; `limit` 0 = none. */
interface Query {
  readonly sources: Source[]
  aggregate: Aggregate
  withScores: boolean
  limit: number
}

/** Which options a command takes. */
interface Options {
  readonly weights: boolean
  readonly scores: boolean
  readonly limit: boolean
}

type Operation = (space: Keyspace, query: Query) => LargeSortedSet

/** Opposite infinities make nothing, not NaN. */
function sum(a: number, b: number): number {
  const total = a + b
  return total === total ? total : 0
}

/** A product that is NaN never wins, which Math.min would let it. */
function least(a: number, b: number): number {
  if (b < a) return b
  return a
}

function greatest(a: number, b: number): number {
  if (b > a) return b
  return a
}

function weighted(weight: number, score: number): number {
  const product = weight * score
  return product === product ? product : 0
}

function unite(space: Keyspace, query: Query): LargeSortedSet {
  const result = new LargeSortedSet(space)
  const elements = result.elements
  for (const source of bySize(query.sources)) {
    eachMember(space, source, (score, bytes, start, end) => {
      const value = weighted(source.weight, score)
      const element = elements.find(bytes, start, end)
      if (element === 0) result.addUnranked(value, bytes, start, end)
      else elements.setScore(element, query.aggregate(elements.scoreOf(element), value))
    })
  }
  result.rankAll()
  return result
}

function intersect(space: Keyspace, query: Query): LargeSortedSet {
  const result = new LargeSortedSet(space)
  const [first, ...others] = bySize(query.sources)
  eachMember(space, first!, (score, bytes, start, end) => {
    let value = weighted(first!.weight, score)
    for (const other of others) {
      const found = scoreIn(space, other, bytes, start, end)
      if (found !== found) return
      value = query.aggregate(value, found * other.weight)
    }
    result.addUnranked(value, bytes, start, end)
  })
  result.rankAll()
  return result
}

function subtract(space: Keyspace, query: Query): LargeSortedSet {
  const result = new LargeSortedSet(space)
  const [first, ...others] = query.sources
  const visit: ScoredVisitor = (score, bytes, start, end) => {
    for (const other of others) {
      const found = scoreIn(space, other, bytes, start, end)
      if (found === found) return
    }
    result.addUnranked(score, bytes, start, end)
  }
  eachMember(space, first!, visit)
  result.rankAll()
  return result
}

/** Smallest first; the order decides how sums are rounded, so it is Redis'. */
function bySize(sources: readonly Source[]): Source[] {
  return [...sources].sort((a, b) => a.length - b.length)
}

/** Reads `numkeys key [key ...]` from argument i and the options behind; undefined when an error was replied. */
function readQuery(call: Call, i: number, options: Options): Query | undefined {
  const { args, reply, space } = call
  const keyCount = call.integer(i)
  if (keyCount !== keyCount) {
    reply.error(NOT_AN_INTEGER)
    return undefined
  }
  if (keyCount < 1) {
    reply.error(`ERR at least 1 input key is needed for '${call.row.name}' command`)
    return undefined
  }
  if (keyCount > args.count - i - 1) {
    reply.error(SYNTAX_ERROR)
    return undefined
  }
  const query: Query = { sources: [], aggregate: sum, withScores: false, limit: 0 }
  for (let at = i + 1; at <= i + keyCount; at++) {
    const source = sourceOf(space, call.find(at))
    if (source === undefined) {
      reply.error(WRONG_TYPE)
      return undefined
    }
    query.sources.push(source)
  }
  for (let at = i + 1 + keyCount; at < args.count; ) {
    const taken = readOption(call, at, options, query)
    if (taken === 0) return undefined
    at += taken
  }
  return query
}

/** Reads the option at argument `at`; answers how many arguments it takes, 0 when an error has been replied. */
function readOption(call: Call, at: number, options: Options, query: Query): number {
  const { args, reply } = call
  const left = args.count - at
  if (options.weights && left > query.sources.length && args.is(at, 'WEIGHTS')) {
    return readWeights(call, at + 1, query) ? query.sources.length + 1 : 0
  }
  if (options.weights && left >= 2 && args.is(at, 'AGGREGATE')) {
    const aggregate = aggregateAt(call, at + 1)
    if (aggregate === undefined) {
      reply.error(SYNTAX_ERROR)
      return 0
    }
    query.aggregate = aggregate
    return 2
  }
  if (options.scores && args.is(at, 'WITHSCORES')) {
    query.withScores = true
    return 1
  }
  if (options.limit && left >= 2 && args.is(at, 'LIMIT')) {
    query.limit = call.integer(at + 1)
    if (query.limit >= 0) return 2
    reply.error("ERR LIMIT can't be negative")
    return 0
  }
  reply.error(SYNTAX_ERROR)
  return 0
}

function readWeights(call: Call, first: number, query: Query): boolean {
  for (const [nth, source] of query.sources.entries()) {
    source.weight = call.float(first + nth)
    if (source.weight !== source.weight) {
      call.reply.error('ERR weight value is not a float')
      return false
    }
  }
  return true
}

function aggregateAt(call: Call, i: number): Aggregate | undefined {
  const args = call.args
  if (args.is(i, 'SUM')) return sum
  if (args.is(i, 'MIN')) return least
  return args.is(i, 'MAX') ? greatest : undefined
}

function answer(operation: Operation, weights: boolean): (call: Call) => void {
  const options: Options = { weights, scores: true, limit: false }
  const walk = new SortedSetWalk()
  return (call) => {
    const reply = call.reply
    const query = readQuery(call, 1, options)
    if (query === undefined) return
    const result = operation(call.space, query)
    const count = result.count
    const arePaired = query.withScores && reply.protocol === 3
    reply.array(query.withScores && !arePaired ? count * 2 : count)
    walk.openLarge(result, 0, count, false)
    while (walk.next()) {
      if (arePaired) reply.array(2)
      reply.bulk(walk.buffer, walk.start, walk.end)
      if (query.withScores) reply.double(walk.score)
    }
    result.release()
  }
}

function store(operation: Operation, weights: boolean, event: string): (call: Call) => void {
  const options: Options = { weights, scores: false, limit: false }
  return (call) => {
    const query = readQuery(call, 2, options)
    if (query !== undefined) storeSortedSet(call, 1, operation(call.space, query), event)
  }
}

function zintercard(call: Call): void {
  const query = readQuery(call, 1, { weights: false, scores: false, limit: true })
  if (query === undefined) return
  const [first, ...others] = bySize(query.sources)
  let count = 0
  eachMember(call.space, first!, (_score, bytes, start, end) => {
    if (query.limit !== 0 && count >= query.limit) return
    for (const other of others) {
      const found = scoreIn(call.space, other, bytes, start, end)
      if (found !== found) return
    }
    count++
  })
  call.reply.integer(count)
}

function targetAndSources(call: Call, into: number[]): void {
  into.push(1)
  keysAfterCount(call, 2, into)
}

function sourcesOnly(call: Call, into: number[]): void {
  keysAfterCount(call, 1, into)
}

const UNION_COST = 'O(N)+O(M*log(M)) with N members in all inputs and M in the result'
const INTERSECTION_COST = 'O(N*K)+O(M*log(M)) with N members in the smallest of K inputs and M in the result'
const DIFFERENCE_COST = 'O(N*K)+O(M*log(M)) with N members in the first of K inputs and M in the result'

export const sortedSetAlgebraCommands: readonly Command[] = [
  {
    name: 'zunion',
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    findKeys: sourcesOnly,
    group: 'sorted-set',
    run: answer(unite, true),
    summary: 'Answers the members of several sorted sets, their scores combined',
    since: '6.2.0',
    complexity: UNION_COST,
    syntax: 'numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]',
  },
  {
    name: 'zinter',
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    findKeys: sourcesOnly,
    group: 'sorted-set',
    run: answer(intersect, true),
    summary: 'Answers the members all of several sorted sets share',
    since: '6.2.0',
    complexity: INTERSECTION_COST,
    syntax: 'numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]',
  },
  {
    name: 'zdiff',
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    findKeys: sourcesOnly,
    group: 'sorted-set',
    run: answer(subtract, false),
    summary: 'Answers the members of the first sorted set that no other has',
    since: '6.2.0',
    complexity: DIFFERENCE_COST,
    syntax: 'numkeys key [key ...] [WITHSCORES]',
  },
  {
    name: 'zunionstore',
    arity: -4,
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    keys: FIRST_KEY,
    findKeys: targetAndSources,
    group: 'sorted-set',
    effect: 'declared',
    spread: 'to-first',
    run: store(unite, true, 'zunionstore'),
    summary: 'Stores the members of several sorted sets, their scores combined',
    since: '2.0.0',
    complexity: UNION_COST,
    syntax: 'destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX]',
  },
  {
    name: 'zinterstore',
    arity: -4,
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    keys: FIRST_KEY,
    findKeys: targetAndSources,
    group: 'sorted-set',
    effect: 'declared',
    spread: 'to-first',
    run: store(intersect, true, 'zinterstore'),
    summary: 'Stores the members all of several sorted sets share',
    since: '2.0.0',
    complexity: INTERSECTION_COST,
    syntax: 'destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX]',
  },
  {
    name: 'zdiffstore',
    arity: -4,
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    keys: FIRST_KEY,
    findKeys: targetAndSources,
    group: 'sorted-set',
    effect: 'declared',
    spread: 'to-first',
    run: store(subtract, false, 'zdiffstore'),
    summary: 'Stores the members of the first sorted set that no other has',
    since: '6.2.0',
    complexity: DIFFERENCE_COST,
    syntax: 'destination numkeys key [key ...]',
  },
  {
    name: 'zintercard',
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    findKeys: sourcesOnly,
    group: 'sorted-set',
    run: zintercard,
    summary: 'Counts the members all of several sorted sets share',
    since: '7.0.0',
    complexity: 'O(N*K) with N members in the smallest of K inputs',
    syntax: 'numkeys key [key ...] [LIMIT limit]',
  },
]
