/** Login and flags of `chat admin`. */

import { join } from "node:path";
import { Fault, unlessFault } from "../../base/fault.ts";
import { NAME_CHARS_MAX } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import { parseUntil } from "../../core/duration.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import { readSmallFile } from "../../io/disk/data-folder.ts";
import { absolutePath } from "../../io/disk/working-folder.ts";
import {
  findLocalServers,
  type LocalServer,
  serverOfFolder,
} from "../../io/state/local-servers.ts";
import {
  formatAddress,
  formatInvite,
  parseServerSpec,
  type ServerSpec,
} from "../../wire/invite.ts";
import {
  argument,
  type FlagDefs,
  type FlagValues,
  stringFlag,
  type Verb,
  type VerbRow,
  verbRow,
} from "../command.ts";
import { type Context, printNotice } from "../context.ts";
import { confirmAction, SERVER_FLAGS, serverOptions, YES_FLAG } from "../flags.ts";
import { openHome } from "../home.ts";
import { readMembership } from "../membership.ts";
import type { JsonOutput } from "../output/render.ts";
import { type Listing, printList, printResult } from "../output/result.ts";
import { systemUser } from "../secrets.ts";
import { quoteArgument } from "../shell-quote.ts";
import { type ClientFlags, type OpenClient, untilConnected, withClient } from "./client.ts";
import { chooseServer } from "./discover.ts";
import { localServerAt } from "./invite.ts";

export const ADMIN_FLAGS = {
  data: stringFlag("DIR", "Data folder of a local server"),
  ...SERVER_FLAGS,
} as const satisfies FlagDefs;

export const USER_ARGUMENT = argument("User name", { parse: userNameOf });

export const ROOM_FLAG = stringFlag("ROOM", "Room", {
  default: LOBBY,
  parse: roomNameOf,
  alias: "r",
});

/** Parsed to milliseconds. */
export function durationFlag(description: string) {
  return stringFlag("TIME", description, { parse: (text: string) => parseUntil(text, 0) });
}

/** Returns the Unix time after a duration. */
export function expiryOf({ clock }: Context, forMs: number | undefined): number | undefined {
  return forMs === undefined ? undefined : clock.unixMs() + forMs;
}

interface AdminFlags extends ClientFlags {
  readonly data?: string | undefined;
}

/**
 * Runs `work` with operator rights, granted by the token in the data folder of a local server, or
 * else by the account's role. Logs in as `--user`, the last user of this home, or this system's
 * user, and registers an unknown name.
 *
 * A query never registers an account. With a token it does not log in.
 */
export async function withOperator(
  context: Context,
  flags: AdminFlags,
  work: (open: OpenClient) => Promise<number>,
  isQuery = false,
): Promise<number> {
  try {
    return await asOperator(context, flags, work, isQuery);
  } catch (error) {
    // A server that was killed is still named in its folder.
    if (!(error instanceof Fault) || error.code !== "unreachable") throw error;
    if (flags.data === undefined || flags.server !== undefined) throw error;
    throw notRunning(absolutePath(flags.data), error);
  }
}

async function asOperator(
  context: Context,
  flags: AdminFlags,
  work: (open: OpenClient) => Promise<number>,
  isQuery: boolean,
): Promise<number> {
  const { local, address } = await targetServer(context, flags);
  const token = local === undefined ? undefined : operatorToken(local.data);
  const server =
    local === undefined
      ? (flags.server ?? (address === undefined ? undefined : formatAddress(address)))
      : formatInvite({
          ...operatorAddress(local, flags),
          portGiven: true,
          ...defined({ secret: token }),
        });
  // The token is valid only on this cluster node, so the client must not switch to another.
  const exactAddress = token !== undefined;
  const greetOnly = isQuery && token !== undefined;
  const mode = isQuery ? "login" : "either";
  const fallbackUser = ownAccountName(local?.data);
  const common = { follow: "none", fallbackUser, exactAddress } as const;
  const operatorFlags = { ...flags, server };
  const options = { ...common, greetOnly, mode } as const;
  return withClient(context, operatorFlags, options, async (open) => {
    if (greetOnly) {
      await open.client.request("admit", { secret: token });
      return work(open);
    }
    await untilConnected(open.client.read());
    const { registered, user } = open;
    if (registered && serverOptions(context, flags).user === undefined) {
      printNotice(context, `created the account ${user} for this command; for another, add --user`);
    }
    if (token !== undefined) await open.client.request("operate", { token });
    return work(open);
  });
}

/**
 * Behind a proxy, the token is sent to `--server`. The fingerprint ensures that no other server
 * receives it.
 */
function operatorAddress(
  { host, port, fingerprint }: LocalServer,
  { data, server }: AdminFlags,
): Pick<ServerSpec, "host" | "port" | "fingerprint"> {
  if (data === undefined || server === undefined) return { host, port, fingerprint };
  const proxy = parseServerSpec(server);
  return { host: proxy.host, port: proxy.port, fingerprint };
}

interface TargetServer {
  readonly local?: LocalServer | undefined;
  readonly address?: ServerSpec | undefined;
}

async function targetServer(context: Context, flags: AdminFlags): Promise<TargetServer> {
  const { data } = flags;
  const { address } = serverOptions(context, flags);
  if (data === undefined) {
    const chosenServer = address ?? (await chosenAddress(context, flags));
    return chosenServer === undefined
      ? {}
      : { local: localServerAt(context, chosenServer), address: chosenServer };
  }
  const path = absolutePath(data);
  const local =
    findLocalServers(context.env).find((server) => server.data === path) ?? serverOfFolder(path);
  // In a container, the server knows the folder by another path.
  if (local !== undefined) return { local: { ...local, data: path } };
  throw notRunning(path);
}

function notRunning(data: string, cause?: Fault): Fault {
  return new Fault("unreachable", `no server is running with the data folder ${data}`, {
    remedy: `start it: chat serve --data ${quoteArgument(data)}`,
    cause,
  });
}

async function chosenAddress(
  context: Context,
  { fingerprint }: AdminFlags,
): Promise<ServerSpec | undefined> {
  using state = openHome(context);
  return (await chooseServer(context, state, fingerprint !== undefined))?.address;
}

/**
 * Name of the account that this system's user gets. The machines of a cluster share accounts, but
 * each has its own system users, so the name contains the machine's.
 */
function ownAccountName(data: string | undefined): string | undefined {
  const user = systemUser();
  const member = data === undefined ? undefined : unlessFault(() => readMembership(data));
  if (user === undefined || member === undefined || member.state === "left") return user;
  const [suffix = ""] = /-[0-9a-f]{4}$/.exec(member.node) ?? [];
  return `${user.slice(0, NAME_CHARS_MAX - suffix.length)}${suffix}`;
}

function operatorToken(data: string): string | undefined {
  try {
    return readSmallFile(join(data, "operator"))?.trim();
  } catch {
    return undefined; // The folder belongs to another user, so the account's own role must suffice.
  }
}

export function userNameOf(text: string): string {
  return text.replace(/^@/, "");
}

export function roomNameOf(text: string): string {
  return text.replace(/^#/, "");
}

export interface Operator extends OpenClient {
  readonly context: Context;
}

/** Answer of a command: a line for scripts and a notice for users. */
interface Done {
  readonly json: JsonOutput;
  readonly text: string;
}

interface OperatorVerb<T extends FlagDefs> {
  readonly summary: string;
  readonly examples: readonly string[];
  readonly args: T;
  readonly details?: string;
  /** Default: never. */
  isQuery?(args: FlagValues<T>): boolean;
  /** Question that the user must confirm. */
  question?(args: FlagValues<T>): string;
  /**
   * Runs before the connection is made.
   * @throws {Fault} usage
   */
  check?(args: FlagValues<T>, context: Context): void;
  /** @returns an answer to print, or the exit code */
  run(args: FlagValues<T>, operator: Operator): Promise<Done | number>;
}

export function operatorVerb<const T extends FlagDefs>(verb: OperatorVerb<T>): VerbRow {
  const { summary, examples, question, details = "" } = verb;
  const yes = question === undefined ? {} : YES_FLAG;
  const args: FlagDefs = { ...verb.args, ...yes, ...ADMIN_FLAGS };
  const run: Verb["run"] = async (given, context) => {
    const values = given as FlagValues<T>;
    verb.check?.(values, context);
    const isConfirmed = { yes: given["yes"] === true };
    if (question && !(await confirmAction(context, isConfirmed, question(values)))) return 130;
    const work = async (open: OpenClient) => {
      const answer = await verb.run(values, { ...open, context });
      return typeof answer === "number" ? answer : printResult(context, answer.json, answer.text);
    };
    return withOperator(context, given as AdminFlags, work, verb.isQuery?.(values));
  };
  return verbRow(
    summary,
    async () => ({ command: { kind: "verb", args, details, run } }),
    examples,
  );
}

export function operatorList<const T extends FlagDefs, Entry>({
  fetch,
  ...list
}: Omit<OperatorVerb<T>, "isQuery" | "question" | "run"> &
  Listing<Entry> & {
    fetch(args: FlagValues<T>, operator: Operator): Promise<readonly Entry[]>;
  }): VerbRow {
  return operatorVerb({
    ...list,
    isQuery: () => true,
    run: async (args, operator) => printList(operator.context, await fetch(args, operator), list),
  });
}
