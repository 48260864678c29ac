/*
 * A process whose garbage lives for a while: prints how many times what is alive its heap has grown to.
 *
 * The idea: objects that outlive two collections of the young are garbage only to a collection of everything, so the heap
 * grows until V8 begins one. Shape: door (tests only).
 */
import v8 from 'node:v8'
import vm from 'node:vm'
import { boundGarbage } from '../../src/system.ts'

const [ALIVE, ROUNDS, ROUND_OBJECTS, LIFE_ROUNDS] = [500_000, 1500, 2000, 100]

function objects(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({ i, list: [i] }))
}

boundGarbage()
v8.setFlagsFromString('--expose-gc')
const alive = objects(ALIVE)
vm.runInNewContext('gc')()
const aliveBytes = process.memoryUsage().heapUsed
const young: object[][] = []
let mostBytes = 0
for (let round = 0; round < ROUNDS; round++) {
  young[round % LIFE_ROUNDS] = objects(ROUND_OBJECTS)
  mostBytes = Math.max(mostBytes, process.memoryUsage().heapUsed)
}
console.log(alive.length === ALIVE ? mostBytes / aliveBytes : Number.NaN)
