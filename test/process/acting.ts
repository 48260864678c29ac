/*
 * Which node acts for which keys, as one of them sees it. Shape: door (tests only).
 */
import type { MeshMember } from '../support/mesh-processes.ts'
import type { Reply } from '../support/reply.ts'

/** The name of the node that acts for each key. */
export async function actingFor(member: MeshMember, keys: readonly string[]): Promise<string[]> {
  const client = await member.connect()
  const names: string[] = []
  for (const key of keys) {
    const reply = await client.call('MESH', 'EXPLAIN', key)
    const flat = (reply.value as readonly Reply[]).map(({ value }) => String(value))
    names.push(flat[flat.indexOf('acting-primary') + 1]!)
  }
  client.destroy()
  return names
}

export async function keysActedForBy(
  member: MeshMember,
  keys: readonly string[],
  asker: MeshMember,
): Promise<string[]> {
  const names = await actingFor(asker, keys)
  return keys.filter((_, i) => names[i] === member.name)
}
