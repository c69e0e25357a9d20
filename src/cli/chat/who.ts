/** The text output of `/who`. */

import { PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";

/** Names shown of a large room: about a screen. */
const NAMES_SHOWN_MAX = 100;

/** All members by name; for a large room their number and some who are online. */
export function whoLine(
  room: string,
  users: readonly { readonly user: string; readonly online: boolean }[],
): string {
  if (users.length <= PRESENCE_MEMBERS_MAX) {
    const shown = users.map(({ user, online }) => (online ? user : `${user} (offline)`));
    return `${room}: ${shown.join(", ")}`;
  }
  const online = users.filter((one) => one.online).map(({ user }) => user);
  const rest = online.length - NAMES_SHOWN_MAX;
  const more = rest > 0 ? ` and ${rest} more` : "";
  const names = online.slice(0, NAMES_SHOWN_MAX).join(", ");
  return `${room}: ${users.length} people, ${online.length} online: ${names}${more}`;
}
