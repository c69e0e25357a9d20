import { userInfo } from "node:os";
import { isName, type Name } from "../base/names.ts";

/** What Bun says where nobody is set. */
const NOBODY = "unknown";

/** How others are to call somebody who gave no name. */
export function nameForOthers(otherwise: string): string {
  const user = systemUser();
  return user === undefined || user === NOBODY ? otherwise : user;
}

/** Who this is on this system, where that can be a name. */
export function systemUser(): Name | undefined {
  try {
    const { username } = userInfo();
    return isName(username) ? username : undefined;
  } catch {
    return undefined; // A user without an entry, as in some containers.
  }
}
