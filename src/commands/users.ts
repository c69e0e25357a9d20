/** `chat users`. */

import { defineVerb, stringFlag } from "../cli/command.ts";
import { untilConnected, withClient } from "../cli/connect/client.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../cli/flags.ts";
import { renderJson, renderTable, styleOf } from "../cli/output/render.ts";
import { queryUsers } from "../client/link/queries.ts";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    room: stringFlag("ROOM", "Only who is in this room"),
    ...SERVER_FLAGS,
  },
  async run(args, context) {
    return withClient(
      context,
      args,
      { argument: args.at, mode: "login", reads: true },
      async ({ client }) => {
        await untilConnected(client.read());
        const users = await queryUsers(client.request, args.room);
        const style = styleOf(context);
        const out =
          style.format === "json"
            ? users.map((user) => renderJson({ kind: "user", ...user })).join("")
            : renderTable(
                ["user", "online", "role"],
                users.map(({ user, online, role }) => [user, online ? "online" : "offline", role]),
                style,
              );
        context.stdout.write(out);
        return 0;
      },
    );
  },
});
