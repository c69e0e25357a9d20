/** Codes of ASCII characters. */

export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const ZERO = 0x30;
export const BRACE_CLOSE = 0x7d;
export const BRACKET_CLOSE = 0x5d;
