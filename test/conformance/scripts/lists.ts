/*
 * What lists answer. Commands only; redis-server knows the answers. Shape: table.
 */
import { type Case, many, near } from '../script.ts'

const INDEXES = [
  '0',
  '1',
  '-1',
  '2',
  '-5',
  '4',
  '5',
  '-6',
  '100',
  '-100',
  '9223372036854775807',
  '-9223372036854775808',
  'x',
  '1.5',
  '""',
]
const FIVE = 'RPUSH l a b c d e'

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'LPUSH and RPUSH put elements at their ends in order', run: ['LPUSH l a b c', 'LRANGE l 0 -1', 'RPUSH l x y', 'LRANGE l 0 -1', 'LPUSH l ""', 'LLEN l', 'LINDEX l 0', 'LPUSH l', 'RPUSH l', 'LPUSH', 'LLEN none', 'LLEN'] },
  { name: 'LPUSHX and RPUSHX need a list', run: ['LPUSHX l a', 'RPUSHX l a', 'EXISTS l', 'RPUSH l a', 'LPUSHX l b c', 'RPUSHX l d e', 'LRANGE l 0 -1', 'LPUSHX l', 'RPUSHX l'] },
  { name: 'LPOP and RPOP take from the ends', run: [FIVE, 'LPOP l', 'RPOP l', 'LPOP l 2', 'RPOP l 10', 'EXISTS l', 'LPOP l', 'RPOP l', 'LPOP l 5', 'RPOP l 0', 'LPOP', 'RPOP l 1 2'] },
  { name: 'LPOP and RPOP with a count of zero or a bad one', run: [FIVE, 'LPOP l 0', 'RPOP l 0', 'LPOP l -1', 'RPOP l x', 'LPOP l 1.5', 'LPOP l ""', 'LPOP none 0', 'LPOP none -1', 'LPOP l 9223372036854775807', 'EXISTS l', 'RPUSH l a', 'RPOP l 9223372036854775808', 'LLEN l'] },
  ...INDEXES.map((start) => ({
    name: `LRANGE, LTRIM, LINDEX and LSET at ${start}`,
    run: [FIVE, ...INDEXES.map((end) => `LRANGE l ${start} ${end}`), `LINDEX l ${start}`, `LSET l ${start} new`, 'LRANGE l 0 -1', ...INDEXES.flatMap((end) => ['DEL t', 'RPUSH t a b c d e', `LTRIM t ${start} ${end}`, 'LRANGE t 0 -1', 'EXISTS t']), `LINDEX none ${start}`, `LRANGE none ${start} 1`, `LSET none ${start} x`, `LTRIM none ${start} 1`],
  })),
  { name: 'list commands check the number of arguments', run: ['LRANGE l 0', 'LRANGE', 'LTRIM l 0', 'LINDEX l', 'LSET l 0', 'LREM l 0', 'LINSERT l BEFORE a', 'LMOVE a b LEFT', 'RPOPLPUSH a', 'LPOS l', 'LMPOP 1 l'] },
  { name: 'LREM removes from either end', run: ['RPUSH l a b a c a b', 'LREM l 1 a', 'LRANGE l 0 -1', 'LREM l -1 b', 'LRANGE l 0 -1', 'LREM l 0 a', 'LRANGE l 0 -1', 'LREM l 0 none', 'LREM l 5 b', 'LREM l 0 c', 'EXISTS l', 'LREM none 0 a', 'LREM l x a', 'LREM l 1.5 a', 'RPUSH n 1 01 1 1.0', 'LREM n 0 1', 'LRANGE n 0 -1', 'LREM n -9223372036854775808 01', 'LRANGE n 0 -1'] },
  { name: 'LINSERT puts before and after a pivot', run: ['RPUSH l a c', 'LINSERT l BEFORE c b', 'LINSERT l AFTER c d', 'LINSERT l before a z', 'LRANGE l 0 -1', 'LINSERT l BEFORE none x', 'LINSERT none BEFORE a x', 'EXISTS none', 'LINSERT l BOGUS a x', 'LINSERT none BOGUS a x', 'RPUSH d x x x', 'LINSERT d AFTER x y', 'LRANGE d 0 -1'] },
  { name: 'LPOS finds elements', run: ['RPUSH l a b c 1 2 3 c c', 'LPOS l c', 'LPOS l none', 'LPOS l c RANK 2', 'LPOS l c RANK -1', 'LPOS l c RANK -2', 'LPOS l c RANK 5', 'LPOS l c COUNT 2', 'LPOS l c COUNT 0', 'LPOS l c COUNT 1', 'LPOS l c RANK -1 COUNT 2', 'LPOS l c RANK -1 COUNT 0', 'LPOS l c RANK 2 COUNT 0', 'LPOS l c COUNT 0 MAXLEN 3', 'LPOS l c COUNT 0 MAXLEN 7', 'LPOS l c COUNT 0 MAXLEN 0', 'LPOS l c RANK -1 COUNT 0 MAXLEN 2', 'LPOS l c MAXLEN 2', 'LPOS none c', 'LPOS none c COUNT 0', 'LPOS l none COUNT 0', 'lpos l 1 rank 1 count 1', 'LPOS l 01'] },
  { name: 'LPOS refuses bad options', run: ['RPUSH l a', 'LPOS l a RANK 0', 'LPOS l a RANK x', 'LPOS l a RANK', 'LPOS l a COUNT -1', 'LPOS l a COUNT x', 'LPOS l a COUNT', 'LPOS l a MAXLEN -1', 'LPOS l a MAXLEN x', 'LPOS l a BOGUS', 'LPOS l a BOGUS 1', 'LPOS none a RANK 0', 'LPOS l a RANK -9223372036854775808', 'LPOS l a RANK -9223372036854775807', 'LPOS l a RANK 9223372036854775807', 'LPOS l a COUNT 9223372036854775807'] },
  { name: 'LMOVE and RPOPLPUSH move between ends', run: ['RPUSH a 1 2 3', 'LMOVE a b LEFT RIGHT', 'LMOVE a b RIGHT LEFT', 'LRANGE b 0 -1', 'LMOVE a b left left', 'EXISTS a', 'LRANGE b 0 -1', 'LMOVE a b LEFT LEFT', 'RPOPLPUSH b a', 'RPOPLPUSH none a', 'LRANGE a 0 -1', 'LMOVE a b MIDDLE LEFT', 'LMOVE a b LEFT x', 'LMOVE none b x LEFT'] },
  { name: 'LMOVE and RPOPLPUSH rotate one list', run: [FIVE, 'LMOVE l l LEFT RIGHT', 'LMOVE l l RIGHT LEFT', 'LMOVE l l LEFT LEFT', 'LMOVE l l RIGHT RIGHT', 'RPOPLPUSH l l', 'LRANGE l 0 -1', 'RPUSH one x', 'RPOPLPUSH one one', 'LMOVE one one LEFT LEFT', 'LRANGE one 0 -1', 'EXPIRE one 100', 'LMOVE one one LEFT RIGHT', near('TTL one', 1)] },
  { name: 'LMOVE and RPOPLPUSH check both types first', run: ['SET s x', 'RPUSH l a', 'LMOVE l s LEFT LEFT', 'RPOPLPUSH l s', 'LMOVE s l LEFT LEFT', 'RPOPLPUSH s l', 'LRANGE l 0 -1', 'LMOVE none s LEFT LEFT', 'RPOPLPUSH none s'] },
  { name: 'LMPOP pops from the first list that has elements', run: ['RPUSH b 1 2 3', 'LMPOP 2 a b LEFT', 'LMPOP 2 a b RIGHT COUNT 2', 'EXISTS b', 'LMPOP 2 a b LEFT', 'RPUSH a x', 'RPUSH b y', 'LMPOP 2 a b left count 10', 'LMPOP 1 none LEFT COUNT 2'] },
  { name: 'LMPOP refuses bad arguments', run: ['RPUSH l a', 'LMPOP 0 l LEFT', 'LMPOP -1 l LEFT', 'LMPOP x l LEFT', 'LMPOP 2 l LEFT', 'LMPOP 1 l', 'LMPOP 1 l MIDDLE', 'LMPOP 1 l LEFT COUNT', 'LMPOP 1 l LEFT COUNT 0', 'LMPOP 1 l LEFT COUNT -1', 'LMPOP 1 l LEFT COUNT x', 'LMPOP 1 l LEFT BOGUS 1', 'LMPOP 1 l LEFT COUNT 1 COUNT 1', 'LMPOP 9223372036854775807 l LEFT', 'SET s x', 'LMPOP 2 s l LEFT', 'LMPOP 2 l s LEFT', 'LMPOP 2 none s LEFT', 'LMPOP 1 l LEFT COUNT 1 x'] },
  { name: 'long lists keep their order', run: [['RPUSH', 'l', ...many('e', 1, 2000)], 'LLEN l', 'LINDEX l 0', 'LINDEX l 1000', 'LINDEX l -1', 'LINDEX l 1999', 'LINDEX l 2000', 'LRANGE l 995 1005', 'LRANGE l -3 -1', 'LSET l 1000 changed', 'LINSERT l BEFORE changed before', 'LINSERT l AFTER changed after', 'LRANGE l 998 1005', 'LREM l 1 e1500', 'LPOS l e1600', 'LPOS l e1600 RANK -1', 'LTRIM l 500 1500', 'LLEN l', 'LRANGE l 0 3', 'LRANGE l -4 -1', 'LPOP l 300', 'RPOP l 300', 'LRANGE l 0 -1', 'LREM l 0 e805', 'LPUSH l first', 'RPUSH l last', 'LINDEX l 0', 'LINDEX l -1'] },
  { name: 'long lists of duplicates', run: [['RPUSH', 'l', ...many('', 1, 900).map((word) => String(Number(word) % 3))], 'LREM l 100 1', 'LREM l -100 2', 'LLEN l', 'LRANGE l 0 20', 'LRANGE l -20 -1', 'LPOS l 1', 'LPOS l 2 RANK -1', 'LREM l 0 0', 'LLEN l', 'LPOS l 1 COUNT 5 RANK 20'] },
  { name: 'lists keep big elements and small ones', run: [['RPUSH', 'l', 'x'.repeat(10_000), 'small', 'y'.repeat(70_000), ''], 'LLEN l', 'LINDEX l 1', 'LINDEX l 3', 'LINDEX l 2', 'LSET l 1 changed', 'LPOP l', 'LRANGE l 0 0', 'RPOP l', 'RPOP l', 'LRANGE l 0 -1'] },
  { name: 'list node size bounds do not change answers', config: { 'list-max-listpack-size': '3' }, run: [FIVE, 'LINSERT l BEFORE c x', 'LINSERT l AFTER e y', 'LPUSH l z', 'LRANGE l 0 -1', 'LREM l 0 c', 'LINDEX l 3', 'LINDEX l -3', 'LTRIM l 1 -2', 'LRANGE l 0 -1', 'LSET l 2 q', 'LPOS l q', 'LRANGE l 1 3', 'OBJECT ENCODING l'] },
  { name: 'a list keeps its time to live until it is empty', run: ['RPUSH l a b', 'EXPIRE l 100', 'LPOP l', near('TTL l', 1), 'LPUSH l c', near('TTL l', 1), 'LTRIM l 5 10', 'RPUSH l x', 'TTL l'] },
  { name: 'long lists are edited far from their ends', run: [['RPUSH', 'l', ...many('e', 1, 3000)], 'LINSERT l AFTER e1500 a', 'LINSERT l AFTER e1500 b', ['LINSERT', 'l', 'BEFORE', 'e1501', 'z'.repeat(9000)], 'LRANGE l 1495 1506', 'LSET l 1502 short', ['LSET', 'l', '700', 'w'.repeat(300)], 'LINDEX l 700', 'LPOS l e2999 RANK -1 MAXLEN 5', 'LTRIM l 600 -600', 'LLEN l', 'LRANGE l 0 3', 'LRANGE l -3 -1', 'LTRIM l 5 9', 'LRANGE l 0 -1', 'RPUSH l x', 'LRANGE l 0 -1'] },
]
