import { conformance } from './runner.ts'
import { cases } from './scripts/strings.ts'

conformance('strings', cases)
