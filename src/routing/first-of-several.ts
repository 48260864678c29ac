/**
 * First of several [Machine]: LMPOP and ZMPOP over keys of several nodes: one key after the other is asked to give, in
 * the order the client named them, until one does. A key that is filled after its turn has passed is passed over.
 */
import { type AskedPartParts, askPart } from './asked-part.ts'
import type { Bench } from './bench.ts'
import type { ClientErrand } from './client-errand.ts'
import { isError, isNil } from './joined-replies.ts'

export interface FirstOfSeveralParts extends AskedPartParts {
  readonly bench: Bench
}

export function popFromFirst(parts: FirstOfSeveralParts, errand: ClientErrand): void {
  const { args, keys, row } = errand
  const refusal = parts.bench.run({ ...errand, entries: [] })
  parts.bench.clear()
  if (isError(refusal)) return errand.reply(refusal)
  const rest: Buffer[] = []
  for (let i = 2 + keys.length; i < args.count; i++) rest.push(args.copy(i))
  const askNext = (number: number): void => {
    const key = keys[number]!
    askPart(parts, errand, true, key, [row.name, '1', key, ...rest], (reply) => {
      const isLast = number === keys.length - 1
      if (isError(reply) || !isNil(reply) || isLast) errand.reply(reply)
      else askNext(number + 1)
    })
  }
  askNext(0)
}
