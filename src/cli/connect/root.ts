/** Root certificate of a server, and its installation on this machine. */

import { createHash, X509Certificate } from "node:crypto";
import { lookup, resolveNs } from "node:dns/promises";
import { request } from "node:https";
import { isIP } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { pemOf } from "../../crypto/certificate.ts";
import { isForServersOnly, readOnlyCertificate, rootNames } from "../../crypto/local-root.ts";
import type { Clock } from "../../io/clock.ts";
import { makePrivateFolder } from "../../io/disk/private-path.ts";
import { makeTemporaryFile } from "../../io/disk/temporary-folder.ts";
import { isHostName } from "../../wire/host.ts";
import type { ServerAddress } from "../../wire/invite.ts";
import { startProgram } from "../child-program.ts";
import { usageFault } from "../errors.ts";
import { homeFolder } from "../settings.ts";

/** A root certificate has about 800 bytes. */
const ROOT_BYTES_MAX = 16 << 10;

export interface ServerRoot {
  readonly pem: string;
  /** SHA-256 of the certificate in DER, in upper-case hex with colons. */
  readonly sha256: string;
  /** Names that the root is limited to. */
  readonly names: readonly string[];
}

interface RootLookup {
  readonly clock: Clock;
  /** Name that the server announces in its network. It may resolve to any of its addresses. */
  readonly announced: string;
  /** Resolves a name; no address if it does not resolve. */
  readonly addressesOf?: (name: string) => Promise<readonly string[]>;
  /** Reports whether a name has name servers, such as `co.uk`, so that it has names of others. */
  readonly isZone?: (name: string) => Promise<boolean>;
}

/**
 * @param certificateHash SHA-256 of the certificate that the server has signed in its greeting
 * @throws {Fault} unreachable, fingerprint-changed, not-found if the server has no root, or
 * not-allowed if the root could vouch for other servers, mail or programs, or is for the name of
 * another server
 */
export async function fetchRoot(
  { host, port }: ServerAddress,
  certificateHash: Uint8Array,
  { clock, announced, addressesOf = systemAddresses, isZone = hasNameServers }: RootLookup,
): Promise<ServerRoot> {
  const { text, address } = await download(host, port, certificateHash);
  const root = await readRoot(text).catch((cause: unknown) => {
    throw new Fault("unreachable", "the server's /ca.crt is not one certificate", { cause });
  });
  if (root.names.length === 0 || !root.names.every(isServerName)) {
    throw refusedRoot("any web site");
  }
  if (!(await isForServersOnly(readOnlyCertificate(root.pem)))) {
    const message = "this root certificate could sign programs and e-mail";
    throw new Fault("not-allowed", message, {
      remedy: "do not install it; its owner removes ca.crt and ca.key, and starts the server again",
    });
  }
  const server = { host, address, clock, addressesOf, isZone };
  for (const name of root.names) if (name !== announced) await checkOwnName(name, server);
  return root;
}

/** A constraint such as `.com` or `com.` permits all names below `com` in some programs. */
function isServerName(name: string): boolean {
  return isHostName(name) && name.includes(".") && !name.endsWith(".");
}

async function readRoot(text: string): Promise<ServerRoot> {
  const der = readOnlyCertificate(text);
  const { fingerprint256: sha256 } = new X509Certificate(der);
  // Every program reads the bytes that were checked, not the server's text.
  return { pem: pemOf("CERTIFICATE", der), sha256, names: await rootNames(der) };
}

async function systemAddresses(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}

async function hasNameServers(name: string): Promise<boolean> {
  const servers = await resolveNs(name).catch(() => []);
  return servers.length > 0;
}

function refusedRoot(sites: string): Fault {
  return new Fault("not-allowed", `this root certificate could vouch for ${sites}`, {
    remedy: "do not install it, and ask the server's owner",
  });
}

/**
 * A name that does not resolve is accepted, because small networks often have no DNS, unless it is
 * a domain with other names below it.
 */
const RESOLVE_TIMEOUT_MS = 2_000;

interface NamedServer {
  /** As the user typed it. */
  readonly host: string;
  readonly address: string;
  readonly clock: Clock;
  readonly addressesOf: (name: string) => Promise<readonly string[]>;
  readonly isZone: (name: string) => Promise<boolean>;
}

/**
 * @throws {Fault} not-allowed if the name belongs to another machine, or is a domain
 */
async function checkOwnName(
  name: string,
  { host, address, clock, addressesOf, isZone }: NamedServer,
): Promise<void> {
  if (name.toLowerCase() === host.toLowerCase()) return;
  const timeout = Promise.withResolvers<readonly [readonly string[], boolean]>();
  const cancel = clock.after(RESOLVE_TIMEOUT_MS, () => timeout.resolve([[], false]));
  const lookups = Promise.all([addressesOf(name), isZone(name)]);
  const [found, isDomain] = await Promise.race([lookups, timeout.promise]);
  cancel();
  if (found.includes(address)) return;
  if (found.length === 0) {
    if (isDomain) throw refusedRoot(`all names below ${quoteText(name)}`);
    return;
  }
  const message = `this root certificate is for ${quoteText(name)}, which is another machine`;
  throw new Fault("not-allowed", message, {
    remedy: `if it is this server, use that name: chat trust root ${name}`,
  });
}

interface Download {
  readonly text: string;
  readonly address: string;
}

function download(host: string, port: number, certificateHash: Uint8Array): Promise<Download> {
  const { promise, resolve, reject } = Promise.withResolvers<Download>();
  const getting = request({
    host,
    port,
    path: "/ca.crt",
    servername: isIP(host) === 0 ? host : undefined,
    // The greeting has proved this certificate, which is checked below instead.
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
    timeout: CONNECT_TIMEOUT_MS,
    agent: false,
  });
  const fail = (fault: Fault) => {
    reject(fault);
    getting.destroy();
  };
  getting.on("response", (response) => {
    const socket = response.socket as TLSSocket;
    const { raw } = socket.getPeerCertificate();
    const { remoteAddress: address = "" } = socket;
    if (!equalBytes(createHash("sha256").update(raw).digest(), certificateHash)) {
      return fail(
        new Fault("fingerprint-changed", "the certificate has changed since the greeting"),
      );
    }
    if (response.statusCode !== 200) return fail(noRoot());
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > ROOT_BYTES_MAX) fail(new Fault("too-large", "the server's /ca.crt is too long"));
    });
    response.on("end", () => resolve({ text: Buffer.concat(chunks).toString("latin1"), address }));
    response.on("error", (cause) => fail(unreachable(cause)));
  });
  getting.on("timeout", () => fail(unreachable()));
  getting.on("error", (cause) => fail(unreachable(cause)));
  getting.end();
  return promise;
}

function unreachable(cause?: unknown): Fault {
  return new Fault("unreachable", "the server did not send its root certificate", { cause });
}

function noRoot(): Fault {
  return new Fault("not-found", "this server has no root certificate to install", {
    remedy: "its certificate comes from --cert, or it has no name (see --public, --no-discovery)",
  });
}

export interface RootInstaller {
  /** Programs that then trust the root. */
  readonly reach: string;
  /** @throws {Fault} usage with the output of the system's program */
  install(pem: string, name: string): Promise<void>;
}

/** Uses the system's own program. `undefined` if there is none. */
export function rootInstaller(
  env: Readonly<Record<string, string | undefined>>,
  platform = process.platform,
): RootInstaller | undefined {
  const home = homeFolder(env, platform);
  const nss = `sql:${join(home, ".pki/nssdb")}`;
  const keychain = join(home, "Library/Keychains/login.keychain-db");
  const programs: Readonly<Record<string, (file: string, name: string) => string[]>> = {
    win32: (file) => ["certutil", "-user", "-addstore", "Root", file],
    darwin: (file) => [
      "security",
      "add-trusted-cert",
      "-r",
      "trustRoot",
      "-p",
      "ssl",
      "-k",
      keychain,
      file,
    ],
    linux: (file, name) => ["certutil", "-d", nss, "-A", "-t", "C,,", "-n", name, "-i", file],
  };
  const command = programs[platform];
  const [program = ""] = command?.("", "") ?? [];
  if (command === undefined || Bun.which(program, { PATH: env["PATH"] ?? "" }) === null) {
    return undefined;
  }
  return {
    reach: platform === "linux" ? "Chromium and Chrome of this user" : "this user's browsers",
    async install(pem, name) {
      const file = makeTemporaryFile("chat-root-", "root.crt", pem);
      try {
        if (platform === "linux") makePrivateFolder(join(home, ".pki/nssdb"));
        const child = startProgram(command(file.path, name), env, {
          stdio: ["inherit", "pipe", "pipe"],
        });
        const outputs = [child.stdout, child.stderr].map((stream) => new Response(stream).text());
        const text = (await Promise.all(outputs)).join("").trim();
        if ((await child.exited) === 0) return;
        throw usageFault(`${program} did not install it: ${quoteText(text)}`, "add --out FILE");
      } finally {
        file.remove();
      }
    },
  };
}
