/** `/mute` and `/unmute`. */

import { parseUntil } from "../../core/duration.ts";
import { type Command, person, personOf, wordsOf } from "./command.ts";

export const mute: Command<{ readonly user: string; readonly forMs: number | undefined }> = {
  usage: "/mute NAME [TIME]",
  parse(words) {
    const [name, time] = wordsOf(words, 1, 2) ?? [];
    if (name === undefined) return undefined;
    return { user: personOf(name), forMs: time === undefined ? time : parseUntil(time, 0) };
  },
  async run({ user, forMs }, session, host) {
    const until = forMs === undefined ? {} : { until: host.unixMs() + forMs };
    const { seq } = await session.request("mute", { room: host.room, user, on: true, ...until });
    return { seq };
  },
};

export const unmute: Command<{ readonly user: string }> = {
  usage: "/unmute NAME",
  parse: person,
  run: async ({ user }, session, host) => ({
    seq: (await session.request("mute", { room: host.room, user, on: false })).seq,
  }),
};
