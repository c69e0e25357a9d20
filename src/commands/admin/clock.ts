/** `chat admin clock`, which shows whether the server believes its clock, and accepts it. */

import { formatUtc } from "../../base/time.ts";
import { argument } from "../../cli/command.ts";
import { operatorVerb } from "../../cli/connect/operator.ts";
import { renderJson } from "../../cli/output/render.ts";
import { clockText } from "../../core/clock-check.ts";

/** Everything that a server expires or deletes by time. */
const WAITS = ["retention", "invites", "bans", "mutes", "resets", "uploads", "key-packages"];

export const command = operatorVerb({
  args: {
    action: argument("accept: the clock is right (Default: show the current state)", {
      required: false,
      choices: ["accept"],
    }),
  },
  details:
    "A server that has been off for more than a day waits a day before anything expires. " +
    "Accept the clock only if it is right: what expires is deleted.",
  isQuery: ({ action }) => action === undefined,
  async run({ action }, context, client) {
    const status = await client.request("clock", action === undefined ? {} : { accept: true });
    const { plausible, now, newest } = status;
    const line = {
      kind: "clock",
      plausible,
      now: formatUtc(now),
      newest: formatUtc(newest),
      waits: plausible ? [] : WAITS,
    };
    const text = plausible ? "the clock is plausible" : clockText(status);
    context.stdout.write(context.json ? renderJson(line) : `${text}\n`);
    return 0;
  },
});
