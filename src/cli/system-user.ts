/** The name of the system's user. */

import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { isName, isReservedName, type Name } from "../base/names.ts";
import { checkNewName } from "../base/new-names.ts";

/** Bun's value if the environment names no user, as under cron and systemd. */
const UNKNOWN = "unknown";

/** Name for other users if the user gave none. */
export function publicUserName(fallback: string): string {
  const user = systemUser();
  return user === undefined || user === UNKNOWN ? fallback : user;
}

/** The name of this system's user, if it is a valid name. */
export function systemUser(): Name | undefined {
  try {
    const { username, uid } = userInfo();
    const name = username === UNKNOWN ? (userNameById(uid) ?? username) : username;
    if (!isName(name)) return undefined;
    // Some systems call their first user admin.
    return isReservedName(name) ? checkNewName(`${name}1`) : name;
  } catch {
    return undefined; // A user without an entry, as in some containers.
  }
}

/** The user with this number. @returns `undefined` if the file names none @internal */
export function userNameById(uid: number, passwdFile = "/etc/passwd"): string | undefined {
  try {
    const rows = readFileSync(passwdFile, "utf8").split("\n");
    return rows.map((row) => row.split(":")).find(([, , id]) => id === String(uid))?.[0];
  } catch {
    return undefined;
  }
}
