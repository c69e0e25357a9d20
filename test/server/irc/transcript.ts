/** Lines of one connection of ana, and what others do meanwhile. */

import type { IrcClient } from "./irc-client.ts";
import { plain } from "./irc-client.ts";
import type { IrcSite } from "./irc-site.ts";

/** Long enough for receipts, presence and everything else that the server sends once per second. */
const STEP_MS = 2_000;
/** Depends on the server's key, which is new in each run. */
const FILE_SIGNATURE = /(?<=\/files\/\S+\/)[\w-]{22}$/;

export class Transcript {
  readonly irc: IrcSite;
  /** Capabilities of the client; `undefined` for one without negotiation. */
  readonly caps: string | undefined;
  #client: IrcClient | undefined;
  #seen = 0;
  #text = "";

  constructor(irc: IrcSite, caps: string | undefined) {
    this.irc = irc;
    this.caps = caps;
  }

  get text(): string {
    return this.#text;
  }

  has(cap: string): boolean {
    return this.caps?.split(" ").includes(cap) === true;
  }

  async connect(): Promise<void> {
    this.#client = this.irc.connect();
    this.#seen = 0;
    const names = ["NICK ana", "USER ana 0 * :Ana"];
    if (this.caps === undefined) return this.sends("PASS ana:sesame-ana", ...names);
    await this.sends("CAP LS 302", ...names, `CAP REQ :sasl ${this.caps}`, "AUTHENTICATE PLAIN");
    await this.sends(`AUTHENTICATE ${plain("ana", "sesame-ana")}`, "CAP END");
  }

  /** Something that another user does. */
  async when<Result>(what: string, act: () => Promise<Result>): Promise<Result> {
    this.#write("", `# ${what}`);
    const result = await act();
    await this.#receive();
    return result;
  }

  async sends(...lines: readonly string[]): Promise<void> {
    this.#write("", ...lines.map((line) => `> ${line}`));
    this.#client?.send(...lines);
    await this.#receive();
  }

  /** Id of the newest message with this text that the client has received. */
  idOf(text: string): string {
    const line = this.#client?.lines.findLast((item) => item.endsWith(`:${text}`)) ?? "";
    return /msgid=([^; ]+)/.exec(line)?.[1] ?? "";
  }

  async #receive(): Promise<void> {
    await this.irc.site.time.advance(STEP_MS);
    const lines = this.#client?.lines.slice(this.#seen) ?? [];
    this.#seen += lines.length;
    this.#write(...lines.map((line) => `< ${line}`));
    const pings = lines.filter((line) => line.startsWith("PING "));
    if (pings.length > 0) await this.sends(...pings.map((line) => line.replace("PING", "PONG")));
  }

  #write(...lines: readonly string[]): void {
    const visible = lines.map((line) =>
      line
        .replace(FILE_SIGNATURE, "SIGNATURE")
        .replaceAll(
          /[\0-\x1f]/g,
          (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`,
        ),
    );
    this.#text += visible.map((line) => `${line}\n`).join("");
  }
}
