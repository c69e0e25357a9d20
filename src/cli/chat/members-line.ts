/** Text output of `/who`. */

import { PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";
import type { Message } from "../../ui/messages/en/terminal.ts";

/** Maximum listed names of a large room: about a screen. */
const NAMES_SHOWN_MAX = 100;

/** All members by name; for a large room their number and some who are online. */
export function membersLine(
  room: string,
  users: readonly { readonly user: string; readonly online: boolean }[],
): Message {
  return (texts) => {
    if (users.length <= PRESENCE_MEMBERS_MAX) {
      const shown = users.map(({ user, online }) => (online ? user : texts.offlineMember(user)));
      return `${room}: ${shown.join(", ")}`;
    }
    const online = users.filter((one) => one.online).map(({ user }) => user);
    const names = online.slice(0, NAMES_SHOWN_MAX).join(", ");
    const more = online.length - NAMES_SHOWN_MAX;
    return texts.largeRoom(room, users.length, online.length, names, more);
  };
}
