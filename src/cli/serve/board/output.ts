/** Outputs of a server whose board occupies the terminal. */

import { isInForeground, isOneTerminal } from "../../../io/terminal/foreground.ts";
import type { Output } from "../../../io/terminal/output.ts";
import { isAppendOnly } from "../../../io/terminal/terminal-type.ts";
import type { Context } from "../../context.ts";
import { textOutput } from "../../guarded-output.ts";

/** Minimum size of the board. */
const BOARD_COLUMNS_MIN = 50;
const BOARD_ROWS_MIN = 15;

type Streams = Pick<Context, "json" | "stdin" | "stdout" | "stderr" | "env">;

/** Reports whether `chat serve` shows a board instead of printing lines. */
export function mayShowBoard(
  { json, stdin, stdout, stderr, env }: Streams,
  { plain }: { readonly plain: boolean },
): boolean {
  if (plain || json || isAppendOnly(env)) return false;
  if (!(stdin.isTerminal && stdout.isTerminal && stderr.isTerminal)) return false;
  const isLarge = stdout.columns() >= BOARD_COLUMNS_MIN && (stdout.rows() ?? 0) >= BOARD_ROWS_MIN;
  return isLarge && isOneTerminal() && isInForeground();
}

/** @param take receives what is written, and returns whether it must not be printed */
export function divertedOutput(output: Output, take: (text: string) => boolean): Output {
  return textOutput(output, (text) => {
    if (!take(text)) output.write(text);
  });
}
