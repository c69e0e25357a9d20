/** `chat get-file`, which downloads files. */

import { Fault } from "../base/fault.ts";
import { type FileId, isFileId } from "../base/ids.ts";
import { fileRecords, findFileId } from "../cli/chat/last-files.ts";
import { argument, defineVerb, flag, stringFlag } from "../cli/command.ts";
import {
  connectionClosed,
  type OpenClient,
  untilConnected,
  withClient,
} from "../cli/connect/client.ts";
import { catchUp, IncomingFiles, noteEvent } from "../cli/files/inbox.ts";
import { checkDestination, checkFileId, FileReceiver } from "../cli/files/receive-file.ts";
import { SERVER_FLAGS } from "../cli/flags.ts";
import { ProgressDisplay } from "../cli/output/progress.ts";
import { type DisplayFile, isFile } from "../cli/output/render.ts";
import type { Client } from "../client/client.ts";

export const command = defineVerb({
  args: {
    id: argument("File IDs or names, as listed by chat files", {
      many: true,
      required: false,
      valueHint: "ID",
    }),
    follow: flag("Keep downloading new files", { alias: "f" }),
    out: stringFlag("DIR", "Destination folder, or - for standard output", {
      alias: "o",
      default: ".",
    }),
    ...SERVER_FLAGS,
  },
  details: "To resume after an interruption, run the same command again.",
  async run(args, context) {
    checkOptions(args.id, args.follow);
    checkDestination(context, args.out, args.id.length === 1);
    const progressDisplay = new ProgressDisplay(context);
    const follow = args.follow ? "live" : "none";
    const options = { mode: "login", follow, reconnect: true, isResumable: true } as const;
    try {
      return await withClient(context, args, options, async (open) => {
        const receiver = new FileReceiver(
          context,
          open.client,
          progressDisplay,
          args.out,
          open.state.partialFileSecret(),
        );
        if (args.follow) return followFiles(receiver, open);
        return receiver.receiveAll(await resolveFiles(open, args.id));
      });
    } finally {
      await progressDisplay.end();
    }
  },
});

function checkOptions(ids: readonly string[], follow: boolean): void {
  if (follow !== ids.length > 0) return;
  const message = follow ? "--follow and file IDs cannot be combined" : "no file given";
  throw new Fault("usage", message, {
    remedy: follow ? "use only one of them" : "specify an ID from chat files, or --follow",
  });
}

/** Finds files by id, or by a name that only one file has. */
async function resolveFiles(
  { client, user }: OpenClient,
  words: readonly string[],
): Promise<readonly FileId[]> {
  let files: readonly DisplayFile[] = [];
  if (!words.every(isFileId)) {
    await untilConnected(client.read());
    files = (await fileRecords(client, user)).filter(isFile);
  }
  const ids = words.map((word) => (isFileId(word) ? word : (findFileId(files, word) ?? word)));
  return [...new Set(ids.map(checkFileId))];
}

async function followFiles(
  receiver: FileReceiver,
  { client, state, user }: OpenClient,
): Promise<number> {
  const { fingerprint } = client;
  if (fingerprint === undefined) throw connectionClosed();
  const account = { fingerprint, user };
  const { receivedFiles } = state;
  const incoming = new IncomingFiles({
    cursor: receivedFiles.position(account),
    has: (file) => receivedFiles.has(account, file),
    download: (file) => receiver.download(file),
    onDownloaded: (file) => receivedFiles.add(account, file),
    onCursor: (seq) => receivedFiles.advance(account, seq),
    onFailed: (_file, fault) => receiver.reportFault(fault),
  });
  const watching = watch(client, incoming, () => receivedFiles.position(account), user);
  return Promise.race([watching, incoming.waitForFailure()]);
}

async function watch(
  client: Client,
  incoming: IncomingFiles,
  cursor: () => number,
  me: string,
): Promise<never> {
  for await (const event of client.read()) {
    if (event.kind === "closed") {
      throw event.fault ?? new Fault("link-closed", "the server closed the connection");
    }
    if (event.kind === "connected") await catchUp(client, incoming, cursor(), me);
    else noteEvent(incoming, event, me);
    await incoming.waitForSpace();
  }
  throw connectionClosed();
}
