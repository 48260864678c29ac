// Every kind of reply ends where its writer ended it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ReplyWriter, SlabPool } from '../../resp/index.ts'
import { replyEnd } from '../../resp/reply-span.ts'

function written(protocol: 2 | 3, write: (writer: ReplyWriter) => void): Buffer {
  const writer = new ReplyWriter(new SlabPool())
  writer.protocol = protocol
  write(writer)
  return Buffer.from(writer.bytes.subarray(0, writer.length))
}

const KINDS: ((writer: ReplyWriter) => void)[] = [
  (writer) => writer.ok(),
  (writer) => writer.error('ERR no'),
  (writer) => writer.integer(-12),
  (writer) => writer.nil(),
  (writer) => writer.nilArray(),
  (writer) => writer.double(1.5),
  (writer) => writer.boolean(true),
  (writer) => writer.bulkText('a\r\n$5\r\nb'),
  (writer) => writer.bulkText(''),
  (writer) => writer.array(0),
  (writer) => {
    writer.array(3)
    writer.map(2)
    for (let i = 0; i < 4; i++) writer.bulkText('x'.repeat(i * 50))
    writer.set(1)
    writer.array(1)
    writer.integer(1)
    writer.nil()
  },
]

test('a reply of any kind ends where the next one begins, in both protocols', () => {
  for (const protocol of [2, 3] as const) {
    for (const kind of KINDS) {
      const reply = written(protocol, kind)
      const bytes = Buffer.concat([Buffer.from('+front\r\n'), reply, Buffer.from('+behind\r\n')])
      assert.equal(replyEnd(bytes, 8), 8 + reply.length, reply.toString('latin1'))
    }
  }
})

test('bytes that are no reply are a defect', () => {
  assert.throws(() => replyEnd(Buffer.from('+never ends'), 0), /no reply/)
})
