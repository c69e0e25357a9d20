/** `/ban` and `/unban`. */

import { parseUntil, withUtcTime } from "../../core/duration.ts";
import { isIpv4 } from "../../wire/host.ts";
import { type Command, personOf, split } from "./command.ts";

type Banned = { readonly user: string } | { readonly address: string };

interface BanOrder {
  readonly name: string;
  readonly forMs: number | undefined;
  readonly reason: string;
}

export const ban: Command<BanOrder> = {
  usage: "/ban NAME [TIME] [REASON]",
  parse(words) {
    const [name, rest] = split(words);
    if (name === "") return undefined;
    const [first, more] = split(rest);
    const isTimed = /^\d+[smhd]$/.test(first);
    return {
      name,
      forMs: isTimed ? parseUntil(first, 0) : undefined,
      reason: isTimed ? more : rest,
    };
  },
  async run({ name, forMs, reason }, session, host) {
    const fields = {
      ...whom(name),
      ...(forMs === undefined ? {} : { until: host.unixMs() + forMs }),
      ...(reason === "" ? {} : { reason }),
    };
    await session.request("ban", { ...fields, on: true });
    return {
      json: { kind: "banned", ...withUtcTime(fields, "until") },
      text: (texts) => texts.banned(name),
    };
  },
};

export function whom(text: string): Banned {
  return text.includes(":") || isIpv4(text) ? { address: text } : { user: personOf(text) };
}
