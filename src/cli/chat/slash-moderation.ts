import { Fault } from "../../base/fault.ts";
import { checkName } from "../../base/names.ts";
import { grant, kick } from "../../client/chat/room-actions.ts";
import { inUtc, untilOf } from "../../core/duration.ts";
import { parseServerAddress, quoteInvite } from "../../wire/invite.ts";
import { inviteUrl } from "../connect/invite.ts";
import { personOf, whom } from "../connect/operator.ts";
import { args, misuse, type Slash, split } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { editHere, inviteSealed } from "./slash-sealed.ts";

/** Commands that moderate, and those that change messages. */
export const MODERATION_COMMANDS: Readonly<Record<string, Slash>> = {
  invite: {
    usage: "/invite [NAME]",
    async run(lines, words) {
      const [name] = args(this, words, 0, 1);
      const { open, context, room, chatConsole } = lines;
      if (name !== undefined && (await inviteSealed(lines, personOf(name)))) return;
      const made = await open.client.request("invite", { uses: 1, room });
      const url = inviteUrl(context, open, { token: made.token, room });
      const user = name === undefined ? {} : { user: personOf(name) };
      chatConsole.tell(
        { kind: "invited", invite: made.invite, ...user, room, url },
        (texts) => texts.sendLine(name),
        [`chat join ${quoteInvite(parseServerAddress(url))}`],
      );
    },
  },
  kick: {
    usage: "/kick NAME",
    async run(lines, words) {
      const [name = ""] = args(this, words, 1, 1);
      const seq = await kick(lines.open.client, lines.room, personOf(name));
      if (seq !== undefined) lines.recorded(seq);
    },
  },
  mute: {
    usage: "/mute NAME [TIME]",
    async run(lines, words) {
      const [name = "", time] = args(this, words, 1, 2);
      const { room } = lines;
      const nowUnixMs = lines.context.clock.unixMs();
      const until = time === undefined ? {} : { until: untilOf(time, nowUnixMs) };
      const options = { room, user: personOf(name), on: true, ...until };
      lines.recorded((await lines.open.client.request("mute", options)).seq);
    },
  },
  unmute: {
    usage: "/unmute NAME",
    async run(lines, words) {
      const [name = ""] = args(this, words, 1, 1);
      const options = { room: lines.room, user: personOf(name), on: false };
      lines.recorded((await lines.open.client.request("mute", options)).seq);
    },
  },
  ban: {
    usage: "/ban NAME [TIME] [REASON]",
    async run(lines, words) {
      const [name, rest] = split(words);
      if (name === "") throw misuse(this);
      const [first, more] = split(rest);
      const isTimed = /^\d+[smhd]$/.test(first);
      const until = isTimed ? { until: untilOf(first, lines.context.clock.unixMs()) } : {};
      const reason = isTimed ? more : rest;
      const options = { ...whom(name), ...until, ...(reason === "" ? {} : { reason }) };
      await lines.open.client.request("ban", { ...options, on: true });
      const json = { kind: "banned", ...inUtc(options, "until") };
      lines.chatConsole.tell(json, (texts) => texts.banned(name));
    },
  },
  grant: {
    usage: "/grant NAME",
    run(lines, words) {
      const [name = ""] = args(this, words, 1, 1);
      return moderate(lines, personOf(name), true);
    },
  },
  revoke: {
    usage: "/revoke NAME",
    run(lines, words) {
      const [name = ""] = args(this, words, 1, 1);
      return moderate(lines, personOf(name), false);
    },
  },
  edit: {
    usage: "/edit TEXT",
    async run(lines, words) {
      if (words === "") throw misuse(this);
      await editHere(lines, { seq: await lastOwn(lines), text: words });
    },
  },
  erase: {
    usage: "/erase [SEQ]",
    async run(lines, words) {
      const [given] = args(this, words, 0, 1);
      const seq = given === undefined ? await lastOwn(lines) : Number(given);
      if (!Number.isSafeInteger(seq) || seq < 1) throw misuse(this);
      lines.recorded((await lines.open.client.request("erase", { seq })).seq);
    },
  },
};

async function moderate(lines: SlashHost, user: string, on: boolean): Promise<void> {
  const { open, room, chatConsole } = lines;
  await grant(open.client, room, user, on);
  const kind = on ? "granted" : "revoked";
  chatConsole.tell({ kind, user, role: "moderator", room }, undefined);
}

/** @throws Fault not-found, link-closed */
export async function lastOwn(lines: SlashHost): Promise<number> {
  await lines.confirmed(); // What is still under way is the last.
  const { chatConsole, current, open } = lines;
  const me = checkName(open.client.user ?? open.user);
  const seq = chatConsole.recent.lastOf(current, me);
  if (seq !== undefined) return seq;
  throw new Fault("not-found", "you have said nothing here yet", { remedy: "give its number" });
}
