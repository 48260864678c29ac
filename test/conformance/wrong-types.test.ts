import { conformance } from './runner.ts'
import { cases } from './scripts/wrong-types.ts'

conformance('wrong-types', cases)
