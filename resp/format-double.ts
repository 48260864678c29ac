// How Redis prints a double: C's "%.17g".
//
// Seventeen significant digits name every double exactly; JavaScript's toPrecision(17) finds the same
// digits but rounds an exact tie up where C rounds it to even, writes exponents later than C does and
// keeps trailing zeros. Those three differences are the whole of this file. Shape: rule.

export function formatDouble(x: number): string {
  if (Number.isSafeInteger(x)) return x === 0 && 1 / x < 0 ? '-0' : String(x)
  if (Number.isNaN(x)) return 'nan'
  if (x === Infinity) return 'inf'
  if (x === -Infinity) return '-inf'
  const [digits, exponent] = seventeenDigits(Math.abs(x))
  const sign = x < 0 ? '-' : ''
  return sign + layOut(trimZeros(digits), exponent)
}

/** The digits d.ddd... of a positive double and its decimal exponent. */
function seventeenDigits(x: number): [digits: string, exponent: number] {
  const rounded = x.toExponential(16)
  const precise = x.toExponential(60)
  const mark = precise.indexOf('e')
  const digits = rounded.slice(0, 1) + rounded.slice(2, rounded.indexOf('e'))
  const exponent = Number(rounded.slice(rounded.indexOf('e') + 1))
  // A double's nearest 18-digit neighbour is either exact or differs well before the 60th digit.
  const isTie = precise[18] === '5' && /^0*$/.test(precise.slice(19, mark))
  if (!isTie) return [digits, exponent]
  const lower = precise.slice(0, 1) + precise.slice(2, 18)
  const isLowerEven = (lower.charCodeAt(16) & 1) === 0
  return isLowerEven ? [lower, Number(precise.slice(mark + 1))] : [digits, exponent]
}

function trimZeros(digits: string): string {
  let end = digits.length
  while (end > 1 && digits.charCodeAt(end - 1) === 48) end--
  return digits.slice(0, end)
}

function layOut(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= 17) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    const size = Math.abs(exponent)
    return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return digits + '0'.repeat(exponent + 1 - digits.length)
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}
