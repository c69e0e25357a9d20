/** Colours and styles in logs: those of IRC, of irssi, and of terminals. */

const COLOR = /\x03(?:\d{1,2}(?:,\d{1,2})?)?/;
const HEX_COLOR = /\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?/;
const STYLE = /[\x02\x0f\x11\x16\x1d-\x1f]/;
/** WeeChat writes these with `logger.file.color_lines`. */
const TERMINAL = /\x1b\[[0-9;:]*m/;
/** irssi writes these with `autolog_colors`: a style, an extended colour, or a pair of colours. */
const IRSSI = /\x04(?:[a-i]|[.,+'&-][\s\S]|#[\s\S]{4}|[/-?][/-?])/;
/** Ends a colour in each coloured line of irssi, and begins no colour of IRC. */
const IRSSI_END = "\x04g";

const STYLES = expressionOf([TERMINAL, COLOR, HEX_COLOR, STYLE]);
const IRSSI_STYLES = expressionOf([TERMINAL, COLOR, IRSSI, HEX_COLOR, STYLE]);

function expressionOf(styles: readonly RegExp[]): RegExp {
  return new RegExp(styles.map(({ source }) => source).join("|"), "g");
}

export function withoutStyles(line: string): string {
  return line.replaceAll(line.includes(IRSSI_END) ? IRSSI_STYLES : STYLES, "");
}
