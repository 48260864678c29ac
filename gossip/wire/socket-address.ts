/*
 * Addresses as the mesh writes them (`host:port`, an IPv6 host in brackets) and as sockets want them.
 *
 * The idea: one spelling per address, so that it can be compared as a string: an IPv4 peer seen through an IPv6 socket
 * is an IPv4 peer. It resolves nothing. Shape: rule.
 */
import type { Address } from '../ports.ts'

export interface Endpoint {
  /** Without brackets: a literal or a name. */
  readonly host: string
  readonly port: number
}

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/

export function joinAddress(host: string, port: number): Address {
  const plain = MAPPED_IPV4.exec(host)?.[1] ?? host
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

export function splitAddress(address: Address): Endpoint {
  const colonAt = address.lastIndexOf(':')
  const host = address.slice(0, colonAt)
  const isBracketed = host.startsWith('[') && host.endsWith(']')
  return { host: isBracketed ? host.slice(1, -1) : host, port: Number(address.slice(colonAt + 1)) }
}

export function isIpv6Literal(host: string): boolean {
  return host.includes(':')
}

export function isLiteral(host: string): boolean {
  return IPV4.test(host) || isIpv6Literal(host)
}

/**
 * Where a peer is answered that came from `remoteHost` and says that it listens on `claimed`: there, when it came from
 * that host or a member is known to live there; else on the host that it proved to be on.
 */
export function answerAddress(
  claimed: Address,
  remoteHost: string,
  isKnownAddress: (address: Address) => boolean,
): Address {
  const { host, port } = splitAddress(claimed)
  const proven = joinAddress(remoteHost, port)
  return joinAddress(host, port) === proven || isKnownAddress(claimed) ? claimed : proven
}
