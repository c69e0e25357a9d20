import { Fault } from "../base/fault.ts";
import { checkName, parseTarget } from "../base/names.ts";
import type { LineClient } from "./_line-client.ts";
import { args, misuse, type Slash, split } from "./_slash-grammar.ts";

/** Commands with which one says something, or stops somebody else from being heard. */
export const SPEECH_COMMANDS: Readonly<Record<string, Slash>> = {
  msg: {
    usage: "/msg NAME TEXT",
    summary: "say something to one person; without TEXT, go on talking to them",
    async run(lines, words) {
      const [name, text] = split(words);
      if (name === "") throw misuse(this);
      const target = parseTarget(name.startsWith("#") || name.startsWith("@") ? name : `@${name}`);
      if (text === "") lines.enter(target);
      else await lines.post(target, { text });
    },
  },
  me: {
    usage: "/me TEXT",
    summary: "say what you are doing",
    async run(lines, words) {
      if (words === "") throw misuse(this);
      await lines.post(lines.current, { text: words, action: true });
    },
  },
  reply: {
    usage: "/reply [SEQ] TEXT",
    summary: "answer a message; without its number, the last one of somebody else here",
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
    summary: "say in one sign what you think of a message",
    async run(lines, words) {
      const [react = "", given] = args(this, words, 1, 2);
      if (given !== undefined && !/^[1-9]\d*$/.test(given)) throw misuse(this);
      const re = given === undefined ? lastOther(lines) : Number(given);
      await lines.post(lines.current, { text: "", react, re });
    },
  },
  ignore: {
    usage: "/ignore NAME",
    summary: "see no words of somebody any more, on any of your devices",
    run(lines, words) {
      return ignore(lines, args(this, words, 1, 1), true);
    },
  },
  unignore: {
    usage: "/unignore NAME",
    summary: "see somebody's words again",
    run(lines, words) {
      return ignore(lines, args(this, words, 1, 1), false);
    },
  },
  ignored: {
    usage: "/ignored",
    summary: "list whom you ignore",
    async run(lines, words) {
      args(this, words, 0, 0);
      const { users } = await lines.open.client.request("ignored", {});
      const sentence = users.length === 0 ? "you ignore nobody" : `ignored: ${users.join(", ")}`;
      lines.face.tell({ kind: "ignored", users }, sentence);
    },
  },
};

async function ignore(
  { open, face }: LineClient,
  [given = ""]: readonly string[],
  on: boolean,
): Promise<void> {
  const user = checkName(given.replace(/^@/, ""), "person's name");
  await open.client.request("ignore", { user, on });
  face.tell(
    { kind: on ? "ignoring" : "unignored", user },
    on ? `you ignore ${user}` : `you hear ${user} again`,
  );
}

/** @throws Fault not-found */
function lastOther({ face, current, open }: LineClient): number {
  const seq = face.recent.lastOther(current, open.client.user ?? open.user);
  if (seq !== undefined) return seq;
  throw new Fault("not-found", "nobody else has said anything here yet", {
    remedy: "give the message's number, as --json and history show it",
  });
}
