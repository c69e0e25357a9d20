/** Codes of cards and resets: where they are typed, and the password that they set. */

import { checkNewPassword } from "../../base/new-passwords.ts";
import {
  checkIsNotCode,
  findResetCode,
  isWrittenAsCode,
  parseResetCode,
} from "../../core/reset-codes.ts";
import { formatInvite, parseServerSpec, trimCopied } from "../../wire/invite.ts";
import type { Answer } from "../../wire/messages.ts";
import type { Context } from "../context.ts";
import { usageFault } from "../errors.ts";
import { readNewPassword } from "../secrets.ts";
import type { OpenClient } from "./client.ts";

export interface CopiedCode {
  readonly token: string;
  /** Address of the server, if it was copied with the code. */
  readonly server?: string;
}

/**
 * Finds a code in an argument that otherwise names a server: a code alone, or the address of its
 * page, or an invite-like line with it.
 * @throws {Fault} usage if a code has a typing error
 */
export function codeInArgument(argument: string | undefined): CopiedCode | undefined {
  if (argument === undefined) return undefined;
  const copied = trimCopied(argument);
  // A host can have the form of a code, but hardly ever in upper case.
  if (isWrittenAsCode(copied)) {
    const token = copied === copied.toUpperCase() ? parseResetCode(copied) : findResetCode(copied);
    return token === undefined ? undefined : { token };
  }
  const [, secret = ""] = /#(?:reset=)?([^#]*)$/.exec(copied) ?? [];
  // A room password can have the form of a code, but hardly ever in upper case.
  const isReset = copied.includes("#reset=") || (secret !== "" && findResetCode(secret) === secret);
  return isReset ? readResetLine(copied) : undefined;
}

/**
 * Parses a code, the address of its page, or a line with the server and the code, with or without
 * quotes.
 * @throws {Fault} usage
 */
export function readResetLine(text: string): CopiedCode {
  const line = trimCopied(text);
  const [, host, secret] = /^(?:https?:\/\/)?([^/#]+)\/?#reset=(.+)$/i.exec(line) ?? [];
  if (host !== undefined && secret !== undefined) {
    return { token: parseResetCode(secret), server: `https://${host}/` };
  }
  if (!line.startsWith("chat://")) return { token: parseResetCode(line) };
  const { secret: token, ...address } = parseServerSpec(line);
  if (token !== undefined) return { token: parseResetCode(token), server: formatInvite(address) };
  throw usageFault("the reset code is incomplete", "copy the whole code");
}

interface Redeemed {
  readonly user: string;
  readonly password: string;
}

/**
 * Asks for a new password and sets it. Connects twice, because the server ends a connection that
 * waits for the user.
 * @param open opens a connection without a log-in
 * @throws {Fault} code-wrong, usage
 */
export async function redeemResetCode(
  context: Context,
  open: () => Promise<OpenClient>,
  {
    token,
    newPasswordFile,
  }: { readonly token: string; readonly newPasswordFile?: string | undefined },
): Promise<Redeemed> {
  const using = async <Result>(work: (open: OpenClient) => Promise<Result>): Promise<Result> => {
    const opened = await open();
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  };
  const askOwner = () =>
    using(async ({ client }) => {
      const owner = await client.request("recover-user", { token });
      return `this sets the password of ${ownerText(owner)}`;
    });
  const check = (chosen: string) => {
    checkNewPassword(chosen);
    checkIsNotCode(chosen, token);
  };
  const password = await readNewPassword(context, newPasswordFile, askOwner, check);
  if (password === undefined) {
    throw usageFault("no new password given", "set CHAT_NEW_PASSWORD or add --new-password-file");
  }
  const { user } = await using(({ client }) => client.request("recover", { token, password }));
  return { user, password };
}

function ownerText({ user, displayName }: Answer<"recover-user">): string {
  return displayName === undefined ? user : `${displayName} (${user})`;
}
