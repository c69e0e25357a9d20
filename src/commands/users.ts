import type { Client } from "../client/client.ts";
import type { Answer } from "../wire/messages.ts";
import { untilConnected, withClient } from "./_client.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "./_flags.ts";
import { renderJson, renderTable, styleOf } from "./_render.ts";
import { defineVerb } from "./_verb.ts";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    room: { type: "string", valueHint: "ROOM", description: "Only who is in this room" },
    ...SERVER_FLAGS,
  },
  async run(args, context) {
    return withClient(context, args, { argument: args.at, mode: "login" }, async ({ client }) => {
      await untilConnected(client.events());
      const users = await allUsers(client, args.room);
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
    });
  },
});

/** Every page of `who`. @throws Fault */
export async function allUsers(client: Client, room?: string): Promise<Answer<"who">["users"]> {
  const users: Answer<"who">["users"] = [];
  for (;;) {
    const after = users.at(-1)?.user;
    const page = await client.request("who", {
      ...(room === undefined ? {} : { room }),
      ...(after === undefined ? {} : { after }),
    });
    users.push(...page.users);
    if (!page.more) return users;
  }
}
