/** Texts of events that line mode and full screen show alike. */

import { unreachable } from "../../base/assert.ts";
import type { ClientEvent } from "../../client/event.ts";
import type { TerminalMessage } from "../messages/en/terminal.ts";

type NoticedEvent = Extract<ClientEvent, { kind: "invited" | "disk-low" | "rejoined" }>;

/** @param server name of the actor if no user caused the event */
export function noticeText(event: NoticedEvent, server: string): TerminalMessage {
  switch (event.kind) {
    case "invited": {
      const { room, by = server, sealed } = event;
      return (texts) =>
        sealed === false ? texts.invitedToRoom(by, room) : texts.addedToRoom(by, room);
    }
    case "disk-low":
      return (texts) => texts.disk({ ...event, isLow: event.on });
    case "rejoined":
      return (texts) => texts.rejoined[event.reason];
    default:
      return unreachable(event);
  }
}
