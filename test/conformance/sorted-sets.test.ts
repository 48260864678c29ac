import { conformance } from './runner.ts'
import { cases } from './scripts/sorted-sets.ts'

conformance('sorted-sets', cases)
