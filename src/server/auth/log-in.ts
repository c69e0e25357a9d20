/** Requests to register, log in and out, and change the password. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import { newcomersRooms } from "../../core/rooms/rules.ts";
import { refusalReason } from "../../io/cluster/majority.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import {
  DEFERRED,
  type Deferred,
  type LoginRequest,
  type Sender,
  type SomeHandlers,
  signedOut,
} from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { ConnectionLogin } from "../session/connection-state.ts";
import type { Authenticator } from "./login.ts";

/** Delay before a client retries a log-in, because each attempt counts as a guess. */
const LOGIN_RETRY_MS = 3_000;
const SKIPPED_FAULTS: ReadonlySet<string> = new Set(["too-many", "room-unknown"]);

interface LogInOptions extends ServerContext {
  readonly authenticator: Authenticator;
  readonly push: { onSignedOut(device: string): void } | undefined;
  readonly sessions: {
    logIn(client: ClientConnection, account: Account, request: LoginRequest): void;
    logOut(client: ClientConnection): void;
  };
}

export class LogIn {
  readonly #options: LogInOptions;

  constructor(options: LogInOptions) {
    this.#options = options;
  }

  readonly handlers = {
    admit: async (request, { client }) => {
      const { sequencer, authenticator } = this.#options;
      await sequencer.waitUntilCurrent(); // Another server may have created the invite.
      await authenticator.admit(client, request);
    },
    register: async (request, { client }) => {
      const account = await this.#options.authenticator.register(client, request);
      client.authenticated(loginOf(request));
      return this.#enterLobby(client, account, request.ref);
    },
    login: async (request, { client }) => {
      const { rooms, sessions } = this.#options;
      const account = await this.#login(client, request);
      if (rooms.find(LOBBY)?.admitted.has(account.id) === false) {
        // The registration was interrupted after the account was recorded and before it entered the
        // lobby.
        return this.#enterLobby(client, account, request.ref);
      }
      sessions.logIn(client, account, request);
      return DEFERRED;
    },
    passwd: async (request, { client, account }) => {
      const { authenticator, kernel, registry } = this.#options;
      await authenticator.checkCurrent(client, account, request.current);
      const hash = await authenticator.hash(account.id, request.password);
      await kernel.transact(() => [registry.passwordDraft(account.id, hash)]);
    },
    logout: (request, from) => {
      const { push, sessions } = this.#options;
      const { device } = from.member;
      const leave = () => {
        if (device !== undefined) push?.onSignedOut(device);
        sessions.logOut(from.client);
      };
      const { forget, evenLast = false } = request;
      return forget === true ? this.#forgetDevice(from, evenLast).then(leave) : leave();
    },
  } satisfies SomeHandlers;

  /**
   * Adds a new account to the rooms for newcomers, and then to the lobby, so that an interrupted
   * registration continues here.
   */
  #enterLobby(client: ClientConnection, account: Account, ref: number): Deferred {
    const { kernel, sessions, rooms } = this.#options;
    const requester = { user: account.id, session: client.id };
    const enter = () =>
      kernel.submit(requester, { kind: "enter" }, (outcome) => {
        if (outcome instanceof Fault) client.settle(ref, outcome);
        else sessions.logIn(client, account, { ref });
      });
    const joins = newcomersRooms(rooms.named());
    const joinNext = () => {
      const { id: opens, name } = joins.shift() ?? {};
      if (name === undefined) return enter();
      const options = { name, opens, create: undefined };
      kernel.submit(requester, { kind: "join", options }, (outcome) => {
        // The room may be full, or may have been removed in the meantime.
        const isSkipped = outcome instanceof Fault && SKIPPED_FAULTS.has(outcome.code);
        if (outcome instanceof Fault && !isSkipped) client.settle(ref, outcome);
        else joinNext();
      });
    };
    joinNext();
    return DEFERRED;
  }

  async #login(client: ClientConnection, request: RequestOf<"login">): Promise<Account> {
    const isCurrent = await this.#waitForClientState(request);
    try {
      return await this.#authenticate(client, request);
    } catch (error) {
      const isRefused = error instanceof Fault && error.code === "login-refused";
      if (isCurrent || !isRefused) throw error;
      // Another server may know the account, the device or the password that this server lacks.
      const refusal = refusalReason(this.#options.sequencer.majorityFault());
      const message =
        refusal === undefined
          ? "the server's cluster has no majority and cannot check this log-in"
          : `the server cannot check this log-in: ${refusal}`;
      throw new Fault("no-majority", message, { cause: error, retryAfterMs: LOGIN_RETRY_MS });
    }
  }

  async #authenticate(client: ClientConnection, request: RequestOf<"login">): Promise<Account> {
    const { authenticator } = this.#options;
    const { user, password, presence } = request;
    if (client.link.transport !== "irc") {
      const account = await authenticator.login(client, request);
      client.authenticated(loginOf(request));
      return account;
    }
    const { account, ircPassword } = await authenticator.loginGateway(client, user, password ?? "");
    client.authenticated({ device: undefined, ircPassword, isPresent: presence !== false });
    return account;
  }

  /** Waits for the records that another server has already sent to this client. */
  async #waitForClientState({ after = 0 }: RequestOf<"login">): Promise<boolean> {
    const { sequencer, rooms } = this.#options;
    const isCurrent = await sequencer.waitUntilCurrent();
    const isApplied = after <= rooms.head || after === Number.MAX_SAFE_INTEGER;
    if (!isApplied && !isCurrent) await sequencer.waitForSeq(after);
    return isCurrent;
  }

  async #forgetDevice(
    { client, member: { device }, account }: Sender,
    evenLast: boolean,
  ): Promise<void> {
    const { registry, kernel, peers } = this.#options;
    if (device === undefined) return;
    await kernel.transact(() =>
      account.devices.has(device) ? [registry.deviceRemovalDraft(account, device, evenLast)] : [],
    );
    const fault = signedOut();
    peers.close(account.id, fault, (peer) => peer !== client && peer.member?.device === device);
  }
}

function loginOf({
  deviceKey,
  presence,
}: RequestOf<"register"> | RequestOf<"login">): ConnectionLogin {
  return { device: toBase64Url(deviceKey), isPresent: presence !== false };
}
