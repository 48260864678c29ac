import { conformance } from './runner.ts'
import { cases } from './scripts/arity.ts'

conformance('arity', cases)
