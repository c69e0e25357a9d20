import { Fault } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import { defineVerb } from "../cli/command.ts";
import { type OpenClient, withClient } from "../cli/connect/client.ts";
import { catchUp, Incoming, noteEvent } from "../cli/files/inbox.ts";
import { checkFileId, checkOut, FileReceiver } from "../cli/files/receive-file.ts";
import { SERVER_FLAGS } from "../cli/flags.ts";
import { ProgressShow } from "../cli/output/progress.ts";
import type { Client } from "../client/client.ts";

export const command = defineVerb({
  args: {
    id: {
      type: "positional",
      many: true,
      required: false,
      valueHint: "ID",
      description: "Files, as chat files lists them",
    },
    follow: { type: "boolean", alias: "f", description: "All that arrives for me, as it arrives" },
    out: {
      type: "string",
      alias: "o",
      default: ".",
      valueHint: "DIR",
      description: "Folder to put them in, this one if left out",
    },
    ...SERVER_FLAGS,
  },
  details: "Interrupted, the same command goes on.",
  async run(args, context) {
    const files = checkOptions(args.id, args.follow);
    checkOut(args.out);
    const show = new ProgressShow(context);
    const follow = args.follow ? "live" : "none";
    const options = { mode: "login", follow, reconnect: true, resumes: true } as const;
    try {
      return await withClient(context, args, options, (open) => {
        const receiver = new FileReceiver(
          context,
          open.client,
          show,
          args.out,
          open.state.partSecret(),
        );
        return args.follow ? followFiles(receiver, open) : receiver.receiveAll(files);
      });
    } finally {
      await show.end();
    }
  },
});

/** @throws Fault usage, file-unknown */
function checkOptions(ids: readonly string[], follow: boolean): FileId[] {
  if (follow === ids.length > 0) {
    const sentence = follow ? "--follow takes whatever arrives, and no ID" : "no file is named";
    throw new Fault("usage", sentence, {
      remedy: follow ? "leave one of them out" : "give its ID, as chat files lists it, or --follow",
    });
  }
  return [...new Set(ids)].map(checkFileId);
}

/** Runs until it is interrupted, or the server ends the session. */
async function followFiles(
  receiver: FileReceiver,
  { client, state, user }: OpenClient,
): Promise<number> {
  const { fingerprint } = client;
  if (fingerprint === undefined) throw new Fault("link-closed", "the connection was closed");
  const whose = { fingerprint, user };
  const { taken } = state;
  const incoming = new Incoming({
    cursor: taken.place(whose),
    has: (file) => taken.has(whose, file),
    take: (file) => receiver.take(file),
    took: (file) => taken.note(whose, file),
    reached: (seq) => taken.advance(whose, seq),
    lost: (_file, fault) => receiver.failed(fault),
  });
  const watching = watch(client, incoming, () => taken.place(whose), user);
  return Promise.race([watching, incoming.failed()]);
}

async function watch(
  client: Client,
  incoming: Incoming,
  cursor: () => number,
  me: string,
): Promise<never> {
  for await (const event of client.events()) {
    if (event.kind === "closed") {
      throw event.fault ?? new Fault("link-closed", "the server closed the connection");
    }
    if (event.kind === "connected") await catchUp(client, incoming, cursor(), me);
    else noteEvent(incoming, event, me);
    await incoming.room();
  }
  throw new Fault("link-closed", "the connection was closed");
}
