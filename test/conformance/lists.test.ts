import { conformance } from './runner.ts'
import { cases } from './scripts/lists.ts'

conformance('lists', cases)
