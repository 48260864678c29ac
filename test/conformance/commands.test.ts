import { conformance } from './runner.ts'
import { cases } from './scripts/commands.ts'

conformance('commands', cases)
