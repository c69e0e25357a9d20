/** Passwords and user names, from flags, the environment or a prompt. */

import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { userInfo } from "node:os";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { isDisplayName } from "../base/display-names.ts";
import { Fault, msg } from "../base/fault.ts";
import { PASSWORD_BYTES_MAX, WRONG_SECRETS_MAX } from "../base/limits.ts";
import { isName, isReservedName, type Name } from "../base/names.ts";
import { checkNewName, checkTypedName, proposeName } from "../base/new-names.ts";
import { checkNewPassword, isMisread } from "../base/new-passwords.ts";
import { quoteText, withoutMark } from "../base/text.ts";
import type { LoginSecret } from "../client/login.ts";
import { checkOpen } from "../io/terminal/input.ts";
import type { Terminal } from "../io/terminal/terminal.ts";
import { ENGLISH_TERMINAL, type TerminalMessage } from "../ui/messages/en/terminal.ts";
import { type Context, faultLine, noticeLine, printNotice } from "./context.ts";
import { usageFault } from "./errors.ts";

export interface SecretKind {
  readonly name: string;
  readonly variable: string;
  readonly flag: string;
}

export const PASSWORD: SecretKind = {
  name: "password",
  variable: "CHAT_PASSWORD",
  flag: "--password-file",
};

export const ROOM_PASSWORD: SecretKind = {
  name: "server password",
  variable: "CHAT_ROOM_PASSWORD",
  flag: "--room-password-file",
};

const NEW_PASSWORD: SecretKind = {
  name: "new password",
  variable: "CHAT_NEW_PASSWORD",
  flag: "--new-password-file",
};

export const RESET: SecretKind = {
  name: "reset code",
  variable: "CHAT_RESET",
  flag: "--reset-file",
};

/** Code that signs a new device in (chat link-device). */
export const LINK_CODE_VARIABLE = "CHAT_LINK_CODE";

/** Variables that other programs must not inherit. */
export const SECRET_VARIABLES: readonly string[] = [
  ...[PASSWORD, ROOM_PASSWORD, NEW_PASSWORD, RESET].map(({ variable }) => variable),
  LINK_CODE_VARIABLE,
];

/** Size of a byte order mark. */
const MARK_BYTES = 3;
const FILE_BYTES_MAX = MARK_BYTES + PASSWORD_BYTES_MAX + 2;
const LINE_END = /[\r\n]/;

/**
 * @param question prompt; `undefined` disables the prompt
 * @returns `undefined` if no source has a secret
 * @throws {Fault} usage if the secret is empty or too long; file-unknown, store-denied, interrupted
 */
export async function readSecret(
  context: Pick<Context, "env" | "stdin" | "terminal">,
  kind: SecretKind,
  file: string | undefined,
  question?: string,
): Promise<string | undefined> {
  if (file !== undefined) return checkSecret(await fileSecret(context, kind, file), kind);
  const fromEnvironment = context.env[kind.variable];
  if (fromEnvironment) return checkSecret(fromEnvironment, kind);
  if (question === undefined || context.terminal === undefined) return undefined;
  const answer = await context.terminal.askSecret(question);
  return answer === "" ? undefined : checkSecret(answer, kind);
}

/**
 * @param server HOST:PORT
 * @param isRetry whether the server refused the previous answer
 */
export function secretPrompt(
  secret: Exclude<LoginSecret, "new-password">,
  { user, server }: { readonly user: string; readonly server: string },
  isRetry: boolean,
): TerminalMessage {
  return (texts) => {
    const questions = {
      password: () => texts.askPassword(user, server),
      "room-password": () => texts.askServerPassword(server),
      invite: () => texts.askInvite(server),
    };
    const question = questions[secret]();
    return isRetry ? texts.askAgain(question) : question;
  };
}

/** @throws {Fault} usage if the password is refused */
type CheckPassword = (password: string) => void;

/**
 * Prompts for a new password and its repetition until both match. `ask` must print the fault of the
 * former attempt when the echo is already off: a program that waits for "password" types then.
 * @returns `undefined` if the answer is empty
 * @throws {Fault} usage after WRONG_SECRETS_MAX attempts
 */
export async function promptNewPassword(
  ask: (question: TerminalMessage, before?: Fault) => Promise<string | undefined>,
  question: TerminalMessage,
  check: CheckPassword = checkNewPassword,
): Promise<string | undefined> {
  let before: Fault | undefined;
  for (let attempts = 1; ; attempts++) {
    const answer = await ask(question, before);
    if (answer === undefined || answer === "") return undefined;
    try {
      check(checkSecret(answer, NEW_PASSWORD));
      if ((await ask((texts) => texts.askRepeat)) === answer) return answer;
      throw usageFault(msg`the two passwords differ`, msg`type them again`);
    } catch (error) {
      const isInvalidAnswer = error instanceof Fault && error.code === "usage";
      if (!isInvalidAnswer || attempts >= WRONG_SECRETS_MAX) throw error;
      before = error;
    }
  }
}

/**
 * @returns `undefined` if no source has a password
 * @throws {Fault} as `readSecret` and `promptNewPassword`
 */
export async function readNewPassword(
  context: Pick<Context, "env" | "stdin" | "terminal" | "stderr">,
  file: string | undefined,
  notice: () => Promise<string | undefined> = () => Promise.resolve(undefined),
  check: CheckPassword = checkNewPassword,
): Promise<string | undefined> {
  const password = await readSecret(context, NEW_PASSWORD, file);
  if (password !== undefined) check(password);
  const { terminal } = context;
  if (password !== undefined || terminal === undefined) return password;
  const asker = secretAsker(context, terminal, await notice());
  return promptNewPassword(asker, (texts) => texts.askNewPassword, check);
}

/** @param notice line above the first question */
export function secretAsker(
  { stderr }: Pick<Context, "stderr">,
  terminal: Terminal,
  notice?: string,
): (question: TerminalMessage, before?: Fault) => Promise<string> {
  let first = notice;
  return (question, before) => {
    const text = before === undefined ? first : faultLine(before);
    first = undefined;
    const line = text === undefined ? undefined : noticeLine(stderr, text);
    return terminal.askSecret(question(ENGLISH_TERMINAL), line);
  };
}

function checkSecret(secret: string, kind: SecretKind): string {
  if (secret === "") {
    const remedy = msg`put it on the first line of the ${kind.flag} file, or omit it`;
    throw usageFault(msg`the ${kind.name} is empty`, remedy);
  }
  if (isMisread(secret)) {
    throw new Fault("usage", msg`the ${kind.name} is not valid UTF-8`, {
      remedy: msg`use UTF-8, or put it on the first line of the ${kind.flag} file`,
    });
  }
  if (utf8Encode(secret).length <= PASSWORD_BYTES_MAX) return secret;
  throw new Fault("usage", msg`the ${kind.name} is too long`, {
    remedy: msg`use up to ${PASSWORD_BYTES_MAX} bytes of UTF-8`,
  });
}

async function fileSecret(
  context: Pick<Context, "stdin">,
  kind: SecretKind,
  file: string,
): Promise<string> {
  if (file === "-") {
    checkOpen(context.stdin);
    return (await context.stdin.line()) ?? "";
  }
  const bytes = await firstBytes(kind, file);
  try {
    return withoutMark(utf8Decode(bytes)).split(LINE_END)[0] ?? "";
  } catch (cause) {
    throw new Fault("usage", msg`the first line of ${quoteText(file)} is too long or not UTF-8`, {
      remedy: msg`put the ${kind.name} on its first line`,
      cause,
    });
  }
}

/**
 * Does not rely on the file size, because a process substitution such as `<(pass show chat)` is a
 * pipe.
 */
async function firstBytes(kind: SecretKind, file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file, "r");
    const buffer = Buffer.alloc(FILE_BYTES_MAX);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || buffer.subarray(0, length).includes("\n")) break;
    }
    const end = buffer.subarray(0, length).indexOf("\n");
    return buffer.subarray(0, end < 0 ? length : end);
  } catch (cause) {
    throw unreadableFileFault(kind, file, cause);
  }
}

function unreadableFileFault(kind: SecretKind, file: string, cause: unknown): Fault {
  const { code } = cause as NodeJS.ErrnoException;
  const remedy = msg`check the path after ${kind.flag}`;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new Fault("file-unknown", msg`no such file: ${quoteText(file)}`, { remedy, cause });
  }
  const denied = code === "EACCES" || code === "EPERM";
  const message = msg`cannot read ${quoteText(file)} (${code})`;
  return new Fault(denied ? "store-denied" : "store-failed", message, { remedy, cause });
}

/**
 * Proposes a similar name after an invalid name.
 * @param server HOST:PORT
 * @param ownName returns the default answer, if there is one
 * @param takesDisplayName whether the answer may be a display name
 * @throws {Fault} usage without a terminal; name-invalid if the answer is empty; interrupted
 */
export async function promptUserName(
  context: Pick<Context, "terminal" | "stderr">,
  server?: string,
  ownName = systemUser,
  takesDisplayName = false,
): Promise<string> {
  const { terminal } = context;
  if (terminal === undefined) {
    throw usageFault("no user name given", "add --user NAME or set CHAT_USER");
  }
  const question = server === undefined ? "Name" : `Name on ${server}`;
  const own = ownName();
  const ask = async (proposed: string | undefined) =>
    (
      await terminal.askText(proposed === undefined ? question : `${question} [${proposed}]`)
    ).trim();
  let answer = await ask(own);
  if (answer === "") return own ?? checkTypedName(answer);
  while (!(isName(answer) || (takesDisplayName && isDisplayName(answer)))) {
    const proposed = proposeName(answer);
    printNotice(context, `invalid name ${quoteText(answer)}: use letters, digits, - and _`);
    answer = (await ask(proposed)) || proposed;
  }
  return answer;
}

/** Name that Bun returns if the environment names no user, as under cron and systemd. */
const UNKNOWN = "unknown";

export function publicUserName(fallback: string): string {
  const user = systemUser();
  return user === undefined || user === UNKNOWN ? fallback : user;
}

export function systemUser(): Name | undefined {
  try {
    const { username, uid } = userInfo();
    const name = username === UNKNOWN ? (userNameById(uid) ?? username) : username;
    if (!isName(name)) return undefined;
    // Some systems name their first user `admin`, which is a reserved name.
    return isReservedName(name) ? checkNewName(`${name}1`) : name;
  } catch {
    return undefined;
  }
}

/**
 * @returns `undefined` if the file has no such user
 * @internal
 */
export function userNameById(uid: number, passwdFile = "/etc/passwd"): string | undefined {
  try {
    const rows = readFileSync(passwdFile, "utf8").split("\n");
    return rows.map((row) => row.split(":")).find(([, , id]) => id === String(uid))?.[0];
  } catch {
    return undefined;
  }
}
