/** `/edit`. */

import { type Command, someText } from "./command.ts";

export const edit: Command<{ readonly text: string }> = {
  usage: "/edit TEXT",
  about: "own",
  parse: someText,
  run: async ({ text }, _session, host) => ({
    seq: await host.edit(await host.resolveSeq(undefined, "own"), text),
  }),
};
