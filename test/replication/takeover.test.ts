// What a node owes to those who owned its slots before, and to those who would take over from it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { three, write } from './owners-scenes.ts'
import { keyOf, OwnersWorld, slotOfKey, tableOf } from './owners-world.ts'

/** The first two of three have confirmed a write and are gone; the third has not heard of it, nor has one that came since. */
function confirmedByTwoThatAreGone() {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} confirmed`, second)
  const fourth = world.add()
  world.run(500)
  for (const number of [0, 1]) world.kill(number)
  return { world, key, third, fourth }
}

test('who begins to act has brought what nobody confirmed to a quorum before it serves', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} unconfirmed`, second)
  world.kill(0)
  for (let ms = 0; ms < 2000 && !second.serves(key); ms++) world.run(1)
  assert.equal(second.serves(key), true)
  assert.deepEqual([second.get(key), third.get(key)], ['unconfirmed', 'unconfirmed'])
})

test('new owners of whom only one owned the slot before wait until the others of those are heard', () => {
  const world = OwnersWorld.settled(5, 3)
  const key = keyOf(world, 0)
  const slot = slotOfKey(key)
  const owners = [...world.table.owners.subarray(slot * 3, slot * 3 + 3)]
  const others = [0, 1, 2, 3, 4].filter((number) => !owners.includes(number))
  const [first, second] = owners.map((number) => world.nodes[number]!)
  write(first!, `SET ${key} confirmed`, second!)
  for (const number of owners.slice(0, 2)) world.kill(number)
  const table = tableOf(world.nodes, 3)
  table.owners.set([owners[2]!, ...others], slot * 3)
  world.replace(table)
  const third = world.nodes[owners[2]!]!
  world.run(5000)
  assert.equal(third.serves(key), false)
  assert.equal(third.settling.isBereft(slot), true)
  for (const number of owners.slice(0, 2)) world.revive(number)
  world.run(3000)
  assert.equal(third.serves(key), true)
  assert.equal(third.get(key), 'confirmed')
})

test('an owner that waits for others is no witness to a new one, and so neither is the new one to it', () => {
  const { world, key, third, fourth } = confirmedByTwoThatAreGone()
  // The third is left alone, and then another comes that owes nobody anything.
  world.replace(tableOf([third], 1))
  world.run(500)
  world.replace(tableOf([third, fourth], 2))
  world.run(5000)
  assert.deepEqual([third.serves(key), fourth.serves(key)], [false, false])
  assert.equal(fourth.settling.isWhole(slotOfKey(key)), false)
  for (const number of [0, 1]) world.revive(number)
  world.run(3000)
  const [acting] = [third, fourth].filter((node) => node.serves(key))
  assert.deepEqual([acting?.get(key), fourth.settling.isWhole(slotOfKey(key))], ['confirmed', true])
})

test('that somebody acted does not mean that anybody served: owners before those are heard as well', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} confirmed`, second)
  const newcomers = [world.add(), world.add()]
  for (const node of newcomers) node.onOwners()
  world.run(500)
  for (const number of [0, 1]) world.kill(number)
  world.replace(tableOf([third], 1))
  world.run(500)
  world.replace(tableOf(newcomers, 2))
  world.run(5000)
  assert.deepEqual(
    newcomers.map((node) => node.serves(key)),
    [false, false],
  )
  for (const number of [0, 1]) world.revive(number)
  world.run(3000)
  const [acting] = newcomers.filter((node) => node.serves(key))
  assert.equal(acting?.get(key), 'confirmed')
})

test('who acts no longer goes on hearing those who owned the slot before, for others wait for it', () => {
  const { world, key, third, fourth } = confirmedByTwoThatAreGone()
  world.replace(tableOf([fourth, third], 2))
  world.run(500)
  assert.equal(third.settling.isBereft(slotOfKey(key)), true)
  // The third acted as long as the fourth was not ready.
  fourth.isReady = true
  world.refresh(false)
  for (const number of [0, 1]) world.revive(number)
  world.run(3000)
  assert.equal(third.settling.isBereft(slotOfKey(key)), false)
  const [acting] = [third, fourth].filter((node) => node.serves(key))
  assert.equal(acting?.get(key), 'confirmed')
})

test('they go on without when the data of the others is given up', () => {
  const world = OwnersWorld.settled(5, 3)
  const key = keyOf(world, 0)
  const slot = slotOfKey(key)
  const owners = [...world.table.owners.subarray(slot * 3, slot * 3 + 3)]
  const others = [0, 1, 2, 3, 4].filter((number) => !owners.includes(number))
  for (const number of owners.slice(0, 2)) world.kill(number)
  const table = tableOf(world.nodes, 3)
  table.owners.set([owners[2]!, ...others], slot * 3)
  world.replace(table)
  world.run(2000)
  const living = [owners[2]!, ...others].map((number) => world.nodes[number]!)
  assert.equal(living[0]!.serves(key), false)
  for (const node of living) for (const gone of owners.slice(0, 2)) node.settling.excuse(`n${gone}`)
  world.run(3000)
  assert.equal(living[0]!.serves(key), true)
})

test('an empty node alone in a new mesh does not speak for what the old one held', () => {
  const { world, key } = three()
  const again = world.restart(0)
  world.run(1)
  for (const number of [1, 2]) world.kill(number)
  world.replace(tableOf([again], 1))
  world.run(3000)
  assert.equal(again.serves(key), false)
})
