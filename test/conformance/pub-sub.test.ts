import { conformance } from './runner.ts'
import { cases } from './scripts/pub-sub.ts'

conformance('pub-sub', cases)
