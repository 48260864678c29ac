import { conformance } from './runner.ts'
import { cases } from './scripts/binary.ts'

conformance('binary', cases)
