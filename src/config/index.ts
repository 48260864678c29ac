/**
 * The face of the configuration [Data]: what the rest of the house may use.
 *
 * `loadConfig` at start, `Config` while running, the bits of keyspace events, and the pages made from the table.
 */
export { Config, type Described, type Source } from './config.ts'
export { type PolicyRule, policyRules } from './consistency-policy.ts'
export { configurationPage, helpText } from './describe.ts'
export type { ClaimName, DirectiveName, ListName, NumberName, TextName } from './directives.ts'
export * from './keyspace-events.ts'
export { type Loaded, loadConfig, type Sources } from './load.ts'
export type { ClientClass, OutputLimit } from './output-limits.ts'
export type { ReadFile } from './read-file.ts'
