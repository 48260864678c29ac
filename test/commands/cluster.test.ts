/*
 * The mesh in Redis Cluster's words: several nodes, each primary of some slots and keeper of others. Lines and maps
 * are those that a redis-server 7.0.15 in a cluster of four answered.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hexIdOf } from '../../src/session/hex-id.ts'
import { idOf, member, meshOf, plain, Stage } from './mesh-double.ts'

const [A, B, C] = [idOf('a'), idOf('b'), idOf('c')]
const THREE = [member('a'), member('b'), member('c')]
const RANGES = [
  { first: 0, last: 99, owners: [0, 1] },
  { first: 100, last: 100, owners: [0, 2] },
  { first: 101, last: 8000, owners: [1, 2] },
  { first: 8001, last: 8001, owners: [0, 1] },
  { first: 8002, last: 16383, owners: [2, 0] },
]
const threeNodes = (): Stage => new Stage({}, meshOf(THREE, RANGES))

function lines(text: string): string[] {
  assert.ok(text.endsWith('\n'))
  return text.slice(0, -1).split('\n')
}

test('CLUSTER NODES has a line a node, with the slots it is primary of, ranges that touch joined', () => {
  assert.deepEqual(lines(threeNodes().text('CLUSTER NODES')), [
    `${A} 10.0.0.1:7000@17000 myself,master - 0 1700000000000 1 connected 0-100 8001`,
    `${B} 10.0.0.2:7000@17000 master - 0 1700000000000 2 connected 101-8000`,
    `${C} 10.0.0.3:7000@17000 master - 0 1700000000000 3 connected 8002-16383`,
  ])
})

test('a node that only keeps copies is told as the replica of a primary, with the epoch of that primary', () => {
  const ranges = [
    { first: 0, last: 9000, owners: [1, 0] },
    { first: 9001, last: 16383, owners: [2, 0] },
  ]
  const stage = new Stage({}, meshOf(THREE, ranges))
  assert.equal(
    lines(stage.text('CLUSTER NODES'))[0],
    `${A} 10.0.0.1:7000@17000 myself,slave ${B} 0 1700000000000 2 connected`,
  )
  assert.equal(stage.text('CLUSTER MYSHARDID'), hexIdOf(B))
  assert.equal(stage.text(`CLUSTER REPLICAS ${A}`), 'ERR The specified node is not a master')
})

test('CLUSTER NODES tells who is suspected, failed, cut off or still joining', () => {
  const nodes = [
    member('a'),
    member('b', { health: 'suspect', pingSentMs: 5, isLinkUp: false }),
    member('c', { health: 'failed', isLinkUp: false }),
    member('d', { status: 'joining' }),
    member('f', { host: 'f.example', hostname: 'f.example', weight: 0 }),
  ]
  const ranges = [{ first: 0, last: 16383, owners: [0, 1, 2] }]
  assert.deepEqual(lines(new Stage({}, meshOf(nodes, ranges)).text('CLUSTER NODES')).slice(1), [
    `${B} 10.0.0.2:7000@17000 slave,fail? ${A} 5 1700000000000 1 disconnected`,
    `${C} 10.0.0.3:7000@17000 slave,fail ${A} 0 1700000000000 1 disconnected`,
    `${idOf('d')} 10.0.0.4:7000@17000 handshake - 0 1700000000000 4 connected`,
    `${idOf('f')} f.example:7000@17000,f.example master - 0 1700000000000 6 connected`,
  ])
})

test('CLUSTER SLOTS names the owners of every range, none with nil in the place of a list', () => {
  const endpoint = (letter: string, host: string): unknown[] => [host, 7000, idOf(letter), []]
  const [a, b, c] = [endpoint('a', '10.0.0.1'), endpoint('b', '10.0.0.2'), endpoint('c', '10.0.0.3')]
  assert.deepEqual(plain(threeNodes().say('CLUSTER SLOTS')), [
    [0, 99, a, b],
    [100, 100, a, c],
    [101, 8000, b, c],
    [8001, 8001, a, b],
    [8002, 16383, c, a],
  ])
})

test('CLUSTER SLOTS leaves out replicas that have failed or have nothing yet, but never the primary', () => {
  const nodes = [
    member('a', { health: 'failed' }),
    member('b', { health: 'failed' }),
    member('c', { health: 'loading' }),
    member('d', { health: 'suspect' }),
  ]
  const stage = new Stage({}, meshOf(nodes, [{ first: 0, last: 16383, owners: [0, 1, 2, 3] }]))
  const [range] = plain(stage.say('CLUSTER SLOTS')) as unknown[][]
  assert.deepEqual(
    range!.slice(2).map((endpoint) => (endpoint as unknown[])[2]),
    [A, idOf('d')],
  )
})

test('CLUSTER SLOTS adds the name of a node whose address it tells', () => {
  const nodes = [member('a', { hostname: 'a.example' })]
  const stage = new Stage({}, meshOf(nodes, [{ first: 0, last: 16383, owners: [0] }]))
  assert.deepEqual(plain(stage.say('CLUSTER SLOTS')), [
    [0, 16383, ['10.0.0.1', 7000, A, ['hostname', 'a.example']]],
  ])
})

test('CLUSTER SHARDS has a shard a primary, with whoever keeps copies of any of its slots', () => {
  const shards = plain(threeNodes().say('CLUSTER SHARDS')) as unknown[][]
  const summary = shards.map(([, slots, , nodes]) => [
    slots,
    (nodes as unknown[][]).map((node) => [node[1], node[9]]),
  ])
  assert.deepEqual(summary, [
    [
      [0, 100, 8001, 8001],
      [
        [A, 'master'],
        [B, 'replica'],
        [C, 'replica'],
      ],
    ],
    [
      [101, 8000],
      [
        [B, 'master'],
        [C, 'replica'],
      ],
    ],
    [
      [8002, 16383],
      [
        [C, 'master'],
        [A, 'replica'],
      ],
    ],
  ])
})

test('CLUSTER SHARDS describes a node in the fields and words of Redis', () => {
  const nodes = [
    member('a', { host: 'a.example', hostname: 'a.example' }),
    member('b', { health: 'failed' }),
    member('c', { health: 'suspect' }),
    member('d', { health: 'loading' }),
    member('f', { status: 'joining' }),
  ]
  const stage = new Stage({}, meshOf(nodes, [{ first: 0, last: 16383, owners: [0, 1, 2, 3] }]))
  stage.say('HELLO 3')
  const reply = stage.say('CLUSTER SHARDS')
  assert.equal((reply.value as readonly { type: string }[])[0]!.type, 'map')
  const [shard] = plain(reply) as unknown[][]
  const members = shard![3] as unknown[][]
  // biome-ignore format: names beside their values
  assert.deepEqual(members[0], [
    'id', A, 'port', 7000, 'ip', 'a.example', 'endpoint', 'a.example', 'hostname', 'a.example',
    'role', 'master', 'replication-offset', 0, 'health', 'online',
  ])
  assert.deepEqual(
    members.map((one) => one.at(-1)),
    ['online', 'fail', 'online', 'loading'],
  )
  assert.equal((plain(reply) as unknown[]).length, 1, 'a newcomer has no shard yet')
})

test('a node without a place to keep data is a shard without slots', () => {
  const nodes = [member('a'), member('b', { weight: 0 })]
  const stage = new Stage({}, meshOf(nodes, [{ first: 0, last: 16383, owners: [0] }]))
  const shards = plain(stage.say('CLUSTER SHARDS')) as unknown[][]
  assert.deepEqual(shards[1]![1], [])
})

test('CLUSTER REPLICAS tells who keeps copies of what a node is primary of', () => {
  assert.deepEqual(plain(threeNodes().say(`CLUSTER REPLICAS ${A}`)), [
    `${B} 10.0.0.2:7000@17000 slave ${A} 0 1700000000000 1 connected`,
    `${C} 10.0.0.3:7000@17000 slave ${A} 0 1700000000000 1 connected`,
  ])
})

test('CLUSTER INFO counts slots, nodes and messages', () => {
  const stage = new Stage(
    {},
    meshOf(THREE, RANGES, {
      state: 'fail',
      slotsServed: 16000,
      slotsSuspect: 300,
      slotsFailed: 84,
      messageCounts: () => [
        { kind: 'ping', sent: 10, received: 8 },
        { kind: 'ack', sent: 8, received: 0 },
      ],
    }),
  )
  assert.deepEqual(stage.text('CLUSTER INFO').split('\r\n'), [
    ...['cluster_state:fail', 'cluster_slots_assigned:16384', 'cluster_slots_ok:16000'],
    ...['cluster_slots_pfail:300', 'cluster_slots_fail:84', 'cluster_known_nodes:3', 'cluster_size:3'],
    ...['cluster_current_epoch:3', 'cluster_my_epoch:1'],
    ...['cluster_stats_messages_ping_sent:10', 'cluster_stats_messages_ack_sent:8'],
    ...['cluster_stats_messages_sent:18', 'cluster_stats_messages_ping_received:8'],
    ...['cluster_stats_messages_received:8', 'total_cluster_links_buffer_limit_exceeded:0', ''],
  ])
})

test('CLUSTER LINKS tells of each connection', () => {
  const link = { direction: 'to', nodeId: B, createdMs: 5, events: 'rw' } as const
  const links = [{ ...link, sendBufferAllocated: 4096, sendBufferUsed: 17 }]
  // biome-ignore format: names beside their values
  assert.deepEqual(plain(new Stage({}, meshOf(THREE, RANGES, { links: () => links })).say('CLUSTER LINKS')), [
    ['direction', 'to', 'node', B, 'create-time', 5, 'events', 'rw', 'send-buffer-allocated', 4096, 'send-buffer-used', 17],
  ])
})

test('MEET, FORGET, RESET and FAILOVER pass on what was asked, and why it was refused', () => {
  const asked: string[] = []
  const mesh = meshOf(THREE, RANGES, {
    meet: (host, busPort) => void asked.push(`meet ${host} ${busPort}`),
    // E is no member any more, but what it may have known is still waited for.
    forget: (id) =>
      id === B || id === idOf('e') ? void asked.push(`forget ${id}`) : `ERR Unknown node ${id}`,
    leave: () => void asked.push('leave'),
    failover: () => 'ERR nobody could take over',
    failureReports: (id) => (id === B ? 2 : 0),
  })
  const stage = new Stage({}, mesh)
  assert.equal(stage.text('CLUSTER MEET 10.0.0.9 7000'), 'OK')
  assert.equal(stage.text('CLUSTER MEET nine.example 7000 7009'), 'OK')
  assert.equal(
    stage.text('CLUSTER MEET 10.0.0.9 60000'),
    'ERR Invalid node address specified: 10.0.0.9:60000',
  )
  assert.equal(stage.text(`CLUSTER FORGET ${B}`), 'OK')
  assert.equal(stage.text(`CLUSTER FORGET ${A}`), "ERR I tried hard but I can't forget myself...")
  assert.equal(stage.text(`CLUSTER FORGET ${idOf('d')}`), `ERR Unknown node ${idOf('d')}`)
  assert.equal(stage.text(`CLUSTER FORGET ${idOf('e')}`), 'OK')
  assert.equal(stage.text('CLUSTER RESET hard'), 'OK')
  assert.equal(stage.text('CLUSTER FAILOVER FORCE'), 'ERR nobody could take over')
  assert.equal(stage.text(`CLUSTER COUNT-FAILURE-REPORTS ${B}`), '2')
  assert.deepEqual(asked, [
    'meet 10.0.0.9 17000',
    'meet nine.example 7009',
    `forget ${B}`,
    `forget ${idOf('e')}`,
    'leave',
  ])
})

test('what the ring and gossip decide cannot be done by hand, and says so', () => {
  const stage = threeNodes()
  for (const line of ['ADDSLOTS 1', 'SETSLOT 1 STABLE', 'FLUSHSLOTS', 'DELSLOTSRANGE 1 2'])
    assert.match(
      stage.text(`CLUSTER ${line}`),
      /^ERR CLUSTER [A-Z]+ is not supported: the ring .*places slots/,
    )
  assert.match(stage.text('CLUSTER BUMPEPOCH'), /^ERR .*gossip/)
  assert.match(stage.text('CLUSTER SAVECONFIG'), /^ERR .*seeds/)
  assert.match(stage.text(`CLUSTER REPLICATE ${B}`), /^ERR .*every node is primary/)
})

test('a slot counts and names the keys of the database chosen', () => {
  const stage = new Stage()
  stage.say('SET {t}a 1')
  stage.say('SELECT 2')
  stage.say('SET {t}b 1')
  stage.say('SET {t}c 1')
  assert.equal(stage.text('CLUSTER COUNTKEYSINSLOT 15891'), '2')
  assert.deepEqual((plain(stage.say('CLUSTER GETKEYSINSLOT 15891 10')) as string[]).sort(), ['{t}b', '{t}c'])
  assert.equal((plain(stage.say('CLUSTER GETKEYSINSLOT 15891 1')) as string[]).length, 1)
  stage.say('SELECT 0')
  assert.deepEqual(plain(stage.say('CLUSTER GETKEYSINSLOT 15891 10')), ['{t}a'])
  stage.say('SELECT 1')
  assert.equal(stage.text('CLUSTER COUNTKEYSINSLOT 15891'), '0')
})

test('a slot of very many keys names all of them', () => {
  const stage = new Stage()
  for (let i = 0; i < 2000; i++) stage.say(`SET {t}${i} 1`)
  assert.equal(new Set(plain(stage.say('CLUSTER GETKEYSINSLOT 15891 100000')) as string[]).size, 2000)
  assert.equal((plain(stage.say('CLUSTER GETKEYSINSLOT 15891 1500')) as string[]).length, 1500)
})

test('a node alone has all slots, and is found where it was told, bound or reached', () => {
  const hostOf = (settings: Record<string, string>): unknown => {
    const [range] = plain(new Stage(settings).say('CLUSTER SLOTS')) as unknown[][]
    assert.deepEqual(range!.slice(0, 2), [0, 16383])
    return (range![2] as unknown[])[0]
  }
  assert.equal(hostOf({ bind: '127.0.0.1' }), '127.0.0.1')
  assert.equal(hostOf({ bind: '* -10.1.2.3' }), '10.1.2.3')
  assert.equal(hostOf({ bind: '0.0.0.0' }), 'fe80::1', 'where its client has reached it')
  assert.equal(hostOf({ bind: '* -::*' }), 'fe80::1')
  assert.equal(hostOf({ bind: '127.0.0.1', advertise: 'cache.example' }), 'cache.example')
})

test('a node keeps its id for as long as it keeps its name, and has a fresh one without', () => {
  const named = (id: string): string => new Stage({ id }).text('CLUSTER MYID')
  assert.match(named('n1'), /^[0-9a-f]{40}$/)
  assert.equal(named('n1'), named('n1'))
  assert.notEqual(named('n1'), named('n2'))
  assert.equal(new Stage().text('CLUSTER MYID'), idOf('e'))
})

test('READONLY is remembered until READWRITE or RESET', () => {
  const stage = new Stage()
  const isReadonly = (line: string): boolean => {
    stage.say(line)
    return stage.session.isReadonly
  }
  assert.deepEqual(['READONLY', 'READWRITE', 'READONLY', 'RESET'].map(isReadonly), [true, false, true, false])
})
