/*
 * What a node that is alone in its cluster and has all slots answers about it. Commands only; a redis-server in
 * cluster mode knows the answers. Ids, ports, clocks and epochs differ and are made alike. What only a cluster of
 * several shows is in test/commands/cluster.test.ts. Shape: table.
 */
import { type Case, errorCode, masked, typeOnly, unordered } from '../script.ts'

const NO_ID = '0'.repeat(40)

/** Hash tags, whole and broken; CLUSTER KEYSLOT of these is known to every client. */
// biome-ignore format: many short keys
const KEYS = ['foo', '123456789', '', '{', '}', '{}', '{}foo', 'foo{}{bar}', 'foo{{bar}}zap', 'foo{bar}{zap}', 'foo{bar', 'foo}bar{', '{user1000}.following', '{user1000}.followers', 'a{b}c{d}e', '\x00\xff', '{\x00}\xff', 'x'.repeat(1000), '\r\n']

/** Integers of all kinds where a slot is wanted. */
const SLOTS = [
  '0',
  '16383',
  '16384',
  '-1',
  'x',
  '',
  '007',
  '1.5',
  '+1',
  ' 1',
  '99999999999999999999',
  '4294967296',
]

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'CLUSTER INFO, NODES, SLOTS and SHARDS have the shape clients know', run: [masked('CLUSTER INFO'), masked('CLUSTER NODES'), masked('CLUSTER SLOTS'), masked('CLUSTER SHARDS'), masked('cluster info'), masked('Cluster Slots'), masked('CLUSTER LINKS'), masked('CLUSTER MYID'), typeOnly('CLUSTER HELP'), 'CLUSTER', 'CLUSTER BOGUS', 'CLUSTER INFO x', 'CLUSTER MYID x'] },
  { name: 'the mode is cluster, and everybody is told so', run: [masked('HELLO'), masked('HELLO 2'), masked('HELLO 3'), masked('INFO cluster')] },
  { name: 'CLUSTER KEYSLOT hashes the tag, or the whole key', run: KEYS.map((key) => ['CLUSTER', 'KEYSLOT', key]) },
  { name: 'CLUSTER COUNTKEYSINSLOT counts and refuses in the same words', run: ['SET {t}a 1', 'SET {t}b 1', 'SET other 1', 'CLUSTER KEYSLOT t', 'CLUSTER COUNTKEYSINSLOT 15891', 'DEL {t}a', 'CLUSTER COUNTKEYSINSLOT 15891', ...SLOTS.map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', slot])] },
  { name: 'CLUSTER GETKEYSINSLOT names keys and refuses in the same words', run: ['SET {t}a 1', 'HSET {t}b f v', 'RPUSH {t}c x', 'SET other 1', unordered('CLUSTER GETKEYSINSLOT 15891 10'), unordered('CLUSTER GETKEYSINSLOT 15891 3'), typeOnly('CLUSTER GETKEYSINSLOT 15891 2'), 'CLUSTER GETKEYSINSLOT 15891 0', ...SLOTS.flatMap((word) => [['CLUSTER', 'GETKEYSINSLOT', word, '10'], ['CLUSTER', 'GETKEYSINSLOT', '0', word], ['CLUSTER', 'GETKEYSINSLOT', word, word]]), 'DEL {t}a {t}b {t}c', 'CLUSTER GETKEYSINSLOT 15891 10'] },
  { name: 'a key whose time is over still lies in its slot', run: ['SET {t}a 1 PX 1', 'DEBUG SLEEP 0.005', 'CLUSTER COUNTKEYSINSLOT 15891', 'CLUSTER GETKEYSINSLOT 15891 10', 'GET {t}a', 'CLUSTER COUNTKEYSINSLOT 15891'] },
  { name: 'unknown nodes are called unknown', run: ['FORGET', 'REPLICAS', 'SLAVES', 'COUNT-FAILURE-REPORTS'].flatMap((word) => [['CLUSTER', word, NO_ID], ['CLUSTER', word, 'x'], ['CLUSTER', word, ''], ['CLUSTER', word, 'a\r\nb'], ['CLUSTER', word, 'a\x00b'], ['cluster', word.toLowerCase(), 'y']]) },
  { name: 'CLUSTER MEET looks at its arguments first', run: ['CLUSTER MEET a b', 'CLUSTER MEET 127.0.0.1 x', 'CLUSTER MEET 127.0.0.1 ""', 'CLUSTER MEET 127.0.0.1 0', 'CLUSTER MEET 127.0.0.1 -1', 'CLUSTER MEET 127.0.0.1 70000', 'CLUSTER MEET 127.0.0.1 60000', 'CLUSTER MEET 127.0.0.1 6379 x', 'CLUSTER MEET 127.0.0.1 6379 70000', 'CLUSTER MEET 127.0.0.1 6379 1 1', 'CLUSTER MEET "" 6379', 'CLUSTER MEET "not a host" 6379'] },
  { name: 'CLUSTER FAILOVER and RESET look at their arguments first', run: ['CLUSTER FAILOVER', 'CLUSTER FAILOVER FORCE', 'CLUSTER FAILOVER takeover', 'CLUSTER FAILOVER x', 'CLUSTER FAILOVER FORCE x', 'cluster failover force x', 'CLUSTER RESET x', 'CLUSTER RESET hard soft', 'CLUSTER RESET HARD SOFT x'] },
  { name: 'what would assemble a cluster by hand is refused', run: ['CLUSTER ADDSLOTS 0', 'CLUSTER ADDSLOTS x', 'CLUSTER ADDSLOTSRANGE 0 1', 'CLUSTER DELSLOTS x', 'CLUSTER DELSLOTSRANGE 1 0', `CLUSTER REPLICATE ${NO_ID}`, 'CLUSTER SETSLOT 0 BOGUS', 'CLUSTER SET-CONFIG-EPOCH -1', 'SET a 1', 'CLUSTER FLUSHSLOTS', 'GET a'].map(errorCode) },
  { name: 'READONLY, READWRITE and ASKING are taken', run: ['READONLY', 'GET a', 'SET a 1', 'GET a', 'READWRITE', 'ASKING', 'GET a', 'readonly', 'MULTI', 'READWRITE', 'GET a', 'EXEC', 'READONLY x', 'ASKING x'] },
  { name: 'CLUSTER in a transaction', run: ['MULTI', 'CLUSTER KEYSLOT foo', 'CLUSTER COUNTKEYSINSLOT x', 'CLUSTER COUNTKEYSINSLOT 0', 'EXEC', 'MULTI', 'CLUSTER BOGUS', 'EXEC'] },
]
