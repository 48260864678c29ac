/* Seeds by name: what they stand for, when they are asked again, and that no silence makes anybody leave. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { SeedNames } from '../../src/mesh/seed-names.ts'
import { Clock } from './mesh-world.ts'

function stageOf(...words: string[]) {
  const clock = new Clock()
  const book: Record<string, string[]> = {}
  const asked: string[] = []
  const said: string[] = []
  const seeds = new SeedNames(words, 16379, {
    monotonicMs: () => clock.nowMs,
    after: (ms, run) => clock.after(ms, run),
    resolve: (name, answered) => {
      asked.push(name)
      clock.after(5, () => answered(book[name] ?? [], 'ENOTFOUND'))
    },
    onTrouble: (name, why) => said.push(`${name}: ${why}`),
    onRelief: (name, addresses) => said.push(`${name} is ${addresses.join()}`),
  })
  const told: string[] = []
  const stage = { clock, book, asked, said, seeds, told, alive: 1 }
  const follow = () =>
    seeds.follow(
      () => stage.alive,
      (addresses) => told.push(addresses.join()),
    )
  const begin = (): string[] => {
    seeds.ask(() => told.push('ready'))
    clock.run(10)
    follow()
    told.length = 0
    asked.length = 0
    return seeds.addresses
  }
  return Object.assign(stage, { begin })
}

test('addresses are themselves, and nobody is asked for them', () => {
  const { asked, begin, clock, seeds } = stageOf('10.0.0.1:1', '[fe80::1]:2', '10.0.0.1:1')
  let isDone = false
  seeds.ask(() => {
    isDone = true
  })
  assert.ok(isDone, 'there is nothing to wait for')
  assert.deepEqual(begin(), ['10.0.0.1:1', '[fe80::1]:2'])
  clock.run(100_000)
  assert.deepEqual(asked, [])
})

test('a name stands for its first address, a dns:// name for all of them in one order', () => {
  const stage = stageOf('one:7', 'dns://many:8', 'dns://many')
  stage.book.one = ['10.0.0.9', '10.0.0.8']
  stage.book.many = ['10.0.0.3', 'fe80::2', '10.0.0.1']
  assert.deepEqual(stage.begin(), [
    '10.0.0.9:7',
    ...['10.0.0.1:8', '10.0.0.3:8', '[fe80::2]:8'],
    ...['10.0.0.1:16379', '10.0.0.3:16379', '[fe80::2]:16379'],
  ])
})

test('a name without an answer stays a seed of its own, so that its node founds nothing meanwhile', () => {
  const stage = stageOf('dns://many')
  assert.deepEqual(stage.begin(), ['many:16379'])
  assert.deepEqual(stage.said, ['many: ENOTFOUND'])
  stage.clock.run(20_000)
  assert.deepEqual(stage.said, ['many: ENOTFOUND'], 'said once')
  stage.book.many = ['10.0.0.1']
  stage.clock.run(40_000)
  assert.deepEqual(stage.told, ['10.0.0.1:16379'])
  assert.deepEqual(stage.said.at(-1), 'many is 10.0.0.1')
})

test('while alone names are asked again, ever more rarely, and only now and then once somebody is there', () => {
  const stage = stageOf('dns://many')
  stage.begin()
  stage.clock.run(10_000)
  assert.ok(stage.asked.length >= 3 && stage.asked.length <= 5, `${stage.asked.length}`)
  stage.clock.run(200_000)
  const rare = stage.asked.length
  stage.clock.run(300_000)
  assert.ok(stage.asked.length - rare <= 11, `${stage.asked.length - rare} in five minutes`)
  stage.alive = 3
  stage.clock.run(40_000)
  stage.asked.length = 0
  stage.clock.run(1_200_000)
  assert.ok(stage.asked.length >= 19 && stage.asked.length <= 20, `${stage.asked.length} in twenty minutes`)
})

test('when somebody is lost names are asked at once, then more often for a while', () => {
  const stage = stageOf('dns://many')
  stage.book.many = ['10.0.0.1', '10.0.0.2']
  stage.begin()
  stage.alive = 3
  stage.clock.run(5000)
  stage.asked.length = 0
  stage.alive = 2
  stage.book.many = ['10.0.0.1', '10.0.0.7']
  stage.clock.run(1100)
  assert.deepEqual(stage.asked, ['many'])
  assert.deepEqual(stage.told, ['10.0.0.1:16379,10.0.0.7:16379'])
  stage.clock.run(100_000)
  assert.ok(stage.asked.length >= 3 && stage.asked.length <= 5, `${stage.asked.length}`)
  stage.clock.run(900_000)
  stage.asked.length = 0
  stage.clock.run(900_000)
  assert.ok(stage.asked.length <= 15, `${stage.asked.length} in a quarter of an hour`)
})

test('an answer that fails takes no address away', () => {
  const stage = stageOf('dns://many')
  stage.book.many = ['10.0.0.1']
  stage.begin()
  delete stage.book.many
  stage.clock.run(100_000)
  assert.deepEqual(stage.seeds.addresses, ['10.0.0.1:16379'])
  assert.deepEqual(stage.told, [])
})

test('a resolver that never answers is not asked twice, and who stops is told nothing', () => {
  const clock = new Clock()
  const answers: ((addresses: string[]) => void)[] = []
  const seeds = new SeedNames(['dns://many'], 1, {
    monotonicMs: () => clock.nowMs,
    after: (ms, run) => clock.after(ms, run),
    resolve: (_name, answered) => answers.push(answered),
    onTrouble: () => {},
    onRelief: () => {},
  })
  const told: string[] = []
  seeds.follow(
    () => 1,
    (addresses) => told.push(addresses.join()),
  )
  clock.run(500_000)
  assert.equal(answers.length, 1)
  seeds.stop()
  answers[0]!(['10.0.0.1'])
  assert.deepEqual(told, [])
})
