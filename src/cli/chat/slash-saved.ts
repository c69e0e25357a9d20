import { Fault } from "../../base/fault.ts";
import { formatTarget } from "../../base/names.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { isSame } from "../../core/model/item.ts";

import { shownRows } from "./console.ts";
import { args, misuse, type Slash } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { lastOther } from "./slash-messages.ts";

/** As many as a screen holds: they are asked for one by one. */
const LISTED = 20;

/** Commands about the messages that an account keeps for itself, on all of its devices. */
export const SAVED_COMMANDS: Readonly<Record<string, Slash>> = {
  save: {
    usage: "/save [SEQ]",
    async run(lines, words) {
      const [given] = args(this, words, 0, 1);
      if (given !== undefined && !/^[1-9]\d*$/.test(given)) throw misuse(this);
      const room = roomHere(lines);
      const seq = given === undefined ? lastOther(lines) : Number(given);
      const target = formatTarget(lines.current);
      const { client } = lines.open;
      const { records } = await client.history({
        ...{ target, after: seq - 1, before: seq + 1, limit: 1 },
      });
      if (records.length === 0) {
        throw new Fault("not-found", `there is no message ${seq} here`, {
          remedy: "give its number as --json and history show it, in its room",
        });
      }
      await client.request("save", { room: room.id, seq, on: true });
      lines.chatConsole.tell({ kind: "save", seq, on: true }, (texts) => texts.savedNow);
    },
  },
  unsave: {
    usage: "/unsave SEQ",
    async run(lines, words) {
      const [given = ""] = args(this, words, 1, 1);
      if (!/^[1-9]\d*$/.test(given)) throw misuse(this);
      const { client } = lines.open;
      const { saved } = await client.request("prefs", {});
      const found = saved.find(({ seq }) => seq === Number(given));
      if (found === undefined) throw new Fault("not-found", `${given} is not saved`);
      await client.request("save", { ...found, on: false });
      const json = { kind: "save", seq: found.seq, on: false };
      lines.chatConsole.tell(json, (texts) => texts.notSaved);
    },
  },
  saved: {
    usage: "/saved",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { client, user } = lines.open;
      const { saved } = await client.request("prefs", {});
      const last = saved.slice(-LISTED);
      let unread = 0;
      for (const { room: id, seq } of last) {
        const room = client.rooms.find((one) => one.id === id);
        const query = { after: seq - 1, before: seq + 1, limit: 1 };
        const page = room && (await client.history({ target: targetOf(room), ...query }));
        const rows = shownRows(page?.records ?? [], client.user ?? user);
        if (rows.length === 0) unread++;
        for (const row of rows) lines.chatConsole.record(row);
      }
      if (saved.length === 0) lines.chatConsole.note((texts) => texts.nothingSaved);
      else if (unread > 0) lines.chatConsole.note((texts) => texts.notReadable(unread));
    },
  },
};

function targetOf({ kind, name }: RoomView): string {
  return kind === "room" ? name : `@${name}`;
}

/** @throws Fault not-member */
function roomHere({ open, current }: SlashHost): RoomView {
  const target = formatTarget(current).replace(/^#/, "");
  const room = open.client.rooms.find((one) => isSame(targetOf(one), target));
  if (room !== undefined) return room;
  throw new Fault("not-member", "nothing was said here yet");
}
