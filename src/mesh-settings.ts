/**
 * Mesh settings [Rule]: which directives the mesh reads, and the identity made of them. What concerns one node alone is
 * in settings.ts.
 */
import { createHash } from 'node:crypto'
import { hexIdOf } from './session/hex-id.ts'
import type { Level } from './session/session.ts'
import type { Config } from './config/index.ts'

export const BUS_OFFSET = 10_000
export const HTTP_OFFSET = 2000
/** virtual-nodes of an ordinary member: weight 1. */
const ORDINARY_POINTS = 64

export interface MeshSettings {
  readonly cluster: string
  /** 40 hex characters. */
  readonly id: string
  /** As the operator calls the node. */
  readonly name: string
  /** Where clients and peers reach this node. */
  readonly host: string
  readonly busPort: number
  readonly httpPort: number
  readonly roles: readonly string[]
  readonly secret: string
  /** What gossip is sealed with; none without a secret. */
  readonly gossipKeys: readonly Uint8Array[]
  readonly replicationFactor: number
  readonly readLevel: Level
  readonly writeLevel: Level
}

/** `nodeId`: a fresh 40-character id, used when the operator gave no name. */
export function meshSettings(config: Config, nodeId: string, port: number, boundHost: string): MeshSettings {
  const name = config.text('id')
  const advertised = config.text('advertise')
  const points = config.number('virtual-nodes')
  const weightRole = points === ORDINARY_POINTS ? [] : [`${WEIGHT_ROLE}${points}`]
  return {
    cluster: config.text('mesh-name'),
    id: name === '' ? nodeId : hexIdOf(name),
    name: name === '' ? nodeId : name,
    host: advertised === '' ? boundHost : advertised.replace(/^\[|\]$/g, ''),
    busPort: config.number('bus-port') || Math.min(port + BUS_OFFSET, 65535),
    httpPort: config.number('http-port') || port + HTTP_OFFSET,
    roles: [...config.words('roles'), ...weightRole],
    secret: config.text('mesh-secret'),
    gossipKeys: gossipKeysOf(config.text('mesh-secret')),
    replicationFactor: config.number('replication-factor'),
    readLevel: config.text('read-consistency') as Level,
    writeLevel: config.text('write-consistency') as Level,
  }
}

/** Not the secret itself: who learns the one must not know the other. */
function gossipKeysOf(secret: string): Uint8Array[] {
  return secret === '' ? [] : [createHash('sha256').update('gossip\0').update(secret).digest()]
}

const WEIGHT_ROLE = 'points-'
const ZONE_ROLE = 'zone-'
const DC_ROLE = 'dc-'

/** Roles are agreed upon, so what is read from them is the same on every node. */
export function weightOf(roles: readonly string[]): number {
  const role = roles.find((one) => one.startsWith(WEIGHT_ROLE))
  const points = role === undefined ? ORDINARY_POINTS : Number(role.slice(WEIGHT_ROLE.length))
  return Number.isFinite(points) && points >= 0 ? points / ORDINARY_POINTS : 1
}

export function zoneOf(roles: readonly string[]): string {
  return roles.find((one) => one.startsWith(ZONE_ROLE))?.slice(ZONE_ROLE.length) ?? ''
}

export function dcOf(roles: readonly string[]): string {
  return roles.find((one) => one.startsWith(DC_ROLE))?.slice(DC_ROLE.length) ?? ''
}
