/** Slash commands that only the terminal has. */

import { Fault, msg } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import type { Credentials } from "../../client/login.ts";
import { isSameName } from "../../core/model/item.ts";
import { checkFileText } from "../../core/rooms/files.ts";
import { isSeq, misuse, split, wordsOf } from "../../ui/commands/command.ts";
import { formatAddress } from "../../wire/invite.ts";
import { checkFileId } from "../files/receive-file.ts";
import { statsLine } from "../output/stats.ts";
import { askNewPassword, PASSWORD, readSecret, secretQuestion } from "../secrets.ts";
import { fileMeant, lastFiles } from "./last-files.ts";
import { inHome, shellWords } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { HISTORY_DEFAULT, history } from "./slash-views.ts";

export interface Slash {
  readonly usage: string;
  run(lines: SlashHost, words: string): Promise<void>;
}

/** Keyed by the shared command that precedes these commands in help. */
export const OWN_COMMANDS: Readonly<Record<string, Readonly<Record<string, Slash>>>> = {
  receipts: {
    readers: {
      usage: "/readers [SEQ]",
      async run(lines, words) {
        if (words !== "" && !isSeq(words)) throw misuse(this.usage);
        const seq = words === "" ? await lines.meant(undefined, "own") : Number(words);
        const answer = await lines.open.client.request("readers", { seq });
        const { readers, of, users } = answer;
        const names = users.length < readers ? [...users, "…"] : users;
        lines.chatConsole.tell({ kind: "readers", seq, readers, of, users }, (texts) => {
          return texts.readBy(readers, of, names);
        });
      },
    },
  },
  send: {
    caption: {
      usage: "/caption ID [TEXT]",
      async run(lines, words) {
        const [id, text] = split(words);
        if (id === "") throw misuse(this.usage);
        checkFileText(text);
        await lines.confirmed(); // The last message may be unsent.
        const seq = await ownFile(lines, checkFileId(id));
        const edit = await lines.edit(seq, text);
        if (edit !== undefined) lines.recorded(edit);
      },
    },
    get: {
      usage: "/get ID [DIR]",
      async run(lines, words) {
        const typed = shellWords(words);
        if (typed.length === 0) throw misuse(this.usage);
        const files = () => lastFiles(lines, lines.current, PAGE_RECORDS_MAX);
        const { id, out } = await fileMeant(typed, files);
        lines.files.get(id, inHome(out ?? ".", lines.context.env["HOME"]));
      },
    },
  },
  verify: {
    history: {
      usage: "/history [N]",
      async run(lines, words) {
        const limit = words === "" ? HISTORY_DEFAULT : Number(words);
        if (!Number.isSafeInteger(limit) || limit < 1) throw misuse(this.usage);
        await history(lines, { limit: Math.min(limit, PAGE_RECORDS_MAX) });
      },
    },
  },
  search: {
    register: {
      usage: "/register NAME [PASSWORD]",
      run(lines, words) {
        return logIn(lines, this, words, "register");
      },
    },
    login: {
      usage: "/login NAME [PASSWORD]",
      run(lines, words) {
        return logIn(lines, this, words, "login");
      },
    },
  },
  notify: {
    stats: {
      usage: "/stats",
      run({ open, chatConsole, context }, words) {
        if (words !== "") throw misuse(this.usage);
        const { stats } = open.client;
        if (stats === undefined) throw new Fault("link-closed", msg`there is no connection now`);
        const [json, text] = statsLine(stats, context);
        chatConsole.tell(json, text);
        return Promise.resolve();
      },
    },
  },
};

/** Seq of the message of a file. @throws Fault file-unknown, not-allowed */
async function ownFile(lines: SlashHost, id: string): Promise<number> {
  const files = await lastFiles(lines, lines.current, PAGE_RECORDS_MAX);
  const file = files.findLast((one) => one.id === id);
  if (file === undefined) {
    throw new Fault("file-unknown", msg`there is no file ${id} here`, {
      remedy: msg`/files lists them`,
    });
  }
  if (isSameName(file.from, lines.me)) return file.seq;
  throw new Fault("not-allowed", msg`file ${id} is not yours`, { remedy: msg`change your own` });
}

async function logIn(
  lines: SlashHost,
  { usage }: Slash,
  words: string,
  mode: Credentials["mode"],
): Promise<void> {
  const [name, password] = wordsOf(words, 1, 2) ?? [];
  if (name === undefined) throw misuse(usage);
  const { open, context, chatConsole } = lines;
  const user = checkName(name, "person's name");
  const unasked = { ...context, terminal: undefined }; // The line editor owns the keyboard.
  const credentials: Credentials = {
    user,
    mode,
    password: password ?? (await readSecret(unasked, PASSWORD, undefined)),
    roomSecret: open.roomSecret,
    requiresPassword: password !== undefined,
    promptSecret: (what, again, whenLost) => {
      const server = formatAddress(open.address);
      if (what === "new-password") {
        return askNewPassword(
          (one) => chatConsole.secret(one, whenLost),
          (texts) => texts.askNewPasswordOf(user, server),
          (fault) => chatConsole.fault(fault),
        );
      }
      return chatConsole.secret(secretQuestion(what, { user, server }, again), whenLost);
    },
  };
  await lines.loggingIn(() => open.client.login(credentials));
}
