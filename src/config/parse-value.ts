/**
 * Parse a value [Rule]: the text of a directive to its value, or the error Redis gives.
 *
 * Errors never quote the text: it may be a password in the wrong place. Knows rows, not names.
 */
import { parseConsistencyPolicy } from './consistency-policy.ts'
import { type Directive, INT64_MAX, TEXT_LENGTH_MAX } from './directive.ts'
import { formatKeyspaceEvents, parseKeyspaceEvents } from './keyspace-events.ts'
import { parseMemory } from './memory-units.ts'
import { parseOutputLimits } from './output-limits.ts'
import { accepted, type Parsed, refusal, type Value } from './value.ts'

const INT64_MIN = -(2n ** 63n)

/** `current` matters to directives that are changed a part at a time; undefined while defaults are being read. */
export function parseValue(row: Directive, text: string, current: Value | undefined): Parsed {
  if (/[\r\n\0]/.test(text)) return refusal('argument must not contain CR, LF or NUL')
  if (text.length > TEXT_LENGTH_MAX) return refusal(`argument must be at most ${TEXT_LENGTH_MAX} bytes long`)
  const parsed = parseByType(row, text, current)
  if (row.refusal === undefined || 'error' in parsed || parsed.value.text === row.default) return parsed
  return refusal(row.refusal)
}

function parseByType(row: Directive, text: string, current: Value | undefined): Parsed {
  switch (row.type) {
    case 'int':
      return parseInteger(row, text)
    case 'bytes':
      return parseBytes(row, text)
    case 'bytes-or-percent':
      return parseBytesOrPercent(text)
    case 'bool':
      return parseClaim(text)
    case 'enum':
      return parseChoice(row.values!, text)
    case 'enum-set':
      return parseChoices(row.values!, text)
    case 'text':
      return matches(row, text) ? accepted(text, 0) : refusal(row.patternText!)
    case 'list':
      return parseList(row, text)
    case 'output-limits':
      return parseOutputLimits(text, current)
    case 'keyspace-events':
      return parseEvents(text)
    case 'percentiles':
      return parsePercentiles(text)
    case 'save-points':
      return parseSavePoints(text)
    case 'consistency-policy':
      return parseConsistencyPolicy(text)
  }
}

function outOfRange(row: Directive, number: bigint): Parsed | undefined {
  const isBelow = row.min !== undefined && number < row.min
  const isAbove = row.max !== undefined && number > row.max
  if (!isBelow && !isAbove) return undefined
  return refusal(`argument must be between ${row.min} and ${row.max} inclusive`)
}

function parseInteger(row: Directive, text: string): Parsed {
  const exact = /^(0|-?[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined
  if (exact === undefined || exact < INT64_MIN || exact > INT64_MAX) {
    return refusal("argument couldn't be parsed into an integer")
  }
  const wrong = outOfRange(row, exact)
  if (wrong !== undefined) return wrong
  if (row.clamp === undefined) return accepted(String(exact), Number(exact))
  const clamped = Math.min(Math.max(Number(exact), row.clamp[0]), row.clamp[1])
  return accepted(String(clamped), clamped)
}

function parseBytes(row: Directive, text: string): Parsed {
  const bytes = parseMemory(text)
  if (bytes === undefined) return refusal('argument must be a memory value')
  return outOfRange(row, bytes) ?? accepted(String(bytes), Number(bytes))
}

function parseBytesOrPercent(text: string): Parsed {
  const percent = /^(0|[1-9]\d{0,17})%$/.exec(text)
  if (percent !== null) {
    const number = Number(percent[1])
    if (number > 100) return refusal('percentage argument must be less or equal to 100')
    return number === 0 ? accepted('0', 0) : accepted(`${number}%`, -number)
  }
  const bytes = parseMemory(text)
  if (bytes === undefined) return refusal('argument must be a memory or percent value')
  return accepted(String(bytes), Number(bytes))
}

function parseClaim(text: string): Parsed {
  const word = text.toLowerCase()
  if (word !== 'yes' && word !== 'no') return refusal("argument must be 'yes' or 'no'")
  return accepted(word, word === 'yes' ? 1 : 0)
}

function noneOf(values: readonly string[]): Parsed {
  return refusal(`argument(s) must be one of the following: ${values.join(', ')}`)
}

function parseChoice(values: readonly string[], text: string): Parsed {
  const index = values.indexOf(text.toLowerCase())
  return index === -1 ? noneOf(values) : accepted(values[index]!, index)
}

/** Several of the values; the first stands for none of the others. */
function parseChoices(values: readonly string[], text: string): Parsed {
  const words = text.toLowerCase().split(' ')
  if (words.some((word) => !values.includes(word))) return noneOf(values)
  if (words.includes('save') && words.includes('nosave')) {
    return refusal("shutdown options SAVE and NOSAVE can't be used simultaneously")
  }
  const chosen = values.filter((value, index) => index > 0 && words.includes(value))
  return accepted(chosen.join(' ') || values[0]!, 0, chosen)
}

function matches(row: Directive, text: string): boolean {
  return row.pattern === undefined || row.pattern.test(text)
}

function parseList(row: Directive, text: string): Parsed {
  const words = text.split(row.separator === ',' ? /[, ]+/ : / +/).filter((word) => word !== '')
  if (row.wordsMax !== undefined && words.length > row.wordsMax) {
    return refusal(row.name === 'bind' ? 'Too many bind addresses specified.' : 'wrong number of arguments')
  }
  if (!words.every((word) => matches(row, word))) return refusal(row.patternText!)
  return accepted(words.join(row.separator ?? ' '), 0, words)
}

function parseEvents(text: string): Parsed {
  const bits = parseKeyspaceEvents(text)
  if (bits === -1) return refusal("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
  return accepted(formatKeyspaceEvents(bits), bits)
}

function parsePercentiles(text: string): Parsed {
  const words = text === '' ? [] : text.split(' ')
  if (words.some((word) => word === '' || !Number.isFinite(Number(word)))) {
    return refusal('Invalid latency-tracking-info-percentiles parameters')
  }
  if (words.some((word) => Number(word) < 0 || Number(word) > 100)) {
    return refusal('latency-tracking-info-percentiles parameters should sit between [0.0,100.0]')
  }
  const canonical = words.map((word) => String(Number(Number(word).toFixed(6))))
  return accepted(canonical.join(' '), 0, canonical)
}

function parseSavePoints(text: string): Parsed {
  if (text === '') return accepted('', 0)
  const words = text.split(' ')
  const isPaired = words.length % 2 === 0 && words.every((word) => /^\d{1,18}$/.test(word))
  const hasPeriod = words.every((word, index) => index % 2 === 1 || Number(word) >= 1)
  if (!isPaired || !hasPeriod) return refusal('Invalid save parameters')
  const canonical = words.map((word) => String(Number(word)))
  return accepted(canonical.join(' '), 0, canonical)
}
