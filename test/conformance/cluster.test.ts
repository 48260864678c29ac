import { startRealCluster } from '../support/real-redis.ts'
import { conformance } from './runner.ts'
import { cases } from './scripts/cluster.ts'

conformance('cluster', cases, { startOracle: startRealCluster })
