import { conformance } from './runner.ts'
import { cases } from './scripts/transactions.ts'

conformance('transactions', cases)
