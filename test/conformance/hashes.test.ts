import { conformance } from './runner.ts'
import { cases } from './scripts/hashes.ts'

conformance('hashes', cases)
