/** Slash command `/edit`. */

import { type Command, parseText } from "./command.ts";

export const edit: Command<{ readonly text: string }> = {
  usage: "/edit TEXT",
  defaultAuthor: "own",
  parse: parseText,
  run: async ({ text }, _session, host) => ({
    seq: await host.edit(await host.resolveSeq(undefined, "own"), text),
  }),
};
