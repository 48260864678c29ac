import assert from 'node:assert/strict'
import test from 'node:test'
import { type ArgumentDocs, parseSyntax } from '../../src/commands/syntax-docs.ts'

/** A tree in one line: TOKEN name:type, {block}, <a|b>, * for many, [optional]. */
function line(one: ArgumentDocs): string {
  let text = one.type === 'pure-token' ? '' : `${one.name}:${one.type}`
  if (one.type === 'oneof') text = `<${one.parts.map(line).join('|')}>`
  if (one.type === 'block') text = `{${one.parts.map(line).join(' ')}}`
  if (one.token !== undefined) text = text === '' ? one.token : `${one.token} ${text}`
  if (one.isMultiple) text += one.isTokenMultiple ? '**' : '*'
  return one.isOptional ? `[${text}]` : text
}

const READINGS: readonly (readonly [syntax: string, reading: string])[] = [
  ['', ''],
  ['key', 'key:key'],
  ['key value [key value ...]', '{key:key value:string}*'],
  ['key [key ...] timeout', 'key:key* timeout:double'],
  ['[channel [channel ...]]', '[channel:string*]'],
  ['key [count [WITHVALUES]]', 'key:key [{count:integer [WITHVALUES]}]'],
  ['key [NX|XX] [CH]', 'key:key [<NX|XX>] [CH]'],
  [
    '[EX seconds|EXAT unix-time-seconds|KEEPTTL]',
    '[<EX seconds:integer|EXAT unix-time-seconds:unix-time|KEEPTTL>]',
  ],
  ['source destination LEFT|RIGHT LEFT|RIGHT', 'source:key destination:key <LEFT|RIGHT> <LEFT|RIGHT>'],
  ['[LIMIT offset count]', '[LIMIT {offset:integer count:integer}]'],
  ['[GET pattern [GET pattern ...]]', '[GET pattern:pattern**]'],
  ['[WEIGHTS weight [weight ...]]', '[WEIGHTS weight:double*]'],
  ['[AGGREGATE SUM|MIN|MAX]', '[AGGREGATE <SUM|MIN|MAX>]'],
  ['[FILTERBY MODULE name|ACLCAT category]', '[FILTERBY <MODULE name:string|ACLCAT category:string>]'],
  [
    'GET offset|[OVERFLOW SAT|FAIL] SET offset',
    '<GET offset:integer|{[OVERFLOW <SAT|FAIL>] SET offset:integer}>',
  ],
  ['name [arg ...]', 'name:string [arg:string*]'],
]

for (const [syntax, reading] of READINGS) {
  test(`'${syntax}' is read as ${reading === '' ? 'nothing' : reading}`, () => {
    assert.equal(parseSyntax(syntax, 'x').map(line).join(' '), reading)
  })
}

test('a word may mean another type in some commands', () => {
  assert.equal(parseSyntax('key increment', 'incrby').map(line).join(' '), 'key:key increment:integer')
  assert.equal(parseSyntax('key increment', 'incrbyfloat').map(line).join(' '), 'key:key increment:double')
})

test('brackets that do not match are refused', () => {
  for (const syntax of ['[key', 'key]', '[a [b]'])
    assert.throws(() => parseSyntax(syntax, 'x'), /do not match/)
})
