/** Name of the operating system's user. */

import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { isName, isReservedName, type Name } from "../base/names.ts";
import { checkNewName } from "../base/new-names.ts";

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
