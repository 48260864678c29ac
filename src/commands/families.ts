/** Families [Table]: every row the node answers, family by family. A family that is not here does not exist. */
import { bitfieldCommands } from './bitfield.ts'
import { bitCommands } from './bits.ts'
import { clientCommands } from './client.ts'
import { clusterCommands } from './cluster.ts'
import type { Command } from './command.ts'
import { connectionCommands } from './connection.ts'
import { hashCommands } from './hashes.ts'
import { keyCommands } from './keys.ts'
import { listCommands } from './lists.ts'
import { meshCommands } from './mesh.ts'
import { monitorCommands } from './monitor.ts'
import { pubSubCommands } from './pub-sub.ts'
import { serverCommands } from './server.ts'
import { setCommands } from './sets.ts'
import { sortedSetCommands } from './sorted-sets.ts'
import { stringCommands } from './strings.ts'
import { transactionCommands } from './transactions.ts'

export const families: readonly (readonly Command[])[] = [
  stringCommands,
  bitCommands,
  bitfieldCommands,
  keyCommands,
  hashCommands,
  listCommands,
  setCommands,
  sortedSetCommands,
  pubSubCommands,
  transactionCommands,
  connectionCommands,
  clientCommands,
  monitorCommands,
  clusterCommands,
  meshCommands,
  serverCommands,
]
