// Each kind of reply in both protocols, numbers digit by digit, growth, and headers written afterwards.

import assert from 'node:assert/strict'
import test from 'node:test'
import { formatDouble, ReplyWriter, SlabPool, slabBytes } from '../../resp/index.ts'

function written(protocol: 2 | 3, write: (writer: ReplyWriter) => void): string {
  const writer = new ReplyWriter(new SlabPool())
  writer.protocol = protocol
  write(writer)
  return writer.detach().toString('latin1')
}

const rows: [name: string, write: (writer: ReplyWriter) => void, resp2: string, resp3: string][] = [
  ['ok', (w) => w.ok(), '+OK\r\n', '+OK\r\n'],
  ['queued', (w) => w.queued(), '+QUEUED\r\n', '+QUEUED\r\n'],
  ['pong', (w) => w.pong(), '+PONG\r\n', '+PONG\r\n'],
  ['status', (w) => w.status('string'), '+string\r\n', '+string\r\n'],
  ['error', (w) => w.error('ERR a\r\nb\xff'), '-ERR a  b\xff\r\n', '-ERR a  b\xff\r\n'],
  ['integer', (w) => w.integer(-42), ':-42\r\n', ':-42\r\n'],
  [
    'big integer',
    (w) => w.integerBig(-(2n ** 63n)),
    ':-9223372036854775808\r\n',
    ':-9223372036854775808\r\n',
  ],
  ['bulk', (w) => w.bulk(Buffer.from('abcdef'), 1, 4), '$3\r\nbcd\r\n', '$3\r\nbcd\r\n'],
  ['empty bulk', (w) => w.bulkBuffer(Buffer.alloc(0)), '$0\r\n\r\n', '$0\r\n\r\n'],
  ['text', (w) => w.bulkText('\xff\0'), '$2\r\n\xff\0\r\n', '$2\r\n\xff\0\r\n'],
  ['utf8', (w) => w.bulkUtf8('é'), '$2\r\n\xc3\xa9\r\n', '$2\r\n\xc3\xa9\r\n'],
  ['nil', (w) => w.nil(), '$-1\r\n', '_\r\n'],
  ['nil array', (w) => w.nilArray(), '*-1\r\n', '_\r\n'],
  ['array', (w) => w.array(12), '*12\r\n', '*12\r\n'],
  ['map', (w) => w.map(3), '*6\r\n', '%3\r\n'],
  ['set', (w) => w.set(3), '*3\r\n', '~3\r\n'],
  ['push', (w) => w.push(3), '*3\r\n', '>3\r\n'],
  ['double', (w) => w.double(0.1), '$19\r\n0.10000000000000001\r\n', ',0.10000000000000001\r\n'],
  ['infinity', (w) => w.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
  ['boolean', (w) => w.boolean(true), ':1\r\n', '#t\r\n'],
  ['false', (w) => w.boolean(false), ':0\r\n', '#f\r\n'],
  ['big number', (w) => w.bigNumber('123'), '$3\r\n123\r\n', '(123\r\n'],
  ['verbatim', (w) => w.verbatim('txt', 'hé'), '$3\r\nh\xc3\xa9\r\n', '=7\r\ntxt:h\xc3\xa9\r\n'],
  ['raw', (w) => w.raw(Buffer.from('x+OK\r\n'), 1, 6), '+OK\r\n', '+OK\r\n'],
]

test('each kind of reply is written as each protocol has it', () => {
  for (const [name, write, resp2, resp3] of rows) {
    assert.equal(written(2, write), resp2, name)
    assert.equal(written(3, write), resp3, name)
  }
})

test('integers of every length are exact', () => {
  const numbers = [0, -0, 9, 10, 99, 100, 2147483647, 2147483648, 4294967296, Number.MAX_SAFE_INTEGER]
  for (let n = 1; n < 1e15; n *= 10) numbers.push(n - 1, n, n + 1)
  for (const n of numbers) {
    assert.equal(
      written(2, (w) => w.integer(n)),
      `:${n}\r\n`,
    )
    if (n !== 0)
      assert.equal(
        written(2, (w) => w.integer(-n)),
        `:-${n}\r\n`,
      )
  }
})

test('a header can be put in front of a body already written', () => {
  const write = (w: ReplyWriter) => {
    w.ok()
    const mark = w.mark()
    for (let i = 0; i < 11; i++) w.integer(i)
    w.insertArray(mark, 11)
    const inner = w.mark()
    w.integer(1)
    w.integer(2)
    w.insertMap(inner, 1)
    w.insertSet(w.mark(), 0)
  }
  const eleven = Array.from({ length: 11 }, (_, i) => `:${i}\r\n`).join('')
  assert.equal(written(2, write), `+OK\r\n*11\r\n${eleven}*2\r\n:1\r\n:2\r\n*0\r\n`)
  assert.equal(written(3, write), `+OK\r\n*11\r\n${eleven}%1\r\n:1\r\n:2\r\n~0\r\n`)
})

test('output of any length is kept byte for byte, and long text too', () => {
  const writer = new ReplyWriter(new SlabPool())
  const expected: Buffer[] = []
  for (const length of [0, 1, 127, 128, 129, 5000, 65530, 65536, 200000, 3]) {
    const body = Buffer.alloc(length)
    for (let k = 0; k < length; k++) body[k] = (k * 31) & 255
    const reply = Buffer.concat([Buffer.from(`$${length}\r\n`), body, Buffer.from('\r\n')])
    writer.bulkBuffer(body)
    writer.bulkText(body.toString('latin1'))
    expected.push(reply, reply)
  }
  assert.ok(writer.detach().equals(Buffer.concat(expected)))
})

test('a slab is held only while there is unsent output', () => {
  const slabs = new SlabPool(2)
  const writer = new ReplyWriter(slabs)
  assert.equal(writer.bytes.length, 0)
  writer.ok()
  const slab = writer.bytes
  assert.equal(slab.length, slabBytes)
  writer.reset(true)
  assert.equal(slabs.freeCount, 1)
  writer.ok()
  assert.equal(writer.bytes, slab)
  writer.reset(false)
  assert.equal(slabs.freeCount, 0)
  writer.bulkBuffer(Buffer.alloc(100000))
  writer.reset(true)
  assert.equal(slabs.freeCount, 1, 'only the slab that was outgrown comes back')
})

test('a pool of small slabs gives out and takes back those, and nothing else', () => {
  const slabs = new SlabPool(2, 1024)
  const writer = new ReplyWriter(slabs)
  writer.ok()
  assert.equal(writer.bytes.length, 1024)
  writer.reset(true)
  assert.equal(slabs.freeCount, 1)
  slabs.give(Buffer.alloc(slabBytes))
  assert.equal(slabs.freeCount, 1)
})

test('truncate takes back a reply and dropFront forgets a sent one', () => {
  const writer = new ReplyWriter(new SlabPool())
  writer.ok()
  const mark = writer.length
  writer.integer(12345)
  writer.truncate(mark)
  writer.pong()
  writer.dropFront(5)
  assert.equal(writer.detach().toString(), '+PONG\r\n')
})

// Printed by C's printf("%.17g").
const doubles: [x: number, text: string][] = [
  [0.0, '0'],
  [-0.0, '-0'],
  [1.0, '1'],
  [-3.0, '-3'],
  [0.1, '0.10000000000000001'],
  [0.5, '0.5'],
  [0.3333333333333333, '0.33333333333333331'],
  [1e16, '10000000000000000'],
  [1e17, '1e+17'],
  [1.2345678901234568e17, '1.2345678901234568e+17'],
  [1e21, '1e+21'],
  [1e22, '1e+22'],
  [5e-324, '4.9406564584124654e-324'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
  [2.2250738585072014e-308, '2.2250738585072014e-308'],
  [0.0001, '0.0001'],
  [1e-5, '1.0000000000000001e-05'],
  [0.00012345, '0.00012344999999999999'],
  [1.0000076293945312, '1.0000076293945312'],
  [1.0000228881835938, '1.0000228881835938'],
  [1.0000381469726562, '1.0000381469726562'],
  [1.0000534057617188, '1.0000534057617188'],
  [9007199254740992.0, '9007199254740992'],
  [9007199254740992.0, '9007199254740992'],
  [3.602879701896397e16, '36028797018963968'],
  [30000000000.0, '30000000000'],
  [-1.5, '-1.5'],
  [100.25, '100.25'],
  [1e17, '1e+17'],
  [1e100, '1e+100'],
  [10928588.983213553, '10928588.983213553'],
  [1.4186613525849614e134, '1.4186613525849614e+134'],
  [-7.571968556055867e-74, '-7.5719685560558675e-74'],
  [-1.4074705188261364e113, '-1.4074705188261364e+113'],
  [-3.3339745473042614e-121, '-3.3339745473042614e-121'],
  [-1.2342180766211395e-271, '-1.2342180766211395e-271'],
  [-5.126864004244935e111, '-5.1268640042449351e+111'],
  [-2.1520217579844227e32, '-2.1520217579844227e+32'],
  [0.1399601630397701, '0.1399601630397701'],
  [1.01853664031722e-244, '1.01853664031722e-244'],
  [2.9704598186234577e-115, '2.9704598186234577e-115'],
  [3.0534183338726823e150, '3.0534183338726823e+150'],
  [-2.3027782228163463e146, '-2.3027782228163463e+146'],
  [3.56409621163656e161, '3.5640962116365598e+161'],
  [6.352929017207453e-183, '6.3529290172074526e-183'],
  [0.3146575865605324, '0.31465758656053239'],
  [-1.2761724801771812e-23, '-1.2761724801771812e-23'],
  [2.0868668176225336e195, '2.0868668176225336e+195'],
  [3.66898827745704e-84, '3.6689882774570399e-84'],
  [-1.389122273370197e145, '-1.389122273370197e+145'],
  [1.7548715433165102e172, '1.7548715433165102e+172'],
  [-1039514241563211.8, '-1039514241563211.8'],
  [5.7804021771411506e-220, '5.7804021771411506e-220'],
  [-2.8497478716107576e-163, '-2.8497478716107576e-163'],
  [3.490691392124745e240, '3.4906913921247447e+240'],
  [1.3282314387596086e-145, '1.3282314387596086e-145'],
  [-2.9317061175715426e274, '-2.9317061175715426e+274'],
  [4.1124768973349897e-302, '4.1124768973349897e-302'],
  [-2.5983853818656714e29, '-2.5983853818656714e+29'],
  [-2.5839922981649337e259, '-2.5839922981649337e+259'],
  [3.7615508677292285e-104, '3.7615508677292285e-104'],
  [2.1435728770450893e-103, '2.1435728770450893e-103'],
  [6.3583676891104784e78, '6.3583676891104784e+78'],
  [2.0062829023357212e-63, '2.0062829023357212e-63'],
  [-6.792475937705741e155, '-6.7924759377057409e+155'],
  [-1.1878910286585398e-153, '-1.1878910286585398e-153'],
  [1.1477511623364303e-84, '1.1477511623364303e-84'],
  [-6.384685499984821e269, '-6.3846854999848211e+269'],
  [6.725524671613862e-66, '6.7255246716138624e-66'],
  [-3.3367034274052276e265, '-3.3367034274052276e+265'],
  [787483.3551529569, '787483.35515295691'],
  [-402422.20429226453, '-402422.20429226453'],
  [-277620.1305552317, '-277620.13055523171'],
  [-668087.8857405088, '-668087.88574050879'],
  [-708596.180918635, '-708596.18091863499'],
  [-869720.5732486475, '-869720.5732486475'],
  [-397281.79846107506, '-397281.79846107506'],
  [206219.99481530883, '206219.99481530883'],
  [-993233.7612512865, '-993233.76125128649'],
  [355868.4990953824, '355868.4990953824'],
  [-324206.27674426977, '-324206.27674426977'],
  [-380084.1367937424, '-380084.13679374242'],
  [637036.1492941417, '637036.14929414168'],
  [-38509.626739922096, '-38509.626739922096'],
  [-368413.78830711194, '-368413.78830711194'],
  [-37563.2275262723, '-37563.227526272298'],
  [409338.2682818186, '409338.2682818186'],
  [-885998.1409284201, '-885998.14092842012'],
  [950199.1262884706, '950199.12628847058'],
  [-954268.8734945586, '-954268.87349455862'],
  [2.4996109008789062, '2.4996109008789062'],
  [1.7153091430664062, '1.7153091430664062'],
  [2.6897811889648438, '2.6897811889648438'],
  [1.8086013793945312, '1.8086013793945312'],
  [1.0361557006835938, '1.0361557006835938'],
  [2.0981521606445312, '2.0981521606445312'],
  [2.5754928588867188, '2.5754928588867188'],
  [1.8376693725585938, '1.8376693725585938'],
  [1.7323837280273438, '1.7323837280273438'],
  [1.7527389526367188, '1.7527389526367188'],
  [2.1570510864257812, '2.1570510864257812'],
  [2.6824874877929688, '2.6824874877929688'],
  [1.0181655883789062, '1.0181655883789062'],
  [1.9056625366210938, '1.9056625366210938'],
  [1.0934677124023438, '1.0934677124023438'],
  [2.4155349731445312, '2.4155349731445312'],
  [1.3618545532226562, '1.3618545532226562'],
  [2.2474441528320312, '2.2474441528320312'],
  [2.9103775024414062, '2.9103775024414062'],
  [2.9088058471679688, '2.9088058471679688'],
]

test('doubles are printed as C prints them, ties to even included', () => {
  for (const [x, text] of doubles) assert.equal(formatDouble(x), text)
  assert.equal(formatDouble(NaN), 'nan')
  assert.equal(formatDouble(Infinity), 'inf')
})
