/*
 * MESH: what it shows of a mesh written down here, and the levels of a connection.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { KeyStanding, MeshFace } from '../../src/session/mesh-face.ts'
import { idOf, member, meshOf, plain, Stage } from './mesh-double.ts'

const NODES = [member('a', { roles: ['dc-north'] }), member('b', { health: 'suspect', isLinkUp: false })]
const RANGES = [
  { first: 0, last: 8191, owners: [0, 1] },
  { first: 8192, last: 16383, owners: [1] },
]

function standing(slot: number): KeyStanding {
  return {
    slot,
    owners: [
      { id: idOf('b'), name: 'node-b', health: 'suspect' },
      { id: idOf('a'), name: 'node-a', health: 'online' },
    ],
    actingPrimary: idOf('a'),
    isServedHere: true,
    explanation: 'node-b is suspected',
  }
}

function stageOf(changes: Partial<MeshFace> = {}): Stage {
  return new Stage({}, meshOf(NODES, RANGES, { explainSlot: standing, ...changes }))
}

test('MESH MEMBERS tells who is there and how each is doing', () => {
  const [a, b] = plain(stageOf().say('MESH MEMBERS')) as unknown[][]
  // biome-ignore format: names beside their values
  assert.deepEqual(a, [
    'name', 'node-a', 'id', idOf('a'), 'self', 'yes', 'host', '10.0.0.1', 'port', 7000, 'bus-port', 17000,
    'http-port', 9000, 'roles', ['dc-north'], 'status', 'up', 'health', 'online', 'link', 'connected', 'circuit', 'none',
    'answer-ms', '0.3', 'weight', 64, 'primary-slots', 8192,
  ])
  assert.deepEqual(b!.slice(18, 22), ['health', 'suspect', 'link', 'disconnected'])
})

test('MESH answers maps to a client of RESP3', () => {
  const stage = stageOf()
  stage.say('HELLO 3')
  assert.equal(stage.say('MESH RING').type, 'map')
  assert.equal(stage.say('MESH CONSISTENCY').type, 'map')
  assert.equal(stage.say('MESH INFO').type, 'map')
})

test('MESH RING tells who owns what, in rank order', () => {
  // biome-ignore format: names beside their values
  assert.deepEqual(plain(stageOf().say('MESH RING')), [
    'state', 'ok', 'epoch', 3, 'fingerprint', '0123456789abcdef', 'ranges', [
      ['first', 0, 'last', 8191, 'owners', ['node-a', 'node-b']],
      ['first', 8192, 'last', 16383, 'owners', ['node-b']],
    ],
  ])
})

test('MESH OWNERS and EXPLAIN tell where a key lives, and why it is served by whom', () => {
  const stage = stageOf()
  assert.deepEqual(plain(stage.say('MESH OWNERS foo')), [
    ['name', 'node-b', 'id', idOf('b'), 'health', 'suspect', 'acts-as', 'replica'],
    ['name', 'node-a', 'id', idOf('a'), 'health', 'online', 'acts-as', 'primary'],
  ])
  // biome-ignore format: names beside their values
  assert.deepEqual(plain(stage.say('MESH EXPLAIN {foo}x')), [
    'slot', 12182, 'state', 'elsewhere', 'owners', ['node-b', 'node-a'], 'acting-primary', 'node-a', 'served-here', 'yes',
    'explanation', 'node-b is suspected',
  ])
  const unserved = stageOf({ explainSlot: (slot) => ({ ...standing(slot), actingPrimary: undefined }) })
  assert.equal((plain(unserved.say('MESH EXPLAIN foo')) as unknown[])[7], 'none')
  assert.equal(stage.text('MESH EXPLAIN SPLIT'), 'nothing is split')
  assert.equal(stage.text('MESH EXPLAIN split'), 'nothing is split')
})

test('MESH HINTS tells what is kept for whom', () => {
  const hints = [{ nodeId: idOf('b'), count: 3, bytes: 300, oldestMs: 17 }]
  assert.deepEqual(plain(stageOf({ hints: () => hints }).say('MESH HINTS')), [
    ['name', 'node-b', 'id', idOf('b'), 'count', 3, 'bytes', 300, 'oldest-ms', 17],
  ])
})

test('MESH EVENTS gives as many as asked for', () => {
  const counts: number[] = []
  const stage = stageOf({
    events: (countMax) => {
      counts.push(countMax)
      return [{ atMs: 1, text: 'node-b is suspected' }]
    },
  })
  assert.deepEqual(plain(stage.say('MESH EVENTS')), [['at-ms', 1, 'event', 'node-b is suspected']])
  stage.say('MESH EVENTS 5')
  for (const bad of ['0', '-1', 'x', '1001'])
    assert.equal(stage.text(`MESH EVENTS ${bad}`), 'ERR count must be between 1 and 1000')
  assert.match(
    stage.text('MESH EVENTS 5 5'),
    /^ERR unknown subcommand or wrong number of arguments for 'EVENTS'/,
  )
  assert.deepEqual(counts, [20, 5])
})

test('MESH INFO and the section of INFO tell the same figures', () => {
  const stage = stageOf({
    figures: () => [
      ['mesh_state', 'ok'],
      ['mesh_ratio', 0.5],
      ['mesh_nodes', 2],
    ],
  })
  assert.deepEqual(plain(stage.say('MESH INFO')), ['mesh_state', 'ok', 'mesh_ratio', '0.5', 'mesh_nodes', 2])
  assert.equal(stage.text('INFO mesh'), '# Mesh\r\nmesh_state:ok\r\nmesh_ratio:0.5\r\nmesh_nodes:2\r\n')
})

test('MESH CONSISTENCY sets either level or both, for this connection, until RESET', () => {
  const stage = stageOf()
  const levels = (): unknown => plain(stage.say('MESH CONSISTENCY'))
  assert.deepEqual(levels(), ['read', 'one', 'write', 'quorum'])
  assert.equal(stage.text('MESH CONSISTENCY READ quorum'), 'OK')
  assert.deepEqual(levels(), ['read', 'quorum', 'write', 'quorum'])
  assert.equal(stage.text('mesh consistency write ALL read One'), 'OK')
  assert.deepEqual(levels(), ['read', 'one', 'write', 'all'])
  stage.say('RESET')
  assert.deepEqual(levels(), ['read', 'one', 'write', 'quorum'])
})

test('MESH CONSISTENCY changes nothing when it refuses', () => {
  const stage = stageOf()
  const refusals = [
    'READ',
    'READ all WRITE',
    'WRITE all READ two',
    'READ all READ all',
    'BOTH all',
    'READ all x',
  ]
  assert.deepEqual(
    refusals.map((words) => stage.text(`MESH CONSISTENCY ${words}`)),
    [
      ...['ERR syntax error', 'ERR syntax error', 'ERR consistency level must be one, quorum or all'],
      ...['ERR syntax error', 'ERR syntax error', 'ERR syntax error'],
    ],
  )
  assert.deepEqual(plain(stage.say('MESH CONSISTENCY')), ['read', 'one', 'write', 'quorum'])
})

test('RESET takes a connection back to the levels of the configuration', () => {
  const stage = new Stage({ 'read-consistency': 'all', 'write-consistency': 'one' })
  stage.say('MESH CONSISTENCY READ quorum')
  stage.say('RESET')
  assert.deepEqual(plain(stage.say('MESH CONSISTENCY')), ['read', 'all', 'write', 'one'])
})

test('MESH REPAIR begins comparisons, of all slots or of one, and says what they have found', () => {
  const slots: number[] = []
  const stage = stageOf({
    repair: (slot) => slots.push(slot),
    repairState: () => ({
      figures: [['cycles', 2]],
      cycleTimes: [{ upToMs: 8, count: 2 }],
      owners: [
        {
          ...{ nodeId: idOf('b'), state: 'waiting', verdict: 'clean', intervalMs: 30_000 },
          ...{ dueInMs: 5, comparedMsAgo: -1, slotsLeft: 0 },
        },
      ],
    }),
  })
  assert.deepEqual(plain(stage.say('MESH REPAIR')), ['slots', 'all', 'comparisons', 1])
  assert.deepEqual(plain(stage.say('MESH REPAIR all')), ['slots', 'all', 'comparisons', 2])
  assert.deepEqual(plain(stage.say('MESH REPAIR 16383')), ['slots', '16383', 'comparisons', 3])
  assert.deepEqual(slots, [-1, -1, 16_383])
  for (const wrong of ['16384', '-1', 'x', '1.5'])
    assert.match(stage.text(`MESH REPAIR ${wrong}`), /^ERR Invalid or out of range slot/)
  assert.match(stage.text('MESH REPAIR 1 2'), /^ERR unknown subcommand/)
  assert.deepEqual(plain(stage.say('MESH REPAIR STATUS')), [
    ...['cycles', 2, 'cycles-by-ms', [8, 2], 'owners'],
    // biome-ignore format: names beside their values
    [[
      'name', 'node-b', 'state', 'waiting', 'verdict', 'clean', 'interval-ms', 30_000, 'due-in-ms', 5,
      'compared-ms-ago', -1, 'slots-left', 0,
    ]],
  ])
})

test('DEBUG LOSE takes keys away without a trace', () => {
  const stage = new Stage({ 'enable-debug-command': 'yes' })
  for (let i = 0; i < 20; i++) stage.say(`SET k${i} v`)
  const { space } = stage.node
  assert.match(stage.text('DEBUG LOSE 101'), /^ERR percent/)
  assert.equal(stage.text('DEBUG LOSE 0'), '0')
  assert.equal(stage.text('DEBUG LOSE 100'), '20')
  assert.equal(stage.text('DBSIZE'), '0')
  assert.ok(space.digest.sums.every((sum) => sum === 0))
})

test('MESH of a node alone says that it is alone', () => {
  const stage = new Stage({ id: 'solo', bind: '127.0.0.1' })
  assert.equal((plain(stage.say('MESH MEMBERS')) as unknown[][])[0]![1], 'solo')
  assert.match(stage.text('MESH EXPLAIN SPLIT'), /alone/)
  assert.match(String((plain(stage.say('MESH EXPLAIN key')) as unknown[])[11]), /alone/)
  for (const empty of ['HINTS', 'EVENTS']) assert.deepEqual(plain(stage.say(`MESH ${empty}`)), [])
  assert.match(stage.text('INFO mesh'), /^mesh_nodes:1\r$/m)
  assert.match(stage.text('MESH REPAIR'), /^ERR there is no other owner/)
  assert.match(stage.text('CLUSTER MEET 127.0.0.1 7000'), /^ERR this node stands alone/)
})

test('MESH HELP names every sub-command', () => {
  const help = String(plain(stageOf().say('MESH HELP')))
  for (const word of [
    'CONSISTENCY',
    'EVENTS',
    'EXPLAIN',
    'HINTS',
    'INFO',
    'MEMBERS',
    'OWNERS',
    'REPAIR',
    'RING',
  ])
    assert.match(help, new RegExp(`\\b${word}\\b`))
  assert.match(stageOf().text('MESH BOGUS'), /^ERR unknown subcommand 'BOGUS'. Try MESH HELP./)
})
