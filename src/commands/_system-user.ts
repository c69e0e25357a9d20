import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { isName, type Name } from "../base/names.ts";

/** What Bun says where the environment names nobody, as under cron and systemd. */
const NOBODY = "unknown";

/** How others are to call somebody who gave no name. */
export function nameForOthers(otherwise: string): string {
  const user = systemUser();
  return user === undefined || user === NOBODY ? otherwise : user;
}

/** Who this is on this system, where that can be a name. */
export function systemUser(): Name | undefined {
  try {
    const { username, uid } = userInfo();
    const name = username === NOBODY ? (nameOf(uid) ?? username) : username;
    return isName(name) ? name : undefined;
  } catch {
    return undefined; // A user without an entry, as in some containers.
  }
}

/** Who has this number; undefined: nobody that is written down here. */
export function nameOf(uid: number, passwdFile = "/etc/passwd"): string | undefined {
  try {
    const rows = readFileSync(passwdFile, "utf8").split("\n");
    return rows.map((row) => row.split(":")).find(([, , id]) => id === String(uid))?.[0];
  } catch {
    return undefined;
  }
}
