/*
 * Every way in which three owners can differ about one key, with every late message and every repair on top: what was
 * removed, or expired, never comes back, and what lives never vanishes.
 *
 * The idea: a combination is a key, and thousands of them share one world of three real owners. What was acknowledged
 * is with at least two of them; the third may have missed it, or lost its memory of the key. Where tombstones may have
 * been collected, that nothing is known of a key proves nothing. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { writeRemoval, writeStringEntry } from '../../src/replication/entry-transfer.ts'
import { ByteWriter } from '../../src/store/byte-writer.ts'
import { Hlc } from '../../src/hlc.ts'
import { OwnersWorld, slotOfKey, type WorldNode } from './owners-world.ts'

type End = 'removed' | 'rewritten' | 'expired'
/** What an owner knows: `collected` had heard of the removal and has forgotten it. */
type State = 'old' | 'new' | 'lost' | 'collected'
type Hint = { readonly what: 'none' | 'old' | 'new'; readonly to: number; readonly when: 'before' | 'after' }
type Repair = readonly number[]

interface Combination {
  readonly key: string
  readonly end: End
  readonly states: readonly State[]
  readonly hint: Hint
  /** Whoever has the expired value has met it since. */
  readonly isSeen: boolean
}

interface Bytes {
  readonly old: Buffer
  readonly new: Buffer
}

const OWNERS = [0, 1, 2]
const REPAIRS: readonly Repair[] = [[], [0], [1], [2], [0, 1, 2]]
const HINTS: readonly Hint[] = [
  { what: 'none', to: 0, when: 'before' },
  ...(['old', 'new'] as const).flatMap((what) =>
    OWNERS.flatMap((to) => (['before', 'after'] as const).map((when) => ({ what, to, when }))),
  ),
]

/** Who has it knows of the end; the other third may know anything. */
function statesOf(end: End, isCollecting: boolean): State[][] {
  const all: State[] =
    isCollecting && end === 'removed' ? ['old', 'new', 'lost', 'collected'] : ['old', 'new', 'lost']
  const triples = all.flatMap((a) => all.flatMap((b) => all.map((c) => [a, b, c])))
  return triples.filter(
    (states) => states.filter((state) => state === 'new' || state === 'collected').length >= 2,
  )
}

function combinations(prefix: string, isCollecting: boolean): Combination[] {
  const made: Combination[] = []
  for (const end of ['removed', 'rewritten', 'expired'] as const)
    for (const states of statesOf(end, isCollecting))
      for (const hint of HINTS)
        for (const isSeen of end === 'expired' ? [false, true] : [false])
          made.push({ key: `${prefix}:${made.length}`, end, states, hint, isSeen })
  return made
}

function describe({ end, hint, isSeen, key, states }: Combination, repair: Repair): string {
  const late = hint.what === 'none' ? 'no hint' : `hint of the ${hint.what} to ${hint.to} ${hint.when} repair`
  return `${key}: ${end}${isSeen ? ' and seen' : ''}, owners ${states.join()}, ${late}, repaired by ${repair.join() || 'nobody'}`
}

class Matrix {
  readonly world = OwnersWorld.settled(3)
  readonly #isCollecting: boolean
  readonly #hlc = new Hlc()
  readonly #bytes = new Map<string, Bytes>()

  constructor(isCollecting: boolean) {
    this.#isCollecting = isCollecting
    for (const { tombstones } of this.world.nodes) tombstones.keepsExpired = true
  }

  run(repair: Repair, prefix: string): Combination[] {
    const all = combinations(prefix, this.#isCollecting)
    for (const combination of all) this.#write(combination)
    const made = this.#hlc.last
    this.world.run(4000)
    // As old as whatever has been collected by now.
    if (this.#isCollecting) for (const { tombstones } of this.world.nodes) tombstones.noteForgotten(made)
    for (const { isSeen, key } of all) if (isSeen) for (const node of this.world.nodes) node.look(key)
    this.#hint(all, 'before')
    this.#repair(repair)
    this.#hint(all, 'after')
    this.#repair(repair)
    return all
  }

  #write({ end, key, states }: Combination): void {
    const { world } = this
    const nowMs = world.nodes[0]!.wallMs()
    const term = world.nodes[world.firstOwner(slotOfKey(key))]!.space.terms[slotOfKey(key)]!
    const old = put(key, 'old', 0, this.#hlc.next(nowMs, 0), term)
    const version = this.#hlc.next(nowMs, 0)
    const last =
      end === 'removed' ? removal(key, version, term) : put(key, 'new', expiryOf(end, nowMs), version, term)
    this.#bytes.set(key, { old, new: last })
    for (const [at, node] of world.nodes.entries()) {
      if (states[at] === 'old' || states[at] === 'new') node.replica.onTransfer(old, nowMs)
      if (states[at] === 'new') node.replica.onTransfer(last, nowMs)
    }
  }

  #hint(all: readonly Combination[], when: Hint['when']): void {
    for (const { hint, key } of all) {
      if (hint.what === 'none' || hint.when !== when) continue
      const node = this.world.nodes[hint.to]!
      node.replica.onSent(this.#bytes.get(key)![hint.what], node.wallMs())
    }
  }

  #repair(repair: Repair): void {
    // What one learns from its second peer the first may lack: a second time everybody has everything.
    for (let round = 0; round < 2; round++) {
      for (const at of repair) this.world.nodes[at]!.repair.antiEntropy.order(-1)
      this.world.run(2500)
    }
  }
}

function expiryOf(end: End, nowMs: number): number {
  return end === 'expired' ? nowMs + 1000 : 0
}

function put(key: string, value: string, expiryMs: number, version: number, term: number): Buffer {
  const out = new ByteWriter()
  writeStringEntry(0, Buffer.from(key), Buffer.from(value), expiryMs, version, term, out)
  return out.copy()
}

function removal(key: string, version: number, term: number): Buffer {
  const out = new ByteWriter()
  writeRemoval(0, Buffer.from(key), 0, key.length, version, term, out)
  return out.copy()
}

function valueAt(node: WorldNode, key: string): string {
  const { here, ref } = node.look(key)
  if (here !== 'entry') return ''
  const { entries } = node.space
  const start = entries.valueStart(ref)
  return entries.valueBuffer(ref).toString('latin1', start, start + entries.valueLength(ref))
}

for (const isCollecting of [false, true]) {
  const title = isCollecting ? 'tombstones may have been collected' : 'all tombstones are kept'
  test(`where ${title}, no combination brings back what is gone, or loses what lives`, () => {
    const matrix = new Matrix(isCollecting)
    let count = 0
    for (const repair of REPAIRS) {
      for (const combination of matrix.run(repair, `r${repair.join('')}`)) {
        count++
        const { end, key, states } = combination
        const wanted = end === 'rewritten' ? 'new' : ''
        for (const [at, node] of matrix.world.nodes.entries()) {
          const isToHold = repair.length === 3 || states[at] === 'new' || states[at] === 'collected'
          if (isToHold)
            assert.equal(valueAt(node, key), wanted, `owner ${at}, ${describe(combination, repair)}`)
        }
      }
    }
    assert.ok(count > (isCollecting ? 3000 : 1500), `${count} combinations`)
  })
}
