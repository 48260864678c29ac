/*
 * A sample of the scripts that one node passes, and all about listeners and clients that wait, asked of a mesh in which
 * every node acts for a third of the keys. What must see the keys of several nodes in one moment (MSETNX, BLPOP of many,
 * BLMOVE) is refused there (-CROSSSLOT), as by Redis Cluster. Shape: test.
 */
import { startDividedSubject } from '../support/mesh-subject.ts'
import { conformance } from './runner.ts'
import type { Case } from './script.ts'
import { cases as bits } from './scripts/bits.ts'
import { cases as blocking } from './scripts/blocking.ts'
import { cases as hashes } from './scripts/hashes.ts'
import { cases as keys } from './scripts/keys.ts'
import { cases as lists } from './scripts/lists.ts'
import { cases as pubSub } from './scripts/pub-sub.ts'
import { cases as sets } from './scripts/sets.ts'
import { cases as sortedSets } from './scripts/sorted-sets.ts'
import { cases as strings } from './scripts/strings.ts'
import { cases as transactions } from './scripts/transactions.ts'

const SAMPLE_EVERY = 3

/** Cases that are not the same in a mesh, each with its reason. */
const DIFFERENT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/SCAN/, 'a page of SCAN ends where the keys of one node end'],
  [
    /SORT (BY and GET|refuses|of patterns|is stable)/,
    'BY and GET look for keys of other slots, which Redis Cluster refuses',
  ],
  [/introspection/, 'DEBUG tells of the node it is asked of'],
  [
    /served in order across keys|hands on from client to client/,
    'they wait for keys of several nodes in one request, which is refused, and so for replies that never come',
  ],
  [/expires/, 'times of a few milliseconds are over before another node has looked'],
  [
    /a flush touches/,
    'a flush counts as a change of watched keys that another node acts for, even of missing ones',
  ],
]

const sampled = {
  bits,
  strings,
  hashes,
  lists,
  sets,
  'sorted sets': sortedSets,
  keys,
  transactions,
}
/** Whom a message reaches, and who is served first, is what nodes settle among themselves. */
const whole = { 'pub/sub': pubSub, blocking }

function casesOf(families: Readonly<Record<string, readonly Case[]>>): Case[] {
  return Object.entries(families).flatMap(([family, cases]) => {
    // What CONFIG SET changes is changed on one node.
    const alike = cases.filter(({ config, name }) => {
      return config === undefined && !DIFFERENT.some(([pattern]) => pattern.test(name))
    })
    return alike.map((one): Case => ({ ...one, name: `${family}: ${one.name}` }))
  })
}

conformance(
  'through a mesh',
  [...casesOf(sampled).filter((_, at) => at % SAMPLE_EVERY === 0), ...casesOf(whole)],
  { startOurs: startDividedSubject, meantToDiffer: /^CROSSSLOT / },
)
