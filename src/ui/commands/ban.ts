/** Slash commands `/ban` and `/unban`. */

import { parseUntil, withUtcTime } from "../../core/duration.ts";
import { isIpv4 } from "../../wire/host.ts";
import { type Command, splitFirstWord, withoutAt } from "./command.ts";

type BanTarget = { readonly user: string } | { readonly address: string };

interface BanArgs {
  readonly name: string;
  readonly forMs: number | undefined;
  readonly reason: string;
}

export const ban: Command<BanArgs> = {
  usage: "/ban NAME [TIME] [REASON]",
  parse(input) {
    const [name, remaining] = splitFirstWord(input);
    if (name === "") return undefined;
    const [first, more] = splitFirstWord(remaining);
    const isTimed = /^\d+[smhd]$/.test(first);
    return {
      name,
      forMs: isTimed ? parseUntil(first, 0) : undefined,
      reason: isTimed ? more : remaining,
    };
  },
  async run({ name, forMs, reason }, session, host) {
    const fields = {
      ...banTarget(name),
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

export function banTarget(text: string): BanTarget {
  return text.includes(":") || isIpv4(text) ? { address: text } : { user: withoutAt(text) };
}
