/**
 * Large sorted set [Machine]: a sorted set too large for its cell. The element table answers "which score", the
 * ranked tree "which place"; both hold the same elements. Also what results of set algebra are gathered in.
 */
import { ElementTable } from './element-table.ts'
import type { LargeValue } from './entries.ts'
import type { Keyspace } from './keyspace.ts'
import { RankedTree } from './ranked-tree.ts'

/** The JS objects of one large sorted set: table, tree, nodes and their fields. */
const OBJECT_BYTES = 512
const NO_VALUE = new Uint8Array(0)

export class LargeSortedSet implements LargeValue {
  readonly elements: ElementTable
  readonly tree: RankedTree

  constructor(space: Keyspace) {
    this.elements = new ElementTable(space.arena, space.index, space.ahead)
    this.tree = new RankedTree(space.arena, this.elements)
  }

  get count(): number {
    return this.elements.count
  }
  get bytes(): number {
    return OBJECT_BYTES + this.elements.apartBytes
  }
  get arenaBytes(): number {
    return this.elements.cellBytes + this.tree.cellBytes
  }

  /** Ref of the member's element, or 0. */
  find(member: Uint8Array, start: number, end: number): number {
    return this.elements.find(member, start, end)
  }

  /** Adds a member that is not in. */
  add(score: number, member: Uint8Array, start: number, end: number): void {
    this.tree.insert(this.addUnranked(score, member, start, end))
  }

  /** The same without giving it a place: scores may still change. `rankAll` must follow. */
  addUnranked(score: number, member: Uint8Array, start: number, end: number): number {
    return this.elements.insert(member, start, end, NO_VALUE, 0, 0, score)
  }

  rankAll(): void {
    this.elements.each((ref) => this.tree.insert(ref))
  }

  remove(ref: number): void {
    this.tree.remove(ref)
    this.elements.remove(ref)
  }

  release(): void {
    this.tree.release()
    this.elements.release()
  }
}
