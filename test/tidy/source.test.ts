/*
 * The tidy tests rest on a small lexer; these keep it honest.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { blank, functionsOf } from './source.ts'

function words(code: string): string {
  return code.replace(/\s+/g, ' ').trim()
}

test('comments, strings, templates and regular expressions are blanked, code is not', () => {
  const rows: [string, string][] = [
    ['a // await\nb /* await\n */ c \'await\' "aw\\"ait" d', 'a b c d'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    ['a `x ${b + `y ${c} z`} w` d', 'a b + c d'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    ['`${{ a: 1 }.a}` + b', '{ a: 1 }.a + b'],
    ['x = /[/"]await\\//g; y = a / b / c', 'x = g; y = a / b / c'],
    ["return /'/.test(x) ? 'y' : z", 'return .test(x) ? : z'],
  ]
  for (const [text, code] of rows) assert.equal(words(blank(text, true)), code, text)
})

test('blanking keeps every line where it was', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
  const text = "/*\n * x\n */\nconst a = `\n${1}\n`\nconst b = 'x'\n"
  assert.equal(blank(text, true).split('\n').length, text.split('\n').length)
})

test('a function is as long as from its first line to its closing brace', () => {
  const code = [
    'function a(',
    '  x: number,',
    '): {',
    '  y: number',
    '} {',
    '  return { y: x }',
    '}',
    'class B {',
    '  private c(): void {',
    '    if (x) {',
    '      call(',
    '        1,',
    '      )',
    '    }',
    '  }',
    '}',
    'const d = (x) => {',
    '  return x',
    '}',
  ].join('\n')
  assert.deepEqual(functionsOf(code), [
    { line: 1, length: 7 },
    { line: 9, length: 7 },
    { line: 17, length: 3 },
  ])
})
