import { conformance } from './runner.ts'
import { cases } from './scripts/encodings.ts'

conformance('encodings', cases)
