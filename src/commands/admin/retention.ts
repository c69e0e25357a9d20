/** `chat admin retention`. */

import { RETENTION_MS_MAX, RETENTION_MS_MIN } from "../../base/limits.ts";
import { formatDuration } from "../../base/sizes.ts";
import { argument, defineVerb } from "../../cli/command.ts";
import { ADMIN_FLAGS, roomNameOf, withOperator } from "../../cli/connect/operator.ts";
import { printResult } from "../../cli/output/result.ts";
import { parseDuration } from "../../core/duration.ts";

export const command = defineVerb({
  args: {
    room: argument("Which"),
    keep: argument("30m, 12h, 90d, or off"),
    ...ADMIN_FLAGS,
  },
  details:
    "What is older is erased on the server: messages, reactions and files. Members see it in the " +
    "head of the room. What is erased stays erased when the retention ends.",
  async run(args, context) {
    const room = roomNameOf(args.room);
    const limits = { min: RETENTION_MS_MIN, max: RETENTION_MS_MAX, or: "off" };
    const keepMs = args.keep === "off" ? undefined : parseDuration(args.keep, limits);
    return withOperator(context, args, async ({ client }) => {
      const fields = keepMs === undefined ? {} : { keepMs };
      const { seq } = await client.request("retention", { room, ...fields });
      const message =
        keepMs === undefined
          ? `${room} keeps messages for good`
          : `messages in ${room} are erased after ${formatDuration(keepMs)}`;
      return printResult(context, { kind: "retention", room, ...fields, seq }, message);
    });
  },
});
