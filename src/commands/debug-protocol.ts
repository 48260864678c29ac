/**
 * Debug protocol [Rule]: DEBUG PROTOCOL: one reply of each kind the protocol has, for the tests of clients. The values
 * are Redis' own, so that such tests pass against either server.
 */
import type { ReplyWriter } from '../../resp/index.ts'
import type { Call } from './call.ts'

const KINDS = 'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false'
const ATTRIBUTE = Buffer.from('|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n', 'latin1')

const REPLIES: ReadonlyMap<string, (reply: ReplyWriter) => void> = new Map([
  ['string', (reply) => reply.bulkText('Hello World')],
  ['integer', (reply) => reply.integer(12345)],
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the digits Redis answers, not the number pi
  ['double', (reply) => reply.double(3.141)],
  ['bignum', (reply) => reply.bigNumber('1234567999999999999999999999999999999')],
  ['null', (reply) => reply.nil()],
  ['array', threeOf((reply) => reply.array(3))],
  ['set', threeOf((reply) => reply.set(3))],
  ['map', threeClaims],
  ['attrib', attributed],
  ['push', push],
  ['verbatim', (reply) => reply.verbatim('txt', 'This is a verbatim\nstring')],
  ['true', (reply) => reply.boolean(true)],
  ['false', (reply) => reply.boolean(false)],
])

export function debugProtocol(call: Call): void {
  const write = REPLIES.get(call.args.text(2).toLowerCase())
  if (write !== undefined) write(call.reply)
  else call.reply.error(`ERR Wrong protocol type name. Please use one of the following: ${KINDS}`)
}

function threeOf(open: (reply: ReplyWriter) => void): (reply: ReplyWriter) => void {
  return (reply) => {
    open(reply)
    for (let i = 0; i < 3; i++) reply.integer(i)
  }
}

function threeClaims(reply: ReplyWriter): void {
  reply.map(3)
  for (let i = 0; i < 3; i++) {
    reply.integer(i)
    reply.boolean(i === 1)
  }
}

/** RESP2 has no attributes: only what they belong to is sent. */
function attributed(reply: ReplyWriter): void {
  if (reply.protocol === 3) reply.raw(ATTRIBUTE, 0, ATTRIBUTE.length)
  reply.bulkText('Some real reply following the attribute')
}

function push(reply: ReplyWriter): void {
  if (reply.protocol === 2) {
    reply.error('ERR RESP2 is not supported by this command')
    return
  }
  reply.push(2)
  reply.bulkText('server-cpu-usage')
  reply.integer(42)
  reply.bulkText('Some real reply following the push reply')
}
