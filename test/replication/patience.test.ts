// A node that may have been replaced has stopped before anybody replaces it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { defaultLinkLimits } from '../../src/mesh/link-ports.ts'
import { PAUSE_MS, PRESENCE_INTERVAL_MS, PRESENCE_MS } from '../../src/replication/patience.ts'

const { pingIdleMs, silenceMs } = defaultLinkLimits()
/** Between two ticks, at which all of this is looked at. */
const TICK_MS = 50

test('a node that thaws doubts itself before its peers have given it up', () => {
  assert.ok(PAUSE_MS + pingIdleMs + TICK_MS < silenceMs)
})

test('a node that is cut off stops acting before its peers have given it up', () => {
  assert.ok(PRESENCE_MS + PRESENCE_INTERVAL_MS + pingIdleMs + TICK_MS < silenceMs)
})

test('a peer that is well but has nothing to say is asked often enough to be heard in time, four times over', () => {
  assert.ok(4 * (pingIdleMs + TICK_MS) < PRESENCE_MS)
})
