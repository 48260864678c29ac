// Frames of other nodes come by the thousand: what running one takes is given back, or is of the heap.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Args, SlabPool } from '../../resp/index.ts'
import { rawsAt, requestBody } from '../../src/routing/forward-body.ts'
import { Forwarded, type ForwardedHost } from '../../src/routing/forwarded.ts'
import { keepArgs } from '../../src/session/kept-args.ts'
import { buffersMade } from '../support/made-buffers.ts'

test('a frame is run and answered in the memory of the one before it', () => {
  const host: ForwardedHost = {
    slabs: new SlabPool(),
    onRequest: ({ writer }) => writer.ok(),
    onTurnStart: () => {},
    onTurnEnd: () => {},
  }
  const body = requestBody(0, 0, Buffer.from('*1\r\n$4\r\nPING\r\n'))
  const answers: string[] = []
  const serve = (): void => {
    const respond = (bytes: Buffer | undefined, length: number): void => {
      answers.push(bytes!.toString('latin1', 8, length))
    }
    new Forwarded(host, 'p', body, rawsAt(body), 0, respond).run()
  }
  serve()
  const made = buffersMade(() => {
    for (let i = 0; i < 100; i++) serve()
  })
  assert.deepEqual(made, [])
  assert.deepEqual(answers, new Array(101).fill('+OK\r\n'))
})

test('a short request that is kept lies in the heap', () => {
  const args = Args.from('SET', 'key', 'value')
  const before = process.memoryUsage().arrayBuffers
  const kept = Array.from({ length: 10_000 }, () => keepArgs(args))
  const grown = process.memoryUsage().arrayBuffers - before
  assert.ok(grown < 1_000_000, `${kept.length} of them take ${grown} bytes`)
  assert.equal(kept[9999]!.text(2), 'value')
})
