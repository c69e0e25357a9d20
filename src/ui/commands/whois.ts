/** Slash command `/whois`. */

import { checkName } from "../../base/names.ts";
import { formatUtc } from "../../base/time.ts";
import type { Answer as WireAnswer } from "../../wire/messages.ts";
import type { Texts } from "../messages/en/first.ts";
import { type Command, parseUser } from "./command.ts";

export const whois: Command<{ readonly user: string }> = {
  usage: "/whois NAME",
  parse: parseUser,
  async run({ user }, session) {
    const account = await session.request("whois", { user: checkName(user, "person's name") });
    const json = { kind: "whois", ...account, since: formatUtc(account.since) };
    return { json, text: (texts) => accountInfoText(json, texts) };
  },
};

export type AccountFacts = Omit<WireAnswer<"whois">, "since"> & { readonly since: string };

export function accountInfoText(facts: AccountFacts, texts: Pick<Texts, "accountInfo">): string {
  const { user, online, role, since, rooms } = facts;
  return texts.accountInfo(user, online, role === "operator", since.slice(0, 10), rooms.join(", "));
}
