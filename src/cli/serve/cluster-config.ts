/** Flags of commands for a cluster. They do not load the NATS client. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { readNamedInput } from "../../io/disk/data-folder.ts";
import type { ClientCertificate } from "../../io/nats/jetstream.ts";
import { credentialsExpiry } from "../../io/nats/refusals.ts";
import { type FlagDefs, flag, stringFlag } from "../command.ts";
import { type Context, printNotice } from "../context.ts";
import { usageFault } from "../errors.ts";

export interface ClusterConfig {
  readonly name: string;
  readonly servers: readonly string[];
  readonly credentials?: Uint8Array;
  /** Certificates in PEM of the authorities that sign the certificates of NATS. */
  readonly authorities?: string;
  readonly certificate?: ClientCertificate;
  readonly isUnsafe: boolean;
  readonly monitors: readonly string[];
  /** If `undefined`, NATS limits the size. */
  readonly filesBytesMax?: number;
}

const NAME = /^[A-Za-z0-9_-]{1,32}$/;

export const NATS_FLAGS = {
  nats: stringFlag("URL", "NATS servers of the cluster: nats://HOST:4222,...", { many: true }),
  natsCreds: stringFlag("FILE", "NATS credentials file"),
  natsCa: stringFlag("FILE", "Certificate of the authority of NATS (PEM), if it is a private one"),
  natsCert: stringFlag("FILE", "Certificate that this machine presents to NATS (PEM)"),
  natsKey: stringFlag("FILE", "Private key of --nats-cert (PEM)"),
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
    readonly natsCa: string | undefined;
    readonly natsCert: string | undefined;
    readonly natsKey: string | undefined;
    readonly cluster: string;
    readonly natsMonitor?: readonly string[];
  },
  isUnsafe: boolean,
): Promise<ClusterConfig> {
  const { cluster: name, natsCreds, natsCa, natsCert, natsKey, natsMonitor = [] } = args;
  const credentials = await readInput(natsCreds, "--nats-creds");
  if (credentials !== undefined && !hasCredentials(new TextDecoder().decode(credentials))) {
    throw new Fault("file-unknown", "the file of --nats-creds contains no NATS credentials", {
      remedy: "use the file with a user's JWT and seed that the operator of NATS created",
    });
  }
  const authorities = authoritiesIn(await readInput(natsCa, "--nats-ca"));
  if ((natsCert === undefined) !== (natsKey === undefined))
    throw usageFault("--nats-cert and --nats-key require each other", "specify both");
  const certificate = certificateOf(
    await readInput(natsCert, "--nats-cert"),
    await readInput(natsKey, "--nats-key"),
  );
  if (!NAME.test(name)) {
    const remedy = "use 1 to 32 letters, digits, - or _";
    throw usageFault(`invalid cluster name: ${quoteText(name)}`, remedy);
  }
  const servers = splitAddresses(args.nats, /^(?:nats|tls):\/\/[^/@\s]+$/, [
    "the address of a NATS server",
    "write --nats nats://HOST:4222, or tls://HOST:4222",
  ]);
  const monitors = splitAddresses(natsMonitor, /^https?:\/\/[^/@\s]+\/?$/, [
    "the address of NATS monitoring",
    "write --nats-monitor http://HOST:8222",
  ]);
  return {
    name,
    servers,
    isUnsafe,
    monitors,
    ...defined({ credentials, authorities, certificate }),
  };
}

async function readInput(path: string | undefined, flag: string) {
  if (path === undefined) return undefined;
  const bytes = await readNamedInput(path);
  if (bytes !== undefined) return bytes;
  throw new Fault("file-unknown", `no such file: ${quoteText(path)}`, { remedy: `check ${flag}` });
}

function authoritiesIn(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const pem = new TextDecoder().decode(bytes);
  try {
    new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw new Fault("file-unknown", "the file of --nats-ca contains no certificate", {
      cause,
      remedy: "use the authority's certificate in PEM: -----BEGIN CERTIFICATE-----",
    });
  }
}

function certificateOf(
  certBytes: Uint8Array | undefined,
  keyBytes: Uint8Array | undefined,
): ClientCertificate | undefined {
  if (certBytes === undefined || keyBytes === undefined) return undefined;
  const [cert, key] = [new TextDecoder().decode(certBytes), new TextDecoder().decode(keyBytes)];
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return { cert, key };
  } catch (cause) {
    const remedy = "use a certificate and a private key without a passphrase, both in PEM";
    const message = "the files of --nats-cert and --nats-key contain no certificate and key";
    throw new Fault("file-unknown", message, { cause, remedy });
  }
  throw new Fault("file-unknown", "the key of --nats-key does not belong to --nats-cert", {
    remedy: "use the key for which the certificate was made",
  });
}

/** @returns the time at which NATS will end the connection; `undefined` if it is unknown */
export function printCredentialsExpiry(
  context: Context,
  { credentials }: Pick<ClusterConfig, "credentials">,
): string | undefined {
  const unixMs = credentialsExpiry(credentials);
  if (unixMs === undefined) return undefined;
  const expires = formatUtc(unixMs);
  const isExpired = unixMs <= context.clock.unixMs();
  printNotice(context, `the NATS credentials ${isExpired ? "expired" : "expire"} at ${expires}`);
  return expires;
}

/** Does not print addresses with a password. */
function splitAddresses(
  values: readonly string[],
  pattern: RegExp,
  [name, remedy]: readonly [name: string, remedy: string],
): string[] {
  if (values.some((text) => text.includes("@"))) {
    const hint = "use a credentials file of NATS: --nats-creds FILE";
    throw usageFault(`${name} cannot contain a user or password`, hint);
  }
  const addresses = values.flatMap((text) => text.split(",")).filter((text) => text !== "");
  const invalid = addresses.find((text) => !(pattern.test(text) && URL.canParse(text)));
  if (invalid !== undefined) throw usageFault(`${quoteText(invalid)} is not ${name}`, remedy);
  return addresses;
}

/** Reports whether the text has a user's JWT, and the seed after it. */
function hasCredentials(text: string): boolean {
  const at = text.indexOf("BEGIN NATS USER JWT-");
  return at >= 0 && text.includes("SEED-", at);
}
