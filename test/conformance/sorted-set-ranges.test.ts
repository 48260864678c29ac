import { conformance } from './runner.ts'
import { cases } from './scripts/sorted-set-ranges.ts'

conformance('sorted-set-ranges', cases)
