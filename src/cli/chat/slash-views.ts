/** Output of the slash commands that the terminal formats itself. */

import { Fault, msg } from "../../base/fault.ts";
import { checkName, compareNames, formatTarget } from "../../base/names.ts";
import { queryPins } from "../../client/chat/pins.ts";
import { queryUsers } from "../../client/link/queries.ts";
import type { SealedMember } from "../../client/sealed/rooms.ts";
import { sealConversation } from "../../client/sealed/seal-rooms.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { checkFileText } from "../../core/rooms/files.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { misuse, usageIn, type Views } from "../../ui/commands/command.ts";
import { send } from "../../ui/commands/views.ts";
import type { Message } from "../../ui/messages/en/terminal.ts";
import { parseServerSpec, quoteInvite } from "../../wire/invite.ts";
import { inviteUrl } from "../connect/invite.ts";
import { askNewPassword, makePassword, PASSWORD, readSecret } from "../secrets.ts";
import { shownRows } from "./console.ts";
import { digitRows, howToConfirm, identityLine } from "./identity-lines.ts";
import { sendWords } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { viewOf } from "./slash-host.ts";
import { roomsLine } from "./unread.ts";
import { whoLine } from "./who.ts";

/** About a screen; each one costs a request. */
const SAVED_SHOWN_MAX = 20;
export const HISTORY_DEFAULT = 20;

type Viewer<Kind extends keyof Views> = (
  lines: SlashHost,
  view: Views[Kind],
) => Promise<void> | void;

export const VIEWERS: { readonly [Kind in Exclude<keyof Views, "help">]: Viewer<Kind> } = {
  async who(lines, { room = lines.room }) {
    const users = await queryUsers(lines.open.client.request, checkName(room, "room's name"));
    lines.chatConsole.tell({ kind: "who", room, users }, whoLine(room, users));
  },

  async list(lines) {
    const users = (await queryUsers(lines.open.client.request))
      .filter(({ online }) => online)
      .map(({ user }) => user);
    const names = users.join(", ");
    lines.chatConsole.tell({ kind: "list", users }, (texts) => texts.onlineList(names));
  },

  async rooms(lines) {
    const { client } = lines.open;
    const { rooms: listed } = await client.request("rooms", {});
    const rooms = listed.toSorted((one, other) => compareNames(one.room, other.room));
    const people = client.rooms
      .filter(({ kind }) => kind === "person")
      .map(({ id, name }) => ({ user: name, unread: client.reading?.unread(id) ?? 0 }))
      .sort((one, other) => compareNames(one.user, other.user));
    lines.chatConsole.tell({ kind: "rooms", rooms, people }, roomsLine(rooms, people));
  },

  topic({ open, room, chatConsole }) {
    const topic = open.client.rooms.find(({ name }) => name === room)?.topic ?? "";
    const text: Message = (texts) => (topic === "" ? texts.noTopic : topic);
    chatConsole.tell({ kind: "topic-is", room, topic }, text);
  },

  async msg(lines, { to, text }) {
    if (text !== "") return lines.post({ text }, to);
    const isKnown = viewOf(lines.open, to) !== undefined;
    // Only the server knows whether the person or room exists.
    if (!isKnown) await lines.open.client.request("history", { target: to, limit: 1 });
    lines.enter(to);
  },

  async ignored({ open, chatConsole }) {
    const { users } = await open.client.request("ignored", {});
    chatConsole.tell({ kind: "ignored", users }, (texts) => {
      return users.length === 0 ? texts.ignoreNone : texts.ignoredList(users.join(", "));
    });
  },

  async saved(lines) {
    const { client } = lines.open;
    const { saved } = await client.request("prefs", {});
    let unreadable = 0;
    for (const { room: id, seq } of saved.slice(-SAVED_SHOWN_MAX)) {
      const room = client.rooms.find((one) => one.id === id);
      const query = { after: seq - 1, before: seq + 1, limit: 1 };
      const page = room && (await client.history({ target: formatTarget(room), ...query }));
      if (list(lines, page?.records ?? []) === 0) unreadable++;
    }
    if (saved.length === 0) lines.chatConsole.note((texts) => texts.nothingSaved);
    else if (unreadable > 0) {
      lines.chatConsole.note((texts) => texts.notReadable(unreadable));
    }
  },

  async pins(lines) {
    const { client } = lines.open;
    const history = client.historyWith.bind(client);
    const options = { request: client.request, sha256, history };
    const records = await queryPins(options, lines.current);
    if (list(lines, records.toReversed()) === 0)
      lines.chatConsole.note((texts) => texts.nothingPinned);
  },

  async send(lines, { words }) {
    const { path, target, caption } = sendWords(words, lines.context.env["HOME"]);
    if (path === "") throw misuse(usageIn(send, "terminal"));
    if (caption !== undefined) checkFileText(caption);
    await lines.files.send(path, target ?? lines.current, caption);
  },

  files: (lines) => lines.files.list(lines.current),

  async invite({ open, context, room, chatConsole }, { user }) {
    const made = await open.client.request("invite", { uses: 1, room });
    const url = inviteUrl(context, open, { token: made.token, room });
    const whose = user === undefined ? {} : { user };
    chatConsole.tell(
      { kind: "invited", invite: made.invite, ...whose, room, url },
      (texts) => texts.sendLine(user),
      [`chat join ${quoteInvite(parseServerSpec(url))}`],
    );
  },

  async seal(lines, { user, isSure }) {
    const { chatConsole, open } = lines;
    if (!isSure && !(await chatConsole.confirm((texts) => texts.askSeal(user)))) {
      return chatConsole.note((texts) => texts.conversationOpen(user));
    }
    await sealConversation(open.client, user);
    chatConsole.tell({ kind: "sealed", to: user }, (texts) => texts.conversationSealed(user));
    lines.enter(`@${checkName(user, "person's name")}`);
  },

  async sealed({ open, room: name, view: room, me, chatConsole }, { accept }) {
    if (room?.isSealed !== true) {
      return chatConsole.tell(
        { kind: "sealing", room: name, sealed: false },
        (texts) => texts.roomOpen,
      );
    }
    const rooms = await open.client.sealedRooms();
    if (accept) {
      await rooms.acceptState(room);
      const accepted = { kind: "sealing-accepted", room: room.name } as const;
      return chatConsole.tell(accepted, (texts) => texts.sealingAccepted);
    }
    const { status, reason, members, remarks = [] } = await rooms.sealStatus(room);
    const { texts } = chatConsole;
    chatConsole.tell(
      {
        ...{ kind: "sealing", room: room.name, sealed: true, status, members },
        ...(reason === undefined ? {} : { reason }),
        ...(remarks.length === 0 ? {} : { remarks }),
      },
      (texts) => texts.sealing(status, reason),
      [...members.map((one) => texts.sealedMember(factsOf(one, me))), ...remarks],
    );
  },

  async verify({ open, chatConsole }, { user, said }) {
    const rooms = await open.client.sealedRooms();
    if (said === "accept") {
      await rooms.acceptIdentity(user);
      return chatConsole.tell({ kind: "identity-accepted", user }, (texts) =>
        texts.keyAccepted(user),
      );
    }
    if (said !== "") await rooms.confirmDigits(user, said);
    const identity = await rooms.safetyNumber(user);
    const how = howToConfirm(user, identity, `/verify ${user}`);
    chatConsole.tell(identityLine(user, identity), how, digitRows(identity));
  },

  search: (lines, { text }) =>
    history(lines, { limit: HISTORY_DEFAULT, grep: text, ignoreCase: true }),

  async logout(lines) {
    const { client } = lines.open;
    const { user } = client;
    await client.logout();
    lines.chatConsole.tell({ kind: "logged-out", user }, (texts) => texts.youAreLoggedOut);
    lines.prompt();
  },

  async passwd({ chatConsole, open, context }) {
    const unasked = { ...context, terminal: undefined };
    const current =
      (await readSecret(unasked, PASSWORD, undefined)) ??
      (await chatConsole.secret((texts) => texts.askCurrentPassword));
    const password =
      (await makePassword(unasked, undefined)) ??
      (await askNewPassword(
        (one) => chatConsole.secret(one),
        (texts) => texts.askNewPassword,
        (fault) => chatConsole.fault(fault),
      ));
    if (password === undefined) {
      throw new Fault("usage", msg`there is no new password`, {
        remedy: msg`set CHAT_NEW_PASSWORD`,
      });
    }
    await open.client.passwd(password, current);
    chatConsole.tell({ kind: "password-changed" }, (texts) => texts.passwordChanged);
  },

  set: (lines, { words }) => lines.set(words),
  notify: (lines, { on, target }) => lines.notify(on, target),
  quit: (lines) => lines.quit(),
};

export async function history(
  lines: SlashHost,
  query: { readonly limit: number; readonly grep?: string; readonly ignoreCase?: boolean },
): Promise<void> {
  await lines.confirmed();
  const { records } = await lines.open.client.history({ target: lines.current, ...query });
  if (list(lines, records) === 0) lines.chatConsole.note((texts) => texts.nothingFound);
}

/** @returns number of printed records */
function list({ me, chatConsole }: SlashHost, records: readonly ChatRecord[]): number {
  const rows = shownRows(records, me);
  for (const row of rows) chatConsole.record(row);
  return rows.length;
}

function factsOf({ devices, isChanged, ...member }: SealedMember, me: string) {
  const hasBrowser = devices.some(({ kind }) => kind === "web");
  const isMe = isSameName(member.user, me);
  return { ...member, devices: devices.length, hasBrowser, isMe, isChanged: isChanged === true };
}
