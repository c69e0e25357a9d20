/** IRC lines of the records of a room. */

import { unreachable } from "../../base/assert.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { formatSize } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import { type LineFields, REST_BYTES_MAX } from "../../wire/irc/line.ts";
import { type ChatRecord, fieldsIn, importOriginOf } from "../client/chat-record.ts";
import { type EventFacts, eventFactsOf } from "../client/event-facts.ts";
import { erasedFilesIn, filesIn } from "../rooms/files.ts";
import { CAP } from "./capabilities.ts";
import { ircRow } from "./kinds.ts";
import { findAccount, HOST, type IrcServer, messageId, realNameOf, userMask } from "./server.ts";
import { cleanIrc, ircFromMarkdown, isWithin, splitExactly, splitText } from "./text.ts";

export interface Rendering {
  readonly server: IrcServer;
  readonly caps: number;
  /** Channel, or the reader's nick or partner in a direct conversation. */
  readonly to: string;
  /** Reader of a direct conversation or of history, for links to files. */
  readonly reader?: string;
  /** True if each line begins with the time of the message. */
  readonly showsTime?: boolean;
}

/** Text of a record for IRC clients, and its parts for each length of a line. */
export interface IrcText {
  readonly text: string;
  readonly parts: Map<string, readonly string[]>;
}

/** Converts the text of a record once for all readers. */
function convertedText(record: ChatRecord, { texts }: IrcServer): IrcText {
  const known = texts.get(record);
  const converted = known ?? {
    text: ircFromMarkdown(fieldsIn(record).text ?? ""),
    parts: new Map(),
  };
  if (known === undefined) texts.set(record, converted);
  return converted;
}

/** Splits the text of a record once for all readers, unless the text differs between them. */
function partsOf(
  record: ChatRecord,
  { server }: Rendering,
  key: string,
  split: () => readonly string[],
): readonly string[] {
  if (record.kind === "file") return split();
  const { parts } = convertedText(record, server);
  const found = parts.get(key) ?? split();
  parts.set(key, found);
  return found;
}

/** @returns no lines if clients with these capabilities do not show the record */
export function renderIrcRecord(record: ChatRecord, rendering: Rendering): LineFields[] {
  const { as } = ircRow(record.kind);
  switch (as) {
    case "message":
      return messageLines(record, rendering);
    case "reaction":
      return reactionLines(record, rendering);
    case "erasure":
      return erasureLines(record, rendering);
    case "join":
      return [joinLine(record, rendering)];
    case "knock":
      return knockLines(record, rendering);
    case "hand":
      return handLines(record, rendering);
    case "invitation":
      return invitationLines(record, rendering);
    case "leave":
    case "kick":
    case "topic":
    case "mute":
    case "grant":
    case "rules":
    case "close":
      return eventLines(record, as, rendering);
    case "nothing":
      return [];
    default:
      return unreachable(as);
  }
}

function messageLines(record: ChatRecord, rendering: Rendering): LineFields[] {
  const { caps, to } = rendering;
  const text = textOf(record, rendering);
  if (text === undefined || text.trim() === "") return [];
  const stamp = rendering.showsTime === true ? stampOf(record, rendering.server.unixMs()) : "";
  const command = fieldsIn(record).notice === true ? "NOTICE" : "PRIVMSG";
  const source = sourceOf(record);
  const tags = { ...messageTags(record, rendering), ...replyTag(record, rendering) };
  const budget = REST_BYTES_MAX - `:${source} ${command} ${to} :${stamp}`.length;
  if (record.kind === "action") {
    const parts = partsOf(record, rendering, `${budget}`, () =>
      splitText(text.replaceAll("\n", " "), budget - "\u0001ACTION \u0001".length),
    );
    const lines = parts.map((part) => {
      return { source, command, params: [to, `\u0001ACTION ${stamp}${part}\u0001`] };
    });
    return withFirstTags(lines, tags, eventTags(record, rendering));
  }
  const isWhole = !text.includes("\n") && isWithin(text, budget);
  const mayBatch = (caps & CAP.multiline) !== 0 && (caps & CAP.batch) !== 0;
  if (!isWhole && mayBatch) {
    return multilineBatch(record, rendering, { source, command, text, tags, budget });
  }
  const split = () => splitText(text, budget);
  const pieces = isWhole ? [text] : partsOf(record, rendering, `${budget}`, split);
  const parts = pieces.map((part) => ({ source, command, params: [to, stamp + part] }));
  return withFirstTags(parts, tags, eventTags(record, rendering));
}

/** Time in UTC, with the date unless it is today. A line without it could be a bot's command. */
function stampOf({ timeUnixMs }: ChatRecord, nowUnixMs: number): string {
  const [date = "", time = ""] = formatUtc(timeUnixMs).split("T");
  const isToday = formatUtc(nowUnixMs).startsWith(date);
  return `[${isToday ? "" : `${date} `}${time.slice(0, 5)}] `;
}

/** Marks the parts that continue a line. No text contains it. */
const CONTINUED = "\n";

interface MultilineMessage {
  readonly source: string;
  readonly command: string;
  readonly text: string;
  readonly tags: LineFields["tags"];
  readonly budget: number;
}

/** @see https://ircv3.net/specs/extensions/multiline */
function multilineBatch(
  record: ChatRecord,
  rendering: Rendering,
  { source, command, text, tags, budget }: MultilineMessage,
): LineFields[] {
  const { to } = rendering;
  const id = `m${record.seq}`;
  const first = { batch: id };
  const continued = { ...first, "draft/multiline-concat": "" };
  const parts = partsOf(record, rendering, `multiline ${budget}`, () =>
    text.split("\n").flatMap((line) => {
      return splitExactly(line, budget).map((part, i) => (i === 0 ? part : CONTINUED + part));
    }),
  );
  const inner = parts.map((part) => {
    const isContinued = part.startsWith(CONTINUED);
    const shown = isContinued ? part.slice(CONTINUED.length) : part;
    return { tags: isContinued ? continued : first, source, command, params: [to, shown] };
  });
  return [
    { tags: tags ?? {}, source, command: "BATCH", params: [`+${id}`, "draft/multiline", to] },
    ...inner,
    { source: HOST, command: "BATCH", params: [`-${id}`] },
  ];
}

function withFirstTags(
  lines: readonly LineFields[],
  first: LineFields["tags"],
  others: LineFields["tags"],
): LineFields[] {
  const rest = others ?? {};
  return lines.map((line, i) => ({ ...line, tags: i === 0 ? (first ?? {}) : rest }));
}

/** @returns text with IRC formatting, possibly of several lines */
function textOf(record: ChatRecord, { server, reader }: Rendering): string | undefined {
  if (record.state !== "whole") return undefined;
  if (record.kind === "file") {
    const { text = "" } = fieldsIn(record);
    const user = reader === undefined ? undefined : findAccount(server, reader)?.id;
    const files = filesIn(record.body).map(({ file, name, size }) => {
      const address = user === undefined ? undefined : server.fileAddress(user, file);
      const link = address === undefined ? "" : ` ${address}`;
      return `[file] ${cleanFileName(name)} (${formatSize(size)})${link}`;
    });
    const erased = erasedFilesIn(record.body).map(({ name }) => {
      return `[file] ${cleanFileName(name)} (deleted)`;
    });
    const caption = text === "" ? [] : [convertedText(record, server).text];
    return threadMark(record) + [...caption, ...files, ...erased].join("\n");
  }
  const { text } = convertedText(record, server);
  if (record.kind === "edit") return `✎ ${text}`;
  const mark = threadMark(record);
  if (mark !== "") return mark + text;
  const origin = importOriginOf(record.body);
  if (origin === undefined) return text;
  return `[imported] ${ircLine(origin.from)}, ${formatUtc(origin.timeUnixMs)}:\n${text}`;
}

/** Most clients show no replies, and the answer would seem to belong to the message before it. */
function threadMark(record: ChatRecord): string {
  const { thread, re } = fieldsIn(record);
  return thread === true && re !== undefined ? `[thread #${re}] ` : "";
}

function reactionLines(record: ChatRecord, rendering: Rendering, reaction = record): LineFields[] {
  const { server, caps, to } = rendering;
  const { react, re } = fieldsIn(reaction);
  if ((caps & CAP.tags) === 0 || react === undefined || re === undefined) return [];
  const tags = {
    ...messageTags(record, rendering),
    ...replyTags(messageId(server, re)),
    [reaction === record ? "+draft/react" : "+draft/unreact"]: cleanIrc(react),
  };
  return [{ tags, source: sourceOf(record), command: "TAGMSG", params: [to] }];
}

/** Whether the number is not that of a reaction, which these clients do not show. */
function isMessageOf({ reactions }: IrcServer): (seq: number) => boolean {
  return (seq) => reactions.get(seq) === undefined;
}

function erasureLines(record: ChatRecord, rendering: Rendering): LineFields[] {
  const { server, caps, to } = rendering;
  const { seq = 0, of, also = [] } = fieldsIn(record);
  if (seq === 0 && of !== undefined) {
    // A REDACT would remove the whole message.
    const text = "deleted a file of this message";
    const replied = replyTags(messageId(server, of));
    const tags = { ...messageTags(record, rendering), ...((caps & CAP.tags) === 0 ? {} : replied) };
    return [{ tags, source: sourceOf(record), command: "NOTICE", params: [to, text] }];
  }
  const reason = record.body?.["retention"] === true ? ["expired"] : [];
  const erased = [seq, ...also.filter((item) => typeof item === "number")].filter((n) => n > 0);
  const source = sourceOf(record);
  const tags = eventTags(record, rendering);
  const isRedacted = (caps & CAP.redaction) !== 0;
  // Otherwise a text that was withdrawn would stay valid for these clients.
  const withdrawn = isRedacted || reason.length > 0 ? [] : erased.filter(isMessageOf(server));
  const [first] = withdrawn;
  if (first !== undefined) {
    const count = withdrawn.length;
    const text = count === 1 ? "deleted a message" : `deleted ${count} messages`;
    const replied = (caps & CAP.tags) === 0 ? {} : replyTags(messageId(server, first));
    const marks = { ...messageTags(record, rendering), ...replied };
    return [{ tags: marks, source, command: "NOTICE", params: [to, text] }];
  }
  return erased.flatMap((n) => {
    const reaction = server.reactions.get(n);
    // With a tag, a user can remove only their own reaction.
    const isOwn = reaction !== undefined && reaction.from === record.from;
    if (isOwn) return reactionLines(record, rendering, reaction);
    if (!isRedacted) return [];
    return [{ tags, source, command: "REDACT", params: [to, messageId(server, n), ...reason] }];
  });
}

function joinLine(record: ChatRecord, rendering: Rendering): LineFields {
  const name = record.from ?? HOST;
  const tags = messageTags(record, rendering);
  return { ...joinOf(rendering.server, name, rendering.to, rendering.caps), tags };
}

export function joinOf(server: IrcServer, name: string, channel: string, caps: number): LineFields {
  const isExtended = (caps & CAP.extendedJoin) !== 0;
  const params = isExtended ? [channel, name, realNameOf(server, name)] : [channel];
  return { source: userMask(name), command: "JOIN", params };
}

function factsOf(record: ChatRecord): EventFacts {
  return eventFactsOf(record, fieldsIn(record));
}

function invitationLines(record: ChatRecord, rendering: Rendering): LineFields[] {
  const { subject, on } = factsOf(record);
  const isShown = (rendering.caps & CAP.inviteNotify) !== 0 && on === true;
  if (!isShown || subject === undefined) return [];
  const tags = messageTags(record, rendering);
  return [{ tags, source: sourceOf(record), command: "INVITE", params: [subject, rendering.to] }];
}

function knockLines(record: ChatRecord, { to }: Rendering): LineFields[] {
  const { subject = "*", on } = factsOf(record);
  if (on !== true) return [];
  const text = `${subject} asks to join; to accept: /INVITE ${subject} ${to}`;
  return [{ source: HOST, command: "NOTICE", params: [to, text] }];
}

function handLines(record: ChatRecord, { to }: Rendering): LineFields[] {
  const { subject = "*", on, isCall } = factsOf(record);
  if (on !== true && isCall !== true) return [];
  const text = on === true ? `${subject} raised a hand` : `${record.from} calls on ${subject}`;
  return [{ source: HOST, command: "NOTICE", params: [to, text] }];
}

/** The modes of all rules, because the record does not tell which ones have changed. */
function ruleModes({ rules = {} }: EventFacts): string {
  const { post, topic, join } = rules;
  const modes = { i: join === "approval", m: post !== undefined, t: topic !== undefined };
  const letters = (isOn: boolean) =>
    Object.entries(modes).flatMap(([letter, on]) => (on === isOn ? letter : []));
  const [on, off] = [letters(true), letters(false)];
  return `${["+", ...on].join("")}${["-", ...off].join("")}`.replace(/^\+(?=-)|-$/g, "");
}

type EventLine = "leave" | "kick" | "topic" | "mute" | "grant" | "rules" | "close";

function eventLines(record: ChatRecord, as: EventLine, rendering: Rendering): LineFields[] {
  const { to } = rendering;
  const source = sourceOf(record);
  const tags = messageTags(record, rendering);
  const line = (command: string, ...params: string[]) => [{ tags, source, command, params }];
  const facts = factsOf(record);
  const { subject = "*", on } = facts;
  // Without its body, only a departure has something to show.
  if (record.body === undefined && as !== "leave") return [];
  const text = ircLine(facts.text);
  const sign = on === true ? "+" : "-";
  switch (as) {
    case "leave":
      return line("PART", to, ...(text === "" ? [] : [text]));
    case "kick":
      return line("KICK", to, subject, text === "" ? (record.from ?? HOST) : text);
    case "topic":
      return line("TOPIC", to, text);
    case "mute":
      return line("MODE", to, `${sign}b`, muteMask(subject));
    case "grant":
      return line("MODE", to, `${sign}o`, subject);
    case "rules":
      return line("MODE", to, ruleModes(facts));
    case "close":
      return line("MODE", to, `${sign}m`);
    default:
      return unreachable(as);
  }
}

/** Extended ban of type `m`, which mutes a user. */
export function muteMask(name: string): string {
  return `m:${name}!*@*`;
}

export function ircLine(text: unknown): string {
  return typeof text === "string" ? cleanIrc(text.replaceAll(/\s+/g, " ")).trim() : "";
}

type Tags = NonNullable<LineFields["tags"]>;

function messageTags(record: ChatRecord, { caps, server }: Rendering): Tags {
  const { time, account, bot } = eventTags(record, { caps, server });
  const msgid = (caps & CAP.tags) === 0 ? undefined : messageId(server, record.seq);
  return { time, msgid, account, bot };
}

export function eventTags(
  { timeUnixMs, from }: ChatRecord,
  { caps, server }: Pick<Rendering, "caps" | "server">,
): Tags {
  const isBot = from !== undefined && findAccount(server, from)?.isBot === true;
  return {
    time: (caps & CAP.time) === 0 ? undefined : formatUtc(timeUnixMs),
    account: (caps & CAP.accountTag) === 0 ? undefined : from,
    bot: isBot && (caps & CAP.tags) !== 0 ? "" : undefined,
  };
}

function replyTag(record: ChatRecord, { caps, server }: Rendering): LineFields["tags"] {
  const { seq, re = seq } = fieldsIn(record);
  if ((caps & CAP.tags) === 0 || re === undefined) return {};
  return replyTags(messageId(server, re));
}

/** Older clients know this tag only by the name of its draft, `+draft/reply`. */
function replyTags(id: string): Tags {
  return { "+reply": id, "+draft/reply": id };
}

function sourceOf({ from }: ChatRecord): string {
  return from === undefined ? HOST : userMask(from);
}
