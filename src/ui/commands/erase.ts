/** `/erase`. */

import { type Command, perhapsSeq } from "./command.ts";

export const erase: Command<{ readonly seq: number | undefined }> = {
  usage: "/erase [SEQ]",
  about: "own",
  parse: perhapsSeq,
  run: async ({ seq }, _session, host) => ({
    seq: await host.erase(await host.resolveSeq(seq, "own")),
  }),
};
