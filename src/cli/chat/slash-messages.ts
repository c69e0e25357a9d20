import { Fault } from "../../base/fault.ts";
import { checkName, formatTarget, parseTarget, type Target } from "../../base/names.ts";
import { args, misuse, type Slash, split } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { viewOf } from "./slash-sealed.ts";

/** Commands that send messages, or hide those of another user. */
export const MESSAGE_COMMANDS: Readonly<Record<string, Slash>> = {
  msg: {
    usage: "/msg NAME TEXT",
    async run(lines, words) {
      const [name, text] = split(words);
      if (name === "") throw misuse(this);
      const target = parseTarget(name.startsWith("#") || name.startsWith("@") ? name : `@${name}`);
      if (text !== "") return lines.post(target, { text });
      await checkTarget(lines, target);
      lines.enter(target);
    },
  },
  me: {
    usage: "/me TEXT",
    async run(lines, words) {
      if (words === "") throw misuse(this);
      await lines.post(lines.current, { text: words, action: true });
    },
  },
  reply: {
    usage: "/reply [SEQ] TEXT",
    async run(lines, words) {
      const [first, rest] = split(words);
      const isNumbered = /^\d+$/.test(first) && rest !== "";
      const text = isNumbered ? rest : words;
      if (text === "") throw misuse(this);
      const re = isNumbered ? Number(first) : lastOther(lines);
      await lines.post(lines.current, { text, re });
    },
  },
  react: {
    usage: "/react EMOJI [SEQ]",
    async run(lines, words) {
      const [react = "", given] = args(this, words, 1, 2);
      if (given !== undefined && !/^[1-9]\d*$/.test(given)) throw misuse(this);
      const re = given === undefined ? lastOther(lines) : Number(given);
      await lines.post(lines.current, { text: "", react, re });
    },
  },
  ignore: {
    usage: "/ignore NAME",
    run(lines, words) {
      return ignore(lines, args(this, words, 1, 1), true);
    },
  },
  unignore: {
    usage: "/unignore NAME",
    run(lines, words) {
      return ignore(lines, args(this, words, 1, 1), false);
    },
  },
  quiet: {
    usage: "/quiet [on|off]",
    run({ open, chatConsole }, words) {
      const [given = "on"] = args(this, words, 0, 1);
      if (given !== "on" && given !== "off") throw misuse(this);
      open.state.prefer("quiet", given);
      const on = given === "on";
      chatConsole.isQuiet = on;
      chatConsole.tell({ kind: "quiet", on }, (texts) => (on ? texts.quietOn : texts.quietOff));
      return Promise.resolve();
    },
  },
  ignored: {
    usage: "/ignored",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { users } = await lines.open.client.request("ignored", {});
      lines.chatConsole.tell({ kind: "ignored", users }, (texts) => {
        return users.length === 0 ? texts.ignoreNone : texts.ignoredList(users.join(", "));
      });
    },
  },
};

async function ignore(
  { open, chatConsole }: SlashHost,
  [given = ""]: readonly string[],
  on: boolean,
): Promise<void> {
  const user = checkName(given.replace(/^@/, ""), "person's name");
  await open.client.request("ignore", { user, on });
  chatConsole.tell({ kind: on ? "ignoring" : "unignored", user }, (texts) => {
    return on ? texts.youIgnore(user) : texts.youHear(user);
  });
}

/** @throws Fault not-found */
export function lastOther({ chatConsole, current, open }: SlashHost): number {
  const seq = chatConsole.recent.lastOther(current, open.client.user ?? open.user);
  if (seq !== undefined) return seq;
  throw new Fault("not-found", "no other user has written here yet", {
    remedy: "give the message's number, as --json and history show it",
  });
}

/** One without a conversation yet is looked up. @throws Fault user-unknown, room-unknown, … */
async function checkTarget({ open }: SlashHost, target: Target): Promise<void> {
  if (viewOf(open, target.kind, target.name) !== undefined) return;
  await open.client.request("history", { target: formatTarget(target), limit: 1 });
}
