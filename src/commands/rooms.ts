import { untilConnected, withClient } from "./_client.ts";
import { say } from "./_context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "./_flags.ts";
import { renderJson, renderTable, styleOf } from "./_render.ts";
import { defineVerb } from "./_verb.ts";

export const command = defineVerb({
  args: { at: SERVER_ARGUMENT, ...SERVER_FLAGS },
  async run(args, context) {
    return withClient(context, args, { argument: args.at, mode: "login" }, async ({ client }) => {
      await untilConnected(client.events());
      const { rooms, more } = await client.request("rooms", {});
      const style = styleOf(context);
      const out =
        style.format === "json"
          ? rooms.map((room) => renderJson({ kind: "room", ...room })).join("")
          : renderTable(
              ["room", "members", "joined", "topic", "unread"],
              rooms.map(({ room, members, joined, topic, unread = 0 }) => [
                room,
                String(members),
                joined ? "joined" : "",
                topic,
                unread === 0 ? "" : String(unread),
              ]),
              style,
            );
      context.stdout.write(out);
      if (more) say(context, "there are more rooms than are listed");
      return 0;
    });
  },
});
