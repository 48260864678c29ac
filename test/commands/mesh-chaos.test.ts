/*
 * MESH CHAOS: who may, what it sets, and that it sets nothing when it refuses.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Faults } from '../../src/mesh/faults.ts'
import { idOf, member, meshOf, plain, Stage } from './mesh-double.ts'

function stageOf() {
  const ports = { monotonicMs: () => 0, random: () => 0.5, after: () => {} }
  const faults = new Faults(ports)
  const nodes = [member('a'), member('b'), member('c')]
  const stage = new Stage({ 'enable-debug-command': 'yes' }, meshOf(nodes, [], { faults }))
  return { faults, stage }
}

const B = '10.0.0.2:17000'
const C = '10.0.0.3:17000'

test('MESH CHAOS is closed as DEBUG is, and open as DEBUG is', () => {
  const closed = new Stage({}, meshOf([member('a')], []))
  assert.match(closed.text('MESH CHAOS STATUS'), /^ERR MESH CHAOS command not allowed\. If the enable-debug-/)
  assert.match(closed.text('DEBUG SLEEP 0'), /^ERR DEBUG command not allowed\. If the enable-debug-/)
  assert.equal(stageOf().stage.text('MESH CHAOS CLEAR'), 'OK')
})

test('MESH CHAOS of a node alone has nothing to disturb', () => {
  const stage = new Stage({ 'enable-debug-command': 'yes' })
  assert.match(stage.text('MESH CHAOS CLEAR'), /^ERR this node stands alone/)
})

test('MESH CHAOS DROP and DELAY concern all peers, or those that are named', () => {
  const { faults, stage } = stageOf()
  assert.equal(stage.text('MESH CHAOS DROP 12.5'), 'OK')
  assert.equal(stage.text('mesh chaos delay 5 20 node-b'), 'OK')
  assert.deepEqual([faults.of(C).dropShare, faults.of(C).delayMsMax], [0.125, 0])
  assert.deepEqual([faults.of(B).dropShare, faults.of(B).delayMsMin, faults.of(B).delayMsMax], [0.125, 5, 20])
})

test('MESH CHAOS PARTITION, DEAFEN and MUTE cut nodes off by name or id, both ways or one', () => {
  const { faults, stage } = stageOf()
  const cuts = (): boolean[] => [B, C].flatMap((at) => [faults.of(at).isCutIn, faults.of(at).isCutOut])
  assert.equal(stage.text(`MESH CHAOS PARTITION node-b ${idOf('c')}`), 'OK')
  assert.deepEqual(cuts(), [true, true, true, true])
  assert.equal(stage.text('MESH CHAOS CLEAR'), 'OK')
  assert.deepEqual([cuts(), faults.isOn], [[false, false, false, false], false])
  stage.say('MESH CHAOS DEAFEN node-b')
  stage.say('MESH CHAOS MUTE node-c')
  assert.deepEqual(cuts(), [true, false, false, true])
})

test('MESH CHAOS PAUSE halts a node towards everybody', () => {
  const { faults, stage } = stageOf()
  assert.equal(stage.text('MESH CHAOS PAUSE'), 'OK')
  assert.deepEqual([faults.of(B).isCutIn, faults.of(C).isCutOut], [true, true])
})

test('MESH CHAOS STATUS names what is set', () => {
  const { stage } = stageOf()
  stage.say('MESH CHAOS DELAY 5 20')
  stage.say('MESH CHAOS MUTE node-c')
  const rest = ['hears', 'yes', 'is-heard'] as const
  assert.deepEqual(plain(stage.say('MESH CHAOS STATUS')), [
    ...['on', 'yes', 'frames-dropped', 0, 'wires-broken', 0, 'writes-held', 0, 'faults'],
    [
      ['node', '*', 'drop-percent', '0', 'delay-ms', '5-20', ...rest, 'yes'],
      ['node', 'node-c', 'drop-percent', '0', 'delay-ms', '5-20', ...rest, 'no'],
    ],
  ])
})

test('MESH CHAOS changes nothing when it refuses', () => {
  const { faults, stage } = stageOf()
  const misused = ['BOGUS', 'DROP', 'DELAY 5', 'PARTITION', 'PAUSE 5', 'CLEAR node-b']
  for (const words of misused)
    assert.match(stage.text(`MESH CHAOS ${words}`), /^ERR unknown subcommand or wrong number/, words)
  for (const bad of ['-1', '101', 'x', '1e1'])
    assert.match(stage.text(`MESH CHAOS DROP ${bad}`), /^ERR percent must be/, bad)
  for (const bad of ['5 4', '0 600001', 'x 1'])
    assert.match(stage.text(`MESH CHAOS DELAY ${bad}`), /^ERR delays must be/, bad)
  assert.equal(stage.text('MESH CHAOS PARTITION node-b node-z'), 'ERR Unknown node node-z')
  assert.equal(stage.text('MESH CHAOS PARTITION node-a'), 'ERR Unknown node node-a', 'not from itself')
  assert.equal(faults.isOn, false)
})

test('MESH HELP tells of CHAOS', () => {
  const help = String(plain(stageOf().stage.say('MESH HELP')))
  for (const word of ['DROP', 'DELAY', 'PARTITION', 'PAUSE', 'CLEAR', 'STATUS'])
    assert.match(help, new RegExp(`CHAOS.*\\b${word}\\b`))
})
