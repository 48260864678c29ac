/*
 * A peer that speaks frames by hand, so that tests can say what no node of ours would.
 * It greets as it should and then says whatever it is told. Shape: machine (tests only).
 */
import { Buffer } from 'node:buffer'
import { FrameReader, frameBytesMax } from '../../src/mesh/frame.ts'
import { HeaderCodec } from '../../src/mesh/header.ts'
import { verbs } from '../../src/mesh/verbs.ts'
import type { Wire } from '../../src/mesh/wires.ts'
import type { MeshWorld } from './mesh-world.ts'

export class Stranger {
  isUp = false
  isClosed = false
  readonly heard: unknown[][] = []
  readonly #codec = new HeaderCodec()
  readonly #reader = new FrameReader(frameBytesMax)
  readonly #wire: Wire

  constructor(world: MeshWorld, to: string) {
    this.#wire = world.network.wiresOf('x:1').dial(`${to}:7000`, {
      onOpen: () => this.say(verbs.hello.number, 0, this.introduction()),
      onBytes: (chunk) => void this.#reader.onBytes(chunk, this),
      onDrain() {},
      onClosed: () => {
        this.isClosed = true
      },
    })
  }

  introduction(): unknown[] {
    return [1, 0, [], 'test', 'stranger', 1, 'x:1', 1, false, Buffer.alloc(16, 7)]
  }

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    const bodyAt = start + 2 + bytes.readUInt16BE(start)
    const header = this.#codec.decode(bytes, start + 2, bodyAt)!
    this.heard.push([...header, Buffer.from(bytes.subarray(bodyAt, end))])
    if (header[0] === verbs.challenge.number) this.say(verbs.proof.number, 0, [Buffer.alloc(0)])
    if (header[0] === verbs.welcome.number) this.isUp = true
    return true
  }

  frameOf(verb: number, correlation: number, fields: unknown[], body = Buffer.alloc(0)): Buffer {
    const header = this.#codec.encode(verb, correlation, fields)
    const frame = Buffer.alloc(6 + header.length + body.length)
    frame.writeUInt32BE(2 + header.length + body.length)
    frame.writeUInt16BE(header.length, 4)
    frame.set(header, 6)
    body.copy(frame, 6 + header.length)
    return frame
  }

  say(verb: number, correlation: number, fields: unknown[], body = Buffer.alloc(0), times = 1): void {
    for (let count = 0; count < times; count++) this.write(this.frameOf(verb, correlation, fields, body))
  }

  write(bytes: Buffer): void {
    this.#wire.write(bytes)
  }
}
