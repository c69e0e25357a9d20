/** Texts of events that no item of a timeline shows. */

import { unreachable } from "../../base/assert.ts";
import { Fault, msg, type Translatable } from "../../base/fault.ts";
import type { ClientEvent } from "../../client/event.ts";
import type { Texts } from "../messages/en/page.ts";
import type { TerminalMessage } from "../messages/en/terminal.ts";
import { personText, type ShownNames } from "./person-text.ts";

type TerminalEvent = Extract<
  ClientEvent,
  {
    kind:
      | ("invited" | "announced" | "account-changed" | "presence")
      | ("disk-low" | "elsewhere" | "lost" | "majority" | "rejoined" | "handover");
  }
>;

/**
 * Text of an event for line mode, full screen and commands.
 * @param server name of the actor if no user caused the event
 */
export function noticeText(event: TerminalEvent, server: string): TerminalMessage {
  switch (event.kind) {
    case "invited": {
      const { room, by = server, sealed } = event;
      return (texts) =>
        sealed === false ? texts.invitedToRoom(by, room) : texts.addedToRoom(by, room);
    }
    case "announced": {
      const { text, by } = event;
      return (texts) => (text === "" ? texts.announcementWithdrawn(by) : texts.announced(by, text));
    }
    case "account-changed":
      return (texts) => texts.accountChanged(event.what, event.time, event.by);
    case "presence":
      return (texts) => texts.presence(event.user, event.online);
    case "disk-low":
      return (texts) => texts.disk({ ...event, isLow: event.on });
    case "elsewhere":
      return (texts) => texts.failedOver(event.from, event.to);
    case "lost":
      return (texts) => texts.connectionLost(event.fault.message);
    case "majority": {
      const { on, refusal } = event;
      return (texts) => (on ? texts.majorityBack : texts.noMajority(refusal));
    }
    case "rejoined":
      return (texts) => texts.rejoined[event.reason];
    case "handover":
      return (texts) => texts.handover(event);
    default:
      return unreachable(event);
  }
}

/** Fault for line mode and full screen about a change of an encrypted room. */
export function sealedRemarkFault(remark: Translatable): Fault {
  return new Fault("seal-refused", remark, { remedy: msg`see who can read here: ${"/sealed"}` });
}

type PageNotice = Extract<
  ClientEvent,
  { kind: "account-changed" | "identity-changed" | "rejoined" | "sealed-remark" | "handover" }
>;

/** Text of an event for the page, which shows the others in banners. */
export function pageNoticeText(event: PageNotice, texts: Texts, names: ShownNames): string {
  switch (event.kind) {
    case "account-changed":
      return texts.accountChanged(event.what, event.time, event.by && personText(names, event.by));
    case "identity-changed":
      return texts.keyChanged(personText(names, event.user));
    case "rejoined":
      return texts.sealedDataLost(event.reason);
    case "sealed-remark":
      return texts.sealedRemark;
    case "handover":
      return texts.handover(event);
    default:
      return unreachable(event);
  }
}
