import { conformance } from './runner.ts'
import { cases } from './scripts/sets.ts'

conformance('sets', cases)
