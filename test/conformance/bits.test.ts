import { conformance } from './runner.ts'
import { cases } from './scripts/bits.ts'

conformance('bits', cases)
