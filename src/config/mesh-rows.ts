/**
 * Mesh rows [Table]: who this node is, where its peers are, and what an OK promises.
 *
 * These are ours; Redis has no such names. All are fixed at start. Knows only rows.
 */
import type { Directive } from './directive.ts'

const level = { type: 'enum', values: ['one', 'quorum', 'all'], isMutable: false } as const
const HOST_AND_PORT = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/

export const meshRows = [
  {
    name: 'id',
    type: 'text',
    default: '',
    pattern: /^[A-Za-z0-9._-]{0,64}$/,
    patternText: 'argument must be at most 64 letters, digits, dots, dashes or underscores',
    isMutable: false,
    doc: 'The name of this node, unique in the mesh. Empty: a random one at every start.',
  },
  {
    name: 'bus-port',
    type: 'int',
    default: '0',
    min: 0,
    max: 65535,
    isMutable: false,
    doc: 'The port for peers, UDP and TCP on the same number. 0 is port + 10000.',
  },
  {
    name: 'http-port',
    type: 'int',
    default: '0',
    min: 0,
    max: 65535,
    isMutable: false,
    doc: 'The port for health checks, metrics and administration over HTTP. 0 is port + 2000.',
  },
  {
    name: 'advertise',
    type: 'text',
    default: '',
    pattern: /^(|\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,255})$/,
    patternText: 'argument must be a host name or an address',
    isMutable: false,
    doc: 'The host name or address at which peers and clients reach this node. Empty: the address it binds to. Set it behind NAT and in containers.',
  },
  {
    name: 'seeds',
    type: 'list',
    default: '',
    separator: ',',
    wordsMax: 64,
    pattern: HOST_AND_PORT,
    patternText: 'argument must be a list of host:busport separated by commas',
    isMutable: false,
    doc: 'Peers to ask for the mesh at start, as host:busport separated by commas. Any one that answers is enough. Empty: this node begins a mesh of its own.',
  },
  {
    name: 'mesh',
    type: 'bool',
    default: 'yes',
    isMutable: false,
    doc: 'Take part in a mesh, if only of one node that others may join. no: the bus port stays closed and this node stands alone.',
  },
  {
    name: 'mesh-name',
    type: 'text',
    default: 'hypercache',
    pattern: /^[!-~]{1,64}$/,
    patternText: 'argument must be 1 to 64 printable characters without spaces',
    isMutable: false,
    doc: 'The name of the mesh. The same everywhere in it: nodes of another name are not heard.',
  },
  {
    name: 'redirect',
    type: 'enum',
    values: ['never', 'moved'],
    default: 'never',
    isMutable: true,
    doc: 'What happens to a request for keys that another node acts for: never sends it on and answers, moved answers -MOVED as Redis Cluster does.',
  },
  {
    name: 'allow-stale-reads',
    type: 'bool',
    default: 'no',
    isMutable: true,
    doc: 'Answer reads although too few owners of the key are in reach to be sure that the answer is current.',
  },
  {
    name: 'replication-factor',
    type: 'int',
    default: '3',
    min: 1,
    max: 7,
    isMutable: false,
    doc: 'How many nodes keep each key. The same everywhere in the mesh. With 3 and quorum, any one node may be lost.',
  },
  {
    ...level,
    name: 'write-consistency',
    default: 'quorum',
    doc: 'How many owners must have a write before it is answered.',
  },
  {
    ...level,
    name: 'read-consistency',
    default: 'one',
    doc: "How many owners are asked before a read is answered. one is the key's primary.",
  },
  {
    name: 'virtual-nodes',
    type: 'int',
    default: '64',
    min: 0,
    max: 4096,
    isMutable: false,
    doc: 'Points of this node on the ring: its share of the keys relative to the others. 0 keeps no data.',
  },
  {
    name: 'roles',
    type: 'list',
    default: '',
    separator: ',',
    wordsMax: 32,
    pattern: /^[A-Za-z0-9._-]{1,64}$/,
    patternText: 'argument must be a list of names separated by commas',
    isMutable: false,
    doc: 'What this node is for, separated by commas; dc-<name> puts it into a data centre.',
  },
  {
    name: 'mesh-secret',
    type: 'text',
    default: '',
    isMutable: false,
    isSecret: true,
    doc: 'The secret peers share. The same everywhere in the mesh; without it only peers on this machine are accepted.',
  },
] as const satisfies readonly Directive[]
