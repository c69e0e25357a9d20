import { formatTarget } from "../../base/names.ts";
import { queryPins } from "../../client/chat/pins.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { shownRows } from "./console.ts";
import { args, misuse, type Slash } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { lastOther } from "./slash-messages.ts";
import { lastOwn } from "./slash-moderation.ts";

/** Commands about messages to be found again, and about who has read. */
export const PIN_COMMANDS: Readonly<Record<string, Slash>> = {
  pin: {
    usage: "/pin [SEQ]",
    run(lines, words) {
      const [given] = args(this, words, 0, 1);
      return pin(lines, seqOf(this, given ?? lastOther(lines)), true);
    },
  },
  unpin: {
    usage: "/unpin SEQ",
    run(lines, words) {
      const [given] = args(this, words, 1, 1);
      return pin(lines, seqOf(this, given), false);
    },
  },
  pins: {
    usage: "/pins",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { client, user } = lines.open;
      const history = client.historyWith.bind(client);
      const parts = { ask: client.request, sha256, history };
      const records = await queryPins(parts, formatTarget(lines.current));
      const rows = shownRows([...records].reverse(), client.user ?? user);
      for (const row of rows) lines.chatConsole.record(row);
      if (rows.length === 0) lines.chatConsole.note((texts) => texts.nothingPinned);
    },
  },
  receipts: {
    usage: "/receipts on|off",
    async run(lines, words) {
      const [given] = args(this, words, 1, 1);
      if (given !== "on" && given !== "off") throw misuse(this);
      const options = { target: formatTarget(lines.current), on: given === "on" };
      lines.recorded((await lines.open.client.request("receipts", options)).seq);
    },
  },
  readers: {
    usage: "/readers [SEQ]",
    async run(lines, words) {
      const [given] = args(this, words, 0, 1);
      const seq = seqOf(this, given ?? (await lastOwn(lines)));
      const answer = await lines.open.client.request("readers", { seq });
      const { readers, of, users } = answer;
      const names = users.length < readers ? [...users, "…"] : users;
      lines.chatConsole.tell({ kind: "readers", seq, readers, of, users }, (texts) => {
        return texts.readBy(readers, of, names);
      });
    },
  },
};

async function pin(lines: SlashHost, seq: number, on: boolean): Promise<void> {
  lines.recorded((await lines.open.client.request("pin", { seq, on })).seq);
}

/** @throws Fault usage */
function seqOf(command: Slash, given: string | number | undefined): number {
  const seq = Number(given);
  if (!Number.isSafeInteger(seq) || seq < 1) throw misuse(command);
  return seq;
}
