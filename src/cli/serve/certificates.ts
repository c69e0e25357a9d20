/** The server's certificates, which may change while it runs. */

import { statSync } from "node:fs";
import { isIP } from "node:net";
import { Fault } from "../../base/fault.ts";
import { DAY_MS } from "../../base/time.ts";
import type { ServerTls, TlsPair } from "../../io/link/link.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { hostLabel } from "../../wire/announcement.ts";
import { type Context, faultLine, printNotice } from "../context.ts";
import { hostCheck, hostNames, parsePublic, readPair, readPem, type ServeArgs } from "./flags.ts";
import type { OpenFolder } from "./folder.ts";
import { loadNamedCertificate, type NamedCertificate } from "./local-root.ts";

/** Short enough, because certificates are renewed weeks before they end. */
const CHECK_INTERVAL_MS = 60_000;
/** Short, because no port is open until the next attempt. */
const RETRY_INTERVAL_MS = 1_000;
/** At the first failure, the owner may have replaced only one of the files yet. */
const FAILURES_BEFORE_NOTICE = 2;

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
  #failures = 0;
  #isHost: ReturnType<typeof hostCheck>;

  static async open(options: CertificatesOptions): Promise<Certificates> {
    const certificates = new Certificates(options);
    await certificates.#loadNamed();
    return certificates;
  }

  private constructor(private readonly options: CertificatesOptions) {
    this.#times = this.#modificationTimes();
    this.#pair = this.#read();
    this.#isHost = this.#hostCheck();
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
    return this.#failures >= FAILURES_BEFORE_NOTICE;
  }

  /** Reports whether a `Host` header names this server. */
  isHost(header: string | null): boolean {
    return this.#isHost(header);
  }

  #hostCheck(): ReturnType<typeof hostCheck> {
    return hostCheck(hostNames(this.options.args, this.#pair?.certPem));
  }

  /**
   * Calls back after each change, until the returned function is called. After a fault of the
   * callback, such as port-taken, calls again soon.
   */
  watch(onChange: (tls: ServerTls) => void): () => void {
    const { context } = this.options;
    let isPending = false;
    const check = async () => {
      const hasNamed = await this.#loadNamed();
      const hasChanged = this.#readAgain() || hasNamed;
      if ((hasChanged || isPending) && this.tls !== undefined) {
        try {
          onChange(this.tls);
          isPending = false;
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          if (!isPending)
            printNotice(context, `cannot use the new certificate: ${faultLine(error)}`);
          isPending = true;
        }
      }
      schedule();
    };
    let cancel = () => {};
    const schedule = () => {
      const afterMs = isPending ? RETRY_INTERVAL_MS : CHECK_INTERVAL_MS;
      cancel = context.clock.after(afterMs, () => void check());
    };
    schedule();
    return () => cancel();
  }

  get #files(): readonly string[] {
    const { cert, key, proxyCert } = this.options.args;
    return [cert, key, proxyCert].filter((file) => file !== undefined);
  }

  #modificationTimes(): string {
    return this.#files
      .map((file) => statSync(file, { throwIfNoEntry: false }))
      .map((stat) => `${stat?.ino} ${stat?.mtimeMs} ${stat?.size}`)
      .join();
  }

  /** @throws {Fault} if a file is invalid, for example half written */
  #read(): TlsPair | undefined {
    const { args, open } = this.options;
    if (args.tls) return readPair(args) ?? open.certificate;
    return args.proxyCert === undefined
      ? undefined
      : { certPem: readPem(args.proxyCert), keyPem: "" };
  }

  #readAgain(): boolean {
    const { context } = this.options;
    const times = this.#modificationTimes();
    if (times === this.#times && this.#failures === 0) return false;
    this.#times = times;
    try {
      const before = this.#pair;
      this.#pair = this.#read();
      this.#failures = 0;
      if (before?.certPem === this.#pair?.certPem) return false;
      this.#isHost = this.#hostCheck();
      printNotice(context, "new connections use the certificate that has replaced the former one");
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#failures++;
      if (this.#failures === FAILURES_BEFORE_NOTICE) {
        printNotice(context, `still using the former certificate: ${faultLine(error)}`);
      }
      return false;
    }
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

  /** Names of --public, then the announced name. */
  #names(): readonly string[] {
    const { args, open } = this.options;
    const hosts = parsePublic(args.public).map(({ host }) => host.toLowerCase());
    const isAnnounced = args.discovery && !isLoopback(args.host ?? "::");
    const announced = isAnnounced ? [hostLabel(open.identity.fingerprint)] : [];
    return [...new Set([...hosts.filter((host) => isIP(host) === 0), ...announced])];
  }
}
