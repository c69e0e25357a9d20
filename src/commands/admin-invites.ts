import { Fault } from "../base/fault.ts";
import { checkName } from "../base/names.ts";
import { LOBBY } from "../core/room.ts";
import { parseServerAddress, quoteInvite } from "../wire/invite.ts";
import { ADMIN_FLAGS, done, roomOf, withOperator } from "./_admin.ts";
import { inviteUrl } from "./_invite.ts";
import { moment, renderJson, renderTable, styleOf } from "./_render.ts";
import { inUtc, untilOf } from "./_until.ts";
import { defineVerb } from "./_verb.ts";

export const invite = defineVerb({
  args: {
    uses: {
      type: "string",
      integer: { min: 0, max: 1_000_000 },
      default: "1",
      valueHint: "N",
      description: "How many it admits; 0: as many as come",
    },
    expires: { type: "string", valueHint: "TIME", description: "After 30s, 10m, 2h or 7d" },
    room: { type: "string", valueHint: "ROOM", description: "The room that it leads to" },
    post: {
      type: "string",
      valueHint: "ROOM",
      description: "A token for programs that post to this room over HTTP",
    },
    ...ADMIN_FLAGS,
  },
  details: "Example: chat admin invite --uses 20 --expires 7d",
  async run(args, context) {
    const { uses } = args;
    if (args.room !== undefined && args.post !== undefined) {
      throw new Fault("usage", "--room and --post contradict each other", {
        remedy: "give one of them",
      });
    }
    const nowUnixMs = context.clock.unixMs();
    const expires = args.expires === undefined ? {} : { expires: untilOf(args.expires, nowUnixMs) };
    const told = inUtc(expires, "expires");
    return withOperator(context, args, async (open) => {
      if (args.post !== undefined) {
        const post = checkName(roomOf(args.post), "room's name");
        const made = await open.client.request("invite", { post, ...expires });
        const line = { kind: "invite", invite: made.invite, token: made.token, post, ...told };
        context.stdout.write(context.json ? renderJson(line) : `${made.token}\n`);
        return 0;
      }
      const room = args.room === undefined ? LOBBY : checkName(roomOf(args.room), "room's name");
      const place = args.room === undefined ? {} : { room };
      const bound = uses === 0 ? {} : { uses };
      const made = await open.client.request("invite", { ...bound, ...expires, ...place });
      const url = inviteUrl(context, open, { token: made.token, room });
      const line = { kind: "invite", invite: made.invite, token: made.token, url, ...told };
      const text = `${quoteInvite(parseServerAddress(url))}\n`;
      context.stdout.write(context.json ? renderJson(line) : text);
      return 0;
    });
  },
});

export const invites = defineVerb({
  args: {
    revoke: { type: "string", valueHint: "ID", description: "Take this one back" },
    ...ADMIN_FLAGS,
  },
  async run(args, context) {
    return withOperator(context, args, async ({ client }) => {
      if (args.revoke !== undefined) {
        await client.request("invite-revoke", { invite: args.revoke });
        const line = { kind: "invite-revoked", invite: args.revoke };
        return done(context, line, `invite ${args.revoke} admits nobody any more`);
      }
      const { invites: all } = await client.request("invites", {});
      const style = styleOf(context);
      const out =
        style.format === "json"
          ? all.map((one) => renderJson({ kind: "invite", ...inUtc(one, "expires") })).join("")
          : renderTable(
              ["invite", "by", "uses", "expires", "room"],
              all.map((one) => [
                one.invite,
                one.by ?? "",
                one.usesLeft === undefined ? "any" : String(one.usesLeft),
                one.expires === undefined ? "" : moment(one.expires, style),
                one.post === undefined ? (one.room ?? "") : `posts to ${one.post}`,
              ]),
              style,
            );
      context.stdout.write(out);
      return 0;
    });
  },
});
