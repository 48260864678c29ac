/*
 * The row of the soak: half an hour under load and faults. Shape: door (measurements only).
 */
import { holds, lineOf } from '../soak/report.ts'
import { soak } from '../soak/soak.ts'
import type { Finding, Row, Task } from './row.ts'

const RATE = 5000

async function measure({ isQuick, say, seed }: Task): Promise<Finding> {
  const report = await soak({ minutes: isQuick ? 1 : 30, ratePerSecond: RATE, seed, say })
  for (const complaint of report.complaints) say(complaint)
  say(lineOf(report))
  return {
    values: {
      'RSS MB/h': report.slopeMegabytesPerHour,
      '+-': report.slopeError,
      'with garbage MB/h': report.slopeOfAll.perHour / 1e6,
      'with garbage +-': report.slopeOfAll.error / 1e6,
      'asked/s': report.wantedPerSecond,
      'sent/s': (report.sending.sent / report.wanted) * report.wantedPerSecond,
      'done/s': report.donePerSecond,
      'failed %': report.failedShare * 100,
      'queues left over': report.leftOver.length,
      'limits reached': Object.values(report.limits).filter(({ most, now }) => now >= most).length,
      lost: report.lost,
      resurrected: report.resurrected,
      unread: report.unread,
      faults: Object.values(report.faults).reduce((sum, one) => sum + one, 0),
    },
    unit: '',
    holds: holds(report),
    note: `${report.minutes} minutes, seed ${report.seed}`,
  }
}

export const rows: readonly Row[] = [
  {
    name: 'soak',
    question: '30-minute soak at 5,000 operations/s with faults: RSS slope after warm-up, unbounded queues',
    target: '< 2 MB/h; none',
    measure,
  },
]
