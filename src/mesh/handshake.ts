/*
 * Who is at the other end, and may it come in?
 *
 *      dialler   hello ------------>            acceptor
 *                      <------------ challenge            each introduces itself, with a nonce
 *                proof ------------>                      the dialler proves the secret first
 *                      <------------ welcome              then the acceptor: strangers get nothing to work on
 *
 * The idea: every frame is accepted in one place only, and all that is wrong ends the conversation: a misfit is told in one
 * word, the same for every kind of wrong proof. Names and addresses of the acceptor go only to
 * diallers of the same mesh. It refuses to know bytes, wires and deadlines. Shape: machine.
 */
import { areFields } from './fields.ts'
import { type MeshIdentity, nothing, type PeerIdentity, type Refusal } from './link-ports.ts'
import { isProof, proofOf, type Side } from './proof.ts'
import { protocolMajor, protocolMinor, type VerbRow, verbs } from './verbs.ts'

export interface Greeting {
  readonly verb: VerbRow
  readonly fields: readonly unknown[]
}

export interface HandshakeStep {
  readonly send?: Greeting
  /** After `send`, the link is ready. */
  readonly isDone?: true
  readonly refusal?: Refusal
  /** The other side's word, when it is they who refuse. */
  readonly turnedAway?: string
}

type Introduction = readonly [
  major: number,
  minor: number,
  features: readonly string[],
  cluster: string,
  id: string,
  birth: number,
  address: string,
  linkSerial: number,
  isSecured: boolean,
  nonce: Uint8Array,
]

/** This side's part in one handshake. */
export interface HandshakePart {
  readonly side: Side
  /** Whom the dialler wants to reach; empty: whoever it is. */
  readonly expectedId: string
  /** Our number of the link. */
  readonly serial: number
  readonly nonce: Uint8Array
}

const malformed: HandshakeStep = { refusal: 'malformed' }

export class Handshake {
  peer: PeerIdentity | undefined
  /** The major version the other side speaks, when it is not ours: for the log. */
  theirMajor: number
  readonly #self: MeshIdentity
  readonly #part: HandshakePart
  /** The owner's say, once the introduction is in. */
  readonly #admits: (peer: PeerIdentity) => Refusal | undefined
  /** The headers of both introductions, as they were sent. */
  #hello: Uint8Array
  #challenge: Uint8Array
  #awaited: VerbRow | undefined

  constructor(self: MeshIdentity, part: HandshakePart, admits: (peer: PeerIdentity) => Refusal | undefined) {
    this.peer = undefined
    this.theirMajor = protocolMajor
    this.#self = self
    this.#part = part
    this.#admits = admits
    this.#hello = nothing
    this.#challenge = nothing
    this.#awaited = part.side === 'acceptor' ? verbs.hello : undefined
  }

  /** The dialler's first word. */
  onOpen(): Greeting {
    this.#awaited = verbs.challenge
    return { verb: verbs.hello, fields: this.#introduction() }
  }

  /** Every frame this side sends, so that both sides prove the same bytes. */
  onSent(verb: VerbRow, header: Uint8Array): void {
    if (verb === verbs.hello) this.#hello = header
    if (verb === verbs.challenge) this.#challenge = header
  }

  /** `header` is the frame's own bytes, kept if they matter. */
  onGreeting(verbNumber: number, fields: readonly unknown[], header: () => Uint8Array): HandshakeStep {
    if (verbNumber === verbs.refusal.number && areFields(verbs.refusal.fields, fields))
      return { turnedAway: fields[0] as string }
    const awaited = this.#awaited
    if (awaited === undefined || verbNumber !== awaited.number) return malformed
    this.#awaited = undefined
    if (awaited === verbs.hello || awaited === verbs.challenge) {
      const refusal = this.#meet(awaited, fields)
      if (refusal !== undefined) return { refusal }
      if (awaited === verbs.hello) this.#hello = header()
      else this.#challenge = header()
      return awaited === verbs.hello ? this.#challengeThem() : this.#prove()
    }
    if (!areFields(awaited.fields, fields)) return malformed
    if (!isProof(this.#proof(awaited === verbs.proof ? 'dialler' : 'acceptor'), fields[0] as Uint8Array))
      return { refusal: 'secret' }
    if (awaited === verbs.welcome) return { isDone: true }
    return { send: { verb: verbs.welcome, fields: [this.#proof('acceptor')] }, isDone: true }
  }

  #challengeThem(): HandshakeStep {
    this.#awaited = verbs.proof
    return { send: { verb: verbs.challenge, fields: this.#introduction() } }
  }

  #prove(): HandshakeStep {
    this.#awaited = verbs.welcome
    return { send: { verb: verbs.proof, fields: [this.#proof('dialler')] } }
  }

  #meet(awaited: VerbRow, fields: readonly unknown[]): Refusal | undefined {
    const major = fields[0]
    if (typeof major === 'number' && major !== protocolMajor) {
      this.theirMajor = major
      return 'version'
    }
    if (!areFields(awaited.fields, fields)) return 'malformed'
    const [, , features, cluster, id, birth, address, linkSerial, isSecured] =
      fields as unknown as Introduction
    if (cluster !== this.#self.cluster) return 'cluster'
    if (isSecured !== this.#isSecured) return 'secret'
    const { expectedId } = this.#part
    if (id === this.#self.id || (expectedId !== '' && id !== expectedId)) return 'identity'
    const shared = features.filter((feature) => this.#self.features.includes(feature))
    this.peer = { id, birth, address, linkSerial, features: new Set(shared) }
    return this.#admits(this.peer)
  }

  get #isSecured(): boolean {
    return this.#self.secret !== ''
  }

  #introduction(): Introduction {
    const { features, cluster, id, birth, address } = this.#self
    const { serial, nonce } = this.#part
    return [
      protocolMajor,
      protocolMinor,
      features,
      cluster,
      id,
      birth,
      address,
      serial,
      this.#isSecured,
      nonce,
    ]
  }

  #proof(side: Side): Uint8Array {
    return this.#isSecured ? proofOf(this.#self.secret, side, this.#hello, this.#challenge) : nothing
  }
}
