import { conformance } from './runner.ts'
import { cases } from './scripts/server.ts'

conformance('server', cases)
