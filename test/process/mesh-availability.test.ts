/*
 * How long the keys of a node cannot be written when it stops answering, whatever the way. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { withMesh } from '../support/mesh-processes.ts'
import { gapAfter } from './availability-gap.ts'

const FROZEN_GAP_MS_MAX = 3000

test(
  'the keys of a frozen node can be written at the others in less than three seconds, and no increment is lost',
  {
    timeout: 60_000,
  },
  () =>
    withMesh(3, [], async (mesh) => {
      const { gapMs, story } = await gapAfter(mesh, (victim) => victim.freeze())
      assert.ok(gapMs < FROZEN_GAP_MS_MAX, `${Math.round(gapMs)} ms: ${story}`)
      mesh.at(1).thaw()
      await mesh.formed(3)
    }),
)
