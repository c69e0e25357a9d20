/** Link of an account to its server, for any user interface: connections, log-ins and log audit. */

import type { RoomView } from "../core/client/chat-record.ts";
import { isSame } from "../core/model/item.ts";
import type { RequestFields } from "../wire/messages.ts";
import type { LogAuditor } from "./auditor.ts";
import {
  type AccountEntry,
  ConnectionLoop,
  type ConnectionLoopParts,
  type GreetedLink,
  type LoopState,
} from "./connection-loop.ts";
import type { AccountEvent, SessionEvent } from "./event.ts";
import { ActiveLink } from "./link/active-link.ts";
import type { ServerNotice } from "./link/connection.ts";
import type { Ask, AskPage, HistoryPage } from "./link/queries.ts";
import { notLoggedIn } from "./link/retry.ts";
import type { Entered } from "./login.ts";
import type { SealedRooms } from "./sealed/rooms.ts";
import { AccountSession, type AccountSessionParts } from "./session.ts";
import type { Greeted } from "./trust.ts";

/** An account of this client, with what its user interface adds to the session. */
export interface LinkedAccount {
  readonly session: AccountSession;
}

export interface AccountLinkParts extends Omit<ConnectionLoopParts, "onGuessDelay" | "onStalled"> {
  /** Whether to reconnect sooner while posts or files wait. */
  readonly hurries: boolean;
  /** Whether the user interface shows that the server stops answering. */
  readonly showsStalls: boolean;
  /** The server's address as users type it; default: the server's name. */
  readonly address?: string;
}

/** A log-in of an account on a link. */
export interface LogIn<Account> {
  readonly link: GreetedLink;
  readonly entered: Entered;
  /** Name of the account as given; the server may have renamed it. */
  readonly asked: string;
  /** The server has renamed the account since its last link. */
  readonly isRenamed: boolean;
  /** The account that was logged in until now. */
  readonly before: Account | undefined;
}

/** Ports of a user interface. All but `greeted` must be synchronous. */
export interface AccountLinkPorts<Account extends LinkedAccount> {
  readonly state: (state: LoopState) => void;
  /** Receives every event of the account, and of delayed or missing answers. */
  readonly event: (event: SessionEvent) => void;
  /** Trusts the server. @throws {Fault} if it is not trusted */
  readonly greeted: (greeted: Greeted) => void | Promise<void>;
  /** @param known the account of this name that is logged in, or has logged out last */
  readonly account: (
    greeted: Greeted,
    user: string,
    known: Account | undefined,
  ) => Omit<AccountEntry, "after" | "entered"> & { readonly account: Account };
  /** Stores and reports a log-in, before the account receives anything. @throws {Fault} store-… */
  readonly entered: (account: Account, login: LogIn<Account>) => void;
  /** Called when the account uses the link. */
  readonly connected: (account: Account, login: LogIn<Account>) => void;
  /** Reports whether a notice was handled and is not for the account. */
  readonly takes: (notice: ServerNotice, link: GreetedLink) => boolean;
  readonly audit: (act: (auditor: LogAuditor) => void) => void;
  /** Calls back once, when there is room for the messages of another link. */
  readonly whenReady: (callback: () => void) => void;
}

type LinkProvides = "clock" | "entropy" | "keys" | "ask" | "activeLink" | "emit" | "hole";

export class AccountLink<Account extends LinkedAccount> {
  readonly loop: ConnectionLoop;
  readonly activeLink: ActiveLink;
  readonly #parts: AccountLinkParts;
  readonly #ports: AccountLinkPorts<Account>;
  #account: Account | undefined;
  /** Logged out last on this client; the same account resumes it. */
  #former: Account | undefined;

  constructor(parts: AccountLinkParts, ports: AccountLinkPorts<Account>) {
    const { hurries, showsStalls } = parts;
    const { event, audit } = ports;
    this.#parts = parts;
    this.#ports = ports;
    this.activeLink = new ActiveLink(() => {
      if (hurries) this.loop.awaited();
    });
    this.loop = new ConnectionLoop(
      {
        ...parts,
        onGuessDelay: (delay) => event({ kind: "guess-delay", delay }),
        onStalled: showsStalls ? (on) => event({ kind: "stalled", on }) : undefined,
      },
      {
        ...ports,
        account: (greeted, asked) => this.#entry(greeted, asked),
        lost: () => {
          this.#account?.session.lost();
          audit((auditor) => auditor.lost());
        },
        isAwaited: () => hurries && (this.unsent > 0 || this.activeLink.isAwaited),
      },
    );
  }

  /** The account that is logged in. */
  get account(): Account | undefined {
    return this.#account;
  }

  /** @throws {Fault} not-logged-in */
  get loggedIn(): Account {
    if (this.#account === undefined) throw notLoggedIn();
    return this.#account;
  }

  /** The account that has logged out last, if none is logged in. */
  protected get former(): Account | undefined {
    return this.#former;
  }

  get rooms(): RoomView[] {
    return this.#account?.session.rooms ?? [];
  }

  /** Number of posts that the server has not confirmed. */
  get unsent(): number {
    return this.#account?.session.posts.size ?? 0;
  }

  /**
   * Sends a request on the current link.
   * @throws {Fault} if the server refused it, link-closed if there is none
   */
  readonly request: Ask = async (kind, fields) => {
    const { session } = this.#account ?? {};
    session?.posts.flush(); // Posts must reach the server before the request.
    const seq = kind === "erase" && "seq" in fields ? Number(fields.seq) : undefined;
    if (seq !== undefined) await session?.sealing.eraseContent(seq, this.loop.ask);
    const answer = await this.loop.ask(kind, fields);
    if ("seq" in answer) this.confirmed(answer.seq);
    return answer;
  };

  /** Notes that the server has stored a record, which its log must contain from now on. */
  confirmed(seq: number): void {
    this.#ports.audit((auditor) => auditor.confirmed(seq));
  }

  /** Returns a page of the past. @param ask requests the server's part @throws {Fault} */
  historyWith(fields: RequestFields<"history">, ask: AskPage): Promise<HistoryPage> {
    return this.#account?.session.sealing.history(fields, ask) ?? ask(fields);
  }

  /** The sealed rooms of the account. @throws {Fault} not-logged-in, not-allowed, store-… */
  async sealedRooms(): Promise<SealedRooms> {
    return this.loggedIn.session.sealing.rooms();
  }

  /** Changes the password for the account and for the next link. @throws {Fault} */
  async passwd(password: string, current?: string): Promise<void> {
    this.#account?.session.posts.flush();
    await this.loop.passwd(password, current);
  }

  /** @param own what the user interface provides */
  newSession(own: Omit<AccountSessionParts, LinkProvides>): AccountSession {
    const { clock, entropy, keys } = this.#parts;
    const session: AccountSession = new AccountSession({
      ...{ ...own, clock, entropy, keys, ask: this.request, activeLink: this.activeLink },
      emit: (event) => {
        if (this.#account?.session === session) this.#emit(event);
      },
      hole: (fault, again) => this.loop.mend(fault, again),
    });
    return session;
  }

  /**
   * Logs out; the link stays. Posts written from now on must not follow the request: the server
   * would refuse them.
   * @throws {Fault} last-credential, link-closed: the account stays logged in
   */
  async logout(forget: boolean): Promise<void> {
    const { posts } = this.#account?.session ?? {};
    const { connection } = this.loop;
    posts?.lost();
    try {
      await this.loop.logout(forget);
    } catch (error) {
      const isStill = connection !== undefined && connection === this.loop.connection;
      if (isStill && !connection.isClosed) posts?.connected(connection);
      throw error;
    }
    this.left();
  }

  /** Handles the end of a log-in. */
  left(): void {
    this.#former = this.#account ?? this.#former;
    this.#account = undefined;
  }

  #entry(greeted: Greeted, asked: string): AccountEntry {
    const known = [this.#account, this.#former].find((one) => isSame(one?.session.user, asked));
    const { account, ...entry } = this.#ports.account(greeted, asked, known);
    return {
      ...entry,
      after: account.session.after,
      entered: (link, entered) => {
        const before = this.#account;
        const isRenamed = before === account && account.session.user !== entered.account.user;
        this.#entered(account, { link, entered, asked, isRenamed, before });
      },
    };
  }

  #entered(account: Account, login: LogIn<Account>): void {
    const { session } = account;
    const { link, entered, before } = login;
    this.#account = account;
    try {
      this.#ports.entered(account, login);
    } catch (error) {
      this.#account = before;
      throw error;
    }
    const { address = link.greeted.welcome.server.name } = this.#parts;
    session.connected(address, link, entered, (notice) => this.#ports.takes(notice, link));
    this.#ports.connected(account, login);
    const { audited } = session;
    if (audited === undefined || link.connection.isClosed) return;
    this.#ports.audit((auditor) => auditor.connected(audited));
  }

  #emit(event: AccountEvent): void {
    this.#ports.event(event);
    if (event.kind === "record") {
      const { head, record } = event;
      this.#ports.audit((auditor) => auditor.saw(head, record));
    }
    if (event.kind === "settled" && event.outcome.kind === "durable") {
      this.confirmed(event.outcome.receipt.seq);
    }
  }
}
