/**
 * Compatibility [Rule]: short constructors for the many rows that are accepted and mean nothing here.
 *
 * The idea: such a row is one line, and its reason is said once for its whole group. Knows no names.
 */
import type { Directive, DirectiveType } from './directive.ts'

type More = Partial<Directive>

/** Rows that are accepted with the same notice. */
export function withoutEffect(notice: string, rows: readonly Directive[]): Directive[] {
  return rows.map((row) => ({ ...row, notice }))
}

/** Settings of a feature that is missing: refused unless they say what is so anyway. */
export function refused(refusal: string, row: Directive): Directive {
  return { ...row, refusal }
}

export function atStart(row: Directive): Directive {
  return { ...row, isMutable: false }
}

/** The name Redis used before it stopped saying `slave` and `ziplist`. */
export function formerly(alias: string, row: Directive): Directive {
  return { ...row, aliases: [alias] }
}

function row(name: string, type: DirectiveType, value: string, doc: string, more: More = {}): Directive {
  return { name, type, default: value, isMutable: true, doc, ...more }
}

export function bool(name: string, value: 'yes' | 'no', doc: string): Directive {
  return row(name, 'bool', value, doc)
}

export function int(name: string, value: number, range: [number, number | bigint], doc: string): Directive {
  return row(name, 'int', String(value), doc, { min: range[0], max: range[1] })
}

export function bytes(name: string, value: number, range: [number, number | bigint], doc: string): Directive {
  return row(name, 'bytes', String(value), doc, { min: range[0], max: range[1] })
}

/** One of several words; the first is the default unless another is named. */
export function choice(name: string, values: readonly string[], doc: string, value = values[0]!): Directive {
  return row(name, 'enum', value, doc, { values })
}

export function choices(name: string, values: readonly string[], doc: string): Directive {
  return row(name, 'enum-set', values[0]!, doc, { values })
}

export function text(name: string, value: string, doc: string, more: More = {}): Directive {
  return row(name, 'text', value, doc, more)
}

export function secret(name: string, doc: string): Directive {
  return row(name, 'text', '', doc, { isSecret: true })
}

export function words(name: string, value: string, wordsMax: number, doc: string): Directive {
  return row(name, 'list', value, doc, { wordsMax })
}

export function savePoints(name: string, doc: string): Directive {
  return row(name, 'save-points', '', doc)
}
