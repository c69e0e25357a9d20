/** `chat admin` commands `invite` and `invites`. */

import { checkName, type Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { defineVerb, stringFlag } from "../../cli/command.ts";
import { inviteUrl } from "../../cli/connect/invite.ts";
import { allPages } from "../../cli/connect/lists.ts";
import {
  ADMIN_FLAGS,
  expiryOf,
  operatorVerb,
  roomNameOf,
  withOperator,
} from "../../cli/connect/operator.ts";
import { usageFault } from "../../cli/errors.ts";
import { renderJson } from "../../cli/output/render.ts";
import { printList, printResult, timeCell } from "../../cli/output/result.ts";
import { withUtcTime } from "../../core/duration.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import { parseServerSpec, quoteInvite } from "../../wire/invite.ts";
import type { Answer } from "../../wire/messages.ts";

export const invite = defineVerb({
  args: {
    uses: stringFlag("N", "Maximum uses; 0 = unlimited", {
      integer: { min: 0, max: 1_000_000 },
      default: "1",
    }),
    expires: stringFlag("TIME", "Lifetime: 30s, 10m, 2h or 7d"),
    room: stringFlag("ROOM", "Room to open"),
    post: stringFlag("ROOM", "Create a token to post to this room over HTTP"),
    read: stringFlag("ROOM", "Create a token to read this room over HTTP; with --post for both"),
    ...ADMIN_FLAGS,
  },
  async run(args, context) {
    const { uses } = args;
    const isProgram = args.post !== undefined || args.read !== undefined;
    if (args.room !== undefined && isProgram) {
      const flag = args.post === undefined ? "--read" : "--post";
      throw usageFault(`--room and ${flag} cannot be combined`, "use only one of them");
    }
    const expires = defined({ expires: expiryOf(context, args.expires) });
    const until = withUtcTime(expires, "expires");
    return withOperator(context, args, async (open) => {
      if (isProgram) {
        const options = defined({ post: roomName(args.post), read: roomName(args.read) });
        const created = await open.client.request("invite", { ...options, ...expires });
        const { invite: id, token } = created;
        const line = { kind: "invite", invite: id, token, ...options, ...until };
        context.stdout.write(context.json ? renderJson(line) : `${token}\n`);
        return 0;
      }
      const room = roomName(args.room);
      const limits = defined({ uses: uses || undefined, room });
      const created = await open.client.request("invite", { ...limits, ...expires });
      const url = inviteUrl(context, open, { token: created.token, room: room ?? LOBBY });
      const line = { kind: "invite", invite: created.invite, token: created.token, url, ...until };
      const text = `${quoteInvite(parseServerSpec(url))}\n`;
      context.stdout.write(context.json ? renderJson(line) : text);
      return 0;
    });
  },
});

function roomName(room: string | undefined): Name | undefined {
  return room === undefined ? undefined : checkName(roomNameOf(room), "room's name");
}

function roomLabel({ room, post, read }: Answer<"invites">["invites"][number]): string {
  if (post === undefined && read === undefined) return room ?? "";
  if (read === undefined) return `posts to ${post}`;
  return `${post === undefined ? "" : "posts to and "}reads ${post ?? read}`;
}

export const invites = operatorVerb({
  args: { revoke: stringFlag("INVITE", "Revoke this invite") },
  isQuery: ({ revoke }) => revoke === undefined,
  async run({ revoke: invite }, context, client) {
    if (invite !== undefined) {
      await client.request("invite-revoke", { invite });
      return printResult(context, { kind: "invite-revoked", invite }, `revoked invite ${invite}`);
    }
    const entries = await allPages(
      (after) => client.request("invites", after),
      (page) => page.invites,
    );
    return printList(context, entries, {
      json: (entry) => ({ kind: "invite", ...withUtcTime(entry, "expires") }),
      columns: {
        invite: (entry) => entry.invite,
        by: ({ by }) => by,
        uses: ({ usesLeft }) => usesLeft ?? "any",
        expires: ({ expires }, style) => timeCell(expires, style),
        room: roomLabel,
      },
    });
  },
});
