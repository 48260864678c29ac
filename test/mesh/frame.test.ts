/* Frames: cut anywhere, they come out whole; garbage never throws and never costs memory by its length field. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import { Packr } from 'msgpackr'
import { FrameReader, frameBytesMax, prefixBytes, writeFrameHead } from '../../src/mesh/frame.ts'
import { HeaderCodec } from '../../src/mesh/header.ts'
import { luckOf } from './mesh-world.ts'

const codec = new HeaderCodec()

function frameOf(verb: number, correlation: number, fields: unknown[], body: Buffer): Buffer {
  const header = codec.encode(verb, correlation, fields)
  const frame = Buffer.alloc(prefixBytes + header.length + body.length)
  body.copy(frame, writeFrameHead(frame, 0, header, body.length))
  return frame
}

function collector() {
  const frames: Buffer[] = []
  return {
    frames,
    onFrame(bytes: Buffer, start: number, end: number): boolean {
      frames.push(Buffer.from(bytes.subarray(start, end)))
      return true
    },
  }
}

test('a stream of frames comes out the same however it is cut', () => {
  const random = luckOf(7)
  const sizes = [0, 1, 5, 300, 70000, 3, 400000, 2, 0, 1500000, 9]
  const frames = sizes.map((size, at) => frameOf(16, at, ['x', at], Buffer.alloc(size, at)))
  const stream = Buffer.concat(frames)
  for (const cut of [1, 3, 7, 1000, 65536, 5000000]) {
    const reader = new FrameReader(frameBytesMax)
    const sink = collector()
    const scratch = Buffer.alloc(cut)
    // Bytes one by one for a part of the stream only: it is long.
    const end = cut < 100 ? 40000 : stream.length
    for (let at = 0; at < end; ) {
      const length = Math.min(end - at, 1 + Math.floor(random() * cut))
      stream.copy(scratch, 0, at, at + length)
      assert.equal(reader.onBytes(scratch.subarray(0, length), sink), true)
      scratch.fill(0xee)
      at += length
    }
    const expected = frames.slice(0, cut < 100 ? 4 : undefined)
    assert.equal(sink.frames.length, expected.length)
    for (const [at, frame] of expected.entries()) assert.ok(sink.frames[at]!.equals(frame.subarray(4)))
  }
})

test('an impossible length is refused at once, also when it arrives in pieces', () => {
  for (const length of [0, 1, 4, 1001, 0xffffffff]) {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32BE(length)
    assert.equal(new FrameReader(1000).onBytes(bytes, collector()), false)
    const reader = new FrameReader(1000)
    assert.equal(reader.onBytes(bytes.subarray(0, 3), collector()), true)
    assert.equal(reader.onBytes(bytes.subarray(3), collector()), false)
  }
})

test('a sink that has heard enough gets no further frame', () => {
  const two = Buffer.concat([frameOf(16, 0, [], Buffer.alloc(0)), frameOf(16, 0, [], Buffer.alloc(0))])
  let count = 0
  assert.equal(new FrameReader(frameBytesMax).onBytes(two, { onFrame: () => ++count > 5 }), true)
  assert.equal(count, 1)
})

test('headers come back as they were, whatever their fields', () => {
  const fields = [
    ...[0, 1, -1, 127, 128, 255, 65536, 0xffffffff, 2 ** 53 - 1, -(2 ** 31), 1.5],
    ...['', 'name', 'x'.repeat(300), true, false, null, [1, ['a', [2]]], []],
  ]
  const header = Buffer.from(codec.encode(17, 4000000000, fields))
  assert.deepEqual(codec.decode(header, 0, header.length), [17, 4000000000, ...fields])
  const padded = Buffer.concat([Buffer.from('abc'), header, Buffer.from('xyz')])
  assert.deepEqual(codec.decode(padded, 3, 3 + header.length), [17, 4000000000, ...fields])
  for (const bytes of [Buffer.from([1, 2, 3]), Uint8Array.of(4, 5), Buffer.alloc(60000, 9)]) {
    const encoded = Buffer.from(codec.encode(1, 0, [bytes]))
    const decoded = codec.decode(encoded, 0, encoded.length)!
    encoded.fill(0)
    assert.ok(Buffer.from(decoded[2] as Uint8Array).equals(Buffer.from(bytes)), 'bytes outlive the frame')
  }
})

test('what is no flat array of plain values is no header', () => {
  const records = new Packr()
  const plain = new Packr({ useRecords: false })
  let deep: unknown = 1
  for (let depth = 0; depth < 10; depth++) deep = [deep]
  const bad = [
    records.pack([1, 0, { a: 1 }]),
    plain.pack([1, 0, { a: 1 }]),
    plain.pack([1, 0, new Map([[1, 2]])]),
    plain.pack([1, 0, new Date(0)]),
    plain.pack([1, 0, deep]),
    plain.pack([1]),
    plain.pack(['1', 0]),
    plain.pack([1, -1]),
    plain.pack([1.5, 0]),
    plain.pack([]),
    plain.pack(7),
    Buffer.concat([plain.pack([1, 0]), Buffer.from([0])]),
    plain.pack([1, 0, 'abc']).subarray(0, -1),
    Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff, 1, 0]),
    Buffer.from([0x93, 1, 0, 0xc6, 0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0x93, 1, 0, 0xc1]),
    Buffer.alloc(100000, 0x91),
    Buffer.alloc(0),
  ]
  for (const [at, bytes] of bad.entries())
    assert.equal(codec.decode(bytes, 0, bytes.length), undefined, `case ${at}`)
})

test('no garbage makes the decoder throw', () => {
  const random = luckOf(99)
  const good = Buffer.from(codec.encode(18, 77, ['name', 2 ** 40, Buffer.from('bytes'), [1, 2, [3]]]))
  for (let round = 0; round < 60000; round++) {
    const bytes = round % 2 === 0 ? Buffer.from(good) : Buffer.alloc(1 + Math.floor(random() * 40))
    const changes = round % 2 === 0 ? 1 + Math.floor(random() * 4) : bytes.length
    for (let change = 0; change < changes; change++)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    const decoded = codec.decode(bytes, 0, bytes.length)
    if (decoded !== undefined) assert.ok(Array.isArray(decoded) && decoded.length >= 2)
  }
})
