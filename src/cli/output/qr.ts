/** QR codes as lines for a terminal. */

import { qrDots } from "../../base/qr.ts";
import { isAppendOnly } from "../../io/terminal/terminal-type.ts";
import type { Context } from "../context.ts";

export interface QrDrawing {
  readonly lines: readonly string[];
  /** Width of each line. */
  readonly columns: number;
}

/**
 * Draws black on white, or inverted without colours. `undefined` if the code is wider than the
 * terminal.
 * @param isLarge whether a module has two cells instead of half of one
 */
export function drawQr(
  text: string,
  columnsMax: number,
  color: boolean,
  isLarge = false,
): QrDrawing | undefined {
  const dots = qrDots(text);
  const columns = dots.length * (isLarge ? 2 : 1);
  if (columns > columnsMax) return undefined;
  return { lines: dotLines(dots, color, isLarge), columns };
}

export function qrLines(
  text: string,
  columns: number,
  color: boolean,
): readonly string[] | undefined {
  return drawQr(text, columns, color)?.lines;
}

function dotLines(
  dots: ReturnType<typeof qrDots>,
  color: boolean,
  isLarge: boolean,
): readonly string[] {
  const size = dots.length;
  const isInk = (row: number, column: number) =>
    row < size && (dots[row]?.[column] === true) === color;
  const colored = (line: string) => (color ? `\x1b[30;107m${line}\x1b[0m` : line);
  if (isLarge) {
    return dots.map((line, row) =>
      colored(line.map((_, column) => (isInk(row, column) ? "██" : "  ")).join("")),
    );
  }
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = "";
    for (let column = 0; column < size; column++) {
      const upper = isInk(row, column);
      const lower = isInk(row + 1, column);
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    lines.push(colored(line));
  }
  return lines;
}

/** Returns no lines if there is no terminal, or if it is too narrow. */
export function terminalQr(
  { stderr, env }: Pick<Context, "stderr" | "env">,
  text: string,
): readonly string[] {
  const color = !env["NO_COLOR"] && !isAppendOnly(env);
  return (stderr.isTerminal ? qrLines(text, stderr.columns(), color) : undefined) ?? [];
}
