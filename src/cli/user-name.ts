/** User names: prompted for, or taken from the system. */

import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { isName, isReservedName, type Name } from "../base/names.ts";
import { checkNewName, checkTypedName, proposeName } from "../base/new-names.ts";
import { quoteText } from "../base/text.ts";
import { type Context, printNotice } from "./context.ts";
import { usageFault } from "./errors.ts";

/**
 * Proposes a similar name after an invalid name.
 * @param server HOST:PORT
 * @throws {Fault} usage without a terminal; name-invalid if the answer is empty; interrupted
 */
export async function promptUserName(
  context: Pick<Context, "terminal" | "stderr">,
  server?: string,
): Promise<Name> {
  const { terminal } = context;
  if (terminal === undefined) {
    throw usageFault("no user name given", "add --user NAME or set CHAT_USER");
  }
  const question = server === undefined ? "Name" : `Name on ${server}`;
  let answer = await terminal.askText(question);
  if (answer === "") return checkTypedName(answer);
  while (!isName(answer)) {
    const proposed = proposeName(answer);
    printNotice(context, `invalid name ${quoteText(answer)}: use letters, digits, - and _`);
    answer = (await terminal.askText(`${question} [${proposed}]`)) || proposed;
  }
  return answer;
}

/** Name that Bun returns if the environment names no user, as under cron and systemd. */
const UNKNOWN = "unknown";

export function publicUserName(fallback: string): string {
  const user = systemUser();
  return user === undefined || user === UNKNOWN ? fallback : user;
}

export function systemUser(): Name | undefined {
  try {
    const { username, uid } = userInfo();
    const name = username === UNKNOWN ? (userNameById(uid) ?? username) : username;
    if (!isName(name)) return undefined;
    // Some systems name their first user `admin`, which is a reserved name.
    return isReservedName(name) ? checkNewName(`${name}1`) : name;
  } catch {
    return undefined;
  }
}

/**
 * @returns `undefined` if the file has no such user
 * @internal
 */
export function userNameById(uid: number, passwdFile = "/etc/passwd"): string | undefined {
  try {
    const rows = readFileSync(passwdFile, "utf8").split("\n");
    return rows.map((row) => row.split(":")).find(([, , id]) => id === String(uid))?.[0];
  } catch {
    return undefined;
  }
}
