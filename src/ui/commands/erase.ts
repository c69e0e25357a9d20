/** Slash command `/erase`. */

import { type Command, parseOptionalSeq } from "./command.ts";

export const erase: Command<{ readonly seq: number | undefined }> = {
  usage: "/erase [SEQ]",
  defaultAuthor: "own",
  parse: parseOptionalSeq,
  run: async ({ seq }, _session, host) => ({
    seq: await host.erase(await host.resolveSeq(seq, "own")),
  }),
};
