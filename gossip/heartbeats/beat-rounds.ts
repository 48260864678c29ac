/*
 * Whose turn it is to get a beat, when a beat does not go to everyone.
 *
 * The idea: SWIM 4.3's shuffled rounds. Each beat goes to random peers that had none in this round, so that luck
 * spreads the load but nobody is forgotten: the time between two beats to one peer is less than two rounds. The
 * array is shuffled as far as it is used, in place, so a beat costs its own size. It refuses to know what a peer is.
 * Shape: machine.
 */

export interface Rounded {
  /** Kept by BeatRounds alone: where the peer stands. */
  at: number
}

export class BeatRounds<Peer extends Rounded> {
  private readonly peers: Peer[] = []
  /** Those before this have had their beat in this round. */
  private servedCount = 0
  private readonly random: () => number

  constructor(random: () => number) {
    this.random = random
  }

  get all(): readonly Peer[] {
    return this.peers
  }

  /** The newcomer still gets its beat in this round. */
  add(peer: Peer): void {
    peer.at = this.peers.length
    this.peers.push(peer)
  }

  remove(peer: Peer): void {
    let hole = peer.at
    if (this.peers[hole] !== peer) throw new Error('a peer that is not here cannot be removed')
    if (hole < this.servedCount) {
      this.servedCount--
      hole = this.move(this.servedCount, hole)
    }
    this.move(this.peers.length - 1, hole)
    this.peers.pop()
  }

  /** At most `count` peers, fewer at the end of a round. */
  next(count: number): Peer[] {
    if (this.servedCount >= this.peers.length) this.servedCount = 0
    const end = Math.min(this.servedCount + count, this.peers.length)
    const start = this.servedCount
    for (let at = start; at < end; at++) {
      const chosen = at + Math.floor(this.random() * (this.peers.length - at))
      const peer = this.peers[chosen]!
      this.move(at, chosen)
      this.place(peer, at)
    }
    this.servedCount = end
    return this.peers.slice(start, end)
  }

  /** Answers where the hole is now. */
  private move(from: number, to: number): number {
    this.place(this.peers[from]!, to)
    return from
  }

  private place(peer: Peer, at: number): void {
    this.peers[at] = peer
    peer.at = at
  }
}
