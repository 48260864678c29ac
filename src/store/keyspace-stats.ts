/** Keyspace stats [Data]: what the keyspace counts of itself since start or CONFIG RESETSTAT. */
export interface KeyspaceStats {
  hits: number
  misses: number
  expired: number
  evicted: number
}

export function freshKeyspaceStats(): KeyspaceStats {
  return { hits: 0, misses: 0, expired: 0, evicted: 0 }
}
