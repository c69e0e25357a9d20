/** `chat handed`, which lists or downloads what was handed in in an assignment room. */

import { join } from "node:path";
import { asFault, Fault } from "../base/fault.ts";
import { accountFolderName } from "../base/file-names.ts";
import { boxNames } from "../base/names.ts";
import { fileRecords } from "../cli/chat/last-files.ts";
import { stringFlag } from "../cli/command.ts";
import { clientVerb } from "../cli/connect/client.ts";
import type { Context } from "../cli/context.ts";
import {
  checkFileId,
  checkOut,
  FileReceiver,
  PropertyReport,
  setModified,
} from "../cli/files/receive-file.ts";
import { parseRoomName } from "../cli/flags.ts";
import { ProgressDisplay } from "../cli/output/progress.ts";
import { isFile } from "../cli/output/render.ts";
import { printList, timeCell } from "../cli/output/result.ts";
import type { HandedIn } from "../client/actions.ts";
import { makePrivateFolder } from "../io/disk/data-folder.ts";

export const command = clientVerb({
  printsData: true,
  reconnect: true,
  isResumable: true,
  args: {
    room: stringFlag("ROOM", "Assignment room", {
      alias: "r",
      parse: parseRoomName,
      required: true,
    }),
    out: stringFlag("DIR", "Download all files to this folder, one folder per person", {
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
    const files = (await fileRecords(client, user)).filter(isFile);
    const progressDisplay = new ProgressDisplay(context);
    const properties = new PropertyReport();
    let exitCode = 0;
    try {
      for (const file of files) {
        const { id, destination, from, timeUnixMs } = file;
        const names = boxNames("room" in destination ? destination.room : "");
        if (names?.room.toLowerCase() !== room.toLowerCase() || names.user !== from) continue;
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
        const saved = await receiver.download(checkFileId(id), timeUnixMs).catch(asFault);
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

function printHanded(context: Context, users: readonly HandedIn[]): number {
  return printList(context, users, {
    json: (one) => ({ kind: "handed", ...one }),
    columns: {
      user: ({ user }) => user,
      messages: ({ messages }) => messages,
      files: ({ files }) => files,
      time: ({ at }, style) => timeCell(at, style),
      state: ({ left }) => (left === true ? "left" : ""),
    },
  });
}
