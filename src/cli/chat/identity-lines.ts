/** Verification of a user's key by its safety digits. */

import type { Client } from "../../client/client.ts";
import type { SafetyDigits } from "../../client/sealed/rooms.ts";
import type { TerminalMessage } from "../../ui/messages/en/terminal.ts";
import type { JsonOutput } from "../output/render.ts";

const GROUPS_IN_ROW = 4;

/** @internal */
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

/** @internal */
export function confirmHint(
  user: string,
  identity: SafetyDigits,
  confirm: string,
): TerminalMessage {
  const { isVerified, former } = identity;
  if (isVerified) return (texts) => texts.verified(user);
  if (former === undefined) return (texts) => texts.confirmDigits(user, confirm);
  return (texts) => texts.confirmNewDigits(user);
}

/**
 * Accepts a user's new key, or confirms its digits if they are given.
 * @param command command that confirms digits
 * @returns the answer for scripts and users, with the digits in rows
 */
export async function verifyUser(
  client: Pick<Client, "sealedRooms" | "acceptKey">,
  user: string,
  confirmation: "accept" | { readonly digits: string | undefined },
  command: string,
): Promise<{ json: JsonOutput; text: TerminalMessage; rows: readonly string[] }> {
  if (confirmation === "accept") {
    await client.acceptKey(user);
    const json = { kind: "identity-accepted", user };
    return { json, text: (texts) => texts.keyAccepted(user), rows: [] };
  }
  const rooms = await client.sealedRooms();
  if (confirmation.digits !== undefined) await rooms.confirmDigits(user, confirmation.digits);
  const identity = await rooms.safetyNumber(user);
  const { digits, isVerified: verified, former } = identity;
  return {
    json: { kind: "identity", user, digits, verified, former },
    text: confirmHint(user, identity, command),
    rows: digitRows(identity),
  };
}
