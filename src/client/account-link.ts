/** Link between an account and its server: connections, log-ins and log audits. */

import type { RoomView } from "../core/client/chat-record.ts";
import { isSameName } from "../core/model/item.ts";
import type { RequestFields } from "../wire/messages.ts";
import type { LogAuditor } from "./auditor.ts";
import {
  ConnectionLoop,
  type ConnectionLoopOptions,
  type LoginOptions,
  type LoopState,
} from "./connection-loop.ts";
import type { AccountEvent, SessionEvent } from "./event.ts";
import { ActiveLink } from "./link/active-link.ts";
import type { ServerNotice } from "./link/connection.ts";
import type { FetchPage, HistoryPage, SendRequest } from "./link/queries.ts";
import { notLoggedIn } from "./link/retry.ts";
import type { GreetedLink, LoginResult } from "./login.ts";
import type { SealedRooms } from "./sealed/rooms.ts";
import { AccountSession, type AccountSessionOptions } from "./session.ts";
import type { Greeted } from "./trust.ts";

export interface LinkedAccount {
  readonly session: AccountSession;
}

export interface AccountLinkOptions
  extends Omit<ConnectionLoopOptions, "onGuessDelay" | "onStalled"> {
  readonly retriesOnUse: boolean;
  readonly reportsStalls: boolean;
  readonly address?: string;
}

export interface AccountLogin<Account> {
  readonly link: GreetedLink;
  readonly result: LoginResult;
  readonly requestedName: string;
  readonly isRenamed: boolean;
  readonly previous: Account | undefined;
}

export interface AccountLinkPorts<Account extends LinkedAccount> {
  readonly state: (state: LoopState) => void;
  readonly event: (event: SessionEvent) => void;
  /**
   * Throws to reject an untrusted server.
   * @throws {Fault} fingerprint-changed, …
   */
  readonly greeted: (greeted: Greeted) => void | Promise<void>;
  readonly account: (
    greeted: Greeted,
    user: string,
    known: Account | undefined,
  ) => Omit<LoginOptions, "after" | "onLoggedIn"> & { readonly account: Account };
  /**
   * Called before the account receives any message.
   * @throws {Fault} store-… if the log-in cannot be stored
   */
  readonly loggedIn: (account: Account, login: AccountLogin<Account>) => void;
  readonly connected: (account: Account, login: AccountLogin<Account>) => void;
  readonly handleNotice: (notice: ServerNotice, link: GreetedLink) => boolean;
  readonly audit: (act: (auditor: LogAuditor) => void) => void;
  readonly whenReady: (callback: () => void) => void;
}

type LinkProvided = "clock" | "entropy" | "keys" | "request" | "activeLink" | "emit" | "gap";

export class AccountLink<Account extends LinkedAccount> {
  readonly loop: ConnectionLoop;
  readonly activeLink: ActiveLink;
  readonly #options: AccountLinkOptions;
  readonly #ports: AccountLinkPorts<Account>;
  #account: Account | undefined;
  /** Account logged out most recently. Its session resumes if the same user logs in again. */
  #former: Account | undefined;

  constructor(options: AccountLinkOptions, ports: AccountLinkPorts<Account>) {
    const { retriesOnUse: reconnectsSooner, reportsStalls } = options;
    const { event, audit } = ports;
    this.#options = options;
    this.#ports = ports;
    this.activeLink = new ActiveLink(() => {
      if (reconnectsSooner) this.loop.retrySooner();
    });
    this.loop = new ConnectionLoop(
      {
        ...options,
        onGuessDelay: (delay) => event({ kind: "guess-delay", delay }),
        onStalled: reportsStalls ? (on) => event({ kind: "stalled", on }) : undefined,
      },
      {
        ...ports,
        account: (greeted, requestedName) => this.#loginOptions(greeted, requestedName),
        lost: () => {
          this.#account?.session.lost();
          audit((auditor) => auditor.lost());
        },
        hasPendingWork: () => reconnectsSooner && (this.unsent > 0 || this.activeLink.isNeeded),
      },
    );
  }

  get account(): Account | undefined {
    return this.#account;
  }

  get loggedIn(): Account {
    if (this.#account === undefined) throw notLoggedIn();
    return this.#account;
  }

  protected get former(): Account | undefined {
    return this.#former;
  }

  get rooms(): RoomView[] {
    return this.#account?.session.rooms ?? [];
  }

  get unsent(): number {
    return this.#account?.session.posts.size ?? 0;
  }

  readonly request: SendRequest = async (kind, fields) => {
    const { session } = this.#account ?? {};
    session?.posts.flush(); // Posts must reach the server before the request does.
    const seq = kind === "erase" && "seq" in fields ? Number(fields.seq) : undefined;
    if (seq !== undefined) await session?.sealing.eraseContent(seq, this.loop.request);
    const answer = await this.loop.request(kind, fields);
    if ("seq" in answer) this.confirmed(answer.seq);
    return answer;
  };

  /** Records a `seq` that the server has confirmed. An audit fails if the log lacks it. */
  confirmed(seq: number): void {
    this.#ports.audit((auditor) => auditor.confirmed(seq));
  }

  historyWith(fields: RequestFields<"history">, ask: FetchPage): Promise<HistoryPage> {
    return this.#account?.session.sealing.history(fields, ask) ?? ask(fields);
  }

  /** @throws {Fault} not-logged-in, or not-allowed if the device does not support sealed rooms */
  async sealedRooms(): Promise<SealedRooms> {
    return this.loggedIn.session.sealing.rooms();
  }

  async passwd(password: string, current?: string): Promise<void> {
    this.#account?.session.posts.flush();
    await this.loop.passwd(password, current);
  }

  newSession(accountOptions: Omit<AccountSessionOptions, LinkProvided>): AccountSession {
    const { clock, entropy, keys } = this.#options;
    const session: AccountSession = new AccountSession({
      ...accountOptions,
      clock,
      entropy,
      keys,
      request: this.request,
      activeLink: this.activeLink,
      emit: (event) => {
        if (this.#account?.session === session) this.#emit(event);
      },
      gap: (fault, isRepeated) => this.loop.reconnect(fault, isRepeated),
    });
    return session;
  }

  /**
   * Keeps the link open. Posts written during the logout must not be sent after the request,
   * because the server would refuse them.
   * @throws {Fault} last-credential or link-closed; the account then stays logged in
   */
  async logout(forget: boolean): Promise<void> {
    const { posts } = this.#account?.session ?? {};
    const { connection } = this.loop;
    posts?.lost();
    try {
      await this.loop.logout(forget);
    } catch (error) {
      const isSameLink = connection !== undefined && connection === this.loop.connection;
      if (isSameLink && !connection.isClosed) posts?.connected(connection);
      throw error;
    }
    this.loggedOut();
  }

  loggedOut(): void {
    this.#former = this.#account ?? this.#former;
    this.#account = undefined;
  }

  #loginOptions(greeted: Greeted, requestedName: string): LoginOptions {
    const known = [this.#account, this.#former].find((candidate) =>
      isSameName(candidate?.session.user, requestedName),
    );
    const { account, ...loginOptions } = this.#ports.account(greeted, requestedName, known);
    return {
      ...loginOptions,
      after: account.session.after,
      onLoggedIn: (link, entered) => {
        const previous = this.#account;
        const isRenamed = previous === account && account.session.user !== entered.account.user;
        this.#loginSucceeded(account, {
          link,
          result: entered,
          requestedName,
          isRenamed,
          previous,
        });
      },
    };
  }

  #loginSucceeded(account: Account, login: AccountLogin<Account>): void {
    const { session } = account;
    const { link, result, previous } = login;
    this.#account = account;
    try {
      this.#ports.loggedIn(account, login);
    } catch (error) {
      this.#account = previous;
      throw error;
    }
    const { address = link.greeted.welcome.server.name } = this.#options;
    session.connected(address, link, result, (notice) => this.#ports.handleNotice(notice, link));
    this.#ports.connected(account, login);
    const { auditedLink } = session;
    if (auditedLink === undefined || link.connection.isClosed) return;
    this.#ports.audit((auditor) => auditor.connected(auditedLink));
  }

  #emit(event: AccountEvent): void {
    this.#ports.event(event);
    if (event.kind === "record") {
      const { head, record } = event;
      this.#ports.audit((auditor) => auditor.observe(head, record));
    }
    if (event.kind === "settled" && event.outcome.kind === "durable") {
      this.confirmed(event.outcome.receipt.seq);
    }
  }
}
