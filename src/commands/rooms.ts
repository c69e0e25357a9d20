/** `chat rooms`. */

import { compareNames } from "../base/names.ts";
import { defineVerb } from "../cli/command.ts";
import { untilConnected, withClient } from "../cli/connect/client.ts";
import { say } from "../cli/context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../cli/flags.ts";
import { renderJson, renderTable, styleOf } from "../cli/output/render.ts";

export const command = defineVerb({
  args: { at: SERVER_ARGUMENT, ...SERVER_FLAGS },
  async run(args, context) {
    return withClient(
      context,
      args,
      { argument: args.at, mode: "login", reads: true },
      async ({ client }) => {
        await untilConnected(client.read());
        const { rooms: listed, more } = await client.request("rooms", {});
        const rooms = listed.toSorted((one, other) => compareNames(one.room, other.room));
        const style = styleOf(context);
        const out =
          style.format === "json"
            ? rooms.map((room) => renderJson({ kind: "room", ...room })).join("")
            : renderTable(
                ["room", "members", "joined", "topic", "unread"],
                rooms.map(({ room, members, joined, locked, topic, unread = 0 }) => [
                  room,
                  locked && !joined ? "" : String(members),
                  joined ? "joined" : "",
                  topic,
                  unread === 0 ? "" : String(unread),
                ]),
                style,
              );
        context.stdout.write(out);
        if (more) say(context, "there are more rooms than are listed");
        return 0;
      },
    );
  },
});
