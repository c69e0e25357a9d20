/** Text output of `/who`. */

import { PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";
import type { Message } from "../../ui/messages/en/terminal.ts";
import { personMarks } from "../../ui/text/person-marks.ts";
import type { Answer as WireAnswer } from "../../wire/messages.ts";

const NAMES_LISTED_MAX = 100;

type ListedUser = WireAnswer<"who">["users"][number];

export function membersLine(room: string, users: readonly ListedUser[]): Message {
  return (texts) => {
    if (users.length <= PRESENCE_MEMBERS_MAX) {
      const names = users.map(({ user, online, role, mutedUntil }) => {
        const marks = [...personMarks(role, mutedUntil !== undefined, texts)];
        if (!online) marks.push(texts.offline);
        return marks.length === 0 ? user : `${user} (${marks.join(", ")})`;
      });
      return `${room}: ${names.join(", ")}`;
    }
    const online = users.filter((member) => member.online).map(({ user }) => user);
    const names = online.slice(0, NAMES_LISTED_MAX).join(", ");
    const hiddenCount = online.length - NAMES_LISTED_MAX;
    return texts.largeRoom(room, users.length, online.length, names, hiddenCount);
  };
}
