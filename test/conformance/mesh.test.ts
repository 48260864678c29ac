/*
 * Scripts that one node passes, asked of a mesh: once at a node that owns none of the keys, and a sample of them where every
 * node has a third of the keys. What has keys with several nodes and is not put together is refused there
 * (-CROSSSLOT), as by Redis Cluster. Shape: test.
 */
import { startBrokeredSubject, startDividedSubject } from '../support/mesh-subject.ts'
import { conformance } from './runner.ts'
import type { Case } from './script.ts'
import { cases as hashes } from './scripts/hashes.ts'
import { cases as keys } from './scripts/keys.ts'
import { cases as lists } from './scripts/lists.ts'
import { cases as pubSub } from './scripts/pub-sub.ts'
import { cases as sets } from './scripts/sets.ts'
import { cases as sortedSets } from './scripts/sorted-sets.ts'
import { cases as strings } from './scripts/strings.ts'
import { cases as transactions } from './scripts/transactions.ts'

const SAMPLE_EVERY = 3

const families = {
  strings,
  hashes,
  lists,
  sets,
  'sorted sets': sortedSets,
  keys,
  transactions,
  'pub/sub': pubSub,
}
const all = Object.entries(families).flatMap(([family, cases]) => {
  // What CONFIG SET changes is changed on one node.
  const plain = cases.filter((one) => one.config === undefined)
  return plain.map((one): Case => ({ ...one, name: `${family}: ${one.name}` }))
})

conformance('at a node that owns nothing', all, { startOurs: startBrokeredSubject })
conformance(
  'where every node owns a third',
  all.filter((_, at) => at % SAMPLE_EVERY >= 0),
  { startOurs: startDividedSubject, meantToDiffer: /^CROSSSLOT / },
)
