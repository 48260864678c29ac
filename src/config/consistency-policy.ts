/**
 * Consistency policy [Rule]: `pattern READ level WRITE level, pattern ...`: which keys are read and written at other
 * levels than the node's own. The first pattern that matches counts, so order is part of the value. Knows no keys.
 */
import { accepted, type Parsed, refusal } from './value.ts'

export type PolicyLevel = 'one' | 'quorum' | 'all'

export interface PolicyRule {
  readonly pattern: string
  /** Undefined: the node's own level. */
  readonly read: PolicyLevel | undefined
  readonly write: PolicyLevel | undefined
}

const RULES_MAX = 64
const LEVELS: readonly string[] = ['one', 'quorum', 'all']
const SHAPE = 'each rule must be a pattern with READ one|quorum|all, WRITE one|quorum|all or both'

export function parseConsistencyPolicy(text: string): Parsed {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.length === 1 && parts[0] === '') return accepted('', 0)
  if (parts.length > RULES_MAX) return refusal(`there may be at most ${RULES_MAX} rules`)
  const rules: string[] = []
  for (const part of parts) {
    const rule = canonicalRule(part.split(/ +/))
    if (rule === undefined) return refusal(SHAPE)
    rules.push(rule)
  }
  return accepted(rules.join(', '), 0, rules)
}

function canonicalRule([pattern, ...words]: string[]): string | undefined {
  const levels = new Map<string, string>()
  if (pattern === undefined || pattern === '' || words.length === 0 || words.length % 2 !== 0)
    return undefined
  for (let i = 0; i < words.length; i += 2) {
    const access = words[i]!.toUpperCase()
    const level = words[i + 1]!.toLowerCase()
    if ((access !== 'READ' && access !== 'WRITE') || levels.has(access) || !LEVELS.includes(level))
      return undefined
    levels.set(access, level)
  }
  const named = ['READ', 'WRITE'].filter((access) => levels.has(access))
  return [pattern, ...named.map((access) => `${access} ${levels.get(access)}`)].join(' ')
}

/** The rules, from the words of the directive. */
export function policyRules(words: readonly string[]): PolicyRule[] {
  return words.map((rule) => {
    const [pattern, ...parts] = rule.split(' ')
    const levelOf = (access: string): PolicyLevel | undefined => {
      const at = parts.indexOf(access)
      return at === -1 ? undefined : (parts[at + 1] as PolicyLevel)
    }
    return { pattern: pattern!, read: levelOf('READ'), write: levelOf('WRITE') }
  })
}
