import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type Decision,
  decide,
  type Here,
  type Incoming,
  RECONCILIATION,
  supersedes,
} from '../../src/replication/resolve.ts'
import { Prng } from '../support/prng.ts'

const INCOMING: readonly Incoming[] = ['put', 'remove', 'run', 'expire']
const HERE: readonly Here[] = ['nothing', 'entry', 'tombstone']
const VERSIONS = [1, 2, 3, 4]
const TERMS = [7, 8]

test('the higher term wins, and within one term the higher version; nothing beats itself', () => {
  assert.ok(supersedes(1, 9, 2, 1))
  assert.ok(!supersedes(2, 1, 1, 9))
  assert.ok(supersedes(2, 7, 1, 7))
  assert.ok(!supersedes(2, 1, 2, 1))
  assert.ok(supersedes(1, 0, 0, 0))
})

test('of any two writes exactly one wins, and winning is handed on', () => {
  const writes = VERSIONS.flatMap((version) => TERMS.map((term) => [version, term] as const))
  for (const [av, ao] of writes) {
    for (const [bv, bo] of writes) {
      const isSame = av === bv && ao === bo
      assert.equal(Number(supersedes(av, ao, bv, bo)) + Number(supersedes(bv, bo, av, ao)), isSame ? 0 : 1)
      for (const [cv, co] of writes)
        if (supersedes(av, ao, bv, bo) && supersedes(bv, bo, cv, co)) assert.ok(supersedes(av, ao, cv, co))
    }
  }
})

/** Said once more in words of its own, so that table and order of its columns are both held to it. */
function expected(
  incoming: Incoming,
  base: number,
  doesFit: boolean,
  isNewer: boolean,
  isSame: boolean,
  here: Here,
): Decision {
  if (isSame) return incoming === 'remove' && here === 'entry' ? 'apply' : 'done'
  if (!isNewer) return 'ahead'
  if (incoming === 'put' || incoming === 'remove') return 'apply'
  if (here === 'entry') return doesFit ? 'apply' : 'gap'
  if (incoming === 'expire') return 'gap'
  return base === 0 ? 'apply' : 'gap'
}

test('every meeting of an effect with an entry, a tombstone or nothing ends as the table says', () => {
  const met = new Set<string>()
  for (const incoming of INCOMING) {
    for (const here of HERE) {
      for (const hereVersion of here === 'nothing' ? [0] : VERSIONS) {
        for (const hereTerm of here === 'nothing' ? [0] : TERMS) {
          for (const version of VERSIONS) {
            for (const term of TERMS) {
              for (let base = 0; base < version; base++) {
                const isNewer = term * 16 + version > hereTerm * 16 + hereVersion
                const isSame = version === hereVersion && term === hereTerm
                for (const baseTerm of base === 0 ? [0] : TERMS) {
                  const decision = decide(
                    incoming,
                    base,
                    baseTerm,
                    version,
                    term,
                    here,
                    hereVersion,
                    hereTerm,
                  )
                  const doesFit = base === hereVersion && baseTerm === hereTerm
                  assert.equal(decision, expected(incoming, base, doesFit, isNewer, isSame, here))
                  met.add(`${incoming} ${here} ${decision}`)
                }
              }
            }
          }
        }
      }
    }
  }
  // What can be met has been met: per effect and state each decision of its row, `nothing` being never newer.
  for (const incoming of INCOMING) {
    for (const here of HERE) {
      const row = RECONCILIATION[incoming][here]
      for (const decision of here === 'nothing' ? row.slice(2) : row)
        assert.ok(met.has(`${incoming} ${here} ${decision}`), `${incoming} ${here} ${decision}`)
    }
  }
})

test('what was built on a version of one term does not fit the same version of another', () => {
  assert.equal(decide('run', 7, 1, 9, 1, 'entry', 7, 1), 'apply')
  assert.equal(decide('run', 7, 1, 9, 3, 'entry', 7, 2), 'gap')
})

test('puts and removals of one key end the same in whatever order they come', () => {
  const random = new Prng(5)
  for (let round = 0; round < 500; round++) {
    const writes = Array.from({ length: 5 }, (_, i) => ({
      incoming: random.chance(0.5) ? ('put' as const) : ('remove' as const),
      version: 1 + random.below(3),
      term: i,
    }))
    const ends = [0, 1, 2].map(() => {
      const order = writes.concat(writes).sort(() => random.fraction() - 0.5)
      let [here, version, term]: [Here, number, number] = ['nothing', 0, 0]
      for (const write of order) {
        if (decide(write.incoming, 0, 0, write.version, write.term, here, version, term) !== 'apply') continue
        here = write.incoming === 'put' ? 'entry' : 'tombstone'
        version = write.version
        term = write.term
      }
      return `${here} ${version} ${term}`
    })
    assert.equal(new Set(ends).size, 1)
  }
})
