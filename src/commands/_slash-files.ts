import { sendWords } from "./_line-files.ts";
import { args, misuse, type Slash } from "./_slash-grammar.ts";

/** Commands with which one sends and takes files. */
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
    summary: "take a file; without DIR, to the folder in which you started chat",
    async run(lines, words) {
      const [id = "", out = "."] = args(this, words, 1, 2);
      lines.files.get(id, out);
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
