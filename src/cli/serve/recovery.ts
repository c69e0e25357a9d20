/** Prints which records a start has recovered and which are lost. */

import type { Name } from "../../base/names.ts";
import { counted } from "../../base/sizes.ts";
import { type Context, printNotice } from "../context.ts";
import { printJson } from "../output/result.ts";
import type { OpenFolder } from "./folder.ts";

export function printRecovery(
  context: Context,
  { accounts, history, lostAccounts }: Pick<OpenFolder, "accounts" | "history" | "lostAccounts">,
): void {
  for (const log of [accounts, history]) {
    if (log.keptSize === undefined) continue;
    printNotice(
      context,
      `confirmed records were lost, leaving ${counted(log.keptSize, "record")}. Users whose ` +
        "clients have the lost records will see an alarm and can accept the loss: " +
        "chat trust accept SERVER",
    );
  }
  const isAccepted = [accounts, history].some((log) => log.keptSize !== undefined);
  for (const { file, droppedBytes, tornPath } of [...accounts.recovered, ...history.recovered]) {
    const description = isAccepted ? "are damaged or follow damage" : "were never acknowledged";
    printNotice(
      context,
      `${file} ended with ${droppedBytes} bytes that ${description}; moved them to ${tornPath}`,
    );
    printJson(context, { kind: "recovered", droppedBytes, file });
  }
  printLostAccounts(context, lostAccounts);
  for (const seq of accounts.damaged) {
    printNotice(context, `account record ${seq} is damaged; its content is lost`);
    printJson(context, { kind: "damaged", seq, log: "accounts" });
  }
  printDamaged(context, history.damaged);
}

const NAMES_LISTED_MAX = 8;

function printLostAccounts(context: Context, names: readonly Name[]): void {
  if (names.length === 0) return;
  const moreCount = names.length - NAMES_LISTED_MAX;
  const moreText = moreCount > 0 ? ` and ${moreCount} more` : "";
  const displayed = names.slice(0, NAMES_LISTED_MAX).join(", ");
  const count = counted(names.length, "account");
  printNotice(
    context,
    `${count} and the latest bans and roles are lost. Their messages appear under ` +
      `${displayed}${moreText}. To repair an account: chat admin reset, rename or remove`,
  );
  printJson(context, { kind: "accounts-lost", users: names });
}

export function printDamaged(context: Context, seqs: readonly number[]): void {
  for (const seq of seqs) {
    printNotice(context, `the content of record ${seq} is damaged; clients display it as damaged`);
    printJson(context, { kind: "damaged", seq });
  }
}
