/**
 * Words [Rule]: a line of a configuration file to its words, and a value back to a word.
 *
 * "..." knows \n \r \t \b \a \xHH and escapes; '...' knows only \'. A closing quote must end the word.
 */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }

/** The words, or undefined when a quote is not closed properly. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (isSpace(line[at])) at++
    if (at >= line.length) return words
    let word = ''
    while (at < line.length && !isSpace(line[at])) {
      const quote = line[at]!
      if (quote !== '"' && quote !== "'") {
        word += quote
        at++
        continue
      }
      const quoted = readQuoted(line, at + 1, quote)
      if (quoted === undefined) return undefined
      word += quoted.text
      at = quoted.end
    }
    words.push(word)
  }
}

function isSpace(letter: string | undefined): boolean {
  return letter !== undefined && /\s/.test(letter)
}

function readQuoted(line: string, start: number, quote: string): { text: string; end: number } | undefined {
  let text = ''
  let at = start
  while (at < line.length) {
    if (line[at] === quote) {
      const end = at + 1
      return end === line.length || isSpace(line[end]) ? { text, end } : undefined
    }
    const next = line[at + 1]
    const code = quote === '"' ? /^\\x([0-9a-f]{2})/i.exec(line.slice(at, at + 4)) : null
    if (code !== null) {
      text += String.fromCharCode(Number.parseInt(code[1]!, 16))
      at += 4
    } else if (line[at] === '\\' && next !== undefined && (quote === '"' || next === "'")) {
      text += quote === '"' ? (ESCAPES[next] ?? next) : next
      at += 2
    } else {
      text += line[at]
      at++
    }
  }
  return undefined
}

/** One word as a file spells it: bare where that is safe, quoted otherwise. */
export function quoteWord(word: string): string {
  if (/^[A-Za-z0-9._/:*@%+,=$-]+$/.test(word)) return word
  let quoted = ''
  for (const letter of word) {
    const code = letter.charCodeAt(0)
    if (letter === '"' || letter === '\\') quoted += `\\${letter}`
    else if (code >= 32 && code < 127) quoted += letter
    else quoted += `\\x${code.toString(16).padStart(2, '0')}`
  }
  return `"${quoted}"`
}
