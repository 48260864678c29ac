import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import fc from 'fast-check'
import { pack, Packr } from 'msgpackr'
import { isFlag, isListOf, type Message, type MessageRow } from '../../gossip/messages.ts'
import { Codec, MESSAGES_COUNT_MAX, RESERVED_BYTES_MAX } from '../../gossip/wire/codec.ts'
import { encodedSize } from '../../gossip/wire/encoded-size.ts'
import { DEPTH_MAX, isWellFormed, ITEMS_COUNT_MAX } from '../../gossip/wire/well-formed.ts'

const anything = () => true
const rows: readonly MessageRow[] = [
  { kind: 0, name: 'nothing', fields: [] },
  { kind: 1, name: 'anything', fields: [anything] },
  { kind: 2, name: 'pair', fields: [anything, isFlag] },
  { kind: 3, name: 'flags', fields: [isListOf(isFlag, 8)] },
]
const codec = new Codec(rows)
const plain = new Packr({ useRecords: false })

function decodes(value: unknown): boolean {
  return codec.decode(Uint8Array.from(plain.pack(value))) !== undefined
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

const field: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: -(2 ** 31), max: 2 ** 32 }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.boolean(),
    fc.constant(null),
    fc.string({ maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
  ),
})).value

test('what is encoded decodes to the same messages', () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 20 }), (fields) => {
      const messages = fields.map((value): Message => [1, value])
      assert.deepEqual(codec.decode(codec.encode(messages)), messages)
    }),
    { numRuns: 500 },
  )
})

test('the size of a message is known to the byte before it is written', () => {
  const edges = [
    ...[0, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1],
    ...[-1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, 0.5],
    ...[31, 32, 63, 64, 255, 256, 65535, 65536].flatMap((length) => [
      'a'.repeat(length),
      'é'.repeat(length),
      '€'.repeat(length),
      '\u{1f600}'.repeat(length),
      '\ud800'.repeat(length),
      new Uint8Array(length),
      new Array(length).fill(true),
    ]),
  ]
  for (const value of edges) assert.equal(encodedSize([value]), plain.pack([value]).length)
  fc.assert(
    fc.property(field, (value) => {
      assert.equal(codec.sizeOf([1, value]), plain.pack([1, value]).length)
    }),
    { numRuns: 500 },
  )
})

test('what has no place in a message is refused before it is sent', () => {
  assert.throws(() => codec.sizeOf([1, undefined]), /type undefined/)
  assert.throws(() => codec.sizeOf([1, 1n]), /type bigint/)
  assert.throws(() => codec.sizeOf([1, { a: 1 }]), /type object/)
  assert.throws(() => codec.encode([[9, 1]]), /never declared/)
  assert.throws(() => codec.encode([[1, 1, 1]]), /never declared/)
  assert.throws(() => codec.encode([]), /0 messages/)
  assert.throws(() => codec.encode(new Array(MESSAGES_COUNT_MAX + 1).fill([0])), /4097 messages/)
  assert.throws(() => codec.encode([[0]], RESERVED_BYTES_MAX + 1), /too much to reserve/)
})

test('two areas cannot declare the same kind of message', () => {
  assert.throws(
    () => new Codec([...rows, { kind: 2, name: 'couple', fields: [] }]),
    /kind 2 is both pair and couple/,
  )
  assert.throws(() => new Codec([{ kind: 128, name: 'far', fields: [] }]), /not between 0 and 127/)
})

test('room for a header is left in front of the messages', () => {
  const encoded = codec.encode([[2, 'x', true]], 40)
  assert.deepEqual(codec.decode(encoded, 40), [[2, 'x', true]])
  assert.equal(encoded.length, 40 + 1 + codec.sizeOf([2, 'x', true]))
})

test('decoded bytes are plain arrays and own their memory', () => {
  const packet = Buffer.from(codec.encode([[1, new Uint8Array([1, 2, 3])]]))
  const [[, bytes]] = codec.decode(packet) as [[number, Uint8Array]]
  packet.fill(0)
  assert.deepEqual(bytes, new Uint8Array([1, 2, 3]))
  assert.equal(bytes.buffer.byteLength, 3)
})

test('only a list of declared messages with checked fields is a packet', () => {
  assert.ok(decodes([[0], [1, 'x'], [2, null, false], [3, [true]]]))
  const refused: unknown[] = [
    [],
    0,
    'text',
    [0],
    [[]],
    [['1', 1]],
    [[4, 1]],
    [[-1, 1]],
    [[0.5, 1]],
    [[0, 1]],
    [[1]],
    [[1, 2, 3]],
    [[2, 1, 1]],
    [[3, [true, 1]]],
    [[3, new Array(9).fill(true)]],
    new Array(MESSAGES_COUNT_MAX + 1).fill([0]),
  ]
  for (const value of refused) assert.equal(decodes(value), false, JSON.stringify(value).slice(0, 60))
})

test('one bad message spoils the packet', () => {
  assert.ok(decodes([[0], [0], [0]]))
  assert.equal(decodes([[0], [0], [9]]), false)
})

test('maps, extensions, records, dates and the unused byte are refused wherever they stand', () => {
  const values = [{ a: 1 }, {}, new Map([[1, 2]]), new Date(0), undefined]
  for (const value of values) {
    const packed = new Uint8Array(pack([[1, value]]))
    assert.equal(codec.decode(packed), undefined)
  }
  const records = new Packr({ useRecords: true })
  assert.equal(codec.decode(new Uint8Array(records.pack([[1, { a: 1 }]]))), undefined)
  for (const token of [
    'c1',
    'c7 00 01',
    'c8 0000 01',
    'c9 00000000 01',
    'd4 01 00',
    'd8 01' + '00'.repeat(16),
    '80',
    'de 0000',
    'df 00000000',
  ])
    assert.equal(codec.decode(hex(`91 92 01 ${token}`)), undefined, token)
})

test('integers of 64 bits arrive as numbers', () => {
  assert.deepEqual(codec.decode(hex('91 92 01 cf 0000010000000000')), [[1, 2 ** 40]])
  assert.deepEqual(codec.decode(hex('91 92 01 d3 ffffffffffffffff')), [[1, -1]])
  assert.equal(typeof (codec.decode(hex('91 92 01 cf ffffffffffffffff')) as Message[])[0]![1], 'number')
})

test('lengths that claim more than there is are refused without being believed', () => {
  for (const head of [
    'db ffffffff',
    'c6 ffffffff',
    'dd ffffffff',
    'da ffff',
    'c5 ffff',
    'dc ffff',
    'd9 ff',
    'c4 ff',
    '9f',
    'bf',
  ])
    for (const tail of ['', '00', '00'.repeat(8)])
      assert.equal(codec.decode(hex(`91 92 01 ${head} ${tail}`)), undefined)
  assert.equal(codec.decode(hex('dd ffffffff')), undefined)
  assert.equal(codec.decode(hex('dd')), undefined)
  assert.equal(codec.decode(new Uint8Array(0)), undefined)
})

test('a truncated packet and one with anything behind its end are refused, at every byte', () => {
  const packet = codec.encode([[2, ['abc', 1e12, -5, new Uint8Array(300), null], true], [0]]).slice()
  assert.ok(codec.decode(packet))
  for (let length = 0; length < packet.length; length++)
    assert.equal(codec.decode(packet.subarray(0, length)), undefined)
  for (const byte of [0x00, 0x90, 0xc0, 0xc1])
    assert.equal(codec.decode(Uint8Array.from([...packet, byte])), undefined)
})

test('arrays in arrays are refused beyond the depth of any message', () => {
  const nested = (depth: number) => Uint8Array.from([...new Array(depth).fill(0x91), 0xc0])
  assert.ok(isWellFormed(nested(DEPTH_MAX), 0, DEPTH_MAX + 1))
  assert.equal(isWellFormed(nested(DEPTH_MAX + 1), 0, DEPTH_MAX + 2), false)
  assert.equal(codec.decode(nested(1_000_000)), undefined)
})

test('more values than any message holds are refused before they are made', () => {
  const count = ITEMS_COUNT_MAX
  const bomb = new Uint8Array(5 + count).fill(0xc0)
  bomb.set([0xdd, count >>> 24, (count >>> 16) & 0xff, (count >>> 8) & 0xff, count & 0xff])
  assert.equal(isWellFormed(bomb, 0, bomb.length), false)
  const fewer = count - 1
  bomb.set([0xdd, fewer >>> 24, (fewer >>> 16) & 0xff, (fewer >>> 8) & 0xff, fewer & 0xff])
  assert.equal(isWellFormed(bomb, 0, bomb.length - 1), true)
})

test('empty arrays end where they begin, also as the last of their parent', () => {
  assert.deepEqual(codec.decode(hex('92 92 01 92 90 dc0000 91 00')), [[1, [[], []]], [0]])
})

test('a field check that throws is a refusal', () => {
  const touchy = new Codec([{ kind: 1, name: 'touchy', fields: [() => assert.fail()] }])
  assert.equal(touchy.decode(hex('91 92 01 00')), undefined)
})
