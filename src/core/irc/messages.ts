/** Commands that post to rooms and users. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { boxNames, foldName, isName } from "../../base/names.ts";
import { INVALID_UTF8, type IrcLine, REST_BYTES_MAX } from "../../wire/irc/line.ts";
import type { PostBody } from "../../wire/messages.ts";
import { withMentions } from "../client/mentions.ts";
import { checkPresentName } from "../rooms/targets.ts";
import { CAP, MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "./capabilities.ts";
import { type Channel, isBoxedChannel, refuse } from "./channels.ts";
import type { Asking, IrcTask } from "./command-run.ts";
import { conversationAt, targetOf } from "./history.ts";
import { TARGETS_MAX } from "./information.ts";
import { ERR } from "./numeric.ts";
import { sendAway } from "./people.ts";
import { findAccount, findRoom, seqOfMessageId, userMask } from "./server.ts";
import type { IrcSession } from "./session.ts";
import { isWithin, markdownFromIrc, parseCtcp } from "./text.ts";

/** The server asks a client that is too fast to wait a moment, and meanwhile nothing is read. */
const PAUSE_MS_MAX = 10_000;
/** Clients send the lines of a paste up to two seconds apart. */
const PASTE_GAP_S = 5;
const REACTIONS_READ_MAX = 200;

export interface OpenBatch {
  readonly id: string;
  readonly target: string;
  readonly line: IrcLine;
  command: string;
  text: string;
  bytes: number;
  lines: number;
  isRefused: boolean;
}

export function* message(session: IrcSession, line: IrcLine): IrcTask {
  const [targets = "", text = ""] = line.params;
  if (line.tags.has("batch")) return addToBatch(session, line);
  if (targets === "") return complain(session, line, ERR.noRecipient, "no recipient");
  if (text === "") return complain(session, line, ERR.noText, "no text");
  const longest = Math.max(...targets.split(",").map((target) => target.length));
  const sent = `:${userMask(session.nick)} ${line.command}  :${text}`;
  if (!isWithin(sent, REST_BYTES_MAX - longest)) {
    return complain(session, line, ERR.inputTooLong, "the line is too long for its readers");
  }
  yield* postText(session, line, targets, text);
}

/** A NOTICE causes no reply, so that two programs never answer each other forever. */
function complain(session: IrcSession, line: IrcLine, ...reply: [string, ...string[]]): void {
  if (line.command !== "NOTICE") session.numeric(...reply);
}

function* postText(
  session: IrcSession,
  line: IrcLine,
  targets: string,
  text: string,
): Asking<void> {
  const isNotice = line.command === "NOTICE";
  const ctcp = parseCtcp(text);
  if (ctcp !== undefined && ctcp.command !== "ACTION") {
    if (isNotice) return;
    return session.fail(line.command, "CTCP_REFUSED", [], "CTCP requests are not forwarded");
  }
  const markdown = markdownFromIrc(ctcp?.text ?? text);
  if (markdown.trim() === "") return complain(session, line, ERR.noText, "no text");
  const body: PostBody = {
    text: markdown,
    action: ctcp === undefined ? undefined : true,
    notice: (isNotice && ctcp === undefined) || undefined,
  };
  yield* postTo(session, line, targets, body);
}

function* postTo(
  session: IrcSession,
  line: IrcLine,
  targets: string,
  body: PostBody,
): Asking<void> {
  const list = targets.split(",");
  if (list.length > TARGETS_MAX) {
    return complain(session, line, ERR.tooManyTargets, targets.slice(0, 64), "too many targets");
  }
  for (const target of list) {
    try {
      yield* post(session, target, { ...(yield* replyOf(session, target, line)), ...body });
      if (line.command === "PRIVMSG" && !target.startsWith("#")) sendAway(session, target);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (line.command !== "NOTICE") refuseMessage(session, error, target);
    }
  }
}

const CANNOT_SEND: readonly string[] = ["not-member", "not-allowed", "sealed-room"];

function refuseMessage(session: IrcSession, error: Fault, target: string): void {
  if (CANNOT_SEND.includes(error.code)) {
    return session.numeric(ERR.cannotSend, target, error.message);
  }
  if (error.code === "name-invalid" && !target.startsWith("#")) {
    return session.numeric(ERR.noSuchNick, target, "no such nick");
  }
  refuse(session, error, target);
}

/** Returns when the post is durable and its record has come back on this connection. */
function* post(session: IrcSession, named: string, fullBody: PostBody): Asking<void> {
  const target = fullBody.react === undefined ? boxFor(session, named) : named;
  if (fullBody.react === undefined) confirmReaders(session, named, target !== named);
  // A reply would refer to a message of the assignment room.
  const { re, ...others } = fullBody;
  const body = target === named ? fullBody : others;
  const to = destinationOf(session, target);
  const counter = session.nextCounter();
  const withNames = body.react === undefined ? addressed(session, withMentions(body)) : body;
  const fields = { outbox: session.outbox, counter, to, body: withNames };
  for (;;) {
    try {
      const { seq } = yield* session.ask("post", fields);
      // A new conversation appears later. The condition is checked at each message, so it must be
      // cheap.
      let channel = conversationAt(session, target);
      return yield* session.until(() => {
        if (channel === undefined || session.channels.get(channel.id) !== channel) {
          channel = conversationAt(session, target);
        }
        return (channel?.seenSeq ?? 0) >= seq;
      });
    } catch (error) {
      const retryMs = error instanceof Fault ? error.retryAfterMs : undefined;
      if (retryMs === undefined || retryMs > PAUSE_MS_MAX) throw error;
      yield { kind: "pause", ms: Math.max(1, retryMs) };
    }
  }
}

/** In an assignment room, members write to their own box: `#homework@ana`. */
function boxFor(session: IrcSession, target: string): string {
  const room = findRoom(session, target);
  return room !== undefined && isBoxedChannel(session, room) ? `${target}@${session.nick}` : target;
}

/**
 * Refuses the first message after the channel became an assignment, or ceased to be one, and the
 * lines that follow it without a pause: whoever typed them expected other readers.
 *
 * @throws {Fault} not-allowed
 */
function confirmReaders(session: IrcSession, named: string, isPrivate: boolean): void {
  const room = findRoom(session, named);
  const channel = room === undefined ? undefined : session.channels.get(room.id);
  if (channel === undefined) return;
  const isPaste = session.now < channel.refusedUntil;
  if (channel.isBoxed === isPrivate && !isPaste) return;
  channel.isBoxed = isPrivate;
  channel.refusedUntil = session.now + PASTE_GAP_S * 1_000;
  const readers = isPrivate ? "only the moderators" : "everyone in the channel";
  const again = `send it again after ${PASTE_GAP_S} seconds`;
  throw new Fault("not-allowed", `not sent: ${readers} would read this now; ${again}`);
}

/** @throws {Fault} if there is no such room or user */
function destinationOf(session: IrcSession, target: string): string {
  if (target.startsWith("#")) {
    if (boxNames(target.slice(1)) !== undefined) return target.slice(1);
    const room = findRoom(session, target);
    if (room?.name !== undefined) return room.name;
    const { server, account } = session;
    const name = target.slice(1);
    if (isName(name) && account !== undefined) checkPresentName(server.rooms, account.id, name);
    throw new Fault("room-unknown", "no such channel");
  }
  const account = findAccount(session.server, target);
  if (account === undefined) throw new Fault("user-unknown", "no such nick");
  return `@${account.name}`;
}

/** Name at the start of a line, also in bold or other formatting. */
const ADDRESSEE = /^[*~`]{0,8}([A-Za-z0-9_-]{1,32})[*~`]{0,8}[:,][*~`]{0,8} /;

/** IRC users address others with `ben: text`, which is a mention. */
function addressed({ server }: IrcSession, body: PostBody): PostBody {
  const [, nick] = ADDRESSEE.exec(body.text) ?? [];
  const name = nick === undefined ? undefined : findAccount(server, nick)?.name;
  const mentions = body.mentions ?? [];
  if (name === undefined || !isName(name)) return body;
  const isNamed = mentions.some((other) => isName(other) && foldName(other) === foldName(name));
  return isNamed ? body : { ...body, mentions: [name, ...mentions] };
}

/** Ids of messages that are not in this conversation are ignored. */
function* replyOf(
  session: IrcSession,
  target: string,
  { tags }: IrcLine,
): Asking<{ readonly re?: number }> {
  const id = tags.get("+reply") ?? tags.get("+draft/reply");
  const channel = id === undefined ? undefined : conversationAt(session, target);
  const re = id === undefined ? undefined : seqOfMessageId(session.server, id);
  if (channel === undefined || re === undefined) return {};
  return (yield* hasRecord(session, channel, re)) ? { re } : {};
}

function* hasRecord(session: IrcSession, channel: Channel, seq: number): Asking<boolean> {
  const { records } = yield* session.ask("history", {
    target: targetOf(channel),
    after: seq - 1,
    before: seq + 1,
    limit: 1,
  });
  return records.length > 0;
}

// Client tags

export function* tagMessage(session: IrcSession, line: IrcLine): IrcTask {
  const { tags, params } = line;
  const [targets = ""] = params;
  const typing = tags.get("+typing");
  if (typing !== undefined) yield* sendTyping(session, targets, typing === "active");
  const react = tags.get("+draft/react") ?? tags.get("+react");
  const unreact = tags.get("+draft/unreact") ?? tags.get("+unreact");
  if (react === undefined && unreact === undefined) return;
  const { re } = yield* replyOf(session, targets, line);
  if (re === undefined) return;
  if (react !== undefined && react !== "") {
    yield* postTo(session, line, targets, { text: "", react: markdownFromIrc(react), re });
  } else if (unreact !== undefined) {
    yield* removeReaction(session, targets, re, unreact);
  }
}

function* sendTyping(session: IrcSession, targets: string, on: boolean): Asking<void> {
  for (const target of targets.split(",").slice(0, TARGETS_MAX)) {
    const channel = conversationAt(session, target);
    if (channel === undefined) continue;
    try {
      yield* session.ask("typing", { room: channel.id, on });
    } catch (error) {
      // Indicators are optional; a refusal would only disturb the user who types.
      if (!(error instanceof Fault)) throw error;
    }
  }
}

function* removeReaction(
  session: IrcSession,
  target: string,
  re: number,
  sign: string,
): Asking<void> {
  const channel = conversationAt(session, target);
  if (channel === undefined) return;
  try {
    const { records } = yield* session.ask("history", {
      target: destinationOf(session, target),
      from: session.nick,
      kinds: ["reaction"],
      after: re,
      limit: REACTIONS_READ_MAX,
    });
    const own = session.readPage(records).filter(({ body }) => {
      return body?.["re"] === re && body["react"] === sign;
    });
    for (const reaction of own) {
      const { seq } = yield* session.ask("erase", { seq: reaction.seq });
      yield* session.until(() => channel.seenSeq >= seq);
    }
  } catch (error) {
    refuse(session, error, target);
  }
}

export function* redact(session: IrcSession, { params: [target = "", id = ""] }: IrcLine): IrcTask {
  const fail = (code: string, text: string) => session.fail("REDACT", code, [target, id], text);
  const channel = conversationAt(session, target);
  if (channel === undefined) {
    return session.fail("REDACT", "INVALID_TARGET", [target], "you are not in this conversation");
  }
  const seq = seqOfMessageId(session.server, id);
  try {
    if (seq === undefined || !(yield* hasRecord(session, channel, seq))) {
      return fail("UNKNOWN_MSGID", "no such message");
    }
    const answer = yield* session.ask("erase", { seq });
    yield* session.until(() => channel.seenSeq >= answer.seq);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const isForbidden = error.code === "not-allowed";
    fail(isForbidden ? "REDACT_FORBIDDEN" : "UNKNOWN_MSGID", error.message);
  }
}

// Batches of lines

/** @see https://ircv3.net/specs/extensions/multiline */
export function* batch(session: IrcSession, line: IrcLine): IrcTask {
  const [reference = "", type, target = ""] = line.params;
  const id = reference.slice(1);
  const open = session.openBatch;
  if (reference.startsWith("+")) {
    const isValid = type === "draft/multiline" && session.has(CAP.multiline) && target !== "";
    if (!isValid || id === "" || open !== undefined) {
      return session.fail("BATCH", "MULTILINE_INVALID", [], "only one draft/multiline at a time");
    }
    session.openBatch = {
      id,
      target,
      line,
      command: "PRIVMSG",
      text: "",
      bytes: 0,
      lines: 0,
      isRefused: false,
    };
    return;
  }
  if (open === undefined || open.id !== id) return;
  session.openBatch = undefined;
  if (open.isRefused) return;
  if (open.text.trim() === "") {
    return session.fail("BATCH", "MULTILINE_INVALID", [], "the batch has no text");
  }
  yield* postText(session, { ...open.line, command: open.command }, open.target, open.text);
}

/** Label of the replies to a line. Those to a batch follow its end or its refusal. */
export function labelOf(session: IrcSession, line: IrcLine): string | undefined {
  const { command, tags, params } = line;
  const open = session.openBatch;
  const [reference = ""] = params;
  if (command !== "BATCH") {
    if (!tags.has("batch") || command === INVALID_UTF8) return tags.get("label");
    return refusalInBatch(open, line) === undefined ? undefined : open?.line.tags.get("label");
  }
  if (reference.startsWith("+")) return undefined;
  if (open?.id !== reference.slice(1)) return tags.get("label");
  return open.isRefused ? undefined : open.line.tags.get("label");
}

type Refusal = [code: string, context: readonly string[], text: string];

/** A refused batch ends at its first wrong line; the rest of it is ignored. */
function addToBatch(session: IrcSession, line: IrcLine): void {
  const open = session.openBatch;
  const refusal = refusalInBatch(open, line);
  if (refusal !== undefined) session.fail("BATCH", ...refusal);
  if (open === undefined || open.id !== line.tags.get("batch") || open.isRefused) return;
  open.isRefused = refusal !== undefined;
  open.command = line.command;
  const piece = pieceOf(open, line);
  open.text = open.isRefused ? "" : open.text + piece;
  open.bytes += utf8Encode(piece).length;
  open.lines++;
}

function refusalInBatch(open: OpenBatch | undefined, line: IrcLine): Refusal | undefined {
  const { tags, params } = line;
  const [target = "", text = ""] = params;
  if (open === undefined || open.id !== tags.get("batch")) {
    return ["MULTILINE_INVALID", [], "the line is not in an open batch"];
  }
  if (open.isRefused) return undefined;
  if (target.toLowerCase() !== open.target.toLowerCase()) {
    const targets = [open.target, target];
    return ["MULTILINE_INVALID_TARGET", targets, "all lines need the batch's target"];
  }
  if (text === "" && tags.has("draft/multiline-concat")) {
    return ["MULTILINE_INVALID", [], "a continued line has no text"];
  }
  const tooLong = "the message is too long";
  if (open.lines >= MULTILINE_LINES_MAX) {
    return ["MULTILINE_MAX_LINES", [`${MULTILINE_LINES_MAX}`], tooLong];
  }
  const isWithin = open.bytes + utf8Encode(pieceOf(open, line)).length <= MULTILINE_BYTES_MAX;
  return isWithin ? undefined : ["MULTILINE_MAX_BYTES", [`${MULTILINE_BYTES_MAX}`], tooLong];
}

function pieceOf(open: OpenBatch, { tags, params: [, text = ""] }: IrcLine): string {
  return open.lines === 0 || tags.has("draft/multiline-concat") ? text : `\n${text}`;
}
