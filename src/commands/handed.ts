/** `chat handed`, which lists or downloads what was handed in in an assignment room. */

import { join } from "node:path";
import { foldCase } from "../base/case-fold.ts";
import { asFault, Fault } from "../base/fault.ts";
import { accountFolderName } from "../base/file-names.ts";
import { messageLine } from "../base/message-line.ts";
import { parseRoom } from "../base/names.ts";
import { displayChatRecord } from "../cli/chat/console.ts";
import { stringFlag } from "../cli/command.ts";
import { clientVerb } from "../cli/connect/client.ts";
import { historyPages } from "../cli/connect/lists.ts";
import type { Context } from "../cli/context.ts";
import {
  checkFileId,
  checkOut,
  FileReceiver,
  PropertyReport,
  setModified,
} from "../cli/files/receive-file.ts";
import { ProgressDisplay } from "../cli/output/progress.ts";
import { type DisplayFile, type DisplayRecord, displayFiles } from "../cli/output/render.ts";
import { printList, timeCell } from "../cli/output/result.ts";
import type { HandedIn } from "../client/actions.ts";
import type { Client } from "../client/client.ts";
import { writeSmallFile } from "../io/disk/data-folder.ts";
import { makePrivateFolder } from "../io/disk/private-path.ts";
import { replyText } from "../ui/desk/desk-view.ts";
import { ENGLISH } from "../ui/messages/en/page.ts";
import { ENGLISH_TERMINAL } from "../ui/messages/en/terminal.ts";
import { handedFields, handedState } from "../ui/text/rules-text.ts";

export const command = clientVerb({
  printsData: true,
  reconnect: true,
  isResumable: true,
  args: {
    room: stringFlag("ROOM", "Assignment room", { alias: "r", parse: parseRoom, required: true }),
    out: stringFlag("DIR", "Download all files and texts to this folder, one folder per person", {
      alias: "o",
    }),
  },
  details:
    "For moderators of the room. --out skips files that are there already, and gives each file " +
    "the time when it was handed in. To read the messages: chat history --room ROOM@NAME",
  async run({ room, out }, context, { client, state, user }) {
    if (out !== undefined) checkOut(out);
    const users = await client.actions.handed(room);
    if (out === undefined) return printHanded(context, users);
    context.continueWithoutOutput();
    makePrivateFolder(out); // Members do not see the work of others.
    const progressDisplay = new ProgressDisplay(context);
    const properties = new PropertyReport();
    let exitCode = 0;
    try {
      for (const file of await collect(client, room, users, out, user)) {
        const { id, from, timeUnixMs } = file;
        const folder = join(out, accountFolderName(from));
        const secret = state.partialFileSecret();
        const options = [{ out: folder, secret }, properties] as const;
        const receiver = new FileReceiver(context, client, progressDisplay, ...options);
        const existing = await receiver.findExisting(file);
        if (existing !== undefined) {
          setModified(existing.path, timeUnixMs);
          continue;
        }
        // The time of a file is when it was handed in, as in the archive of the page. A file that
        // fails does not keep the others back.
        const saved = await receiver
          .download(checkFileId(id), { mtimeMs: timeUnixMs })
          .catch(asFault);
        if (!(saved instanceof Fault)) continue;
        if (!(await receiver.canContinue(saved))) throw saved;
        receiver.reportFault(saved);
        exitCode ||= saved.exitCode;
      }
    } finally {
      await progressDisplay.end();
    }
    return exitCode;
  },
});

/**
 * Writes the texts of each box, and returns the files. Former names of the room or of a person
 * are resolved by the server.
 */
async function collect(
  client: Client,
  room: string,
  users: readonly HandedIn[],
  out: string,
  me: string,
): Promise<DisplayFile[]> {
  const all: DisplayFile[] = [];
  for (const { user, messages } of users) {
    if (messages === 0) continue;
    const texts = new Map<number, DisplayRecord & { readonly text: string }>();
    const files: DisplayFile[] = [];
    for await (const page of historyPages(client, { target: `${room}@${user}` })) {
      for (const record of page.map((one) => displayChatRecord(one, me))) {
        if (record.kind === "text" || record.kind === "action") texts.set(record.seq, record);
        const edited = record.kind === "edited" ? texts.get(record.of) : undefined;
        if (record.kind === "edited" && edited !== undefined) {
          texts.set(record.of, { ...edited, text: record.text });
        }
        if (record.from === user) files.push(...displayFiles(record));
      }
    }
    all.push(...files);
    if (![...texts.values()].some(({ from }) => from === user)) continue;
    const folder = join(out, accountFolderName(user));
    makePrivateFolder(folder);
    const lines = [...texts.values()].map(({ timeUnixMs, from, text }) =>
      messageLine(timeUnixMs, from, text),
    );
    writeSmallFile(join(folder, textsName(files)), lines.join(""));
  }
  return all;
}

/** No file that was handed in has this name. */
function textsName(files: readonly DisplayFile[]): string {
  const taken = new Set(files.map(({ name }) => foldCase(name)));
  let name = "messages.txt";
  while (taken.has(name)) name = `_${name}`;
  return name;
}

function printHanded(context: Context, users: readonly HandedIn[]): number {
  return printList(context, users, {
    json: (one) => ({ kind: "handed", ...handedFields(one) }),
    columns: {
      user: ({ user }) => user,
      messages: ({ messages }) => messages,
      files: ({ files }) => files,
      time: ({ at }, style) => timeCell(at, style),
      state: (one) => {
        const state = handedState(one);
        const due = state === undefined ? [] : [ENGLISH.handedBy(state)];
        const isIn = one.left === true ? ["left"] : one.invited === true ? ["invited"] : [];
        return [...due, ...isIn].join(", ");
      },
      answer: (one) => replyText(one, ENGLISH_TERMINAL) ?? "",
    },
  });
}
