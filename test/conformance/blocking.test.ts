import { conformance } from './runner.ts'
import { cases } from './scripts/blocking.ts'

conformance('blocking', cases)
