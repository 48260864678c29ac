/*
 * What a soak writes: requests for every kind of key, some of which give the key an end and some of which remove it.
 *
 * The idea: small values that grow no further than a few members, so that after a while the memory of a node has no
 * reason to grow. Shape: table of rules (tests only).
 */
import type { Prng } from '../support/prng.ts'

const MEMBERS = 6
const ITEMS_MAX = 6
const [REMOVED_SHARE, ENDED_SHARE] = [0.12, 0.08]
const [LIFE_MS_MIN, LIFE_MS_MAX] = [500, 20_000]

type Writer = (prng: Prng, key: string, state: string, value: string) => readonly string[]

const WRITERS: Readonly<Record<string, Writer>> = {
  r: (prng, key, _, value) => {
    const words = ['SET', key, value.padEnd(prng.below(200), '.')]
    return prng.chance(ENDED_SHARE) ? [...words, 'PX', `${lifeMs(prng)}`] : words
  },
  c: (prng, key) => (prng.chance(0.7) ? ['INCR', key] : ['INCRBY', key, '100']),
  s: (prng, key) => [prng.chance(0.6) ? 'SADD' : 'SREM', key, member(prng)],
  l: (prng, key, state, value) => {
    const isFull = state.split(',').length >= ITEMS_MAX
    return isFull || prng.chance(0.3) ? ['LPOP', key] : ['RPUSH', key, value]
  },
  h: (prng, key, _, value) =>
    prng.chance(0.7) ? ['HSET', key, member(prng), value] : ['HDEL', key, member(prng)],
  z: (prng, key) =>
    prng.chance(0.7) ? ['ZADD', key, `${prng.below(1000)}`, member(prng)] : ['ZREM', key, member(prng)],
}

export const KIND_LETTERS: readonly string[] = Object.keys(WRITERS)

export function writeOf(prng: Prng, key: string, state: string, value: string): readonly string[] {
  if (state !== '' && prng.chance(REMOVED_SHARE)) return ['DEL', key]
  if (state !== '' && prng.chance(ENDED_SHARE)) return ['PEXPIRE', key, `${lifeMs(prng)}`]
  return WRITERS[key[0]!]!(prng, key, state, value)
}

/** The life these words give their key; undefined: they say nothing about it. */
export function endsAfterMs(words: readonly string[]): number | undefined {
  if (words[0] === 'PEXPIRE') return Number(words[2])
  return words[3] === 'PX' ? Number(words[4]) : undefined
}

function lifeMs(prng: Prng): number {
  return prng.between(LIFE_MS_MIN, LIFE_MS_MAX)
}

function member(prng: Prng): string {
  return `m${prng.below(MEMBERS)}`
}
