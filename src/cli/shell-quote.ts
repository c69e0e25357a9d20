/** Arguments of commands that users copy from the screen into a shell. */

const PLAIN = /^[\p{L}\p{N}@_+:,./=-]+$/u;
const PLAIN_ON_WINDOWS = /^[\p{L}\p{N}_+:./\\-]+$/u;

/**
 * Quotes an argument for sh, or on Windows for both cmd and PowerShell. PowerShell expands `$` and
 * the backtick in double quotes, so an argument with one of them is quoted for PowerShell alone.
 */
export function quoteArgument(text: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== "win32") return PLAIN.test(text) ? text : quoted(text, "'\\''");
  if (PLAIN_ON_WINDOWS.test(text)) return text;
  if (/[$`"]/.test(text)) return quoted(text, "''");
  // A backslash before the closing quote would escape it.
  return `"${text.replace(/(?<!\\)\\+$/, "$&$&")}"`;
}

function quoted(text: string, quote: string): string {
  return `'${text.replaceAll("'", quote)}'`;
}
