/**
 * Keyspace observer [Data]: what a keyspace tells whoever listens (watches, waiters, keyspace events): that keys come,
 * change and go. Calls come in the middle of a command: note them, act later. `Keyspace.clear` of everything is silent.
 */
export interface KeyspaceObserver {
  /** A key that was not there has an entry now; its value is not filled in yet. Null while nobody cares. */
  onCreated: ((database: number, ref: number) => void) | null
  onChanged(database: number, ref: number): void
  /** `reason` is why it goes: by command, by its time, for memory, to other nodes. The entry is still readable. */
  onRemoved(database: number, ref: number, reason: RemoveReason): void
}

export type RemoveReason = 'command' | 'expired' | 'evicted' | 'moved'
