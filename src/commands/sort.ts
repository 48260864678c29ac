/**
 * Sort [Table]: SORT and SORT_RO. Elements are copied out of the store first (sort-elements), weights are looked up
 * (sort-pattern), an array of indexes is put in order, and the range asked for is answered or stored as a list.
 */
import { TYPE_LIST, TYPE_SET, TYPE_SORTED_SET, TYPE_STRING } from '../store/entry.ts'
import { listCreate, listPush } from '../store/list.ts'
import { makeLarge } from '../store/sorted-set.ts'
import { Span } from '../store/span.ts'
import { NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from './arguments.ts'
import { type Call, NOTIFY_LIST } from './call.ts'
import {
  type Command,
  DENYOOM,
  FIRST_KEY,
  type KeyFinder,
  MOVABLE_KEYS,
  type NamedByValues,
  READONLY,
  WRITE,
} from './command.ts'
import { SortElements } from './sort-elements.ts'
import { isConstantPattern, isElementPattern, keyByPattern, lookUpByPattern } from './sort-pattern.ts'

const NOT_A_WEIGHT = "ERR One or more scores can't be converted into double"

/** What a request asks for. Arguments are named by their numbers, 0 = not given. */
class SortOptions {
  isDescending = false
  isAlphabetic = false
  offset = 0
  count = -1
  byArgument = 0
  storeArgument = 0
  readonly getArguments: number[] = []

  clear(): void {
    this.isDescending = false
    this.isAlphabetic = false
    this.offset = 0
    this.count = -1
    this.byArgument = 0
    this.storeArgument = 0
    this.getArguments.length = 0
  }
}

const options = new SortOptions()
const elements = new SortElements()
const found = new Span()

function sort(call: Call, mayStore: boolean): void {
  if (!readOptions(call, mayStore)) return
  const ref = call.find(1)
  const type = ref === 0 ? TYPE_LIST : call.space.entries.typeOf(ref)
  if (type !== TYPE_LIST && type !== TYPE_SET && type !== TYPE_SORTED_SET) {
    call.reply.error(WRONG_TYPE)
    return
  }
  let isUnsorted = options.byArgument !== 0 && isConstantPattern(call, options.byArgument)
  if (isUnsorted && type === TYPE_SET && options.storeArgument !== 0) {
    // A set has no order of its own; what is stored must not depend on its table.
    isUnsorted = false
    options.isAlphabetic = true
    options.byArgument = 0
  }
  const source = type === TYPE_SORTED_SET ? makeLarge(call.space, ref) : ref
  elements.load(call.space, source, isUnsorted && options.isDescending)
  if (!isUnsorted && !putInOrder(call)) call.reply.error(NOT_A_WEIGHT)
  else if (options.storeArgument === 0) answer(call)
  else store(call)
  elements.clear()
}

/** False when the error has been replied. */
function readOptions(call: Call, mayStore: boolean): boolean {
  const args = call.args
  options.clear()
  for (let i = 2; i < args.count; i++) {
    const left = args.count - i - 1
    if (args.is(i, 'ASC')) options.isDescending = false
    else if (args.is(i, 'DESC')) options.isDescending = true
    else if (args.is(i, 'ALPHA')) options.isAlphabetic = true
    else if (args.is(i, 'LIMIT') && left >= 2) {
      options.offset = call.integer(i + 1)
      options.count = call.integer(i + 2)
      if (options.offset !== options.offset || options.count !== options.count) {
        call.reply.error(NOT_AN_INTEGER)
        return false
      }
      i += 2
    } else if (mayStore && args.is(i, 'STORE') && left >= 1) options.storeArgument = ++i
    else if (args.is(i, 'BY') && left >= 1) options.byArgument = ++i
    else if (args.is(i, 'GET') && left >= 1) options.getArguments.push(++i)
    else {
      call.reply.error(SYNTAX_ERROR)
      return false
    }
  }
  return true
}

/** Looks weights up and sorts; false when one is no number. */
function putInOrder(call: Call): boolean {
  const by = options.byArgument
  if (by !== 0) {
    elements.expectWeights()
    for (let i = 0; i < elements.count; i++) {
      if (lookUpByPattern(call, by, elements.bytes, elements.startOf(i), elements.endOf(i), found)) {
        elements.setWeight(i, found.bytes, found.start, found.end)
      }
    }
  }
  if (options.isAlphabetic) elements.orderByText(options.isDescending, options.storeArgument !== 0)
  else if (!elements.orderByNumber(options.isDescending)) return false
  return true
}

/** First place of the range that LIMIT leaves. */
function firstPlace(): number {
  return Math.min(Math.max(options.offset, 0), elements.count)
}

function endPlace(): number {
  if (options.count < 0) return elements.count
  return Math.min(firstPlace() + options.count, elements.count)
}

/** Calls `visit` with each value of the answer: elements, or what GET found (null: nothing). */
function eachResult(call: Call, visit: (bytes: Buffer | null, start: number, end: number) => void): void {
  const end = endPlace()
  const gets = options.getArguments
  for (let place = firstPlace(); place < end; place++) {
    const i = elements.at(place)
    const from = elements.startOf(i)
    const to = elements.endOf(i)
    if (gets.length === 0) visit(elements.bytes, from, to)
    for (const get of gets) {
      if (isElementPattern(call, get)) visit(elements.bytes, from, to)
      else if (lookUpByPattern(call, get, elements.bytes, from, to, found)) {
        visit(found.bytes, found.start, found.end)
      } else visit(null, 0, 0)
    }
  }
}

function resultCount(): number {
  return (endPlace() - firstPlace()) * Math.max(options.getArguments.length, 1)
}

function answer(call: Call): void {
  call.reply.array(resultCount())
  eachResult(call, (bytes, start, end) => {
    if (bytes === null) call.reply.nil()
    else call.reply.bulk(bytes, start, end)
  })
}

function store(call: Call): void {
  const { args, space, database } = call
  const to = options.storeArgument
  const count = resultCount()
  // What GET finds lies in the store and may even be the key that is replaced: all is copied before the change.
  const results: Buffer[] = []
  eachResult(call, (bytes, start, end) => {
    results.push(bytes === null ? Buffer.alloc(0) : Buffer.from(bytes.subarray(start, end)))
  })
  const old = call.findForWrite(to)
  if (count === 0) {
    if (old !== 0) call.removeEntry(old, to)
  } else {
    if (old !== 0) space.remove(old)
    let ref = 0
    for (const result of results) {
      if (ref !== 0) ref = listPush(space, ref, false, result, 0, result.length)
      else {
        const start = args.starts[to]!
        ref = listCreate(space, database, args.bytes, start, args.ends[to]!, result, 0, result.length)
      }
    }
    space.changed(ref)
    call.effects.put(ref)
    call.notify(NOTIFY_LIST, 'sortstore', to)
  }
  call.reply.integer(count)
}

/** The key that is sorted, and the one after the last STORE; words of other options are not mistaken for it. */
const findSortKeys: KeyFinder = (call, into) => {
  const args = call.args
  let storeArgument = 0
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, 'LIMIT')) i += 2
    else if (args.is(i, 'GET') || args.is(i, 'BY')) i++
    else if (args.is(i, 'STORE') && i + 1 < args.count) storeArgument = ++i
  }
  into.push(1)
  if (storeArgument !== 0) into.push(storeArgument)
}

/** BY and GET name a key for each element. What is wrong with the request is told by running it. */
const namedByElements: NamedByValues = {
  patterns: (call, into) => {
    const { args } = call
    for (let i = 2; i + 1 < args.count; i++) {
      if (args.is(i, 'LIMIT')) i += 2
      else if (args.is(i, 'STORE')) i++
      else if ((args.is(i, 'BY') || args.is(i, 'GET')) && !isConstantPattern(call, ++i)) into.push(i)
    }
  },
  keys: (call, visit) => {
    const patterns: number[] = []
    namedByElements.patterns(call, patterns)
    const ref = call.find(1)
    const type = ref === 0 ? TYPE_STRING : call.space.entries.typeOf(ref)
    if (type !== TYPE_LIST && type !== TYPE_SET && type !== TYPE_SORTED_SET) return
    elements.load(call.space, type === TYPE_SORTED_SET ? makeLarge(call.space, ref) : ref, false)
    for (let i = 0; i < elements.count; i++) {
      for (const pattern of patterns) {
        visit(keyByPattern(call, pattern, elements.bytes, elements.startOf(i), elements.endOf(i))!)
      }
    }
    elements.clear()
  },
}

const COMMON = {
  arity: -2,
  keys: FIRST_KEY,
  namedByValues: namedByElements,
  group: 'generic',
  categories: ['set', 'sortedset', 'list', 'dangerous'],
  complexity: 'O(N+M*log(M)) for N elements and M answered ones',
} as const
const SYNTAX = 'key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC|DESC] [ALPHA]'

export const sortCommands: readonly Command[] = [
  {
    ...COMMON,
    name: 'sort',
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    findKeys: findSortKeys,
    effect: 'declared',
    spread: 'to-last',
    run: (call) => sort(call, true),
    since: '1.0.0',
    syntax: `${SYNTAX} [STORE destination]`,
    summary: 'Answers or stores the elements of a list, set or sorted set in order',
  },
  {
    ...COMMON,
    name: 'sort_ro',
    flags: READONLY | MOVABLE_KEYS,
    findKeys: (_call, into) => into.push(1),
    run: (call) => sort(call, false),
    since: '7.0.0',
    syntax: SYNTAX,
    summary: 'Answers the elements of a list, set or sorted set in order',
  },
]
