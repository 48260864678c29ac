/*
 * The house as data: who may import whom, which files are doors, what may lie where.
 *
 * The idea: a rule is a row, and an exception is a row with its reason. Change the rules here and nowhere else.
 * Shape: table (tests only).
 */

/**
 * From the bottom up. A place - a directory, a file, or files that belong together - may import itself and what
 * stands on an earlier line, types included.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ['resp/', 'gossip/'],
  // The rule of conflicts is asked by every floor above it.
  [
    'src/version.ts',
    'src/huge-pages.ts',
    'src/hlc.ts',
    'src/hash.ts',
    'src/log.ts',
    'src/pressure.ts',
    'src/config/',
    'src/replication/resolve.ts',
  ],
  ['src/store/', 'src/mesh/'],
  ['src/placement/'],
  ['src/session/'],
  ['src/commands/'],
  ['src/replication/'],
  ['src/routing/'],
  ['src/node.ts src/client-conversation.ts src/settings.ts', 'src/system.ts'],
  [
    'src/mesh-node.ts src/mesh-settings.ts src/mesh-facts.ts src/mesh-limits.ts src/mesh-members.ts src/mesh-effects.ts src/mesh-healing.ts src/mesh-hand-off.ts src/mesh-repair.ts src/mesh-requests.ts src/mesh-routing.ts src/mesh-channel.ts src/mesh-messages.ts',
  ],
  ['src/http/'],
  ['src/mesh-doors.ts'],
  ['src/local-mesh.ts src/supervise.ts'],
  ['src/main.ts'],
]

/** Entered by their index only: they could be packages of their own. */
export const ROOMS_WITH_A_FACE: readonly string[] = ['resp/', 'gossip/']

/** The files that touch Node: sockets, timers, clock, luck, files, the process. They decide nothing. */
export const DOORS: Readonly<Record<string, string>> = {
  'resp/server.ts': 'listens and accepts',
  'resp/socket-outlet.ts': 'one accepted socket: bytes out, reading on and off, the end',
  'resp/client.ts': 'connects, and gives its callers promises',
  'src/hash.ts': 'loads the hash functions, which takes a moment once',
  'src/mesh/tcp.ts': 'wires to peers: dials, listens, bytes',
  'src/mesh-doors.ts': 'the bus port of a node, names of seeds',
  'gossip/system.ts': 'a membership on real sockets, clocks and luck',
  'gossip/wire/udp.ts': 'the UDP socket of gossip',
  'gossip/wire/tcp.ts': 'listens for streams of gossip, and dials',
  'gossip/wire/tcp-inbound.ts': 'one accepted stream of gossip',
  'gossip/wire/tcp-outbound.ts': 'one dialled stream of gossip',
  'gossip/split-brain/etcd-lease.ts': 'the lease that etcd keeps',
  'src/http/http-door.ts': 'listens for HTTP: bodies in, answers out',
  'src/http/http-items.ts': 'asks a node elsewhere over HTTP',
  'src/supervise.ts': 'a mesh of processes on one machine: starts, watches and ends them',
  'src/main.ts': 'the process: arguments, signals, exit code',
  'src/system.ts': 'clock, timers, luck and figures of the process',
}

/** Modules of Node that are only data and arithmetic, open to every file; luck is caught by its words. */
export const HARMLESS_MODULES: readonly string[] = ['node:buffer', 'node:crypto']

/** What only doors may say, and how to recognise it once comments and strings are gone. */
export const DOOR_WORDS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Date.now', /\bDate\.now\b/],
  ['new Date()', /\bnew Date\(\s*\)/],
  ['performance', /(?<![.\w])performance\b\s*\./],
  ['Math.random', /\bMath\.random\b/],
  // The functions of node:crypto; a port's method of that name is asked for, not imported.
  [
    'random bytes',
    /\b(?:random(?:Int|UUID|Fill\w*)|getRandomValues)\b|\brandomBytes\b(?=[^(;]*\bfrom\b)|(?<![.\w])randomBytes\((?!\w+:)/,
  ],
  ['timers', /(?<![.\w])(?:set|clear)(?:Timeout|Interval|Immediate)\b/],
  ['queueMicrotask', /(?<![.\w])queueMicrotask\b/],
  ['process', /(?<![.\w])process\s*\./],
  ['console', /(?<![.\w])console\s*\./],
  ['async', /(?<![.\w])async\s+(?:function\b|\(|[\w$]+\s*(?:=>|\())/],
  ['await', /(?<![.\w])await\b/],
  ['Promise', /(?<![.\w])Promise\b/],
  ['EventEmitter', /\bEventEmitter\b/],
  ['fetch', /(?<![.\w])fetch\s*\(/],
  ['import()', /(?<![.\w])import\s*\(/],
  ['require()', /(?<![.\w])require\s*\(/],
]

/** Drawers without a label: the second home of a concept is born there. */
export const BANNED_NAMES = /^(?:utils?|helpers?|managers?|common|misc|core|lib|shared)$/

export const SOURCE_LINES_MAX = 400
export const TEST_LINES_MAX = 600
export const FUNCTION_LINES_MAX = 60
export const HEAD_WORDS_MIN = 10

/** Files nobody imports because somebody starts them, or imports them from outside. */
export const ENTRANCES: readonly string[] = [
  'src/main.ts',
  'resp/index.ts',
  'gossip/index.ts',
  // Wires that are no sockets: for simulations and for programs that embed nodes.
  'src/mesh/inprocess.ts',
  // Keys of a node over HTTP: for programs that reach it by nothing else.
  'src/http/http-items.ts',
]

export const TOP_LEVEL: readonly string[] = [
  ...['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'tsconfig.build.json', 'biome.json'],
  ...['README.md', 'LICENSE', '.gitignore', '.ci', 'src', 'resp', 'gossip', 'test', 'examples', 'docs'],
]

/** Present on a working machine, absent from a clone. */
export const NOT_IN_A_CLONE = /^(?:\.git|node_modules|dist|.*\.log|.*\.cpuprofile)$/

/** What no file of ours may hold. Written in pieces so that this file does not hold it. */
export const BANNED_TEXTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['an unfinished note', new RegExp(`\\b(?:TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`)],
  [
    'the host of a package registry',
    new RegExp(`\\bregistry\\.(?:[a-z0-9-]+\\.)*[a-z]{2,}\\b|np${'mjs'}\\.(?:com|org)`),
  ],
  [
    'a path of one machine',
    new RegExp(`(?:^|[\\s'"\`(=])/(?:ho${'me'}|ro${'ot'}|wo${'rk'}|Us${'ers'})/[A-Za-z.]`, 'm'),
  ],
]
