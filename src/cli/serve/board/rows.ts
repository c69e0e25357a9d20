/** Rows of the board's log for events and records. Private and encrypted messages have none. */

import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { formatLocalSince } from "../../../base/time.ts";
import { clockText } from "../../../core/clock-check.ts";
import type { Registry } from "../../../core/rooms/accounts.ts";
import { isConfidential, type Room } from "../../../core/rooms/rooms.ts";
import type { Decision, ObservedEvent } from "../../../server/session/event.ts";
import { ENGLISH } from "../../../ui/messages/en/page.ts";
import { eventPhrase } from "../../../ui/text/event-text.ts";
import { formatAddress } from "../../../wire/invite.ts";
import { hasTrait, isKnownKind, MESSAGE_KINDS } from "../../../wire/kinds.ts";
import type { LogRecord } from "../../../wire/record.ts";
import type { Context } from "../../context.ts";
import { displayRecord } from "../../output/records.ts";
import { type DisplayRecord, recordText, type Style } from "../../output/render.ts";
import type { NewRow } from "./state.ts";

type FileRecord = Extract<DisplayRecord, { readonly kind: "file" }>;

const ROW_CHARS_MAX = 500;
const SERVER_NAME = "server";

export interface RowsOptions {
  readonly context: Pick<Context, "clock" | "offsetMinutes">;
  readonly registry: Pick<Registry, "get" | "find" | "nameOf">;
  /** Whether texts of users are omitted. */
  readonly isQuiet?: boolean;
}

/** Clean text of one line. */
export function boardText(text: string): string {
  const line = text
    .slice(0, 4 * ROW_CHARS_MAX)
    .replaceAll(/\s+/g, " ")
    .trim();
  return cleanText(line.slice(0, ROW_CHARS_MAX));
}

/** Returns the display name of an account, or its account name. */
export function personName(registry: RowsOptions["registry"], account: string): string {
  const found = registry.find(account as Parameters<Registry["find"]>[0]);
  return boardText(found?.displayName ?? account);
}

/** `private` and `encrypted` messages are only counted; `undefined` if there is no row. */
export function recordRow(
  record: LogRecord,
  room: Room,
  options: RowsOptions,
): NewRow | "private" | "encrypted" | undefined {
  const { kind, by, seq, time: unixMs } = record.head;
  // The board removes the rows of erased messages.
  if (kind === "room" || kind === "erase") return undefined;
  if (isConfidential(room)) {
    if (!MESSAGE_KINDS.has(kind)) return undefined;
    return (kind === "sealed" ? undefined : handedInRow(record, room, options)) ?? "private";
  }
  if (kind === "sealed") return "encrypted";
  const { registry } = options;
  const account = registry.nameOf(by);
  const from = account === undefined ? SERVER_NAME : personName(registry, account);
  const label = `#${room.name ?? ""}`;
  const displayed = displayRecord(record, {
    from: account,
    destination: { room: room.name ?? "" },
  });
  const common = { unixMs, label, seq };
  if (displayed.kind === "text") {
    return { ...common, kind: "message", from, text: boardText(displayed.text) };
  }
  if (displayed.kind === "file") {
    return { ...common, kind: "message", from, text: fileText(displayed) };
  }
  if (displayed.kind === "action") {
    return {
      ...common,
      kind: "event",
      from: undefined,
      text: boardText(`${from} ${displayed.text}`),
    };
  }
  const event = { ...common, from: undefined } as const;
  if (displayed.kind === "hand") {
    const { on, isCall } = displayed.event;
    if (on !== true && isCall !== true) return undefined;
    const hands = { raised: on === true ? 1 : 0, called: isCall === true ? 1 : 0 };
    return { ...event, kind: "event", text: eventLine(displayed, from, options), hands };
  }
  const isMembership = displayed.kind === "join" || displayed.kind === "leave";
  const isDecision = isKnownKind(kind) && hasTrait(kind, "decision");
  return {
    ...event,
    kind: isMembership ? "connection" : "event",
    text: isDecision ? decisionLine(displayed, from, options) : eventLine(displayed, from, options),
    ...(isDecision && { isDecision }),
  };
}

/** Work in an assignment is private, so only the fact that something was handed in is shown. */
function handedInRow(record: LogRecord, room: Room, options: RowsOptions): NewRow | undefined {
  const { box } = room;
  const { by, seq, time: unixMs } = record.head;
  if (box === undefined || box.user !== by || !room.work.has(seq)) return undefined;
  const account = options.registry.nameOf(by);
  if (account === undefined) return undefined;
  const displayed = displayRecord(record, { from: account, destination: { room: "" } });
  const files = displayed.kind === "file" ? displayed.files : [];
  const size = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const what = files.length > 1 ? `${files.length} files` : "a file";
  const text =
    files.length === 0 ? "(handed in a text)" : `(handed in ${what}, ${formatSize(size)})`;
  const from = personName(options.registry, account);
  return { unixMs, seq, kind: "message", label: `#${box.of.name ?? ""}`, from, text };
}

function fileText({ files, text = "" }: Pick<FileRecord, "files" | "text">): string {
  const labels = files.map(({ name, sizeBytes }) => `${name}, ${formatSize(sizeBytes)}`).join("; ");
  return boardText(`(${labels === "" ? "a file" : labels}) ${text}`);
}

function styleFor({ context, registry }: RowsOptions): Style {
  return {
    format: "text",
    color: false,
    offsetMinutes: context.offsetMinutes,
    me: undefined,
    stamp: "clock",
    nameOf: (account) => personName(registry, account),
  };
}

function eventLine(record: DisplayRecord, from: string, options: RowsOptions): string {
  return boardText(`${from} ${recordText(record, styleFor(options))}`);
}

/** Names the room before the end of the decision. */
function decisionLine(record: DisplayRecord, from: string, options: RowsOptions): string {
  if (!("event" in record)) return eventLine(record, from, options);
  const { context, registry } = options;
  const { untilUnixMs, ...event } = record.event;
  const timeOf = (unixMs: number) =>
    formatLocalSince(unixMs, context.clock.unixMs(), context.offsetMinutes);
  const phrase = eventPhrase(
    { ...event, untilUnixMs: undefined, kind: record.kind, from: record.from },
    { texts: ENGLISH, nameOf: (account) => personName(registry, account), timeOf },
  );
  const room = "room" in record.destination ? ` in #${record.destination.room}` : "";
  const until = untilUnixMs === undefined ? "" : ` until ${timeOf(untilUnixMs)}`;
  return boardText(`${from} ${phrase}${room}${until}`);
}

/** Decisions that people make about their own accounts. */
const OWN_DECISIONS: ReadonlySet<string> = new Set(["registered", "invite-used", "reset-used"]);

/** `undefined` for events without a row, such as those that only change a fault. */
export function eventRow(
  event: Exclude<ObservedEvent, { kind: "record" }>,
  options: RowsOptions,
): NewRow | undefined {
  const { context, registry } = options;
  const unixMs = context.clock.unixMs();
  const named = (user: string) => personName(registry, user);
  const row = (kind: NewRow["kind"], parts: readonly (string | undefined)[]): NewRow => ({
    unixMs,
    kind,
    label: event.kind,
    from: undefined,
    text: boardText(parts.filter((part) => part !== undefined && part !== "").join(" ")),
  });
  switch (event.kind) {
    case "decided": {
      const isOwn = OWN_DECISIONS.has(event.decision);
      const decision = row(isOwn ? "connection" : "event", [decidedText(event, options)]);
      return isOwn ? decision : { ...decision, isDecision: true };
    }
    case "cancelled":
      return row("event", [`${named(event.by)} cancelled a transfer of ${named(event.user)}`]);
    case "connected":
      return row("connection", [
        formatAddress(event.address),
        event.transport,
        options.isQuiet === true ? undefined : event.client,
      ]);
    case "logged-in":
    case "logged-out":
      return row("connection", [event.user, formatAddress(event.address), event.transport]);
    case "disconnected":
      return row("connection", [
        event.user,
        formatAddress(event.address),
        event.transport,
        options.isQuiet === true ? event.fault?.code : event.fault?.message,
      ]);
    case "offered":
    case "got":
    case "withdrawn":
      // The file may belong to a direct conversation, so its name is omitted.
      return row("connection", [event.user, formatAddress(event.address), event.file]);
    case "warning":
    case "full":
      return row("notice", [event.fault.message, event.fault.remedy]);
    case "clock":
      return row("notice", [clockText(event.status)]);
    default:
      return undefined;
  }
}

function decidedText(event: Decision, { context, registry }: RowsOptions): string {
  const { decision, by, whom, until, reason } = event;
  const phrase = ENGLISH.decision(decision) ?? decision;
  const subject = whom === undefined ? "" : `: ${personName(registry, whom)}`;
  const actor = by === undefined ? "" : `, by ${personName(registry, by)}`;
  const end =
    until === undefined
      ? ""
      : ` until ${formatLocalSince(until, context.clock.unixMs(), context.offsetMinutes)}`;
  const why = reason === undefined || reason === "" ? "" : ` (${reason})`;
  return `${phrase}${subject}${end}${actor}${why}`;
}
