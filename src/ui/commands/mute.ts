/** Slash commands `/mute` and `/unmute`. */

import { parseUntil } from "../../core/duration.ts";
import { type Command, parseUser, splitWords, withoutAt } from "./command.ts";

export const mute: Command<{ readonly user: string; readonly forMs: number | undefined }> = {
  usage: "/mute NAME [TIME]",
  parse(input) {
    const [name, time] = splitWords(input, 1, 2) ?? [];
    if (name === undefined) return undefined;
    return { user: withoutAt(name), forMs: time === undefined ? time : parseUntil(time, 0) };
  },
  async run({ user, forMs }, session, host) {
    const until = forMs === undefined ? {} : { until: host.unixMs() + forMs };
    const { seq } = await session.request("mute", { room: host.room, user, on: true, ...until });
    return { seq };
  },
};

export const unmute: Command<{ readonly user: string }> = {
  usage: "/unmute NAME",
  parse: parseUser,
  run: async ({ user }, session, host) => ({
    seq: (await session.request("mute", { room: host.room, user, on: false })).seq,
  }),
};
