/** Terminal output of the slash command `/irc-password`. */

import { formatUtc } from "../../base/time.ts";
import { invalidArguments, splitFirstWord, usageFor, type Views } from "../../ui/command.ts";
import { ircPassword } from "../../ui/commands.ts";
import { ircSetup } from "../../ui/text/irc-setup.ts";
import type { SlashHost } from "./slash-host.ts";

const DAY_CHARS = 10;
const ID = /^[1-9]\d{0,14}$/;

/** @throws {Fault} usage, or a fault of the request */
export async function showIrcPasswords(
  host: SlashHost,
  { input }: Views["irc-password"],
): Promise<void> {
  const [word, argument] = splitFirstWord(input);
  if (word === "" || word === "new") return create(host, argument);
  if (word === "list" && argument === "") return list(host);
  if (word === "revoke" && ID.test(argument)) return revoke(host, Number(argument));
  throw invalidArguments(usageFor(ircPassword, "terminal"));
}

async function create({ open, chatConsole }: SlashHost, label: string): Promise<void> {
  const fields = label === "" ? {} : { label };
  const answer = await open.client.request("irc-passwords", {});
  const { user, id, password } = await open.client.request("irc-password", fields);
  chatConsole.print(
    { kind: "irc-password", id, ...fields, password },
    (texts) => texts.ircPasswordCreated(user),
    [password, ...ircSetup(chatConsole.texts, open.address.host, answer)],
  );
}

async function list({ open, chatConsole }: SlashHost): Promise<void> {
  const answer = await open.client.request("irc-passwords", {});
  const passwords = answer.passwords.map(({ since, ...entry }) => {
    return { ...entry, since: formatUtc(since) };
  });
  chatConsole.print(
    { kind: "irc-passwords", passwords },
    (texts) => texts.ircPasswords(passwords.length),
    [
      ...passwords.map(({ id, label = "", since, online }) => {
        return chatConsole.texts.ircPasswordFacts(id, label, since.slice(0, DAY_CHARS), online);
      }),
      ...ircSetup(chatConsole.texts, open.address.host, answer),
    ],
  );
}

async function revoke({ open, chatConsole }: SlashHost, id: number): Promise<void> {
  await open.client.request("irc-password-revoke", { id });
  chatConsole.print({ kind: "irc-password-revoked", id }, (texts) => texts.ircPasswordRevoked(id));
}
