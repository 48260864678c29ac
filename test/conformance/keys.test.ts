import { conformance } from './runner.ts'
import { cases } from './scripts/keys.ts'

conformance('keys', cases)
