/** Lines with the safety digits of a user's key and the command that confirms them. */

import type { SafetyDigits } from "../../client/sealed/rooms.ts";
import type { Message } from "../../ui/messages/en/terminal.ts";
import type { JsonObject } from "../output/render.ts";

const GROUPS_IN_ROW = 4;

export function digitRows({ digits, former }: Pick<SafetyDigits, "digits" | "former">): string[] {
  const rows = rowsOf(digits);
  return former === undefined ? rows : [...rows, "previous:", ...rowsOf(former)];
}

function rowsOf(digits: string): string[] {
  const groups = digits.split(" ");
  const rows: string[] = [];
  for (let at = 0; at < groups.length; at += GROUPS_IN_ROW) {
    rows.push(groups.slice(at, at + GROUPS_IN_ROW).join(" "));
  }
  return rows;
}

export function confirmHint(user: string, identity: SafetyDigits, confirm: string): Message {
  const { isVerified, former } = identity;
  if (isVerified) return (texts) => texts.verified(user);
  if (former === undefined) return (texts) => texts.confirmDigits(user, confirm);
  return (texts) => texts.confirmNewDigits(user);
}

export function identityLine(
  user: string,
  { digits, isVerified, former }: SafetyDigits,
): JsonObject {
  const changed = former === undefined ? {} : { former };
  return { kind: "identity", user, digits, verified: isVerified, ...changed };
}
