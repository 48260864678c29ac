/**
 * Keyspace events [Rule]: a change of a key told to whoever listens on `__keyspace@<db>__:<key>` (the message is the
 * event) and `__keyevent@<db>__:<event>` (the message is the key). Which classes are told is configuration.
 * The letters of notify-keyspace-events belong to the configuration's own table.
 */
import { EVENT_KEYEVENT, EVENT_KEYSPACE } from '../config/keyspace-events.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Channels } from './channels.ts'

/** Publishes one event. `database` is physical, as commands have it; listeners hear the logical number. */
export function publishKeyspaceEvent(
  channels: Channels,
  space: Keyspace,
  notifyFlags: number,
  eventClass: number,
  event: string,
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
): void {
  if ((notifyFlags & eventClass) === 0 || !channels.hasListeners) return
  const number = space.logicalDatabase(database)
  if ((notifyFlags & EVENT_KEYSPACE) !== 0) {
    const name = Buffer.from(key.buffer, key.byteOffset + start, end - start).toString('latin1')
    const message = Buffer.from(event, 'latin1')
    channels.publish(`__keyspace@${number}__:${name}`, message, 0, message.length)
  }
  if ((notifyFlags & EVENT_KEYEVENT) !== 0) {
    channels.publish(`__keyevent@${number}__:${event}`, key, start, end)
  }
}
