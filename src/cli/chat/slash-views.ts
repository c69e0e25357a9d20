/** Terminal output of slash commands that display data. */

import { Fault, ignoreFault, msg } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";
import { boxNames, checkName, compareNames, parseTarget } from "../../base/names.ts";
import { formatSize } from "../../base/sizes.ts";
import { formatLocal, formatUtc, type OffsetMinutes } from "../../base/time.ts";
import type { HandedIn } from "../../client/actions.ts";
import { queryUsers, type SendRequest } from "../../client/link/queries.ts";
import { queryPins } from "../../client/pins.ts";
import type { SealedMember } from "../../client/sealed/room.ts";
import { type ChatRecord, type RoomView, titleOf } from "../../core/client/chat-record.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { checkText } from "../../core/client/post-text.ts";
import { isSameName } from "../../core/model/item.ts";
import { followedThreads, isIgnored, postTarget, roomOf } from "../../core/model/selectors.ts";
import { isHiddenWork } from "../../core/model/unignored.ts";
import { sha256 } from "../../crypto/sha256.ts";
import {
  invalidArguments,
  isSeq,
  roomFor,
  splitFirstWord,
  usageFor,
  type Views,
} from "../../ui/command.ts";
import { ircPassword, send } from "../../ui/commands.ts";
import { replyText } from "../../ui/desk/desk-view.ts";
import type { TerminalMessage, TerminalTexts } from "../../ui/messages/en/terminal.ts";
import { ircSetup } from "../../ui/text/irc-setup.ts";
import { personMarks } from "../../ui/text/person-marks.ts";
import { handedFields, handedState, rulesText } from "../../ui/text/rules-text.ts";
import { parseServerSpec, quoteInvite } from "../../wire/invite.ts";
import type { Answer as WireAnswer } from "../../wire/messages.ts";
import { inviteUrl } from "../connect/invite.ts";
import { usageFault } from "../errors.ts";
import { checkFileId } from "../files/receive-file.ts";
import { checkSendPaths, isFile } from "../files/sources.ts";
import { PASSWORD, promptNewPassword, readNewPassword, readSecret } from "../secrets.ts";
import { verifyUser } from "./identity-lines.ts";
import { parseSend } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import {
  deleteUnfinished,
  unfinishedJson,
  unfinishedState,
  unfinishedUploads,
  waitingCommand,
  waitingJson,
  waitingLine,
} from "./unfinished.ts";
import { roomsLine } from "./unread.ts";

/** Maximum number of listed messages, about one screen. Each message requires a request. */
const SAVED_LISTED_MAX = 20;
export const HISTORY_DEFAULT = 20;
export const HISTORY = "/history";
const NAME_COLUMNS = 16;

type Viewer<Kind extends keyof Views> = (
  host: SlashHost,
  view: Views[Kind],
) => Promise<void> | void;

export const VIEWERS: { readonly [Kind in Exclude<keyof Views, "help">]: Viewer<Kind> } = {
  async who(host, { room = host.chat.actions.lastRoom }) {
    const all = await queryUsers(host.open.client.request, parseTarget(room).name);
    const { model } = host.chat;
    const users = all.map((one) =>
      isIgnored(model, one.user) ? { ...one, status: undefined } : one,
    );
    host.chatConsole.print({ kind: "who", room, users }, membersLine(room, users));
  },

  async list(host) {
    const users = (await queryUsers(host.open.client.request))
      .filter(({ online }) => online)
      .map(({ user }) => user);
    const names = users.join(", ");
    host.chatConsole.print({ kind: "list", users }, (texts) => texts.onlineList(names));
  },

  async rooms(host) {
    const { client } = host.open;
    const { rooms: listed } = await client.request("rooms", {});
    const rooms = listed.toSorted((a, b) => compareNames(a.room, b.room));
    const known = [...client.store.current.rooms.values()];
    const people = known
      .filter(({ kind }) => kind === "person")
      .map(({ name, unread }) => ({ user: name, unread }))
      .sort((a, b) => compareNames(a.user, b.user));
    const groups = known
      .filter((room) => room.people !== undefined)
      .map((room) => ({ room: room.name, title: titleOf(room), unread: room.unread }));
    const line = { kind: "rooms", rooms, people, groups: groups.length > 0 ? groups : undefined };
    host.chatConsole.print(line, roomsLine(rooms, people, groups));
  },

  topic(host) {
    const { chat, chatConsole } = host;
    const room = roomFor(chat, host);
    const { topic = "" } = roomOf(chat.store.current, room) ?? {};
    const text: TerminalMessage = (texts) => (topic === "" ? texts.noTopic : topic);
    chatConsole.print({ kind: "topic-is", room, topic }, text);
  },

  rules(host) {
    const room = roomFor(host.chat, host);
    const { model } = host.chat;
    const { rules } = roomOf(model, room) ?? {};
    const server = model.notices.rules ?? {};
    if (rules === undefined)
      throw new Fault("not-member", msg`you are not in a room named '${room}'`);
    const text: TerminalMessage = (texts) => rulesText(rules, texts, server);
    host.chatConsole.print({ kind: "rules-are", room, ...rules, server }, text);
  },

  async handed(host) {
    const { chat, chatConsole } = host;
    const room = boxNames(host.current)?.room ?? roomFor(chat, host);
    const users = await chat.actions.handed(room);
    const count = users.filter(({ messages }) => messages > 0).length;
    const { offsetMinutes } = host.context;
    const rows = users.map((one) => handedRow(one, chatConsole.texts, offsetMinutes));
    const text: TerminalMessage = (texts) => texts.handedCount(count, users.length);
    chatConsole.print({ kind: "handed", room, users: users.map(handedFields) }, text, rows);
  },

  async ignored({ open, chatConsole }) {
    const { users } = await open.client.request("ignored", {});
    chatConsole.print({ kind: "ignored", users }, (texts) => {
      return users.length === 0 ? texts.ignoreNone : texts.ignoredList(users.join(", "));
    });
  },

  async saved(host) {
    const { saved } = await host.open.client.request("prefs", {});
    const listed = await listMessages(host, "/saved", saved.slice(-SAVED_LISTED_MAX));
    const unreadable = Math.min(saved.length, SAVED_LISTED_MAX) - listed;
    if (saved.length === 0) host.chatConsole.note((texts) => texts.nothingSaved);
    else if (unreadable > 0) {
      host.chatConsole.note((texts) => texts.savedUnreadable(unreadable));
    }
    if (saved.length > SAVED_LISTED_MAX) noteCut(host, SAVED_LISTED_MAX);
  },

  async threads(host) {
    const followed = followedThreads(host.chat.model);
    const threads = followed.slice(0, SAVED_LISTED_MAX);
    if ((await listMessages(host, "/threads", threads.toReversed())) === 0)
      host.chatConsole.note((texts) => texts.noThreads);
    const unread = threads.flatMap(({ seq, isUnread, unread }) => {
      if (!isUnread) return [];
      return unread > 0 ? `#${seq} (${unread})` : `#${seq}`;
    });
    if (unread.length > 0) host.chatConsole.note((texts) => texts.unreadThreads(unread.join(", ")));
    if (followed.length > threads.length) noteCut(host, threads.length);
  },

  async pins(host) {
    const { client } = host.open;
    const history = client.historyWith.bind(client);
    const options = { request: client.request, sha256, history, model: host.chat.model };
    const records = await queryPins(options, host.current);
    if (host.list("/pins", records.toReversed()) === 0)
      host.chatConsole.note((texts) => texts.nothingPinned);
  },

  async send(host, { input: words }) {
    const { chat, current } = host;
    const {
      paths,
      target = current,
      caption = "",
      thread,
    } = parseSend(
      words,
      host.context.env["HOME"],
      (word) => !word.startsWith("@") && roomOf(chat.model, word) === undefined && isFile(word),
    );
    if (paths.length === 0) throw invalidArguments(usageFor(send, "terminal"));
    if (caption !== "") checkText(caption);
    checkSendPaths(paths);
    const open = isSameName(target, current) ? host.thread : undefined;
    const root = thread === undefined ? open : await chat.actions.threadOf(target, thread);
    const to = postTarget(chat.model, target);
    const body = chat.actions.asReply(to, withMentions({ text: caption }), root);
    await host.files.send(paths, to, body);
  },

  async files(host, { verb, named = "" }) {
    const { client, user } = host.open;
    const { waiting } = host.chat.model;
    if (verb !== undefined) {
      const message = isSeq(named) ? waiting[Number(named) - 1] : undefined;
      if (message !== undefined) {
        return host.files.waiting.command(message.key, waitingCommand(message, verb));
      }
      if (verb !== "delete" || isSeq(named)) {
        const text = msg`no message with files waits under the number ${named}`;
        throw new Fault("not-found", text, { remedy: msg`list them: ${"/files"}` });
      }
      const id = checkFileId(named);
      await deleteUnfinished(client, id);
      const line = { kind: "deleted", id };
      return host.chatConsole.print(line, (texts) => texts.unfinishedDeleted(id));
    }
    if (waiting.length > 0) {
      host.chatConsole.print(
        { kind: "waiting-messages", messages: waiting.map(waitingJson) },
        (texts) => texts.waitingMessages,
        waiting.map((message, index) => `${index + 1}  ${waitingLine(message)}`),
      );
    }
    await host.files.list(host.current);
    const unfinished = await unfinishedUploads(client);
    if (unfinished.length === 0) return;
    const { offsetMinutes } = host.context;
    const rows = unfinished.map((upload) => {
      const sent = `${upload.file}  ${upload.name}, ${formatSize(upload.bytes)}`;
      return `${sent}, ${unfinishedState(upload, (unixMs) => formatLocal(unixMs, offsetMinutes))}`;
    });
    const files = unfinished.map((upload) => unfinishedJson(upload, user));
    host.chatConsole.print(
      { kind: "unfinished-files", files },
      (texts) => texts.unfinishedFiles,
      rows,
    );
  },

  async invite({ open, context, chat, chatConsole }, { user }) {
    const room = checkName(chat.actions.lastRoom);
    const invite = await open.client.request("invite", { uses: 1, room });
    const url = inviteUrl(context, open, { token: invite.token, room });
    chatConsole.print(
      { kind: "invited", invite: invite.invite, user, room, url },
      (texts) => texts.inviteHint(user),
      [`chat join ${quoteInvite(parseServerSpec(url))}`],
    );
  },

  async seal(host, { user, isConfirmed: isSure }) {
    const { chatConsole, open } = host;
    const isCurrent = host.moment();
    const target = user === undefined ? host.current : `@${checkName(user, "person's name")}`;
    const group = user === undefined && host.view?.people !== undefined ? host.view : undefined;
    const to = group === undefined ? target.replace(/^@/, "") : titleOf(group);
    const isConversation = group !== undefined || target.startsWith("@");
    if (isConversation && !isSure && !(await chatConsole.confirm((texts) => texts.askSeal(to)))) {
      return chatConsole.note((texts) => texts.conversationOpen(to));
    }
    await open.client.actions.seal(target, () => false);
    chatConsole.print({ kind: "sealed", to }, (texts) => texts.conversationSealed(to));
    host.follow(target, isCurrent);
  },

  async sealed({ open, current: name, view: room, me, chatConsole }, { accept }) {
    if (room?.isSealed !== true) {
      return chatConsole.print(
        { kind: "sealing", room: name, sealed: false },
        (texts) => texts.roomOpen,
      );
    }
    const rooms = await open.client.sealedRooms();
    if (accept) {
      await rooms.get(room).acceptState();
      const accepted = { kind: "sealing-accepted", room: room.name } as const;
      return chatConsole.print(accepted, (texts) => texts.sealingAccepted);
    }
    const status = await rooms.get(room).status();
    const { reason, remarks = [], history } = status;
    const invited = await invitedTo(open.client.request, room);
    const members = status.members.map((member) => {
      return { ...member, isInvited: isAmong(invited, member) || undefined };
    });
    const { texts } = chatConsole;
    chatConsole.print(
      {
        kind: "sealing",
        room: room.name,
        sealed: true,
        status: status.status,
        members,
        history,
        reason,
        remarks: remarks.length === 0 ? undefined : remarks,
      },
      (texts) => texts.sealing(status.status, reason),
      [
        ...members.map((member) => texts.sealedMember(memberFacts(member, me))),
        ...(history === true ? [texts.sealedHistory] : []),
        ...remarks,
      ],
    );
  },

  async verify({ open, chatConsole }, { user, confirmation: said }) {
    const confirmation = said === "accept" ? said : { digits: said || undefined };
    const answer = await verifyUser(open.client, user, confirmation, `/verify ${user}`);
    chatConsole.print(answer.json, answer.text, answer.rows);
  },

  search: (host, { query }) => host.search(query),
  thread: (host, { seq }) => host.openThread(seq),

  async logout(host) {
    const { client } = host.open;
    const { user } = client;
    await client.logout();
    host.chatConsole.print({ kind: "logged-out", user }, (texts) => texts.loggedOutHint);
    host.prompt();
  },

  async passwd({ chatConsole, open, context }) {
    const nonInteractive = { ...context, terminal: undefined };
    const current =
      (await readSecret(nonInteractive, PASSWORD, undefined)) ??
      (await chatConsole.secret((texts) => texts.askCurrentPassword));
    const password =
      (await readNewPassword(nonInteractive, undefined)) ??
      (await promptNewPassword(
        (question, before) => chatConsole.secret(question, before),
        (texts) => texts.askNewPassword,
      ));
    if (password === undefined) {
      throw usageFault(msg`no new password given`, msg`set CHAT_NEW_PASSWORD`);
    }
    await open.client.passwd(password, current);
    chatConsole.print({ kind: "password-changed" }, (texts) => texts.passwordChanged);
  },

  "irc-password": showIrcPasswords,
  clear: ({ chatConsole }) => chatConsole.clear(),
  set: (host, { input: words }) => host.set(words),
  jump: (host, { to }) => host.jump(to),
  notify: (host, view) => host.notify(view),
  quit: (host) => host.quit(),
};

/** Requests each message, and returns the number of those that the user can read. */
async function listMessages(
  host: SlashHost,
  command: string,
  messages: readonly { readonly room: string; readonly seq: number }[],
): Promise<number> {
  const { client } = host.open;
  const readable: ChatRecord[] = [];
  const { rooms } = client.store.current;
  for (const { room: id, seq } of messages) {
    const room = rooms.get(id as RoomId);
    const query = { after: seq - 1, before: seq + 1, limit: 1 };
    const page = room && (await client.history({ target: room.target, ...query }));
    readable.push(...(page?.records ?? []));
  }
  return host.list(command, readable);
}

export async function history(
  host: SlashHost,
  query: Parameters<SlashHost["chat"]["history"]>[0],
  command = HISTORY,
): Promise<void> {
  await host.waitUntilConfirmed();
  const { records, more } = await host.open.client.history(query);
  const { model } = host.chat;
  const shown = records.filter(({ kind, from }) => !isHiddenWork(model, kind, from));
  const count = host.list(command, shown);
  if (count === 0) host.chatConsole.note((texts) => texts.noMessagesFound);
  else if (more && query.after === undefined) noteCut(host, count);
}

function noteCut({ chatConsole }: SlashHost, count: number): void {
  chatConsole.note((texts) => texts.onlyLatest(count));
}

/** Names of the users who have been added to the room but have not joined it. */
async function invitedTo(request: SendRequest, room: RoomView): Promise<readonly string[]> {
  if (room.kind === "person") return [];
  const users = await queryUsers(request, room.name).catch(ignoreFault);
  return (users ?? []).flatMap(({ user, invited }) => (invited === true ? [user] : []));
}

function isAmong(names: readonly string[], { user }: SealedMember): boolean {
  return names.some((name) => isSameName(name, user));
}

interface ListedMember extends SealedMember {
  readonly isInvited?: boolean;
}

function memberFacts({ devices, isChanged, isInvited, ...member }: ListedMember, me: string) {
  const hasBrowser = devices.some(({ kind }) => kind === "web");
  const isMe = isSameName(member.user, me);
  const marks = { isMe, isChanged: isChanged === true, isInvited: isInvited === true };
  return { ...member, devices: devices.length, hasBrowser, ...marks };
}

export const ISO_DAY_CHARS = 10;
const ID = /^[1-9]\d{0,14}$/;

/** @throws {Fault} usage, or a fault of the request */
async function showIrcPasswords(host: SlashHost, { input }: Views["irc-password"]): Promise<void> {
  const [word, argument] = splitFirstWord(input);
  if (word === "" || word === "new") return create(host, argument);
  if (word === "list" && argument === "") return list(host);
  if (word === "revoke" && ID.test(argument)) return revoke(host, Number(argument));
  throw invalidArguments(usageFor(ircPassword, "terminal"));
}

async function create({ open, chatConsole }: SlashHost, label: string): Promise<void> {
  const fields = label === "" ? {} : { label };
  const answer = await open.client.request("irc-passwords", {});
  const { user, id, password } = await open.client.request("irc-password", fields);
  chatConsole.print(
    { kind: "irc-password", id, ...fields, password },
    (texts) => texts.ircPasswordCreated(user),
    [password, ...ircSetup(chatConsole.texts, open.address.host, answer)],
  );
}

async function list({ open, chatConsole }: SlashHost): Promise<void> {
  const answer = await open.client.request("irc-passwords", {});
  const passwords = answer.passwords.map(({ since, ...entry }) => {
    return { ...entry, since: formatUtc(since) };
  });
  chatConsole.print(
    { kind: "irc-passwords", passwords },
    (texts) => texts.ircPasswords(passwords.length),
    [
      ...passwords.map(({ id, label = "", since, online }) => {
        return chatConsole.texts.ircPasswordFacts(id, label, since.slice(0, ISO_DAY_CHARS), online);
      }),
      ...ircSetup(chatConsole.texts, open.address.host, answer),
    ],
  );
}

async function revoke({ open, chatConsole }: SlashHost, id: number): Promise<void> {
  await open.client.request("irc-password-revoke", { id });
  chatConsole.print({ kind: "irc-password-revoked", id }, (texts) => texts.ircPasswordRevoked(id));
}

const NAMES_LISTED_MAX = 100;

type ListedUser = WireAnswer<"who">["users"][number];

/** @internal Exported for tests. */
export function handedRow(
  work: HandedIn,
  texts: TerminalTexts,
  offsetMinutes: OffsetMinutes,
): string {
  const { user, messages, files, at, left, invited } = work;
  const state = handedState(work);
  const facts = at === undefined ? ["-"] : [messages, files, formatLocal(at, offsetMinutes)];
  const place = left === true ? texts.hasLeft : invited === true ? texts.isInvited : undefined;
  const due = state === undefined ? undefined : texts.handedBy(state);
  const notes = [due, replyText(work, texts), place].filter((note) => note !== undefined);
  return [user.padEnd(NAME_COLUMNS), ...facts, notes.join(", ")].join("  ").trimEnd();
}

/** @internal */
export function membersLine(room: string, users: readonly ListedUser[]): TerminalMessage {
  return (texts) => {
    if (users.length <= PRESENCE_MEMBERS_MAX) {
      const names = users.map(({ user, online, role, bot: isBot, mutedUntil, invited, status }) => {
        const isMuted = mutedUntil !== undefined;
        const marks = [...personMarks({ role, isBot, isMuted, isInvited: invited, status }, texts)];
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
