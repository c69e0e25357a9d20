/** Account that an operator means by a person's display name. */

import { foldCase } from "../../base/case-fold.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { isName } from "../../base/names.ts";
import { quoteText } from "../../base/text.ts";
import type { Client } from "../../client/client.ts";
import { allAccounts } from "../../client/link/lists.ts";
import { quoteArgument } from "../shell-quote.ts";
import type { Operator } from "./operator.ts";

/** A person who guesses an account has to read the names of the candidates. */
const NAMED_MAX = 5;

/**
 * Returns a typed account name unchanged. A display name is nobody's alone, so it is never enough:
 * the user confirms the account on a terminal, and a script has to write its name.
 * @param act question, given the account with its display name
 * @param command for the remedy
 * @returns `undefined` if the user declines
 * @throws {Fault} user-unknown, or not-allowed in a script
 */
export async function accountNamed(
  { client, context }: Operator,
  typed: string,
  { act, command }: { act: (account: string) => string; command: (user: string) => string },
): Promise<string | undefined> {
  if (isName(typed) && (await exists(client, typed))) return typed;
  const accounts = await allAccounts(client.request, { reverse: false, sort: "name" });
  const found = accounts.filter((one) => one.removed !== true && isCalled(one, typed));
  const [first] = found;
  if (first === undefined) {
    throw new Fault("user-unknown", `no account has the name ${quoteText(typed)}`, {
      remedy: "list them: chat admin accounts",
    });
  }
  const { user, displayName } = first;
  if (found.length === 1 && context.terminal !== undefined) {
    const isMeant = await context.terminal.confirm(act(`${user} (${displayName})`));
    return isMeant ? user : undefined;
  }
  const others = found.length > NAMED_MAX ? ` and ${found.length - NAMED_MAX} more` : "";
  const users = found.slice(0, NAMED_MAX).map((one) => one.user);
  const names = `${users.join(", ")}${others}`;
  throw new Fault("not-allowed", `${quoteText(typed)} is the display name of ${names}`, {
    remedy: `write the account's name: ${command(quoteArgument(user))}`,
  });
}

async function exists(client: Client, user: string): Promise<boolean> {
  try {
    await client.request("whois", { user });
    return true;
  } catch (error) {
    if (asFault(error).code === "user-unknown") return false;
    throw error;
  }
}

function isCalled({ displayName = "" }: { displayName?: string | undefined }, typed: string) {
  return displayName !== "" && foldDisplayName(displayName) === foldDisplayName(typed);
}

function foldDisplayName(name: string): string {
  return foldCase(name.normalize("NFKC").trim().replace(/\s+/g, " "));
}
