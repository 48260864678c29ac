/*
 * User messages: what the embedding programs tell each other over the association gossip has anyway.
 *
 * The idea: a message names a path (who should hear it), a manifest (what the payload is) and a path to answer to; the
 * payload is opaque. It goes by stream, so it arrives whole and in order with its neighbours, or not at all.
 * Delivery is not confirmed: who needs an answer asks for one. Shape: data, and a machine for tests.
 */
import { isBytes, isName, type Message, type MessageRow } from './messages.ts'

export const TELL = 40

export const TELL_PATH_BYTES_MAX = 256
export const TELL_PAYLOAD_BYTES_MAX = 4 * 1024 * 1024

const isPath = isName(TELL_PATH_BYTES_MAX)
/** Printable, as a path, or empty: nobody to answer to, nothing to say about the payload. */
const isPathOrNone = (value: unknown): boolean => value === '' || isPath(value)

export type Tell = readonly [
  kind: typeof TELL,
  path: string,
  manifest: string,
  payload: Uint8Array,
  senderPath: string,
]

export const TELL_ROWS: readonly MessageRow[] = [
  { kind: TELL, name: 'tell', fields: [isPath, isPathOrNone, isBytes(TELL_PAYLOAD_BYTES_MAX), isPathOrNone] },
]

export interface ToldMessage {
  readonly fromId: string
  readonly path: string
  readonly manifest: string
  /** The receiver's own copy. */
  readonly payload: Uint8Array
  readonly senderPath: string
}

/** Where inbound user messages end up. */
export interface TellSink {
  receive(message: ToldMessage): void
}

/** Undefined when this could not be sent to anybody. */
export function tellOf(
  path: string,
  manifest: string,
  payload: Uint8Array,
  senderPath: string,
): Tell | undefined {
  const message: Tell = [TELL, path, manifest, payload, senderPath]
  const isSound = TELL_ROWS[0]!.fields.every((check, at) => check(message[at + 1]))
  return isSound ? message : undefined
}

export function toldOf(fromId: string, message: Message): ToldMessage {
  const [, path, manifest, payload, senderPath] = message as Tell
  return { fromId, path, manifest, payload: Uint8Array.from(payload), senderPath }
}

/** Keeps what it receives, for tests; the oldest go when there is too much. */
export class RecordingSink implements TellSink {
  readonly messages: ToldMessage[] = []
  readonly #countMax: number

  constructor(countMax = 10_000) {
    this.#countMax = countMax
  }

  receive(message: ToldMessage): void {
    if (this.messages.length === this.#countMax) this.messages.shift()
    this.messages.push(message)
  }
}
