/*
 * What people are told of one link.
 *
 * The idea: a refused peer is nearly always a mistake in somebody's configuration, so the line says which one; links that
 * come and go are routine and only told to those who ask. Secrets and proofs are never among the fields. Shape: rule.
 */
import type { Log } from '../log.ts'
import type { CloseReason, PeerIdentity, Refusal } from './link-ports.ts'
import { protocolMajor } from './verbs.ts'

const refusals: Readonly<Record<Refusal, string>> = {
  version: 'peer refused: it speaks another protocol version',
  cluster: 'peer refused: it belongs to another mesh',
  identity: 'peer refused: it is not who it should be',
  secret: 'peer refused: its mesh secret is another one, or one of us has none',
  capacity: 'peer refused: there are too many',
  malformed: 'peer refused: it does not speak our protocol',
}

export class LinkLog {
  readonly #log: Log
  readonly #direction: 'to' | 'from'
  readonly #remote: string

  constructor(log: Log, direction: 'to' | 'from', remote: string) {
    this.#log = log
    this.#direction = direction
    this.#remote = remote
  }

  ready(peer: PeerIdentity): void {
    if (!this.#log.isOn('verbose')) return
    this.#log.verbose('link is up', { ...this.#fields(), peer: peer.id })
  }

  refused(refusal: Refusal, peerId: string | undefined, theirMajor: number): void {
    const versions = refusal === 'version' ? { theirs: theirMajor, ours: protocolMajor } : {}
    this.#log.warning(refusals[refusal], { ...this.#fields(), peer: peerId, ...versions })
  }

  turnedAway(reason: string): void {
    this.#log.warning('a peer refused this node', { ...this.#fields(), reason })
  }

  badFrame(why: string, peerId: string): void {
    this.#log.warning('link closed: the peer sent a bad frame', { ...this.#fields(), peer: peerId, why })
  }

  closed(reason: CloseReason, peerId: string): void {
    if (!this.#log.isOn('verbose')) return
    this.#log.verbose('link is closed', { ...this.#fields(), peer: peerId, reason })
  }

  #fields(): { direction: string; address: string } {
    return { direction: this.#direction, address: this.#remote }
  }
}
