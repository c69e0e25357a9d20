/** Slash commands that exist only in the terminal clients. */

import { Fault, msg } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import type { Credentials } from "../../client/login.ts";
import { isSameName } from "../../core/model/item.ts";
import { checkFileText } from "../../core/rooms/files.ts";
import { invalidArguments, isSeq, splitFirstWord, splitWords } from "../../ui/command.ts";
import { formatAddress } from "../../wire/invite.ts";
import { checkFileId } from "../files/receive-file.ts";
import { statsLine } from "../output/stats.ts";
import { PASSWORD, promptNewPassword, readSecret, secretPrompt } from "../secrets.ts";
import { lastFiles, selectFile } from "./last-files.ts";
import { expandHome, shellWords } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";
import { HISTORY_DEFAULT, history } from "./slash-views.ts";

export interface SlashCommand {
  readonly usage: string;
  run(host: SlashHost, words: string): Promise<void>;
}

/** Terminal commands, keyed by the shared command after which the help text lists them. */
export const TERMINAL_COMMANDS: Readonly<Record<string, Readonly<Record<string, SlashCommand>>>> = {
  receipts: {
    readers: {
      usage: "/readers [SEQ]",
      async run(host, words) {
        if (words !== "" && !isSeq(words)) throw invalidArguments(this.usage);
        await host.sent();
        const own = words === "" ? undefined : Number(words);
        const seq = await host.chat.actions.resolveSeq(host.current, own, "own");
        const answer = await host.open.client.request("readers", { seq });
        const { readers, of, users } = answer;
        const names = users.length < readers ? [...users, "…"] : users;
        host.chatConsole.print({ kind: "readers", seq, readers, of, users }, (texts) => {
          return texts.readBy(readers, of, names);
        });
      },
    },
  },
  send: {
    caption: {
      usage: "/caption ID [TEXT]",
      async run(host, words) {
        const [id, text] = splitFirstWord(words);
        if (id === "") throw invalidArguments(this.usage);
        checkFileText(text);
        await host.waitUntilConfirmed();
        const seq = await ownFile(host, checkFileId(id));
        const edit = await host.chat.actions.edit(host.current, seq, text);
        if (edit !== undefined) host.recorded(edit);
      },
    },
    get: {
      usage: "/get ID [DIR]",
      async run(host, words) {
        const args = shellWords(words);
        if (args.length === 0) throw invalidArguments(this.usage);
        const files = () => lastFiles(host, host.current, PAGE_RECORDS_MAX);
        const { id, out } = await selectFile(args, files);
        host.files.get(id, expandHome(out ?? ".", host.context.env["HOME"]));
      },
    },
  },
  verify: {
    history: {
      usage: "/history [N]",
      async run(host, words) {
        const limit = words === "" ? HISTORY_DEFAULT : Number(words);
        if (!Number.isSafeInteger(limit) || limit < 1) throw invalidArguments(this.usage);
        await history(host, { limit: Math.min(limit, PAGE_RECORDS_MAX) });
      },
    },
  },
  search: {
    register: {
      usage: "/register NAME [PASSWORD]",
      run(host, words) {
        return logIn(host, this, words, "register");
      },
    },
    login: {
      usage: "/login NAME [PASSWORD]",
      run(host, words) {
        return logIn(host, this, words, "login");
      },
    },
  },
  notify: {
    stats: {
      usage: "/stats",
      run({ open, chatConsole, context }, words) {
        if (words !== "") throw invalidArguments(this.usage);
        const { stats } = open.client;
        if (stats === undefined) throw new Fault("link-closed", msg`not connected`);
        const [json, text] = statsLine(stats, context);
        chatConsole.print(json, text);
        return Promise.resolve();
      },
    },
  },
};

/**
 * Returns the seq of the user's own message that contains a file.
 * @throws {Fault} file-unknown; not-allowed if another user sent the file
 */
async function ownFile(host: SlashHost, id: string): Promise<number> {
  const files = await lastFiles(host, host.current, PAGE_RECORDS_MAX);
  const file = files.findLast((file) => file.id === id);
  if (file === undefined) {
    throw new Fault("file-unknown", msg`no file ${id} here`, {
      remedy: msg`run /files to list files`,
    });
  }
  if (isSameName(file.from, host.me)) return file.seq;
  throw new Fault("not-allowed", msg`file ${id} is not yours`, {
    remedy: msg`you can change only your own captions`,
  });
}

async function logIn(
  host: SlashHost,
  { usage }: SlashCommand,
  words: string,
  mode: Credentials["mode"],
): Promise<void> {
  const [name, password] = splitWords(words, 1, 2) ?? [];
  if (name === undefined) throw invalidArguments(usage);
  const { open, context, chatConsole } = host;
  const user = checkName(name, "person's name");
  // The line editor already reads the keyboard, so the login must not prompt.
  const nonInteractive = { ...context, terminal: undefined };
  const credentials: Credentials = {
    user,
    mode,
    password: password ?? (await readSecret(nonInteractive, PASSWORD, undefined)),
    roomSecret: open.roomSecret,
    requiresPassword: password !== undefined,
    promptSecret: (kind, isRetry) => {
      const server = formatAddress(open.address);
      if (kind === "new-password") {
        return promptNewPassword(
          (question) => chatConsole.secret(question),
          (texts) => texts.askNewPasswordOf(user, server),
          (fault) => chatConsole.fault(fault),
        );
      }
      return chatConsole.secret(secretPrompt(kind, { user, server }, isRetry));
    },
  };
  await host.runLogin(() => open.client.login(credentials));
}
