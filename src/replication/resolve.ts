/**
 * Resolve [Rule]: what becomes of an effect, given what is known of its key here. The one rule of conflicts: the
 * higher term wins, and within one term the higher version; it holds wherever data is applied (write, hint, repair,
 * hand-off), and nothing is ever applied because it came last. A term is the number of the claim (claims.ts) under
 * which a node acted when it made the version: whatever its clock says, what it wrote after it was deposed, and nobody
 * confirmed, never beats what its successor wrote.
 *
 * Of a key at most one thing is known: its entry, or the tombstone of its removal. An effect is older than that, the
 * same, or newer; a newer one may further fit (it builds on the very version that is here) or be astray. The table
 * says the rest. What expires goes without a version of its own: the one it had is over, wherever that becomes known. It imports nothing, so that every layer may ask it.
 */

/** What is known of a key. */
export type Here = 'nothing' | 'entry' | 'tombstone'

/** PUT and REMOVE say how the key is from now on; RUN and EXPIRE change the version they name. */
export type Incoming = 'put' | 'remove' | 'run' | 'expire'

/**
 *   apply   it is to be done
 *   done    this very version is here, or was and is over: nothing is left to do
 *   ahead   something newer is here: whoever sent this does not know it
 *   gap     what it builds on is not here: only the whole entry helps
 */
export type Decision = 'apply' | 'done' | 'ahead' | 'gap'

export function supersedes(version: number, term: number, overVersion: number, overTerm: number): boolean {
  return term > overTerm || (term === overTerm && version > overVersion)
}

export type Decisions = readonly [older: Decision, same: Decision, fits: Decision, astray: Decision]

/** Whatever has a version is newer than nothing, so the first two places of `nothing` are never asked for. */
export const RECONCILIATION: Readonly<Record<Incoming, Readonly<Record<Here, Decisions>>>> = {
  put: {
    nothing: ['ahead', 'done', 'apply', 'apply'],
    entry: ['ahead', 'done', 'apply', 'apply'],
    tombstone: ['ahead', 'done', 'apply', 'apply'],
  },
  // Of one version, over beats there: its time has come on the clock of some owner, and nobody brings it back.
  remove: {
    nothing: ['ahead', 'done', 'apply', 'apply'],
    entry: ['ahead', 'apply', 'apply', 'apply'],
    tombstone: ['ahead', 'done', 'apply', 'apply'],
  },
  run: {
    nothing: ['ahead', 'done', 'apply', 'gap'],
    entry: ['ahead', 'done', 'apply', 'gap'],
    tombstone: ['ahead', 'done', 'apply', 'gap'],
  },
  expire: {
    nothing: ['ahead', 'done', 'gap', 'gap'],
    entry: ['ahead', 'done', 'apply', 'gap'],
    tombstone: ['ahead', 'done', 'gap', 'gap'],
  },
}

/**
 * `base` and `baseTerm` are the version the effect builds on, 0 when it found no key: two nodes may make the same
 * version in the same instant, and what one built on its own does not fit the other's. `hereVersion` and `hereTerm`
 * are those of the entry or tombstone, 0 when nothing is known.
 */
export function decide(
  incoming: Incoming,
  base: number,
  baseTerm: number,
  version: number,
  term: number,
  here: Here,
  hereVersion: number,
  hereTerm: number,
): Decision {
  const decisions = RECONCILIATION[incoming][here]
  if (supersedes(hereVersion, hereTerm, version, term)) return decisions[0]
  if (!supersedes(version, term, hereVersion, hereTerm)) return decisions[1]
  if (here !== 'entry') return base === 0 ? decisions[2] : decisions[3]
  return base === hereVersion && baseTerm === hereTerm ? decisions[2] : decisions[3]
}
