// A connection without a socket: order, blocking, fairness, back-pressure and limits, event in, port call out.

import assert from 'node:assert/strict'
import test from 'node:test'
import {
  Args,
  type CloseReason,
  Connection,
  defaultConnectionLimits,
  newConnectionStats,
  type Outlet,
  RequestScan,
  SlabPool,
  TurnQueue,
} from '../../resp/index.ts'

class FakeOutlet implements Outlet {
  sent: string[] = []
  isTaking = true
  queued = 0
  isPaused = false
  end: 'open' | 'closed' | 'destroyed' = 'open'
  write(bytes: Buffer): number {
    this.sent.push(bytes.toString('latin1'))
    if (!this.isTaking) this.queued += bytes.length
    return this.queued
  }
  pauseReading(): void {
    this.isPaused = true
  }
  resumeReading(): void {
    this.isPaused = false
  }
  close(): void {
    this.end = 'closed'
  }
  destroy(): void {
    this.end = 'destroyed'
  }
}

/** `keeps`: output may be kept back for a moment, which is over at `moments.pass()`. */
function house({ keeps = false } = {}) {
  let wakes = 0
  const moments = {
    asked: 0,
    pass() {
      moments.asked = 0
      turns.onMoment()
    },
  }
  const turns: TurnQueue = new TurnQueue(() => wakes++, keeps ? () => void moments.asked++ : null)
  const limits = defaultConnectionLimits()
  const stats = newConnectionStats()
  let clockMs = 1000
  const clock = { nowMs: () => clockMs }
  const room = {
    args: new Args(),
    scan: new RequestScan(),
    slabs: new SlabPool(),
    limits,
    stats,
    turns,
    clock,
  }
  let nextId = 1
  const join = () => {
    const outlet = new FakeOutlet()
    const slots: number[] = []
    const closed: CloseReason[] = []
    const conversation = {
      isAuthenticated: true,
      onRequest(args: Args, connection: Connection) {
        if (args.is(0, 'PING')) connection.writer.pong()
        else if (args.is(0, 'ECHO')) connection.writer.bulk(args.bytes, args.starts[1]!, args.ends[1]!)
        else if (args.is(0, 'BIG')) connection.writer.bulkBuffer(Buffer.alloc(Number(args.text(1)), 120))
        else if (args.is(0, 'SLOW')) clockMs++
        else if (args.is(0, 'BLOCK')) connection.block()
        else if (args.is(0, 'SLOT')) slots.push(connection.openSlot())
        else if (args.is(0, 'QUIT')) {
          connection.writer.ok()
          connection.closeAfterFlush()
        } else if (args.is(0, 'THROW')) {
          connection.writer.array(5)
          throw new Error('on purpose')
        }
      },
      onClose: (reason: CloseReason) => void closed.push(reason),
    }
    const connection = new Connection(nextId++, room, outlet, 1000, () => conversation)
    const say = (text: string, nowMs = 1000) => {
      connection.onChunk(Buffer.from(text, 'latin1'), nowMs)
      turns.flush()
    }
    return { connection, outlet, slots, closed, conversation, say, heard: () => outlet.sent.join('') }
  }
  /** Runs turns until nobody waits; answers the ids in the order they were served. */
  const runTurns = () => {
    const served: number[] = []
    while (wakes > 0) {
      wakes--
      const connection = turns.onWake()
      connection?.onTurn(clockMs)
      if (connection) served.push(connection.id)
      turns.flush()
    }
    return served
  }
  return { turns, limits, stats, join, moments, runTurns }
}

test('a chunk of requests is answered in order with one write', () => {
  const { outlet, say } = house().join()
  say('PING\r\nECHO a\r\n*1\r\n$4\r\nPING\r\nPI')
  say('NG\r\n')
  assert.deepEqual(outlet.sent, ['+PONG\r\n$1\r\na\r\n+PONG\r\n', '+PONG\r\n'])
})

test('a protocol error is answered after what came before, and ends the connection', () => {
  const { stats, join } = house()
  const { outlet, say, heard, connection, closed } = join()
  say('PING\r\n*1\r\n$x\r\nPING\r\n')
  assert.equal(heard(), '+PONG\r\n-ERR Protocol error: invalid bulk length\r\n')
  assert.equal(outlet.end, 'closed')
  assert.equal(stats.protocolErrors, 1)
  say('PING\r\n')
  assert.equal(outlet.sent.length, 1)
  connection.onClosed('client')
  assert.deepEqual(closed, ['error'])
})

test('nothing after QUIT is run', () => {
  const { outlet, say, heard } = house().join()
  say('QUIT\r\nPING\r\n')
  assert.equal(heard(), '+OK\r\n')
  assert.equal(outlet.end, 'closed')
})

test('a blocked connection runs nothing until it is unblocked, then goes on in a later turn', () => {
  const { join, runTurns } = house()
  const { connection, say, heard } = join()
  say('PING\r\nBLOCK\r\nECHO b\r\n')
  say('ECHO c\r\n')
  assert.equal(heard(), '+PONG\r\n')
  assert.ok(connection.isBlocked)
  connection.writer.nilArray()
  connection.markDirty()
  connection.unblock()
  assert.equal(heard(), '+PONG\r\n')
  runTurns()
  assert.equal(heard(), '+PONG\r\n*-1\r\n$1\r\nb\r\n$1\r\nc\r\n')
})

test('a blocked connection that keeps sending is no longer read after a megabyte', () => {
  const { join, runTurns } = house()
  const { connection, outlet, say } = join()
  say('BLOCK\r\n')
  const chunk = 'ECHO aaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2000)
  for (let i = 0; i < 18; i++) say(chunk)
  assert.equal(outlet.isPaused, false)
  for (let i = 0; i < 2; i++) say(chunk)
  assert.equal(outlet.isPaused, true)
  connection.unblock()
  runTurns()
  assert.equal(outlet.isPaused, false)
  assert.equal(connection.pendingBytes, 0)
  assert.equal(connection.requests, 1 + 20 * 2000)
})

test('a connection with a hundred thousand requests lets another be served in between', () => {
  const { join, runTurns } = house()
  const greedy = join()
  const modest = join()
  greedy.say('PING\r\n'.repeat(100000))
  assert.equal(greedy.connection.requests, 1024)
  assert.ok(greedy.outlet.isPaused)
  modest.say('PING\r\n'.repeat(2000))
  assert.equal(modest.connection.requests, 1024)
  const served = runTurns()
  assert.deepEqual(served.slice(0, 3), [1, 2, 1])
  assert.equal(greedy.connection.requests, 100000)
  assert.equal(greedy.heard().length, 700000)
  assert.equal(modest.connection.requests, 2000)
  assert.equal(greedy.outlet.isPaused, false)
})

test('whoever sends slow requests loses its turn after some milliseconds, whatever their number', () => {
  const { join, runTurns } = house()
  const [greedy, modest] = [join(), join()]
  greedy.say('SLOW\r\n'.repeat(100))
  assert.ok(greedy.connection.requests < 40)
  modest.say('PING\r\n')
  assert.equal(modest.heard(), '+PONG\r\n')
  assert.ok(runTurns().length > 1)
  assert.equal(greedy.connection.requests, 100)
})

test('a pipeline that ends exactly with the turn needs no other', () => {
  const { join, runTurns } = house()
  const { say, outlet } = join()
  say('PING\r\n'.repeat(1024))
  assert.deepEqual(runTurns(), [])
  assert.equal(outlet.isPaused, false)
})

test('replies wait for the slots in front of them and leave in order', () => {
  const { join, turns } = house()
  const { connection, slots, say, heard } = join()
  say('PING\r\nSLOT\r\nECHO a\r\nSLOT\r\nSLOT\r\nECHO b\r\n')
  assert.equal(heard(), '+PONG\r\n')
  connection.fillSlot(slots[1]!, Buffer.from('+2\r\n'))
  turns.flush()
  assert.equal(heard(), '+PONG\r\n')
  connection.fillSlot(slots[0]!, Buffer.from('+1\r\n'))
  turns.flush()
  assert.equal(heard(), '+PONG\r\n+1\r\n$1\r\na\r\n+2\r\n')
  say('ECHO c\r\n')
  connection.fillSlot(slots[2]!, Buffer.from('+3\r\n'))
  turns.flush()
  assert.equal(heard(), '+PONG\r\n+1\r\n$1\r\na\r\n+2\r\n+3\r\n$1\r\nb\r\n$1\r\nc\r\n')
  say('PING\r\n')
  assert.ok(heard().endsWith('c\r\n+PONG\r\n'))
  assert.throws(() => connection.fillSlot(slots[0]!, Buffer.from('x')), /not open/)
})

test('replies of a pipeline that come from elsewhere leave in one write with those in front of them', () => {
  const { turns, join, moments } = house({ keeps: true })
  const { outlet, say, slots, connection } = join()
  say('PING\r\nSLOT\r\nPING\r\nSLOT\r\n')
  assert.deepEqual(outlet.sent, [])
  connection.fillSlot(slots[0]!, Buffer.from(':1\r\n'))
  turns.flush()
  assert.deepEqual(outlet.sent, [])
  connection.fillSlot(slots[1]!, Buffer.from(':2\r\n'))
  turns.flush()
  assert.deepEqual(outlet.sent, ['+PONG\r\n:1\r\n+PONG\r\n:2\r\n'])
  moments.pass()
  assert.equal(outlet.sent.length, 1)
})

test('what is kept back for replies that do not come leaves after a moment, and only one moment is asked for', () => {
  const { turns, join, moments } = house({ keeps: true })
  const guests = [join(), join()]
  for (const { say } of guests) say('PING\r\nSLOT\r\nPING\r\nSLOT\r\n')
  assert.equal(moments.asked, 1)
  guests[0]!.connection.fillSlot(guests[0]!.slots[0]!, Buffer.from(':1\r\n'))
  turns.flush()
  guests[1]!.connection.destroy('killed')
  moments.pass()
  assert.equal(guests[0]!.heard(), '+PONG\r\n:1\r\n+PONG\r\n')
  assert.equal(guests[1]!.heard(), '')
  // The next wait is a new one.
  guests[0]!.say('PING\r\n')
  assert.equal(moments.asked, 1)
  guests[0]!.connection.fillSlot(guests[0]!.slots[1]!, Buffer.from(':2\r\n'))
  turns.flush()
  assert.equal(guests[0]!.heard(), '+PONG\r\n:1\r\n+PONG\r\n:2\r\n+PONG\r\n')
})

test('slots filled in any order, with replies of any size between them, keep the order', () => {
  let seed = 3
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return (seed >>> 8) % below
  }
  const { join, turns, runTurns } = house()
  const { connection, outlet, slots, say, heard } = join()
  let expected = ''
  const unfilled: [slot: number, reply: string][] = []
  for (let i = 0; i < 3000; i++) {
    if (random(3) === 0) {
      say('SLOT\r\n')
      const reply = `+slot ${i}\r\n`
      unfilled.push([slots.at(-1)!, reply])
      expected += reply
    } else {
      const text = `${i}`.repeat(1 + random(200))
      say(`ECHO ${text}\r\n`)
      expected += `$${text.length}\r\n${text}\r\n`
    }
    outlet.isTaking = random(10) > 0
    if (outlet.isTaking && outlet.queued > 0) {
      outlet.queued = 0
      connection.onDrain()
    }
    while (unfilled.length > random(40)) {
      const [[slot, reply]] = unfilled.splice(random(unfilled.length), 1) as [[number, string]]
      connection.fillSlot(slot, Buffer.from(reply))
      if (random(2) === 0) turns.flush()
    }
  }
  for (const [slot, reply] of unfilled) connection.fillSlot(slot, Buffer.from(reply))
  outlet.isTaking = true
  outlet.queued = 0
  runTurns()
  connection.onDrain()
  assert.equal(connection.queuedBytes, 0)
  assert.ok(heard() === expected)
})

test('a connection that owes too many replies is not read until half of them are paid', () => {
  const { join, limits, turns, runTurns } = house()
  limits.slotsMax = 10
  const { connection, outlet, slots, say } = join()
  say('SLOT\r\n'.repeat(30))
  assert.equal(slots.length, 10)
  assert.ok(outlet.isPaused)
  for (let i = 0; i < 5; i++) connection.fillSlot(slots[i]!, Buffer.from('+x\r\n'))
  turns.flush()
  runTurns()
  assert.equal(slots.length, 15)
  for (let i = 5; i < slots.length; i++) {
    connection.fillSlot(slots[i]!, Buffer.from('+x\r\n'))
    turns.flush()
    runTurns()
  }
  assert.equal(slots.length, 30)
  assert.equal(outlet.sent.join('').length, 30 * 4)
  assert.equal(outlet.isPaused, false)
})

test('closing waits for the replies still owed', () => {
  const { join, turns } = house()
  const { connection, outlet, slots, say, heard } = join()
  say('SLOT\r\nQUIT\r\n')
  assert.equal(outlet.end, 'open')
  connection.fillSlot(slots[0]!, Buffer.from('+late\r\n'))
  turns.flush()
  assert.equal(heard(), '+late\r\n+OK\r\n')
  assert.equal(outlet.end, 'closed')
})

test('a client that has said its last word is still answered', () => {
  const { join, runTurns } = house()
  const { connection, outlet, say } = join()
  say('PING\r\n'.repeat(3000))
  connection.onEnd()
  assert.equal(outlet.end, 'open')
  runTurns()
  assert.equal(connection.requests, 3000)
  assert.equal(outlet.end, 'closed')
  const blocked = join()
  blocked.say('BLOCK\r\n')
  blocked.connection.onEnd()
  assert.equal(blocked.outlet.end, 'destroyed')
})

test('output nobody takes stops the connection, and draining starts it again', () => {
  const { join, limits, runTurns } = house()
  limits.outputPauseBytes = 1000000
  limits.outputResumeBytes = 1000
  const { connection, outlet, say } = join()
  outlet.isTaking = false
  say('BIG 300000\r\n'.repeat(20))
  assert.ok(connection.requests < 6, `${connection.requests}`)
  assert.ok(outlet.isPaused)
  assert.ok(connection.queuedBytes < 2000000)
  runTurns()
  assert.ok(connection.requests < 6)
  outlet.isTaking = true
  outlet.queued = 0
  connection.onDrain()
  runTurns()
  assert.equal(connection.requests, 20)
  assert.equal(outlet.isPaused, false)
})

test('a slow client gets its output in slabfuls', () => {
  const { outlet, connection, say } = house().join()
  outlet.isTaking = false
  for (let i = 0; i < 1000; i++) say('PING\r\n')
  assert.equal(outlet.sent.length, 1)
  assert.equal(connection.queuedBytes, 7000)
  outlet.isTaking = true
  outlet.queued = 0
  connection.onDrain()
  assert.equal(outlet.sent.length, 2)
  assert.equal(outlet.sent.join('').length, 7000)
})

test('the hard output limit ends the connection at once, the soft one after its seconds', () => {
  const { join, stats } = house()
  const hard = join()
  hard.outlet.isTaking = false
  hard.connection.outputLimits = { hardBytes: 100000, softBytes: 0, softSeconds: 0 }
  hard.say('BIG 99000\r\n')
  assert.equal(hard.outlet.end, 'open')
  hard.say('BIG 99000\r\n')
  assert.equal(hard.outlet.end, 'destroyed')
  hard.connection.onClosed('client')
  assert.deepEqual(hard.closed, ['output-buffer-limit'])

  const soft = join()
  soft.outlet.isTaking = false
  soft.connection.outputLimits = { hardBytes: 0, softBytes: 1000, softSeconds: 10 }
  soft.say('BIG 5000\r\n')
  soft.connection.onTick(11000)
  assert.equal(soft.outlet.end, 'open')
  soft.outlet.queued = 0
  soft.connection.onDrain()
  soft.say('BIG 5000\r\n', 11000)
  soft.connection.onTick(21000)
  assert.equal(soft.outlet.end, 'open')
  soft.connection.onTick(21001)
  assert.equal(soft.outlet.end, 'destroyed')
  assert.equal(stats.outputLimitDisconnections, 2)
})

test('an unfinished request must keep growing', () => {
  const { join, stats } = house()
  const loris = join()
  const upload = join()
  upload.say('*1\r\n$100000000\r\n')
  loris.say('*1\r\n$4\r\n')
  for (let s = 1; s <= 31; s++) {
    upload.say('x'.repeat(10000), 1000 + s * 1000)
    if (s % 10 === 0) loris.say('P', 1000 + s * 1000)
    upload.connection.onTick(1000 + s * 1000)
    loris.connection.onTick(1000 + s * 1000)
    assert.equal(loris.outlet.end, s < 31 ? 'open' : 'destroyed')
  }
  assert.equal(upload.outlet.end, 'open')
  assert.equal(stats.slowRequestDisconnections, 1)
})

test('who neither authenticates nor asks anything is shown out after ten seconds', () => {
  const { join } = house()
  const silent = join()
  const trusted = join()
  silent.conversation.isAuthenticated = false
  for (const client of [silent, trusted]) client.connection.onTick(11001)
  assert.equal(silent.outlet.end, 'destroyed')
  assert.equal(trusted.outlet.end, 'open')
})

test('idle connections are ended only when a timeout is set, and never while blocked or exempt', () => {
  const { join, limits } = house()
  const clients = [join(), join(), join()]
  clients[1]!.say('BLOCK\r\n')
  clients[2]!.connection.isIdleExempt = true
  for (const { connection } of clients) connection.onTick(1e9)
  assert.ok(clients.every(({ outlet }) => outlet.end === 'open'))
  limits.idleTimeoutMs = 5000
  for (const { connection } of clients) connection.onTick(1e9)
  assert.deepEqual(
    clients.map(({ outlet }) => outlet.end),
    ['destroyed', 'open', 'open'],
  )
})

test('a connection that closes but is never read from is cut off', () => {
  const { outlet, connection, say } = house().join()
  outlet.isTaking = false
  say('BIG 100000\r\nQUIT\r\n')
  assert.equal(outlet.end, 'closed')
  connection.onTick(5000)
  assert.equal(outlet.end, 'closed')
  connection.onTick(6001)
  assert.equal(outlet.end, 'destroyed')
})

test('the query limit ends a connection without a word', () => {
  const { join, limits, stats } = house()
  limits.parser.queryBytesMax = 1000
  const { outlet, say, heard } = join()
  say(`*1\r\n$5000\r\n${'x'.repeat(2000)}`)
  assert.equal(heard(), '')
  assert.equal(outlet.end, 'destroyed')
  assert.equal(stats.queryLimitDisconnections, 1)
})

test('a fault takes back the reply begun and ends only this connection', () => {
  const { join, stats } = house()
  const { connection, outlet, say, heard } = join()
  assert.throws(() => say('PING\r\nTHROW\r\nPING\r\n'), /on purpose/)
  connection.onFault()
  assert.equal(heard(), '+PONG\r\n-ERR internal error\r\n')
  assert.equal(outlet.end, 'closed')
  assert.equal(stats.internalErrors, 1)
  const other = join()
  other.say('PING\r\n')
  assert.equal(other.heard(), '+PONG\r\n')
})

test('a message to thousands goes out in groups and never in the middle of a reply', () => {
  const { join, turns } = house()
  const listeners = Array.from({ length: 1000 }, () => join())
  let waiting = 0
  for (const { connection, outlet } of listeners) {
    connection.writer.status('news')
    connection.markDirty()
    connection.markDirty()
    if (outlet.sent.length === 0) waiting++
  }
  assert.ok(waiting > 900)
  assert.ok(listeners.filter(({ outlet }) => outlet.sent.length === 0).length <= 256)
  turns.flush()
  assert.ok(listeners.every(({ outlet }) => outlet.sent.join('') === '+news\r\n'))
})

test('replies behind several slots are taken back whichever slot is first, though errors are longer than what they replace', () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const { join, turns } = house()
    const { connection, slots, say, heard } = join()
    say('SLOT\r\nPING\r\nECHO a\r\nSLOT\r\nPING\r\nECHO b\r\nPING\r\n')
    const distances = [[0], [0, 14]]
    for (const at of order) {
      const error = Buffer.from(`-TIMEOUT ${'x'.repeat(500)}${at}\r\n`)
      connection.slots.replace(slots[at]!, distances[at]!, error)
    }
    for (const slot of slots) connection.fillSlot(slot, Buffer.alloc(0))
    turns.flush()
    const shown = heard().replaceAll('x'.repeat(500), '')
    assert.equal(shown, '-TIMEOUT 0\r\n$1\r\na\r\n-TIMEOUT 1\r\n$1\r\nb\r\n-TIMEOUT 1\r\n')
  }
})

test('replies held behind a slot can be taken back one by one, and slots behind them keep their order', () => {
  const { join, turns } = house()
  const { connection, slots, say, heard } = join()
  say('ECHO before\r\nSLOT\r\n')
  const distances: number[] = []
  distances.push(connection.slots.distanceFrom(slots[0]!))
  say('ECHO first\r\nECHO kept\r\nSLOT\r\n')
  distances.push(connection.slots.distanceFrom(slots[0]!))
  say('BIG 300\r\nPING\r\nSLOT\r\nECHO last\r\n')
  connection.slots.replace(slots[0]!, distances, Buffer.from('-TIMEOUT\r\n'))
  slots.forEach((slot, i) => void connection.fillSlot(slot, Buffer.from(i === 0 ? '' : `+${i}\r\n`)))
  turns.flush()
  assert.equal(
    heard(),
    '$6\r\nbefore\r\n-TIMEOUT\r\n$4\r\nkept\r\n+1\r\n-TIMEOUT\r\n+PONG\r\n+2\r\n$4\r\nlast\r\n',
  )
})
