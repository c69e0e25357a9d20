/** QR codes as lines for a terminal. */

import { qrDots } from "../../base/qr.ts";
import { isAppendOnly } from "../../io/terminal/terminal-type.ts";
import type { Context } from "../context.ts";

/**
 * Draws black on white, or inverted without colours. `undefined` if the code is wider than the
 * terminal.
 */
export function qrLines(text: string, columns: number, color: boolean): string[] | undefined {
  const dots = qrDots(text);
  const size = dots.length;
  if (size > columns) return undefined;
  const isInk = (row: number, column: number) =>
    row < size && (dots[row]?.[column] === true) === color;
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = "";
    for (let column = 0; column < size; column++) {
      const upper = isInk(row, column);
      const lower = isInk(row + 1, column);
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    lines.push(color ? `\x1b[30;107m${line}\x1b[0m` : line);
  }
  return lines;
}

/** Returns no lines if there is no terminal, or if it is too narrow. */
export function terminalQr(
  { stderr, env }: Pick<Context, "stderr" | "env">,
  text: string,
): string[] {
  const color = !env["NO_COLOR"] && !isAppendOnly(env);
  return (stderr.isTerminal ? qrLines(text, stderr.columns(), color) : undefined) ?? [];
}
