/** `chat admin retention`, which sets how long messages are stored. */

import { RETENTION_MS_MAX, RETENTION_MS_MIN } from "../../base/limits.ts";
import { formatDuration } from "../../base/sizes.ts";
import { argument, defineVerb } from "../../cli/command.ts";
import { ADMIN_FLAGS, roomNameOf, withOperator } from "../../cli/connect/operator.ts";
import { printResult } from "../../cli/output/result.ts";
import { parseDuration } from "../../core/duration.ts";

export const command = defineVerb({
  args: {
    room: argument("Room name"),
    keep: argument("Retention time: 30m, 12h, 90d, or off"),
    ...ADMIN_FLAGS,
  },
  details:
    "Older messages, reactions and files are deleted from the server. Members see this in the " +
    "room header. Turning retention off does not restore deleted data.",
  async run(args, context) {
    const room = roomNameOf(args.room);
    const limits = { min: RETENTION_MS_MIN, max: RETENTION_MS_MAX, or: "off" };
    const keepMs = args.keep === "off" ? undefined : parseDuration(args.keep, limits);
    return withOperator(context, args, async ({ client }) => {
      const fields = keepMs === undefined ? {} : { keepMs };
      const { seq } = await client.request("retention", { room, ...fields });
      const message =
        keepMs === undefined
          ? `${room} keeps messages permanently`
          : `messages in ${room} are deleted after ${formatDuration(keepMs)}`;
      return printResult(context, { kind: "retention", room, ...fields, seq }, message);
    });
  },
});
