import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { fileMeant, lastFiles } from "./last-files.ts";
import { args, inHome, misuse, type Slash, sendWords, shellWords } from "./slash-grammar.ts";

/** Commands that send and fetch files. */
export const FILE_COMMANDS: Readonly<Record<string, Slash>> = {
  send: {
    usage: "/send PATH [TARGET]",
    summary: "send a file or folder, here or to a room or @person",
    async run(lines, words) {
      const [path, target] = sendWords(words, lines.context.env["HOME"]);
      if (path === "") throw misuse(this);
      await lines.files.send(path, target ?? lines.current);
    },
  },
  get: {
    usage: "/get ID [DIR]",
    summary: "take a file by its id or name; without DIR, to the folder in which you started chat",
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
    summary: "list the last files of where you are",
    async run(lines, words) {
      args(this, words, 0, 0);
      await lines.files.list(lines.current);
    },
  },
};
