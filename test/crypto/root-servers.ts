import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dateOf } from "../../src/base/time.ts";
import {
  CERTIFICATE_ALGORITHM as ALGORITHM,
  makeCertificate,
  pemOf,
  x509Library,
} from "../../src/crypto/certificate.ts";
import { issueLeaf, type LocalRoot, makeLocalRoot } from "../../src/crypto/local-root.ts";
import type { Listener, TlsPair } from "../../src/io/link/link.ts";
import { listenWs } from "../../src/io/ws/listener.ts";

export const SERVER_NAME = "chat-abcdefghijklmnop.local";
export const OTHER_NAME = "bank.example";
const ADDRESS = "127.0.0.1";

/** A client that connects to `port` on this machine, and checks the certificate for `host`. */
interface RootCase {
  readonly title: string;
  readonly host: string;
  readonly port: number;
  readonly isAccepted: boolean;
}

/** The server that a local root is for, and servers of a thief who has the signer's key. */
export class RootServers {
  readonly rootPath: string;
  readonly cases: readonly RootCase[];
  readonly #listeners: readonly Listener[];

  private constructor(
    rootPath: string,
    cases: readonly RootCase[],
    listeners: readonly Listener[],
  ) {
    this.rootPath = rootPath;
    this.cases = cases;
    this.#listeners = listeners;
  }

  static async open(folder: string): Promise<RootServers> {
    const now = Date.now();
    const own = await makeCertificate();
    const root = await makeLocalRoot([SERVER_NAME], "Room 12", now);
    const rootPath = join(folder, "root.crt");
    writeFileSync(rootPath, root.rootPem);
    const leaf = await issueLeaf(root, own.keyPem, now);
    const named = { name: SERVER_NAME, certPem: leaf, keyPem: own.keyPem };
    const listeners: Listener[] = [];
    const listen = (tls: TlsPair & { named?: typeof named }) => {
      const http = () => new Response("fine");
      const events = { accept: () => false, link: () => {} };
      const listener = listenWs({ host: ADDRESS, port: 0, tls, http }, events);
      listeners.push(listener);
      return listener.port;
    };
    const forged = async (...names: readonly string[]) => listen(await forge(root, names));
    const right = listen({ ...own, named });
    const rows: readonly [string, string, number][] = [
      ["another name", OTHER_NAME, right],
      ["an address", ADDRESS, right],
      ["a forged certificate for another name", OTHER_NAME, await forged(OTHER_NAME)],
      ["a forged certificate for an address", ADDRESS, await forged(ADDRESS)],
      ["a forged extra name", SERVER_NAME, await forged(SERVER_NAME, OTHER_NAME)],
      ["a forged extra address", SERVER_NAME, await forged(SERVER_NAME, ADDRESS)],
    ];
    const refused = rows.map(([title, host, port]) => ({ title, host, port, isAccepted: false }));
    const accepted = { title: "the server's name", host: SERVER_NAME, isAccepted: true };
    const cases = [
      { ...accepted, port: right },
      // The thief's certificates are otherwise valid.
      { ...accepted, title: "its forged certificate", port: await forged(SERVER_NAME) },
      ...refused,
    ];
    return new RootServers(rootPath, cases, listeners);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
  }

  /** Titles of the cases in which a client decides, as it should not. */
  async failures(accepts: (host: string, port: number) => Promise<boolean>): Promise<string[]> {
    const failures: string[] = [];
    for (const { title, host, port, isAccepted } of this.cases) {
      if ((await accepts(host, port)) !== isAccepted) failures.push(title);
    }
    return failures;
  }
}

/** Certificate by a thief of the signer's key, who ignores the constraints. */
async function forge(
  { signerPem, signerKeyPem }: LocalRoot,
  names: readonly string[],
): Promise<TlsPair> {
  const x509 = await x509Library();
  const signer = new x509.X509Certificate(signerPem);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const signerKey = x509.PemConverter.decode(signerKeyPem)[0] ?? new ArrayBuffer();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=forged",
    issuer: signer.subject,
    notBefore: signer.notBefore,
    notAfter: dateOf(Date.now() + 86_400_000),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey("pkcs8", signerKey, ALGORITHM, false, ["sign"]),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: value === ADDRESS ? "ip" : "dns", value }) as const),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certPem: pemOf("CERTIFICATE", new Uint8Array(certificate.rawData)) + signerPem,
    keyPem: pemOf("PRIVATE KEY", new Uint8Array(pkcs8)),
  };
}
