import { conformance } from './runner.ts'
import { cases } from './scripts/connection.ts'

conformance('connection', cases)
