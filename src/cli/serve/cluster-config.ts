/** Flags of commands for a cluster. They do not load the NATS client. */

import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { readNamedInput } from "../../io/disk/data-folder.ts";
import { expiryOf } from "../../io/nats/refusals.ts";
import { type FlagDefs, flag, stringFlag } from "../command.ts";
import { type Context, printNotice } from "../context.ts";
import { usageFault } from "../errors.ts";

export interface ClusterConfig {
  readonly name: string;
  readonly servers: readonly string[];
  readonly credentials?: Uint8Array;
  readonly isUnsafe: boolean;
  readonly monitors: readonly string[];
  /** If `undefined`, NATS limits the size. */
  readonly filesBytesMax?: number;
}

const NAME = /^[A-Za-z0-9_-]{1,32}$/;

export const NATS_FLAGS = {
  nats: stringFlag("URL", "NATS servers of the cluster: nats://HOST:4222,...", { many: true }),
  natsCreds: stringFlag("FILE", "NATS credentials file"),
  cluster: stringFlag("NAME", "Cluster name", { default: "chat" }),
} as const satisfies FlagDefs;

export const SAFETY_FLAGS = {
  natsMonitor: stringFlag(
    "URL",
    "Monitoring URLs of the NATS servers, to check their sync_interval: http://HOST:8222,...",
    { many: true },
  ),
  unsafeNats: flag("Accept a single NATS server, or servers that may lose acknowledged messages"),
} as const satisfies FlagDefs;

export async function clusterConfig(
  args: {
    readonly nats: readonly string[];
    readonly natsCreds: string | undefined;
    readonly cluster: string;
    readonly natsMonitor?: readonly string[];
  },
  isUnsafe: boolean,
): Promise<ClusterConfig> {
  const { cluster: name, natsCreds, natsMonitor = [] } = args;
  const credentials = natsCreds === undefined ? undefined : await readNamedInput(natsCreds);
  if (natsCreds !== undefined && credentials === undefined) {
    throw new Fault("file-unknown", `no such file: ${quoteText(natsCreds)}`, {
      remedy: "check --nats-creds",
    });
  }
  if (!NAME.test(name)) {
    const remedy = "use 1 to 32 letters, digits, - or _";
    throw usageFault(`invalid cluster name: ${quoteText(name)}`, remedy);
  }
  const servers = splitAddresses(args.nats, /^(?:nats|tls):\/\/[^/@\s]+$/, [
    "invalid NATS server address",
    "write --nats nats://HOST:4222, or tls://HOST:4222",
  ]);
  const monitors = splitAddresses(natsMonitor, /^https?:\/\/[^/@\s]+\/?$/, [
    "invalid NATS monitoring address",
    "write --nats-monitor http://HOST:8222",
  ]);
  return { name, servers, isUnsafe, monitors, ...defined({ credentials }) };
}

/** @returns the time at which NATS will end the connection; `undefined` if it is unknown */
export function printCredentialsExpiry(
  context: Context,
  { credentials }: Pick<ClusterConfig, "credentials">,
): string | undefined {
  const unixMs = expiryOf(credentials);
  if (unixMs === undefined) return undefined;
  const expires = formatUtc(unixMs);
  const isExpired = unixMs <= context.clock.unixMs();
  printNotice(context, `the NATS credentials ${isExpired ? "expired" : "expire"} at ${expires}`);
  return expires;
}

function splitAddresses(
  values: readonly string[],
  pattern: RegExp,
  [problem, remedy]: readonly [wrong: string, remedy: string],
): string[] {
  const addresses = values.flatMap((text) => text.split(",")).filter((text) => text !== "");
  const invalid = addresses.find((text) => !pattern.test(text));
  if (invalid !== undefined) throw usageFault(`${quoteText(invalid)} is ${problem}`, remedy);
  return addresses;
}
