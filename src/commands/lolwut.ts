/**
 * Lolwut [Table]: LOLWUT: a mesh, drawn: nodes on a ring, each holding hands with some others. VERSION n chooses the
 * drawing, and two more numbers its width and height; without it every drawing is a new one.
 */
import { REDIS_VERSION, VERSION } from '../version.ts'
import { NOT_AN_INTEGER } from './arguments.ts'
import type { Call } from './call.ts'
import { type Command, FAST, READONLY } from './command.ts'

const WIDTH = 66
const HEIGHT = 22
const WIDTH_RANGE = [20, 160] as const
const HEIGHT_RANGE = [8, 60] as const

function lolwut(call: Call): void {
  const { args, reply, node } = call
  let seed = node.ports.random32()
  let width = WIDTH
  let height = HEIGHT
  if (args.count >= 3 && args.is(1, 'VERSION')) {
    const numbers: number[] = []
    for (let i = 2; i < Math.min(args.count, 5); i++) numbers.push(call.integer(i))
    if (numbers.some((number) => Number.isNaN(number))) {
      reply.error(NOT_AN_INTEGER)
      return
    }
    seed = numbers[0]! | 0
    width = within(numbers[1] ?? WIDTH, WIDTH_RANGE)
    height = within(numbers[2] ?? HEIGHT, HEIGHT_RANGE)
  }
  const picture = drawMesh(seed, width, height)
  reply.verbatim('txt', `${picture}\nhypercache ${VERSION}, Redis ver. ${REDIS_VERSION}\n`)
}

function within(number: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, number))
}

/** The same seed and size draw the same mesh. */
export function drawMesh(seed: number, width: number, height: number): string {
  const grid = Array.from({ length: height }, () => new Array<string>(width).fill(' '))
  const random = sequence(seed)
  const count = 5 + Math.floor(random() * 5)
  const turn = random() * 2 * Math.PI
  const nodes = Array.from({ length: count }, (_, i) => {
    const angle = turn + (2 * Math.PI * i) / count
    const x = Math.round((width - 5) / 2 + ((width - 5) / 2) * Math.cos(angle)) + 1
    return { x, y: Math.round(((height - 1) / 2) * (1 + Math.sin(angle))) }
  })
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const isNeighbour = b === a + 1 || (a === 0 && b === count - 1)
      if (isNeighbour || random() < 0.35) drawLine(grid, nodes[a]!, nodes[b]!, isNeighbour ? '.' : "'")
    }
  }
  for (const { x, y } of nodes) for (const [i, mark] of ['(', '@', ')'].entries()) grid[y]![x - 1 + i] = mark
  return grid.map((row) => row.join('').trimEnd()).join('\n')
}

interface Point {
  readonly x: number
  readonly y: number
}

function drawLine(grid: string[][], from: Point, to: Point, mark: string): void {
  const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y) * 2, 1)
  for (let step = 0; step <= steps; step += 2) {
    const share = step / steps
    const x = Math.round(from.x + (to.x - from.x) * share)
    grid[Math.round(from.y + (to.y - from.y) * share)]![x] = mark
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const lolwutCommand: Command = {
  name: 'lolwut',
  arity: -1,
  flags: READONLY | FAST,
  group: 'server',
  serve: lolwut,
  since: '5.0.0',
  complexity: 'O(1)',
  syntax: '[VERSION version [columns] [rows]]',
  summary: 'Draws a mesh and tells the version',
}
