/*
 * Checks of the fields of peer frames.
 *
 * The idea: a frame's header is an array of positional fields, and the checks of its verb's row are all that stands
 * between a peer's bytes and a handler: what passes has the right type and is within its limit. Shape: rule.
 */

export type FieldCheck = (value: unknown) => boolean

export const idBytesMax = 64
export const addressBytesMax = 262

export const isU32: FieldCheck = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff

/** A version, a birth, a fingerprint, a number of a batch: what a float64 holds exactly. */
export const isCount: FieldCheck = (value) => Number.isSafeInteger(value) && (value as number) >= 0

export const isFlag: FieldCheck = (value) => typeof value === 'boolean'

/** Printable ASCII without spaces. */
const namePattern = /^[!-~]+$/

export const isName =
  (bytesMax: number): FieldCheck =>
  (value) =>
    typeof value === 'string' && value.length <= bytesMax && namePattern.test(value)

export const isId: FieldCheck = isName(idBytesMax)

/** Text for people: anything, but not much of it. */
export const isText =
  (lengthMax: number): FieldCheck =>
  (value) =>
    typeof value === 'string' && value.length <= lengthMax

const addressPattern = /^(?:\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/

export const isAddress: FieldCheck = (value) => {
  if (typeof value !== 'string' || value.length > addressBytesMax) return false
  const port = Number(addressPattern.exec(value)?.[1] ?? 0)
  return port >= 1 && port <= 65535
}

export const isBytes =
  (bytesMax: number): FieldCheck =>
  (value) =>
    value instanceof Uint8Array && value.length <= bytesMax

export const isListOf =
  (check: FieldCheck, countMax: number): FieldCheck =>
  (value) =>
    Array.isArray(value) && value.length <= countMax && value.every((item) => check(item))

/** Whether `values` are exactly what `checks` describe, one for one. */
export function areFields(checks: readonly FieldCheck[], values: readonly unknown[]): boolean {
  if (values.length !== checks.length) return false
  for (let at = 0; at < checks.length; at++) if (!checks[at]!(values[at])) return false
  return true
}
