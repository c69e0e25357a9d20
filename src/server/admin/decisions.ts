/** Conversion of account records to entries of the operators' decision log. */

import type { UserId } from "../../base/ids.ts";
import { defined } from "../../base/values.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { fieldsOf } from "../../wire/kinds.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import type { Decision } from "../session/event.ts";

const ID_PREFIX_CHARS = 8;

export function decisionOf(
  record: LogRecord,
  registry: Pick<Registry, "nameOf">,
  hadReset: boolean,
): Decision | undefined {
  const { kind, room, by: author } = record.head;
  const body = parseBody(record) ?? {};
  const name = registry.nameOf(room as UserId);
  const by = defined({ by: registry.nameOf(author) });
  const subject = defined({ whom: name });
  switch (kind) {
    case "account":
      return { decision: "registered", ...by, ...(author === room ? {} : subject) };
    case "account-name":
      return { decision: "renamed", ...by, ...subject };
    case "display-name":
      return author === room ? undefined : { decision: kind, ...by, ...subject };
    case "external-id":
      return { decision: kind, ...by, ...subject };
    case "account-gone":
      return { decision: "removed", ...by, ...subject };
    case "reset":
      return { decision: "reset", ...by, ...subject };
    case "password":
      return hadReset ? { decision: "reset-used", ...by } : undefined;
    case "avatar-gone":
    case "device-gone":
    case "irc-password":
    case "irc-password-gone":
      // Users' changes to their own accounts are not decisions of an operator.
      return author === room ? undefined : { decision: kind, ...by, ...subject };
    case "role": {
      const { operator } = fieldsOf(kind, body);
      return { decision: operator === true ? "operator" : "operator-end", ...by, ...subject };
    }
    case "registration":
      return { decision: fieldsOf(kind, body).closed === true ? "closed" : "opened", ...by };
    case "server-rules":
      return { decision: kind, ...by };
    case "server-clock":
      return author === "server" ? undefined : { decision: "clock", ...by };
    case "announcement": {
      const { text = "" } = fieldsOf(kind, body);
      return text === ""
        ? { decision: "announcement-gone", ...by }
        : { decision: "announced", ...by, reason: text };
    }
    case "ban": {
      const { on, address, until, reason } = fieldsOf(kind, body);
      return defined({
        decision: on === true ? "banned" : "unbanned",
        ...by,
        whom: address ?? name,
        until,
        reason,
      });
    }
    case "invite":
    case "invite-used":
    case "invite-gone":
      return { decision: kind, ...by, whom: room.slice(0, ID_PREFIX_CHARS) };
    default:
      return undefined;
  }
}
