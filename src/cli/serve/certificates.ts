/** The server's certificates, which may change while it runs. */

import { isIP } from "node:net";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { PROXY_CERTIFICATES_MAX } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { DAY_MS } from "../../base/time.ts";
import { certificateNames, missingIssuer } from "../../crypto/certificate.ts";
import { every } from "../../io/clock.ts";
import { statOf } from "../../io/disk/stat.ts";
import { certificateHashOf } from "../../io/link/certificate-hash.ts";
import type { ServerTls, TlsPair } from "../../io/link/link.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { hostLabel } from "../../wire/announcement.ts";
import { type Context, faultLine, printNotice } from "../context.ts";
import { hostCheck, hostNames, parsePublic, readPair, readPem, type ServeArgs } from "./flags.ts";
import type { OpenFolder } from "./folder.ts";
import { loadNamedCertificate, type NamedCertificate } from "./local-root.ts";

/** Short, because a proxy uses its new certificate at once, and clients wait only some seconds. */
const CHECK_INTERVAL_MS = 1_000;
/** Before, the owner may have replaced only one of the files yet. */
const FAILURE_NOTICE_AFTER_MS = 60_000;
/** A proxy may use its former certificate until it is reloaded. */
const FORMER_VALID_MS = DAY_MS;

export interface CertificatesOptions {
  readonly context: Pick<Context, "clock" | "stderr">;
  readonly args: ServeArgs;
  readonly open: Pick<OpenFolder, "certificate" | "folder" | "identity" | "cluster" | "history">;
  /** Name of the server. */
  readonly title: string;
}

export class Certificates {
  #pair: TlsPair | undefined;
  #named: NamedCertificate | undefined;
  #namedAt = 0;
  #times: string;
  #failingSince: number | undefined;
  #hasFailed = false;
  #proxyHash: Uint8Array | undefined;
  #formerProxies: readonly { readonly hash: Uint8Array; readonly until: number }[] = [];
  #isHost: ReturnType<typeof hostCheck>;

  static async open(options: CertificatesOptions): Promise<Certificates> {
    const certificates = new Certificates(options);
    await certificates.#loadNamed();
    return certificates;
  }

  private constructor(private readonly options: CertificatesOptions) {
    this.#times = this.#modificationTimes();
    const { pair, proxyPem } = this.#read();
    this.#pair = pair;
    this.#proxyHash = proxyPem === undefined ? undefined : certificateHashOf(proxyPem);
    this.#isHost = this.#hostCheck(proxyPem);
    this.#warnOfChain(proxyPem ?? pair?.certPem);
  }

  /** With --no-tls, the certificate of the proxy, if it is known, and no key. */
  get tls(): ServerTls | undefined {
    return this.#pair && { ...this.#pair, named: this.#named };
  }

  /** Certificate for browsers that trust the server's root. */
  get named(): NamedCertificate | undefined {
    return this.#named;
  }

  /** True while the owner's files are invalid, and the server uses the pair from before. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Certificates of the proxy that clients may see, besides the one in `tls`. */
  readonly proxyHashes = (): readonly Uint8Array[] => {
    const now = this.options.context.clock.now();
    const formers = this.#formerProxies.filter(({ until }) => until > now);
    const current = this.options.args.tls && this.#proxyHash ? [this.#proxyHash] : [];
    return [...current, ...formers.map(({ hash }) => hash)].slice(0, PROXY_CERTIFICATES_MAX);
  };

  /** Reports whether a `Host` header names this server. */
  isHost(header: string | null): boolean {
    return this.#isHost(header);
  }

  #hostCheck(proxyPem: string | undefined): ReturnType<typeof hostCheck> {
    const proxyNames = proxyPem === undefined ? [] : certificateNames(proxyPem);
    return hostCheck([...hostNames(this.options.args, this.#pair?.certPem), ...proxyNames]);
  }

  /**
   * Calls back after each change, until the returned function is called. After a fault of the
   * callback, such as port-taken, calls again soon.
   */
  watch(onChange: (tls: ServerTls) => void): () => void {
    const { context } = this.options;
    let isPending = false;
    return every(context.clock, CHECK_INTERVAL_MS, async () => {
      const hasNamed = await this.#loadNamed();
      const hasChanged = this.#readAgain() || hasNamed;
      if (!(hasChanged || isPending) || this.tls === undefined) return;
      try {
        onChange(this.tls);
        isPending = false;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (!isPending) printNotice(context, `cannot use the new certificate: ${faultLine(error)}`);
        isPending = true;
      }
    });
  }

  get #files(): readonly string[] {
    const { cert, key, proxyCert } = this.options.args;
    return [cert, key, proxyCert].filter((file) => file !== undefined);
  }

  #modificationTimes(): string {
    return this.#files
      .map((file) => statOf(file))
      .map((stat) => `${stat?.ino} ${stat?.mtimeMs} ${stat?.size}`)
      .join();
  }

  /** @throws {Fault} if a file is invalid, for example half written */
  #read(): { readonly pair: TlsPair | undefined; readonly proxyPem: string | undefined } {
    const { args, open } = this.options;
    const proxyPem = args.proxyCert === undefined ? undefined : readPem(args.proxyCert);
    if (args.tls) return { pair: readPair(args) ?? open.certificate, proxyPem };
    return {
      pair: proxyPem === undefined ? undefined : { certPem: proxyPem, keyPem: "" },
      proxyPem,
    };
  }

  #readAgain(): boolean {
    const { context } = this.options;
    const times = this.#modificationTimes();
    if (times === this.#times && this.#failingSince === undefined) return false;
    this.#times = times;
    try {
      const before = this.#pair;
      const { pair, proxyPem } = this.#read();
      this.#replaceProxy(proxyPem);
      this.#pair = pair;
      this.#failingSince = undefined;
      this.#hasFailed = false;
      this.#isHost = this.#hostCheck(proxyPem);
      if (before?.certPem === pair?.certPem) return false;
      printNotice(context, "new connections use the certificate that has replaced the former one");
      this.#warnOfChain(pair?.certPem);
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#noteFailure(error);
      return false;
    }
  }

  #warnOfChain(certPem: string | undefined): void {
    const issuer = certPem && missingIssuer(certPem);
    if (issuer === undefined || issuer === "") return;
    const missing = `the certificate file lacks its issuer ${quoteText(issuer)}`;
    printNotice(this.options.context, `${missing}; browsers may refuse it: use the full chain`);
  }

  #noteFailure(fault: Fault): void {
    const { context } = this.options;
    const now = context.clock.now();
    this.#failingSince ??= now;
    if (this.#hasFailed || now - this.#failingSince < FAILURE_NOTICE_AFTER_MS) return;
    this.#hasFailed = true;
    printNotice(context, `still using the former certificate: ${faultLine(fault)}`);
  }

  /** @throws {Fault} usage if the file is half written */
  #replaceProxy(proxyPem: string | undefined): void {
    const hash = proxyPem === undefined ? undefined : certificateHashOf(proxyPem);
    const former = this.#proxyHash;
    if (hash === undefined || former === undefined || equalBytes(hash, former)) return;
    this.#proxyHash = hash;
    const until = this.options.context.clock.now() + FORMER_VALID_MS;
    const others = this.#formerProxies.filter((known) => !equalBytes(known.hash, hash));
    this.#formerProxies = [{ hash: former, until }, ...others].slice(0, PROXY_CERTIFICATES_MAX);
  }

  /** @returns true after a change */
  async #loadNamed(): Promise<boolean> {
    const { context, args, open, title } = this.options;
    const now = context.clock.unixMs();
    const isDue = Math.abs(now - this.#namedAt) >= DAY_MS;
    if (!isDue || !args.tls || args.cert !== undefined) return false;
    this.#namedAt = now;
    const before = this.#named?.certPem;
    this.#named = await loadNamedCertificate(
      {
        path: open.folder.path,
        names: this.#names(),
        title,
        keyPem: open.certificate.keyPem,
        mayCreate: open.cluster === undefined || open.history.head() === 0,
        notify: (text) => printNotice(context, text),
      },
      now,
    );
    return this.#named?.certPem !== before;
  }

  /** Names of --public, then the announced name. Certificates have no final dot (RFC 5280). */
  #names(): readonly string[] {
    const { args, open } = this.options;
    const hosts = parsePublic(args.public).map(({ host }) => host.toLowerCase().replace(/\.$/, ""));
    const isAnnounced = args.discovery && !isLoopback(args.host ?? "::");
    const announced = isAnnounced ? [hostLabel(open.identity.fingerprint)] : [];
    return [...new Set([...hosts.filter((host) => isIP(host) === 0), ...announced])];
  }
}
