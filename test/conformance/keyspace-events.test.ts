import { conformance } from './runner.ts'
import { cases } from './scripts/keyspace-events.ts'

conformance('keyspace-events', cases)
