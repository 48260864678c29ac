/*
 * Which of two links to the same peer is kept.
 *
 * The idea: both ends must choose the same one without a word. A later life of the peer beats a former one. A link
 * on which the peer has said goodbye is no choice. If both sides dialled, the dial of the lower id wins; if the same
 * side dialled twice, its later dial does. Shape: rule.
 */

export interface Rival {
  /** Who dialled: we did, or the peer. */
  readonly direction: 'to' | 'from'
  /** Our number of it. */
  readonly serial: number
  readonly peer: { readonly id: string; readonly birth: number; readonly linkSerial: number }
  readonly farewell: { readonly isHeard: boolean }
}

/** Whether `fresh`, which has just come up, takes the place of `current`. */
export function supersedes(fresh: Rival, current: Rival, selfId: string): boolean {
  if (fresh.peer.birth !== current.peer.birth) return fresh.peer.birth > current.peer.birth
  if (current.farewell.isHeard) return true
  const isOurs = fresh.direction === 'to'
  if (fresh.direction === current.direction) {
    // Not which came up last: that may look different from the other end.
    return isOurs ? fresh.serial > current.serial : fresh.peer.linkSerial > current.peer.linkSerial
  }
  return isOurs === selfId < fresh.peer.id
}
