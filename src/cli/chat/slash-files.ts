import { Fault } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import type { Target } from "../../base/names.ts";
import { isSame } from "../../core/model/item.ts";
import { checkFileText } from "../../core/rooms/files.ts";
import { checkFileId } from "../files/receive-file.ts";
import { fileMeant, lastFiles } from "./last-files.ts";
import { args, inHome, misuse, type Slash, sendWords, shellWords, split } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { editHere } from "./slash-sealed.ts";

/** Commands that send and fetch files. */
export const FILE_COMMANDS: Readonly<Record<string, Slash>> = {
  send: {
    usage: "/send PATH [TARGET] [--caption TEXT]",
    async run(lines, words) {
      const { path, target, caption } = sendWords(words, lines.context.env["HOME"]);
      if (path === "") throw misuse(this);
      if (caption !== undefined) checkFileText(caption);
      await lines.files.send(path, target ?? lines.current, caption);
    },
  },
  caption: {
    usage: "/caption ID [TEXT]",
    async run(lines, words) {
      const [id, text] = split(words);
      if (id === "") throw misuse(this);
      checkFileText(text);
      const { open, current } = lines;
      await lines.confirmed(); // It may be under way.
      await editHere(lines, { seq: await ownFile(open, current, checkFileId(id)), text });
    },
  },
  get: {
    usage: "/get ID [DIR]",
    async run(lines, words) {
      const typed = shellWords(words);
      if (typed.length === 0) throw misuse(this);
      const files = () => lastFiles(lines.open, lines.current, PAGE_RECORDS_MAX);
      const { id, out } = await fileMeant(typed, files);
      lines.files.get(id, inHome(out ?? ".", lines.context.env["HOME"]));
    },
  },
  files: {
    usage: "/files",
    async run(lines, words) {
      args(this, words, 0, 0);
      await lines.files.list(lines.current);
    },
  },
};

/** Number of the message that tells of it. @throws Fault file-unknown, not-allowed */
async function ownFile(open: SlashHost["open"], target: Target, id: string): Promise<number> {
  const files = await lastFiles(open, target, PAGE_RECORDS_MAX);
  const file = files.findLast((one) => one.id === id);
  if (file === undefined) {
    throw new Fault("file-unknown", `there is no file ${id} here`, { remedy: "/files lists them" });
  }
  if (isSame(file.from, open.client.user ?? open.user)) return file.seq;
  throw new Fault("not-allowed", `file ${id} is not yours`, { remedy: "change your own" });
}
