/** Text output of `/who`. */

import { PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";
import type { Message } from "../../ui/messages/en/terminal.ts";

const NAMES_LISTED_MAX = 100;

export function membersLine(
  room: string,
  users: readonly { readonly user: string; readonly online: boolean }[],
): Message {
  return (texts) => {
    if (users.length <= PRESENCE_MEMBERS_MAX) {
      const names = users.map(({ user, online }) => (online ? user : texts.offlineMember(user)));
      return `${room}: ${names.join(", ")}`;
    }
    const online = users.filter((member) => member.online).map(({ user }) => user);
    const names = online.slice(0, NAMES_LISTED_MAX).join(", ");
    const hiddenCount = online.length - NAMES_LISTED_MAX;
    return texts.largeRoom(room, users.length, online.length, names, hiddenCount);
  };
}
