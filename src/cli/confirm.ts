/** Confirmation before a destructive action, unless `--yes` is passed. */

import { type FlagDefs, flag } from "./command.ts";
import type { Context } from "./context.ts";
import { usageFault } from "./errors.ts";

export const YES_FLAG = { yes: flag("Do not prompt for confirmation") } as const satisfies FlagDefs;

/** @throws {Fault} usage if there is no terminal and no `--yes` */
export async function confirmAction(
  context: Context,
  { yes }: { readonly yes: boolean },
  question: string,
): Promise<boolean> {
  if (yes) return true;
  if (context.terminal === undefined) {
    throw usageFault("this cannot be undone", "add --yes to confirm");
  }
  return context.terminal.confirm(question);
}
