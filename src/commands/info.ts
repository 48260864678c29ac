/** Info [Table]: INFO: the sections asked for, in their own order, each once, as one text. */
import type { Call } from './call.ts'
import { type Command, LOADING, STALE } from './command.ts'
import { type InfoSection, infoSections } from './info-sections.ts'

function info(call: Call): void {
  const { args, reply } = call
  const wanted = new Set<InfoSection>()
  for (let i = 1; i < args.count; i++) {
    const word = args.text(i).toLowerCase()
    for (const section of infoSections) if (isMeant(section, word)) wanted.add(section)
  }
  if (args.count === 1) for (const section of infoSections) if (section.isDefault) wanted.add(section)
  const texts: string[] = []
  for (const section of infoSections) if (wanted.has(section)) texts.push(textOf(section, call))
  reply.verbatim('txt', texts.join('\r\n'))
}

function isMeant(section: InfoSection, word: string): boolean {
  if (word === 'all' || word === 'everything') return true
  return word === 'default' ? section.isDefault : word === section.name
}

function textOf(section: InfoSection, call: Call): string {
  return `# ${section.title}\r\n${section
    .lines(call)
    .map((line) => `${line}\r\n`)
    .join('')}`
}

export const infoCommand: Command = {
  name: 'info',
  arity: -1,
  flags: LOADING | STALE,
  group: 'server',
  categories: ['dangerous'],
  serve: info,
  since: '1.0.0',
  complexity: 'O(1)',
  syntax: '[section [section ...]]',
  summary: 'Answers figures about the node',
}
