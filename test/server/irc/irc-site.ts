/** Simulated server with an IRC gateway. */

import type { IrcGateway } from "../../../src/server/irc/gateway.ts";
import { fixtureTest } from "../../fixture-test.ts";
import type { Guest } from "../guest.ts";
import { Site, type SiteOptions } from "../site.ts";
import { IrcClient } from "./irc-client.ts";

/** As many capabilities as modern clients request. */
export const MODERN = [
  ...["message-tags", "server-time", "batch", "labeled-response", "echo-message"],
  ...["standard-replies", "account-tag", "extended-join", "draft/chathistory"],
].join(" ");

const TOKEN = "operator's token";

export class IrcSite {
  readonly site: Site;
  gateway: IrcGateway;

  private constructor(site: Site) {
    this.site = site;
    this.gateway = site.server.openIrc();
  }

  static async open(options: SiteOptions = {}): Promise<IrcSite> {
    return new IrcSite(await Site.open({ operatorToken: TOKEN, ...options }));
  }

  async operator(name: string): Promise<Guest> {
    const guest = await this.member(name);
    await guest.request("operate", { token: TOKEN });
    await guest.request("grant", { user: name, on: true });
    return guest;
  }

  /** Registers an account, and returns its native client. */
  member(name: string): Promise<Guest> {
    return this.site.member(name, `sesame-${name}`);
  }

  connect(host?: string): IrcClient {
    return new IrcClient(this.site, this.gateway, host);
  }

  /** Logs in a client of an account that exists. */
  async client(name: string, caps = MODERN): Promise<IrcClient> {
    const client = this.connect();
    await client.logIn(name, `sesame-${name}`, caps);
    return client;
  }

  async crash(): Promise<void> {
    this.site.disk.losePower();
    await this.site.restartAfterCrash();
    this.gateway = this.site.server.openIrc();
  }

  async restart(): Promise<void> {
    await this.site.restart();
    this.gateway = this.site.server.openIrc();
  }
}

/** Ana and ben, each with a native client and an IRC client. */
export async function ircPair(caps = MODERN, otherCaps = caps) {
  const irc = await IrcSite.open();
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  const one = await irc.client("ana", caps);
  const two = await irc.client("ben", otherCaps);
  return { irc, ana, ben, one, two };
}

export const ircTest = fixtureTest(() => ircPair());
