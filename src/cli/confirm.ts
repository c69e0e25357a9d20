/** Asks before a destructive action, unless `--yes` is given. */

import { type FlagDefs, flag } from "./command.ts";
import type { Context } from "./context.ts";
import { usageFault } from "./errors.ts";

/** For commands that cannot be undone. */
export const YES_FLAG = {
  yes: flag("Do not prompt for confirmation"),
} as const satisfies FlagDefs;

/** Asks on a terminal; a script passes `--yes`. @throws Fault usage */
export async function confirmAction(
  context: Context,
  { yes }: { readonly yes: boolean },
  question: string,
): Promise<boolean> {
  if (yes) return true;
  if (context.terminal === undefined) {
    throw usageFault("this cannot be undone", "add --yes to confirm");
  }
  const answer = await context.terminal.askText(`${question} (y/n)`);
  return /^y(es)?$/i.test(answer.trim());
}
